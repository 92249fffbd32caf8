"""The list of exercises as a map, with where the student stands in each and what to do next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import shorten, wrap

from flask import Blueprint, current_app, render_template, request, url_for
from sqlalchemy import select

from grader.errors import GraderError
from grader.exercise import Catalogue, Exercise
from server import rules
from server.access import Audience, open_to
from server.context import _, language, ngettext, now, parts, reader, user
from server.course import deadline
from server.course.deadline import Deadline
from server.course.offer import PRACTICE, Offer, find_offers
from server.course.place import local_to
from server.course.results import points_of
from server.exercise.chart import Chart, draw
from server.exercise.curriculum import Module, group, in_order, matches, needs_between, needs_of
from server.exercise.pages import choose
from server.models import Submission
from server.rules import Standing
from server.submission import veil
from server.words import STANDINGS

bp = Blueprint("catalogue", __name__)

#: the map shows modules where there are more exercises than this
MAX_DRAWN = 24


@dataclass(frozen=True)
class Entry:
    """One exercise of the list."""

    exercise: Exercise
    standing: Standing
    #: the attempt that counts; None: nothing was graded yet
    best: Submission | None
    attempts: int
    #: exercises of this catalogue to do before
    prerequisites: tuple[Exercise, ...]
    deadline: Deadline
    offer: Offer
    #: points in the course that it counts for; None: there is none, or nobody knows yet
    worth: float | None

    @property
    def share(self) -> float:
        """The part of the points that the best attempt earned."""
        return rules.share(self.best) if self.best else 0.0

    @property
    def available(self) -> float:
        """Points that there are; 0 while nothing was graded."""
        return (self.best.max_score or 0.0) if self.best else 0.0

    @property
    def earned(self) -> float:
        """Points of the attempt that counts, less what being late cost."""
        return self.share * self.available


@dataclass(frozen=True)
class Progress:
    """How far a student is with the whole course."""

    count: int
    solved: int
    earned: float
    #: points of the exercises that have been graded
    available: float
    #: each exercise counts the same
    share: float


@dataclass(frozen=True)
class Label:
    """What is written in one box of the map."""

    target: str
    name: str
    lines: tuple[str, ...]
    note: str
    standing: Standing
    is_next: bool


@bp.get("/")
@open_to(Audience.ANYONE)
def index() -> str:
    """Show the exercises by module, in an order in which they can be done; ``?q=`` leaves out what does not match."""
    query = " ".join(request.args.get("q", "").split())[:200]
    exercises = in_order(readable(parts().catalogue))
    entries = {entry.exercise.slug: entry for entry in entries_of(exercises)}
    following = choose_next(entries.values()) if user() else None
    found = [each for each in exercises if not query or _is_found(query, each)]
    chart, labels = _map(exercises, entries, following)
    return render_template(
        "exercises.html",
        query=query,
        entries=entries,
        modules=group(found),
        found=len(found),
        progress=sum_up(entries.values()),
        following=following,
        chart=chart,
        labels=labels,
        deadlines=deadline,
        local_to=local_to,
        Refusal=rules.Refusal,
    )


def readable(catalogue: Catalogue) -> Iterator[Exercise]:
    """The exercises that can be shown: one that is broken must not take the whole list with it."""
    for slug in catalogue.slugs():
        try:
            exercise = catalogue.find(slug)
            exercise.statement("en")
        except GraderError as error:
            current_app.logger.error("left out of the list: %s", error)
        else:
            yield exercise


def _is_found(query: str, exercise: Exercise) -> bool:
    titles = (*exercise.title.values(), *exercise.module_title.values())
    names = (exercise.slug, exercise.config.module, exercise.config.chapter, *titles)
    return matches(query, *names, exercise.statement(language().tag))


def entries_of(exercises: Sequence[Exercise]) -> Iterator[Entry]:
    """Where the user stands in each exercise."""
    mine, moment = _my_submissions(), now()
    by_slug = {exercise.slug: exercise for exercise in exercises}
    account = user()
    offers = find_offers(reader(), account.id if account else None, moment)
    of_courses = [each.assignment for each in offers.values() if each.assignment and each.course]
    worth = points_of(reader(), of_courses)
    for slug, before in needs_of(exercises).items():
        attempts, offer = mine.get(slug, []), offers.get(slug, PRACTICE)
        yield Entry(
            by_slug[slug],
            rules.standing(attempts),
            choose(offer, attempts),
            sum(rules.is_counted(each) for each in attempts),
            tuple(by_slug[each] for each in before),
            _deadline(offer, moment, attempts),
            offer,
            worth.get(offer.counts_for or 0),
        )


def _deadline(offer: Offer, moment: datetime, attempts: Iterable[Submission]) -> Deadline:
    counted = [each for each in attempts if each.assignment_id == offer.counts_for and rules.is_counted(each)]
    last_at = max((each.created_at for each in counted), default=None)
    return Deadline(offer.terms, moment, len(counted), last_at, offer.late_days)


def _my_submissions() -> dict[str, list[Submission]]:
    """The user's submissions by exercise, with one query."""
    account = user()
    if account is None:
        return {}
    found: dict[str, list[Submission]] = {}
    mine = list(reader().scalars(select(Submission).where(Submission.user_id == account.id)))
    veil.draw(reader(), mine, now())
    for submission in mine:
        found.setdefault(submission.slug, []).append(submission)
    return found


