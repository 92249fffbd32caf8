"""When an exercise can be handed in, how often, what being late costs and what is shown; as plain functions of moments.

A submission counts by the moment in which it was received, however long it waits to be graded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from server.models import Assignment, Counting, Extension, Hidden, When
from server.rules import Refusal

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Terms:
    """The terms of one exercise for one student. None: no limit of that kind."""

    opens_at: datetime | None = None
    due_at: datetime | None = None
    closes_at: datetime | None = None
    max_attempts: int | None = None
    #: from one attempt to the next
    cooldown: timedelta = timedelta()
    #: after the due date, without cost
    grace: timedelta = timedelta()
    #: part of the score that each day begun after the due date costs, from 0 to 1
    late_share: float = 0.0
    #: whether days late are first taken from the student's late days
    uses_late_days: bool = False
    counting: Counting = Counting.BEST
    #: what students read of hidden tests, from when, and from when they are run
    hidden: Hidden = Hidden.TITLE
    hidden_shown: When = When.NOW
    hidden_run: When = When.NOW
    #: of practice, the terms of courses whose hidden tests it must tell no more of than they do
    guards: tuple[Terms, ...] = ()

    @property
    def deadline(self) -> datetime | None:
        """After it nothing changes any more that counts in full; None: there is none."""
        ends = [end for end in (self.free_until, self.closes_at) if end is not None]
        return max(ends, default=None)

    @property
    def free_until(self) -> datetime | None:
        """The end of the time in which nothing is taken off; None: there is no due date."""
        return None if self.due_at is None else self.due_at + self.grace


#: from what tells most to what tells least
_LESS = list(Hidden)

#: an exercise that nobody has set dates for
ALWAYS = Terms()


def read_terms(assignment: Assignment | None, extension: Extension | None = None) -> Terms:
    """The terms that an assignment sets, for a student with this extension."""
    if assignment is None:
        return ALWAYS
    terms = Terms(
        assignment.opens_at,
        assignment.due_at,
        assignment.closes_at,
        assignment.max_attempts,
        timedelta(minutes=assignment.cooldown_minutes),
        timedelta(minutes=assignment.grace_minutes),
        assignment.late_percent / 100,
        assignment.uses_late_days,
        assignment.counting,
        assignment.hidden_shown,
        assignment.hidden_shown_when,
        assignment.hidden_run_when,
    )
    return terms if extension is None else extend(terms, extension)


def extend(terms: Terms, extension: Extension) -> Terms:
    """The terms with an extension, which never takes anything away: a closing date waits for the new due date."""
    due_at = _later(terms.due_at, extension.due_at)
    closes_at = _later(terms.closes_at, extension.closes_at)
    if closes_at is not None and due_at is not None:
        closes_at = max(closes_at, due_at + terms.grace)
    attempts = None if terms.max_attempts is None else terms.max_attempts + extension.more_attempts
    return replace(terms, due_at=due_at, closes_at=closes_at, max_attempts=attempts)


def _later(ours: datetime | None, theirs: datetime | None) -> datetime | None:
    """Where there is no date, there is nothing to extend."""
    return ours if ours is None or theirs is None else max(ours, theirs)


def check(terms: Terms, now: datetime, used: int, last_at: datetime | None = None) -> Refusal | None:
    """Say why nothing is taken in; None: it is.

    ``used``: attempts that count so far; ``last_at``: when the last of them was received.
    """
    if terms.opens_at is not None and now < terms.opens_at:
        return Refusal.NOT_OPEN
    if terms.closes_at is not None and now > terms.closes_at:
        return Refusal.CLOSED
    if attempts_left(terms, used) == 0:
        return Refusal.NO_ATTEMPTS
    pause = cooldown_ends(terms, last_at)
    return Refusal.COOLDOWN if pause is not None and now < pause else None


def cooldown_ends(terms: Terms, last_at: datetime | None) -> datetime | None:
    """From when on the next attempt is taken in; None: at once."""
    return last_at + terms.cooldown if last_at is not None and terms.cooldown else None


def attempts_left(terms: Terms, used: int) -> int | None:
    """Attempts that are left; None: any number."""
    return None if terms.max_attempts is None else max(0, terms.max_attempts - used)


def days_late(terms: Terms, at: datetime) -> int:
    """Days begun after the due date; 0 until the grace period is over. A day is 24 hours, also when clocks change."""
    if terms.due_at is None or at <= terms.due_at + terms.grace:
        return 0
    return math.ceil((at - terms.due_at) / DAY)


def late_days(terms: Terms, at: datetime, left: int) -> int:
    """How many of the late days that a student has left a submission received at this moment takes."""
    if not terms.uses_late_days or not terms.late_share:
        return 0
    return min(days_late(terms, at), max(0, left))


def credit(terms: Terms, at: datetime, left: int = 0) -> float:
    """The part of its score that a submission received at this moment keeps, from 0 to 1.

    ``left``: late days that the student has left.
    """
    paid = days_late(terms, at) - late_days(terms, at, left)
    return max(0.0, 1.0 - terms.late_share * paid)


def is_past_deadline(terms: Terms, at: datetime) -> bool:
    """Whether the deadline is over; without one it never is."""
    return terms.deadline is not None and at > terms.deadline


def runs_hidden(terms: Terms, at: datetime) -> bool:
    """Whether a submission received at this moment is graded by hidden tests at once."""
    is_time = terms.hidden_run is When.NOW or terms.deadline is None or is_past_deadline(terms, at)
    return is_time and all(runs_hidden(guard, at) for guard in terms.guards)


def shows_hidden(terms: Terms, at: datetime) -> Hidden:
    """What a student may read of hidden tests at this moment."""
    return max([_shows(terms, at), *(shows_hidden(guard, at) for guard in terms.guards)], key=_LESS.index)


def shows_points(terms: Terms, at: datetime) -> bool:
    """Whether a student may know at this moment what hidden tests gave: then their number can be told, too."""
    is_told = _shows(terms, at) is not Hidden.NOTHING or terms.deadline is None or is_past_deadline(terms, at)
    return is_told and all(shows_points(guard, at) for guard in terms.guards)


def _shows(terms: Terms, at: datetime) -> Hidden:
    """What these terms would show without their guards."""
    is_time = terms.hidden_shown is When.NOW or terms.deadline is None or is_past_deadline(terms, at)
    return terms.hidden if is_time else Hidden.NOTHING


def has_leaderboard(terms: Terms, at: datetime) -> bool:
    """Whether an exercise may show a leaderboard: before a deadline, nobody needs to see how far others are."""
    return terms.due_at is None or is_past_deadline(terms, at)
