"""What stands in an assignment, student by student: for gradebooks outside the portal."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from flask import Response
from msgspec import UNSET
from sqlalchemy import func

from grader.report import Report
from server.access import Audience
from server.api import paging
from server.api.assignments import find
from server.api.meta import about
from server.api.operation import GRADEBOOK, Answer, Operation, route, to_json
from server.api.page import LINK, PageQuery, links
from server.context import course as here
from server.context import reader
from server.course import outcomes, override
from server.course.outcomes import Outcome
from server.i18n import mark
from server.models import Membership, Review, Submission, User


class TestScore(msgspec.Struct):
    """What a test gave."""

    name: Annotated[str, about("The test's name.")]
    points: Annotated[float, about("Points that it is worth.")]
    earned: Annotated[float, about("Points earned.")]


class CountedAttempt(msgspec.Struct, kw_only=True):
    """The attempt that counts."""

    id: Annotated[str, about("Its id.")]
    attempt: Annotated[int, about("Its number among the student's submissions to the exercise.")]
    received_at: Annotated[datetime, about("When it was received: this counts for due dates.")]
    credit: Annotated[float, about("The part of the score that counts: less than 1 when it was handed in late.")]
    provisional: Annotated[bool, about("Whether hidden tests are still to be run.")]
    tests: Annotated[list[TestScore] | None, about("What each test gave; null: the report is no longer kept.")]


class Written(msgspec.Struct):
    """What staff wrote about the attempt that counts."""

    comment: Annotated[str, about("About all of it.")]
    published: Annotated[bool, about("Whether the student reads it.")]
    version: Annotated[str, about("Differs whenever it was saved.")]


class StudentResult(msgspec.Struct, kw_only=True):
    """One student in the assignment."""

    login: Annotated[str, about("The user name.")]
    name: Annotated[str, about("The name.")]
    email: Annotated[str | None, about("The e-mail address; null: none is known.")]
    due_at: Annotated[datetime | None, about("Until when nothing is late for this student; null: nothing ever is.")]
    attempts: Annotated[int, about("Attempts that were used.")]
    counted: Annotated[CountedAttempt | None, about("The attempt that counts; null: none does.")]
    review: Annotated[Written | None, about("The review of it; null: there is none.")]
    manual: Annotated[float, about("Points that a published review adds or takes.")]
    override: Annotated[float | None, about("Points that were set by hand; null: they follow from submissions.")]
    points: Annotated[float | None, about("The points that count; null: none yet.")]
    version: Annotated[str, about("To be sent as If-Match when points are set by hand.")]


class ResultPage(msgspec.Struct):
    """A page of the students of an assignment, by name."""

    results: Annotated[list[StudentResult], about("The students of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


@route(
    Operation(
        "GET",
        "/courses/<course>/assignments/<slug>/results",
        GRADEBOOK,
        mark("Read what counts in an assignment, test by test"),
        Audience.API_STAFF,
        (Answer(mark("A page of students."), ResultPage, headers=LINK),),
        query=PageQuery,
    )
)
def list_results(course: str, slug: str, query: PageQuery) -> Response:
    """Send what counts for the students of a course in an assignment."""
    assignment = find(reader(), slug)
    wanted = outcomes.students_of(here().id)
    if query.after is not UNSET:
        last = reader().scalar(wanted.where(User.login == query.after)) or paging.refuse_cursor()
        wanted = wanted.where(paging.after_name(last.user))
    members = list(reader().scalars(wanted.order_by(func.lower(User.name), User.login).limit(query.limit + 1)))
    shown, final = paging.split(members, query.limit)
    cursor = _cursor(final)
    page = ResultPage([_describe(each) for each in outcomes.read(reader(), assignment, shown)], cursor)
    return to_json(page, headers=links(cursor))


def _cursor(last: Membership | None) -> str | None:
    return last.user.login if last else None


def _describe(found: Outcome) -> StudentResult:
    user, result = found.member.user, found.result
    return StudentResult(
        login=user.login,
        name=user.name,
        email=user.email,
        due_at=found.terms.due_at,
        attempts=result.attempts if result else 0,
        counted=_counted(found.submission) if found.submission else None,
        review=_written(found.review) if found.review else None,
        manual=result.manual if result else 0.0,
        override=result.override if result else None,
        points=result.points if result else None,
        version=override.version(result),
    )


def _counted(submission: Submission) -> CountedAttempt:
    report = Report.from_store(submission.report) if submission.report else None
    return CountedAttempt(
        id=submission.id,
        attempt=submission.attempt,
        received_at=submission.created_at,
        credit=submission.credit,
        provisional=submission.is_provisional,
        tests=[TestScore(each.name, each.points, each.earned) for each in report.tests] if report else None,
    )


def _written(review: Review) -> Written:
    return Written(review.comment, review.published_at is not None, review.updated_at.isoformat())
