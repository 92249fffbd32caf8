"""The terms of an assignment in plain words, as a student reads them, and what they mean by example."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.course import terms
from server.course.deadline import clock, percent, span
from server.course.terms import DAY, Terms
from server.i18n import Translator, mark
from server.models import Counting, Hidden, When

#: how late the examples are
AFTER = (timedelta(hours=1), DAY, 3 * DAY)

#: what takes longer than 10,000 days to cost everything is no date that anybody waits for, and may be none at all
LEAST_SHARE = 1e-4


@dataclass(frozen=True)
class Example:
    """What a submission keeps that comes so long after the due date."""

    after: timedelta
    at: datetime
    #: nothing is taken in any more
    is_closed: bool
    #: part of its score that it keeps, without late days and with those of the student
    keeps: float
    with_late_days: float


def examples(its: Terms, late_days: int) -> list[Example]:
    """What being late means; without a due date there is nothing to show."""
    if its.due_at is None:
        return []
    moments = [(after, its.due_at + after) for after in AFTER]
    return [
        Example(
            after,
            at,
            its.closes_at is not None and at > its.closes_at,
            terms.credit(its, at),
            terms.credit(its, at, late_days),
        )
        for after, at in moments
    ]


def nothing_left_at(its: Terms) -> datetime | None:
    """The moment after which nothing is left of a score; None: there is none, or not in this generation."""
    if its.due_at is None or its.free_until is None or its.late_share < LEAST_SHARE:
        return None
    # Rounded, as a share such as 0.1 is never quite a tenth.
    days = math.ceil(round(1 / its.late_share, 9))
    return max(its.due_at + (days - 1) * DAY, its.free_until)


def sentences(its: Terms, worth: float | None, late_days: int, language: Translator) -> list[str]:
    """All that a student has to know. ``language`` has the time zone; ``late_days`` are those that are left."""
    return [
        *_points(worth, language),
        *_dates(its, language),
        *_lateness(its, late_days, language),
        *_attempts(its, language),
        *_hidden(its, language),
    ]


def _points(worth: float | None, language: Translator) -> Iterator[str]:
    if worth is not None:
        text = language.ngettext("It is worth %(n)s point.", "It is worth %(n)s points.", 1 if worth == 1 else 2)
        yield text % {"n": language.number(worth)}


def _dates(its: Terms, language: Translator) -> Iterator[str]:
    if its.opens_at is not None:
        yield language.gettext("You can hand in from %(time)s on.") % {"time": clock(its.opens_at, language)}
    if its.due_at is not None:
        yield language.gettext("It is due on %(time)s.") % {"time": clock(its.due_at, language)}
    if its.closes_at is not None:
        yield language.gettext("Nothing is taken in after %(time)s.") % {"time": clock(its.closes_at, language)}
    elif its.due_at is None:
        yield language.gettext("There is no due date: hand in whenever you like.")


def _lateness(its: Terms, late_days: int, language: Translator) -> Iterator[str]:
    if its.due_at is None or (its.closes_at is not None and its.closes_at <= its.due_at):
        return
    if not its.late_share:
        yield language.gettext("Being late costs nothing.")
        return
    yield language.gettext("Each day begun after %(time)s costs %(share)s of the score.") % {
        "time": clock(its.due_at, language),
        "share": percent(its.late_share, language),
    }
    if its.grace:
        yield language.gettext(
            "The first %(span)s after it cost nothing; whoever is later than that is late from the due date on."
        ) % {"span": span(its.grace, language)}
    end = nothing_left_at(its)
    if end is not None and (its.closes_at is None or end < its.closes_at):
        yield language.gettext("After %(time)s nothing is left of the score.") % {"time": clock(end, language)}
    if its.uses_late_days:
        yield language.gettext("Your late days come first: each one pays for a day, without your asking.")
        text = language.ngettext(
            "You have %(n)s late day left in this course.", "You have %(n)s late days left in this course.", late_days
        )
        yield text % {"n": language.number(late_days)}


def _attempts(its: Terms, language: Translator) -> Iterator[str]:
    if its.max_attempts is None:
        yield language.gettext("You may hand in as often as you like.")
    else:
        text = language.ngettext("You may hand in once.", "You may hand in %(n)s times.", its.max_attempts)
        yield text % {"n": language.number(its.max_attempts)}
    if its.cooldown:
        yield language.gettext("Between two attempts there is a pause of %(span)s.") % {
            "span": span(its.cooldown, language)
        }
    if its.counting is Counting.LAST:
        yield language.gettext("Your last attempt counts, even where an earlier one was better.")
    elif its.late_share:
        yield language.gettext("The attempt counts that is best after what being late costs.")
    else:
        yield language.gettext("Your best attempt counts.")


def _hidden(its: Terms, language: Translator) -> Iterator[str]:
    deadline = its.deadline
    if deadline is not None and its.hidden_run is When.AFTER_DEADLINE:
        yield language.gettext(
            "Hidden tests are run only after %(time)s: until then your points are those of the public tests."
        ) % {"time": clock(deadline, language)}
    waits = deadline is not None and its.hidden_shown is When.AFTER_DEADLINE
    at_once, later = _HIDDEN[its.hidden]
    text = later if waits or (deadline is not None and its.hidden is Hidden.NOTHING) else at_once
    yield language.gettext(text) % {"time": clock(deadline, language) if deadline is not None else ""}


#: what is read of hidden tests: at once, and only after the deadline
_HIDDEN = {
    Hidden.TITLE: (
        mark("You read what every test found, hidden ones too."),
        mark("What hidden tests found you read after %(time)s."),
    ),
    Hidden.VERDICT: (
        mark("Of each hidden test you read a number and a verdict, and no more."),
        mark("Of each hidden test you read a number and a verdict, after %(time)s."),
    ),
    Hidden.NOTHING: (
        mark("You read nothing of hidden tests; their points count."),
        mark("You read nothing of hidden tests; what they are worth to you is told after %(time)s."),
    ),
}
