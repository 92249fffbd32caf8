"""Submissions of a course, as its staff sees them: the list, one with its whole report, its file."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from flask import Response, url_for
from msgspec import UNSET, UnsetType

from grader.report import Report, TestResult
from server.access import Audience
from server.api import paging, problem
from server.api.assignments import Slug
from server.api.gradebooks import find_assignment
from server.api.meta import about
from server.api.operation import COURSEWORK, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, links
from server.api.reports import SubmissionEntry, TestReport, describe, describe_test
from server.context import course as here
from server.context import language, reader
from server.i18n import mark
from server.models import Assignment, State, Submission, User
from server.review import listing, pages, record
from server.review.filter import MAX_QUERY, Filter, Reviewed
from server.review.listing import Entry
from server.submission.shown import show_test


class WorkEntry(msgspec.Struct, kw_only=True):
    """A submission of a course."""

    id: Annotated[str, about("Its id.")]
    login: Annotated[str, about("The student's user name.")]
    name: Annotated[str, about("The student's name.")]
    exercise: Annotated[str, about("The exercise's short name.")]
    attempt: Annotated[int, about("Its number among the student's submissions to the exercise.")]
    state: Annotated[State, about("Where it is on its way: received, running, graded or failed (could not be graded).")]
    received_at: Annotated[datetime, about("When it was received: this counts for due dates.")]
    score: Annotated[float | None, about("Points earned; null: not graded.")]
    max_score: Annotated[float | None, about("Points that there were to earn; null: not graded.")]
    credit: Annotated[float, about("The part of the score that counts: less than 1 when it was handed in late.")]
    counts: Annotated[bool, about("Whether it is the attempt that counts.")]
    provisional: Annotated[bool, about("Whether hidden tests are still to be run.")]
    review: Annotated[Reviewed, about("Whether there is a review.")]
    request: Annotated[bool, about("Whether the student waits for an answer.")]
    page: Annotated[str, about("Where staff reads it.")]


class WorkList(msgspec.Struct):
    """A page of a course's submissions, newest first."""

    submissions: Annotated[list[WorkEntry], about("The submissions of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class WorkQuery(PageQuery):
    """Which submissions."""

    q: Annotated[str, about("Parts of the student's name, user name, number or section.", max_length=MAX_QUERY)] = ""
    exercise: Annotated[Slug, about("Only those to this exercise.")] | UnsetType = UNSET
    state: Annotated[State, about("Only those in this state.")] | UnsetType = UNSET
    review: Annotated[Reviewed, about("Only those of which this is true.")] | UnsetType = UNSET
    requests: Annotated[bool, about("Only those whose student waits for an answer.")] = False
    counts: Annotated[bool, about("Only the attempts that count.")] = False


class StaffTest(TestReport, kw_only=True):
    """A test of the report, with what students do not read."""

    detail: Annotated[str, about("What staff alone reads: expected values, our own errors.")]


class StaffReport(msgspec.Struct, kw_only=True):
    """The whole report of a grading."""

    message: Annotated[str, about("What there is to say about all of it.")]
    left_out: Annotated[list[str], about("Parts of the submission that were not used.")]
    device: Annotated[str, about("What it was graded on.")]
    seconds: Annotated[float, about("How long it took.")]
    seed: Annotated[str, about("The secret from which the tests' random values came.")]
    exercise_version: Annotated[str, about("The version of the exercise and its tests.")]
    tests: Annotated[list[StaffTest], about("All tests.")]


class WorkDetail(SubmissionEntry, kw_only=True):
    """A submission of a course, with everything that is known of its grading."""

    login: Annotated[str, about("The student's user name.")]
    name: Annotated[str, about("The student's name.")]
    tries: Annotated[int, about("How often its grading was started.")]
    cause: Annotated[str, about("Why it could not be graded, for staff alone; empty: it could.")]
    report: Annotated[StaffReport | None, about("The report; null: there is none, or none yet.")]


def find_work(id: str) -> tuple[Submission, Assignment]:
    """A submission of the course of the path; any other is not there."""
    found = record.find(reader(), here().id, id)
    if found is None:
        problem.refuse("not_found")
    return found


def _entry(each: Entry) -> WorkEntry:
    return WorkEntry(
        id=each.id,
        login=each.login,
        name=each.name,
        exercise=each.slug,
        attempt=each.attempt,
        state=each.state,
        received_at=each.created_at,
        score=each.score,
        max_score=each.max_score,
        credit=each.credit,
        counts=each.counts,
        provisional=each.is_provisional,
        review=each.reviewed,
        request=each.has_request,
        page=url_for("reviews.show", course=here().code, id=each.id),
    )


@route(
    Operation(
        "GET",
        "/courses/<course>/submissions",
        COURSEWORK,
        mark("List the submissions of a course"),
        Audience.API_STAFF,
        (Answer(mark("A page of submissions."), WorkList, headers=LINK),),
        query=WorkQuery,
    )
)
def list_work(course: str, query: WorkQuery) -> Response:
    """Send the submissions of a course, newest first."""
    chosen = Filter(
        assignment=None if query.exercise is UNSET else find_assignment("exercise", query.exercise).id,
        query=query.q,
        state=None if query.state is UNSET else query.state,
        reviewed=None if query.review is UNSET else query.review,
        requests=query.requests,
        counts=query.counts,
    )
    last = None
    if query.after is not UNSET:
        found = record.find(reader(), here().id, query.after)
        last = found[0] if found else paging.refuse_cursor()
    entries = listing.read_after(reader(), here().id, chosen, last, query.limit + 1)
    shown, final = paging.split(entries, query.limit)
    cursor = final.id if final else None
    return to_json(WorkList([_entry(each) for each in shown], cursor), headers=links(cursor))


@route(
    Operation(
        "GET",
        "/courses/<course>/submissions/<id>",
        COURSEWORK,
        mark("Read a submission as staff"),
        Audience.API_STAFF,
        (Answer(mark("The submission."), WorkDetail),),
    )
)
def show_work(course: str, id: str, query: Query) -> WorkDetail:
    """Send one submission, with all of its report."""
    found, _assignment = find_work(id)
    student = reader().get_one(User, found.user_id)
    return WorkDetail(
        **{
            **msgspec.structs.asdict(describe(found)),
            "page": url_for("reviews.show", course=here().code, id=id),
        },
        login=student.login,
        name=student.name,
        tries=found.tries,
        cause=found.fault or "",
        report=_report(Report.from_store(found.report)) if found.report else None,
    )


def _report(report: Report) -> StaffReport:
    return StaffReport(
        message=language().pick(report.message),
        left_out=list(report.left_out),
        device=report.device,
        seconds=round(report.seconds, 4),
        seed=report.seed,
        exercise_version=report.exercise_version,
        tests=[_test(number, each) for number, each in enumerate(report.tests, 1)],
    )


def _test(number: int, test: TestResult) -> StaffTest:
    told = msgspec.structs.asdict(describe_test(show_test(number, test, language())))
    return StaffTest(**{**told, "name": test.name}, detail=test.detail)


@route(
    Operation(
        "GET",
        "/courses/<course>/submissions/<id>/file",
        COURSEWORK,
        mark("Download what a student handed in"),
        Audience.API_STAFF,
        (Answer(mark("The file, as it was handed in."), media="application/octet-stream"),),
    )
)
def download_work(course: str, id: str, query: Query) -> Response:
    """Send the file."""
    return pages.send_file_of(find_work(id)[0])
