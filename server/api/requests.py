"""Students' requests for another look at a grading, and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from flask import Response
from msgspec import UNSET, UnsetType
from sqlalchemy import ColumnElement, Select, select

from server.access import Audience
from server.api import paging, problem
from server.api.meta import about
from server.api.operation import COURSEWORK, JSON, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, links
from server.context import _, me, now, parts, reader
from server.context import course as here
from server.i18n import mark
from server.models import Assignment, RegradeRequest, RequestState, Submission, User
from server.review import asking, change, record
from server.review.asking import MAX_TEXT, Refusal
from server.review.change import DECLINE, GRANT, By, Change, Problems


class RequestEntry(msgspec.Struct, kw_only=True):
    """A request."""

    id: Annotated[int, about("Its number.")]
    submission: Annotated[str, about("The submission's id.")]
    login: Annotated[str, about("The student's user name.")]
    exercise: Annotated[str, about("The exercise's short name.")]
    text: Annotated[str, about("What the student asks.")]
    asked_at: Annotated[datetime, about("When.")]
    state: Annotated[RequestState, about("Where it is: open, granted or declined.")]
    answer: Annotated[str, about("What was answered; empty: nothing yet.")]
    answered_at: Annotated[datetime | None, about("When; null: it was not.")]


class RequestList(msgspec.Struct):
    """A page of requests, newest first."""

    requests: Annotated[list[RequestEntry], about("The requests of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class RequestQuery(PageQuery):
    """Which requests."""

    state: Annotated[RequestState, about("Only those in this state.")] | UnsetType = UNSET


class RequestAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """An answer to a student."""

    granted: Annotated[bool, about("Whether the student was right.")]
    text: Annotated[str, about("What the student reads.", min_length=1, max_length=MAX_TEXT)]


def _mine() -> Select[RegradeRequest, Submission, User]:
    """The requests of the course of the path."""
    return (
        select(RegradeRequest, Submission, User)
        .join(Submission, Submission.id == RegradeRequest.submission_id)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(User, User.id == Submission.user_id)
        .where(Assignment.course_id == here().id)
    )


def _entry(request: RegradeRequest, submission: Submission, student: User) -> RequestEntry:
    return RequestEntry(
        id=request.id,
        submission=submission.id,
        login=student.login,
        exercise=submission.slug,
        text=request.text,
        asked_at=request.created_at,
        state=request.state,
        answer=request.answer,
        answered_at=request.answered_at,
    )


@route(
    Operation(
        "GET",
        "/courses/<course>/requests",
        COURSEWORK,
        mark("List the requests of students"),
        Audience.API_STAFF,
        (Answer(mark("A page of requests."), RequestList, headers=LINK),),
        query=RequestQuery,
    )
)
def list_requests(course: str, query: RequestQuery) -> Response:
    """Send the requests of a course."""
    wanted = _mine().order_by(RegradeRequest.id.desc())
    if query.state is not UNSET:
        wanted = wanted.where(RegradeRequest.state == query.state)
    if query.after is not UNSET:
        if reader().execute(_mine().where(_is(query.after))).first() is None:
            paging.refuse_cursor()
        wanted = wanted.where(RegradeRequest.id < paging.number(query.after))
    shown, final = paging.split(reader().execute(wanted.limit(query.limit + 1)).all(), query.limit)
    cursor = str(final[0].id) if final else None
    return to_json(RequestList([_entry(*row) for row in shown], cursor), headers=links(cursor))


@route(
    Operation(
        "POST",
        "/courses/<course>/requests/<request>/answer",
        COURSEWORK,
        mark("Answer a student's request"),
        Audience.API_STAFF,
        (Answer(mark("The request as it is now."), RequestEntry),),
        bodies={JSON: RequestAnswer},
        problems=(409,),
    )
)
def answer_request(course: str, request: str, query: Query, body: RequestAnswer) -> RequestEntry:
    """Answer a request. The same answer once more changes nothing."""
    found = reader().execute(_mine().where(_is(request))).one_or_none()
    if found is None:
        problem.refuse("not_found")
    asked, submission, _student = found
    text = asking.clean(body.text)
    state = RequestState.GRANTED if body.granted else RequestState.DECLINED
    if (asked.state, asked.answer) != (state, text):
        if asked.state is not RequestState.OPEN:
            problem.refuse("conflict", _(Refusal.ANSWERED.value))
        _answer(submission, GRANT if body.granted else DECLINE, text)
    with parts().database.reader() as session:
        return _entry(*session.execute(_mine().where(_is(request))).one())


def _is(id: str) -> ColumnElement[bool]:
    return RegradeRequest.id == paging.number(id)


def _answer(submission: Submission, action: str, text: str) -> None:
    with parts().database.write() as session:
        before = record.read(session, submission)
        wanted = Change(action, None, before.comment, before.marked, answer=text)
        try:
            change.check(wanted)
            row = session.get_one(Submission, submission.id)
            change.write(session, row, wanted, By(here().id, me().id, now()))
        except Problems as error:
            problem.refuse("invalid", errors={"text": _(next(iter(error.problems.values())))})