def choose_next(entries: Collection[Entry]) -> Entry | None:
    """The first exercise to go on with: not solved, open, and all that it needs is solved; None: there is none."""
    solved = {entry.exercise.slug for entry in entries if entry.standing is Standing.SOLVED}
    doable = [entry for entry in entries if entry.exercise.slug not in solved and entry.deadline.refusal is None]
    ready = (entry for entry in doable if all(each.slug in solved for each in entry.prerequisites))
    # Where a closed exercise was left unsolved, what builds on it is still worth doing.
    return next(ready, next(iter(doable), None))


def sum_up(entries: Collection[Entry]) -> Progress:
    """Sum up how far a student is."""
    return Progress(
        len(entries),
        sum(entry.standing is Standing.SOLVED for entry in entries),
        sum(entry.earned for entry in entries),
        sum(entry.available for entry in entries),
        sum(entry.share for entry in entries) / len(entries) if entries else 0.0,
    )


def _map(
    exercises: list[Exercise], entries: dict[str, Entry], following: Entry | None
) -> tuple[Chart, dict[str, Label]]:
    """Draw the exercises, or their modules where the exercises are too many for one drawing."""
    if len(exercises) <= MAX_DRAWN:
        return draw(needs_of(exercises)), {each.slug: _label(entries[each.slug], following) for each in exercises}
    modules = group(exercises)
    return draw(needs_between(modules)), {each.name: _label_module(each, entries, following) for each in modules}


def _label(entry: Entry, following: Entry | None) -> Label:
    name = language().pick(entry.exercise.title)
    note = _(STANDINGS[entry.standing]) if user() else entry.exercise.slug
    target = url_for("exercises.show", slug=entry.exercise.slug)
    return Label(target, name, _lines(name), note, entry.standing, entry is following)


def _label_module(module: Module, entries: dict[str, Entry], following: Entry | None) -> Label:
    own = [entries[each.slug] for each in module.exercises]
    solved = sum(entry.standing is Standing.SOLVED for entry in own)
    if user():
        note = _("%(solved)s of %(n)s solved") % {"solved": solved, "n": len(own)}
    else:
        note = ngettext("%(n)s exercise", "%(n)s exercises", len(own)) % {"n": len(own)}
    title = language().pick(module.title)
    return Label(f"#{module.anchor}", title, _lines(title), note, standing_of(own), following in own)


def standing_of(entries: Collection[Entry]) -> Standing:
    """Sum up where a student stands with several exercises."""
    standings = {entry.standing for entry in entries}
    return standings.pop() if len(standings) == 1 else Standing.TRIED


def _lines(name: str) -> tuple[str, ...]:
    """A name in at most two lines that fit into a box."""
    return tuple(wrap(shorten(name, 42, placeholder=" …"), 22)[:2])
