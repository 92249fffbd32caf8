"""The list of exercises, with where the student stands in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask import Blueprint, current_app, render_template
from sqlalchemy import select

from grader.errors import GraderError
from grader.exercise import Catalogue, Exercise
from server import rules
from server.access import Audience, open_to
from server.context import parts, reader, user
from server.models import Submission

bp = Blueprint("catalogue", __name__)


@dataclass(frozen=True)
class Entry:
    """One exercise of the list."""

    exercise: Exercise
    standing: rules.Standing
    #: the attempt that counts; None: nothing was graded yet
    best: Submission | None
    attempts: int
    #: exercises of this catalogue to do before
    prerequisites: tuple[Exercise, ...]

    @property
    def share(self) -> float:
        """The part of the points that the best attempt earned."""
        return rules.share(self.best) if self.best else 0.0


@bp.get("/")
@open_to(Audience.ANYONE)
def index() -> str:
    """Show all exercises, in an order in which they can be done."""
    exercises = in_order(_readable(parts().catalogue))
    mine = _my_submissions()
    by_slug = {exercise.slug: exercise for exercise in exercises}
    entries = [_entry(exercise, mine.get(exercise.slug, []), by_slug) for exercise in exercises]
    solved = sum(entry.standing is rules.Standing.SOLVED for entry in entries)
    return render_template("exercises.html", entries=entries, solved=solved)


def _readable(catalogue: Catalogue) -> Iterator[Exercise]:
    """The exercises that can be shown: one that is broken must not take the whole list with it."""
    for slug in catalogue.slugs():
        try:
            exercise = catalogue.find(slug)
            exercise.statement("en")
        except GraderError as error:
            current_app.logger.error("left out of the list: %s", error)
        else:
            yield exercise


def _entry(exercise: Exercise, mine: list[Submission], by_slug: dict[str, Exercise]) -> Entry:
    before = (by_slug.get(slug) for slug in exercise.config.prerequisites)
    return Entry(
        exercise,
        rules.standing(mine),
        rules.best(mine),
        sum(rules.is_counted(each) for each in mine),
        tuple(each for each in before if each),
    )


def _my_submissions() -> dict[str, list[Submission]]:
    """The user's submissions by exercise, with one query."""
    account = user()
    if account is None:
        return {}
    found: dict[str, list[Submission]] = {}
    for submission in reader().scalars(select(Submission).where(Submission.user_id == account.id)):
        found.setdefault(submission.slug, []).append(submission)
    return found


def in_order(exercises: Iterable[Exercise]) -> list[Exercise]:
    """Order the exercises so that each comes after its prerequisites, by name where that leaves a choice."""
    waiting = {exercise.slug: exercise for exercise in exercises}
    ordered: list[Exercise] = []
    while waiting:
        free = [each for each in waiting.values() if not waiting.keys() & set(each.config.prerequisites)]
        # A circle of prerequisites is the author's mistake; the list still shows everything.
        chosen = free[0] if free else next(iter(waiting.values()))
        ordered.append(waiting.pop(chosen.slug))
    return ordered
