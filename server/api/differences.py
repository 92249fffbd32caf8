"""What a regrade changes, submission by submission."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Response
from msgspec import UNSET, UnsetType

from grader.report import Verdict
from server.access import Audience
from server.api.meta import about
from server.api.operation import REGRADES, Answer, Operation, Query, route, to_json
from server.api.page import LINK, links
from server.api.regrades import find_regrade
from server.context import language, reader
from server.i18n import mark
from server.regrade import difference
from server.regrade.difference import Row, Show


class TestChange(msgspec.Struct):
    """A test that came out otherwise."""

    name: Annotated[str, about("The test's name.")]
    title: Annotated[str, about("What it requires.")]
    before: Annotated[Verdict | None, about("What came out before; null: there was no such test.")]
    after: Annotated[Verdict | None, about("What came out now; null: there is no such test.")]
    change: Annotated[float, about("Points more; below 0: fewer.")]


class RegradeRow(msgspec.Struct, kw_only=True):
    """A submission that was graded again."""

    submission: Annotated[str, about("The submission's id.")]
    login: Annotated[str, about("The student's user name.")]
    attempt: Annotated[int, about("Its number among the student's submissions to the exercise.")]
    counts: Annotated[bool, about("Whether it is the attempt that counts.")]
    score_before: Annotated[float | None, about("Points before; null: it had none.")]
    score_after: Annotated[float | None, about("Points now; null: it could not be graded.")]
    max_score_before: Annotated[float | None, about("Points that there were to earn before.")]
    max_score_after: Annotated[float | None, about("Points that there are to earn now.")]
    cause: Annotated[str, about("Why it could not be graded; empty: it could.")]
    tests: Annotated[list[TestChange], about("Tests that came out otherwise.")]


class Difference(msgspec.Struct):
    """A page of what a regrade changes; those who lose most come first."""

    rows: Annotated[list[RegradeRow], about("The submissions of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class DifferenceQuery(Query):
    """Which submissions of a regrade."""

    show: Annotated[Show, about("Which ones.")] = Show.CHANGED
    after: (
        Annotated[str, about("Begin after this entry: the value of next in the previous page.", pattern="^[0-9]{1,6}$")]
        | UnsetType
    ) = UNSET


@route(
    Operation(
        "GET",
        "/courses/<course>/regrades/<regrade>/difference",
        REGRADES,
        mark("Read what a regrade changes"),
        Audience.API_STAFF,
        (Answer(mark("A page of submissions."), Difference, headers=LINK),),
        query=DifferenceQuery,
    )
)
def show_difference(course: str, regrade: str, query: DifferenceQuery) -> Response:
    """Send what a regrade changes, a page of fifty at a time."""
    found, _assignment = find_regrade(reader(), regrade)
    page = 1 if query.after is UNSET else int(query.after) + 1
    rows = difference.rows(reader(), found.id, query.show, page)
    is_full = len(rows) == difference.PAGE_SIZE
    cursor = str(page) if is_full and difference.rows(reader(), found.id, query.show, page + 1) else None
    return to_json(Difference([_row(each) for each in rows], cursor), headers=links(cursor))


def _row(each: Row) -> RegradeRow:
    return RegradeRow(
        submission=each.submission,
        login=each.login,
        attempt=each.attempt,
        counts=each.counts,
        score_before=each.before.score,
        score_after=each.after.score,
        max_score_before=each.before.max_score,
        max_score_after=each.after.max_score,
        cause=each.fault,
        tests=[
            TestChange(test.name, language().pick(test.title) or test.name, test.before, test.after, test.change)
            for test in each.tests
        ],
    )
