"""How an assignment went: points, attempts, times, each test; and solutions that are alike."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import url_for

from server.access import Audience
from server.analysis import figures, similarity, statistics
from server.analysis.common import count_students, kept
from server.analysis.items import Item, items
from server.analysis.pages import results_of
from server.analysis.similarity import Match
from server.analysis.sources import Solution
from server.api.assignments import find
from server.api.meta import about
from server.api.operation import FIGURES, Answer, Operation, Query, route
from server.context import course as here
from server.context import language, reader
from server.course.results import points_of
from server.i18n import mark
from server.submission.shown import show_title


class Spread(msgspec.Struct):
    """How numbers are spread."""

    count: Annotated[int, about("How many there are.")]
    low: Annotated[float, about("The lowest.")]
    first_quarter: Annotated[float, about("A quarter of them is below this.")]
    median: Annotated[float, about("Half of them is below this.")]
    third_quarter: Annotated[float, about("A quarter of them is above this.")]
    high: Annotated[float, about("The highest.")]


class TestFigures(msgspec.Struct, kw_only=True):
    """Figures of one test. Null: too few observations."""

    name: Annotated[str, about("The test's name.")]
    title: Annotated[str, about("What it requires.")]
    hidden: Annotated[bool, about("Whether students do not have the test itself.")]
    points: Annotated[float, about("Points that it is worth.")]
    students: Annotated[int, about("Students whose first attempt has a verdict of it.")]
    passing_first: Annotated[float | None, about("The part of students who pass it at their first attempt.")]
    passing_counted: Annotated[float | None, about("The part of students who pass it at the attempt that counts.")]
    discrimination: Annotated[float | None, about("Correlation with the points of all other tests, from -1 to 1.")]
    seconds: Annotated[float | None, about("How long it takes: the median.")]
    changed: Annotated[list[str], about("Submissions of which the same file passed it once, and once did not.")]


class Analytics(msgspec.Struct, kw_only=True):
    """Figures of an assignment. Null: too few observations."""

    exercise: Annotated[str, about("The exercise's short name.")]
    members: Annotated[int, about("Students of the course.")]
    students: Annotated[int, about("Students who have handed in.")]
    submissions: Annotated[int, about("Submissions.")]
    worth: Annotated[float | None, about("Points that there are to earn; null: that is not known yet.")]
    points: Annotated[Spread | None, about("Points that count.")]
    attempts_needed: Annotated[Spread | None, about("Attempts up to all points, of those who have them.")]
    not_yet: Annotated[int, about("Students who have tried, and do not have all points.")]
    seconds_working: Annotated[Spread | None, about("From the first attempt to the last, of those with several.")]
    seconds_waiting: Annotated[Spread | None, about("From receipt to the start of grading.")]
    seconds_grading: Annotated[Spread | None, about("How long gradings took.")]
    tests: Annotated[list[TestFigures], about("All tests, in order.")]


class SolutionView(msgspec.Struct):
    """A solution that was compared."""

    submission: Annotated[str, about("The submission's id.")]
    name: Annotated[str, about("The student's name.")]
    course: Annotated[str, about("The code of the course that it was handed in for.")]


class Pair(msgspec.Struct, kw_only=True):
    """Two solutions that are alike. That is a reason to look, and no proof of anything."""

    left: Annotated[SolutionView, about("One of them.")]
    right: Annotated[SolutionView, about("The other one.")]
    score: Annotated[float, about("The part of the smaller one that the other has as well, from 0 to 1.")]
    equal: Annotated[bool, about("Whether they differ in nothing that is looked at.")]
    earlier: Annotated[bool, about("Whether the other one is of another course.")]
    page: Annotated[str, about("Where people read them side by side.")]


class Similarity(msgspec.Struct):
    """What the comparison of an assignment's solutions found."""

    pairs: Annotated[list[Pair], about("The pairs that are most alike.")]
    more: Annotated[int, about("How many there are beyond these.")]
    clusters: Annotated[list[list[SolutionView]], about("Solutions that hang together by pairs.")]
    compared: Annotated[int, about("Solutions of the course.")]
    earlier: Annotated[int, about("Solutions of other courses, in which the caller is staff.")]
    unreadable: Annotated[int, about("Solutions of the course that cannot be read.")]
    short: Annotated[int, about("Solutions of the course that are too short to be compared.")]


class SimilarityQuery(Query):
    """Which pairs."""

    least: Annotated[int, about("From which score on, in percent.", ge=30, le=100)] = similarity.THRESHOLD


@route(
    Operation(
        "GET",
        "/courses/<course>/assignments/<slug>/analytics",
        FIGURES,
        mark("Read how an assignment went"),
        Audience.API_STAFF,
        (Answer(mark("Figures of the assignment."), Analytics),),
    )
)
def show_analytics(course: str, slug: str, query: Query) -> Analytics:
    """Send the figures of an assignment."""
    assignment = find(reader(), slug)
    records = kept().archive.read(reader(), assignment)
    students = figures.by_student(records.attempts)
    results = results_of(assignment)
    success, times = figures.success(students), figures.times(students)
    return Analytics(
        exercise=slug,
        members=count_students(),
        students=len(students),
        submissions=len(records.attempts),
        worth=points_of(reader(), [assignment])[assignment.id],
        points=_spread(statistics.spread(each.points for each in results if each.points is not None)),
        attempts_needed=_spread(success.spread),
        not_yet=success.not_yet,
        seconds_working=_spread(times.working),
        seconds_waiting=_spread(times.waiting),
        seconds_grading=_spread(times.grading),
        tests=[_test(each) for each in items(records, students, records.counted(results))],
    )


def _spread(found: statistics.Spread | None) -> Spread | None:
    return Spread(**vars(found)) if found else None


def _test(each: Item) -> TestFigures:
    return TestFigures(
        name=each.head.name,
        title=show_title(each.head.name, each.head.title, language()),
        hidden=each.head.hidden,
        points=each.head.points,
        students=each.students,
        passing_first=each.passing_first,
        passing_counted=each.passing_counted,
        discrimination=each.discrimination,
        seconds=each.seconds,
        changed=list(each.changed),
    )


@route(
    Operation(
        "GET",
        "/courses/<course>/assignments/<slug>/similarity",
        FIGURES,
        mark("Find solutions that are alike"),
        Audience.API_STAFF,
        (Answer(mark("Pairs that are alike."), Similarity),),
        query=SimilarityQuery,
    )
)
def show_similarity(course: str, slug: str, query: SimilarityQuery) -> Similarity:
    """Compare the solutions of an assignment."""
    assignment = find(reader(), slug)
    found = similarity.compare(assignment, query.least / 100)
    return Similarity(
        pairs=[_pair(each, assignment.id) for each in found.matches],
        more=found.more,
        clusters=[[_solution(each) for each in group] for group in found.clusters],
        compared=found.own,
        earlier=found.earlier,
        unreadable=found.unreadable,
        short=found.short,
    )


def _pair(match: Match, assignment_id: int) -> Pair:
    left, right = match.left.id, match.right.id
    return Pair(
        left=_solution(match.left),
        right=_solution(match.right),
        score=round(match.score, 4),
        equal=match.is_equal,
        earlier=match.is_earlier,
        page=url_for("similarity.pair", course=here().code, id=assignment_id, left=left, right=right),
    )


def _solution(found: Solution) -> SolutionView:
    return SolutionView(found.id, found.name, found.course)
