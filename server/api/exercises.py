"""Exercises: the list, one with its statement, and its files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from flask import Response, url_for
from werkzeug.wrappers import Response as BaseResponse

from grader.exercise import READMES, Exercise
from server import rules
from server.access import Audience
from server.api import problem
from server.api.meta import about
from server.api.operation import EXERCISES, Answer, Operation, Query, route, to_json
from server.api.page import LINK, NO_CURSOR, PageQuery, cut, links
from server.context import _, language, parts, user
from server.course.deadline import Deadline
from server.exercise import catalogue
from server.exercise import pages as exercises
from server.exercise.curriculum import in_order
from server.i18n import mark
from server.rules import Standing


class Terms(msgspec.Struct):
    """The terms of an exercise, as they are now for the caller."""

    opens_at: Annotated[datetime | None, about("Nothing is taken in before; null: no such date.")]
    due_at: Annotated[datetime | None, about("What comes later is late; null: no such date.")]
    closes_at: Annotated[datetime | None, about("Nothing is taken in after; null: no such date.")]
    grace_minutes: Annotated[int, about("Minutes after the due date in which being late costs nothing.")]
    late_percent: Annotated[float, about("What each day begun after the due date costs, in percent of the score.")]
    credit: Annotated[float, about("The part of its score that a submission would keep now, from 0 to 1.")]
    max_attempts: Annotated[int | None, about("Attempts that there are; null: any number.")]
    attempts_used: Annotated[int, about("Attempts of the caller that count so far.")]
    attempts_left: Annotated[int | None, about("Attempts that the caller has left; null: any number.")]
    is_open: Annotated[bool, about("Whether a submission would be taken in now.")]
    refusal: Annotated[str | None, about("Why none would be; null: one would.")]


class Score(msgspec.Struct):
    """The attempt that counts."""

    submission: Annotated[str, about("Its id.")]
    attempt: Annotated[int, about("Its number.")]
    score: Annotated[float, about("Points earned.")]
    max_score: Annotated[float, about("Points that there were to earn.")]
    credit: Annotated[float, about("The part of the score that counts: less than 1 when it was handed in late.")]


class ExerciseEntry(msgspec.Struct, kw_only=True):
    """An exercise, and where the caller stands in it."""

    slug: Annotated[str, about("The exercise's short name, as in its address.")]
    title: Annotated[str, about("Its title.")]
    module: Annotated[str, about("The part of the course that it belongs to.")]
    chapter: Annotated[str, about("The chapter that it goes with; empty: none.")]
    prerequisites: Annotated[list[str], about("Exercises to do before.")]
    languages: Annotated[list[str], about("Languages that its statement is written in.")]
    standing: Annotated[Standing | None, about("How far the caller is with it; null: nobody is known to call.")]
    best: Annotated[Score | None, about("The attempt that counts; null: none was graded.")]
    terms: Annotated[Terms, about("Dates, attempts, lateness.")]
    page: Annotated[str, about("Where people read it.")]


class ExerciseList(msgspec.Struct):
    """A page of exercises, in an order in which they can be done."""

    exercises: Annotated[list[ExerciseEntry], about("The exercises of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class ExerciseDetail(ExerciseEntry, kw_only=True):
    """An exercise with everything that students are given."""

    statement: Annotated[dict[str, str], about("The statement in Markdown, by language.")]
    stub: Annotated[str, about("The Python file to fill in.")]
    file_endings: Annotated[list[str], about("Kinds of files that can be handed in.")]
    max_upload: Annotated[int, about("Bytes that a file may have.")]


@route(
    Operation(
        "GET",
        "/exercises",
        EXERCISES,
        mark("List the exercises"),
        Audience.API,
        (Answer(mark("A page of exercises."), ExerciseList, headers=LINK),),
        query=PageQuery,
    )
)
def list_exercises(query: PageQuery) -> Response:
    """Send the exercises in order, a page at a time."""
    ordered = in_order(catalogue.readable(parts().catalogue))
    found = cut(ordered, lambda each: each.slug, query)
    if found is None:
        problem.refuse("invalid", errors={"after": _(NO_CURSOR)})
    shown, cursor = found
    entries = {each.exercise.slug: each for each in catalogue.entries_of(ordered)}
    listed = [_entry(entries[each.slug]) for each in shown]
    return to_json(ExerciseList(listed, cursor), headers=links(cursor))


@route(
    Operation(
        "GET",
        "/exercises/<slug>",
        EXERCISES,
        mark("Read an exercise"),
        Audience.API,
        (Answer(mark("The exercise."), ExerciseDetail),),
    )
)
def show_exercise(slug: str, query: Query) -> ExerciseDetail:
    """Send one exercise."""
    exercise = exercises.find(slug)
    ordered = list(catalogue.readable(parts().catalogue))
    entry = next((each for each in catalogue.entries_of(ordered) if each.exercise.slug == slug), None)
    if entry is None:
        problem.refuse("ours")
    return ExerciseDetail(
        **msgspec.structs.asdict(_entry(entry)),
        statement={tag: exercise.statement(tag) for tag in _languages(exercise)},
        stub=exercises.read_stub(exercise),
        file_endings=list(rules.ENDINGS),
        max_upload=parts().settings.max_upload,
    )


@route(
    Operation(
        "GET",
        "/exercises/<slug>/files",
        EXERCISES,
        mark("Download an exercise"),
        Audience.API,
        (Answer(mark("A folder that checks itself with pytest."), media="application/zip"),),
    )
)
def download_exercise(slug: str, query: Query) -> BaseResponse:
    """Send the exercise's public files."""
    return exercises.download_folder(slug)


def _entry(entry: catalogue.Entry) -> ExerciseEntry:
    exercise = entry.exercise
    return ExerciseEntry(
        slug=exercise.slug,
        title=language().pick(exercise.title),
        module=exercise.config.module,
        chapter=exercise.config.chapter,
        prerequisites=[each.slug for each in entry.prerequisites],
        languages=_languages(exercise),
        standing=entry.standing if user() else None,
        best=_best(entry),
        terms=_terms(entry.deadline),
        page=url_for("exercises.show", slug=exercise.slug),
    )


def _languages(exercise: Exercise) -> list[str]:
    return [tag for tag, name in READMES.items() if (exercise.folder / name).is_file()]


def _best(entry: catalogue.Entry) -> Score | None:
    best = entry.best
    if best is None:
        return None
    return Score(best.id, best.attempt, best.score or 0.0, best.max_score or 0.0, best.credit)


def _terms(deadline: Deadline) -> Terms:
    terms = deadline.terms
    return Terms(
        opens_at=terms.opens_at,
        due_at=terms.due_at,
        closes_at=terms.closes_at,
        grace_minutes=round(terms.grace.total_seconds() / 60),
        late_percent=round(terms.late_share * 100, 6),
        credit=deadline.credit,
        max_attempts=terms.max_attempts,
        attempts_used=deadline.used,
        attempts_left=deadline.left,
        is_open=deadline.refusal is None,
        refusal=_(deadline.refusal.value) if deadline.refusal else None,
    )
