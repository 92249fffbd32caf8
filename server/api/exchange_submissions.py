"""nbgrader's exchange: what is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from flask import Response
from msgspec import UNSET, UnsetType
from sqlalchemy.exc import SQLAlchemyError

from server.access import Audience
from server.api import archives, exchange, paging, problem
from server.api.archives import SENT, Archive, ArchiveForm
from server.api.meta import about
from server.api.operation import DONE, JSON, MULTIPART, NBGRADER, PATH, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, links
from server.api.submissions import SubmitHeaders
from server.context import _, me, now, parts, reader
from server.context import course as here
from server.exchange import feedback, submissions
from server.exchange.refusal import Refused
from server.exchange.submissions import Draft, Filter, Received
from server.i18n import mark
from server.models import ExchangeFeedback, ExchangeSubmission
from server.store import StoreError

Named = Annotated[str, about("Only those for this assignment.", max_length=80)]
Code = Annotated[str, about("Only those of this course.", pattern=PATH["course"].pattern)]
#: not a type of msgspec's: in a query it would take any number for a moment
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"
Login = Annotated[str, about("Only those of this student.", pattern=PATH["login"].pattern)]


NO_MOMENT = mark("Write it as 2026-03-31T18:00:00-03:00, with its zone.")


class FeedbackEntry(msgspec.Struct, kw_only=True):
    """Feedback on a submission."""

    released_at: Annotated[datetime, about("When it was released.")]
    files: Annotated[dict[str, str], about("Its pages: file name and SHA-256.")]
    size: Annotated[int, about("Bytes of the archive.")]
    sha256: Annotated[str, about("SHA-256 of the archive.")]


class HandedIn(msgspec.Struct, kw_only=True):
    """What somebody handed in with nbgrader."""

    id: Annotated[str, about("Its id.")]
    course: Annotated[str, about("The course's code.")]
    assignment: Annotated[str, about("The assignment's name in nbgrader.")]
    version: Annotated[int, about("Version of the assignment that was released at that time.")]
    login: Annotated[str, about("The student's user name.")]
    name: Annotated[str, about("The student's name.")]
    received_at: Annotated[datetime, about("When it was received, by the portal's clock.")]
    size: Annotated[int, about("Bytes of the archive.")]
    sha256: Annotated[str | None, about("SHA-256 of the archive; null: it was deleted because of its age.")]
    notebooks: Annotated[list[str], about("Paths of the notebooks in it.")]
    feedback: Annotated[FeedbackEntry | None, about("The feedback on it; null: none is released.")]


class HandedInList(msgspec.Struct):
    """A page of what was handed in with nbgrader, newest first."""

    submissions: Annotated[list[HandedIn], about("The submissions of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class OwnQuery(PageQuery):
    """Which of one's own."""

    course: Code | UnsetType = UNSET
    assignment: Named | UnsetType = UNSET


class InboundQuery(PageQuery):
    """Which ones."""

    assignment: Named | UnsetType = UNSET
    login: Login | UnsetType = UNSET
    last: Annotated[bool, about("Only the last one of each student for each assignment.")] = False
    until: (
        Annotated[str, about("With last: rather the last one until this moment, if there is one.", pattern=MOMENT)]
        | UnsetType
    ) = UNSET


def describe(submission: ExchangeSubmission, its: ExchangeFeedback | None) -> HandedIn:
    """Tell what was handed in, and what feedback there is."""
    return HandedIn(
        id=submission.id,
        course=submission.assignment.course.code,
        assignment=submission.assignment.name,
        version=submission.version,
        login=submission.user.login,
        name=submission.user.name,
        received_at=submission.created_at,
        size=submission.size,
        sha256=submission.blob,
        notebooks=submission.notebooks,
        feedback=describe_feedback(its) if its else None,
    )


def describe_feedback(its: ExchangeFeedback) -> FeedbackEntry:
    """Tell what feedback there is."""
    return FeedbackEntry(released_at=its.released_at, files=its.files, size=its.size, sha256=its.blob)


def find(id: str) -> ExchangeSubmission:
    """A submission of the course of the path; any other is not there."""
    found = submissions.find(reader(), id, Filter(course_id=here().id))
    if found is None:
        problem.refuse("not_found")
    return found


@route(
    Operation(
        "POST",
        "/courses/<course>/exchange/assignments/<assignment>/submissions",
        NBGRADER,
        mark("Hand in with nbgrader"),
        Audience.API_MEMBER_SUBMIT,
        (
            Answer(mark("Received: the submission is stored."), HandedIn, status=201),
            Answer(mark("It was handed in before, with the same idempotency key."), HandedIn),
        ),
        headers=SubmitHeaders,
        bodies={MULTIPART: ArchiveForm, JSON: Archive},
        problems=(409,),
    )
)
def hand_in(
    course: str, assignment: str, query: Query, headers: SubmitHeaders, body: Archive | ArchiveForm
) -> Response:
    """Take a submission in."""
    exchange.find(assignment)
    draft = Draft(here().id, assignment, me().id, archives.receive(body), archives.key_of(headers))
    try:
        received = submissions.hand_in(parts().database, parts().store, draft, now())
    except Refused as refused:
        archives.refuse(refused)
    except (StoreError, SQLAlchemyError) as error:
        archives.not_kept(error)
    return _receipt(received)


def _receipt(received: Received) -> Response:
    if not received.is_same:
        archives.refuse_key()
    # Not the request's own reader: it sees the database as it was before.
    with parts().database.reader() as session:
        entry = _describe_all([session.get_one(ExchangeSubmission, received.id)])[0]
    return to_json(entry, 201 if received.is_new else 200)


@route(
    Operation(
        "GET",
        "/exchange/submissions",
        NBGRADER,
        mark("List what you handed in with nbgrader"),
        Audience.API_READ,
        (Answer(mark("A page of submissions."), HandedInList, headers=LINK),),
        query=OwnQuery,
    )
)
def list_own_exchange(query: OwnQuery) -> Response:
    """Send what the caller handed in, newest first."""
    chosen = Filter(
        user_id=me().id,
        code=None if query.course is UNSET else query.course,
        name=None if query.assignment is UNSET else query.assignment,
    )
    return _list(chosen, query)


@route(
    Operation(
        "GET",
        "/courses/<course>/exchange/submissions",
        NBGRADER,
        mark("List what was handed in with nbgrader"),
        Audience.API_STAFF,
        (Answer(mark("A page of submissions."), HandedInList, headers=LINK),),
        query=InboundQuery,
    )
)
def list_inbound(course: str, query: InboundQuery) -> Response:
    """Send what was handed in in a course, newest first."""
    chosen = Filter(
        course_id=here().id,
        name=None if query.assignment is UNSET else query.assignment,
        login=None if query.login is UNSET else query.login,
        is_last=query.last,
        until=None if query.until is UNSET else _moment(query.until),
    )
    return _list(chosen, query)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        problem.refuse("invalid", errors={"until": _(NO_MOMENT)})


def _list(chosen: Filter, query: PageQuery) -> Response:
    keys = (ExchangeSubmission.created_at.expression, ExchangeSubmission.id.expression)
    wanted = submissions.choose(chosen).order_by(*(key.desc() for key in keys))
    if query.after is not UNSET:
        last = submissions.find(reader(), query.after, chosen)
        if last is None:
            paging.refuse_cursor()
        wanted = paging.after(wanted, keys, (last.created_at, last.id), descending=True)
    shown, final = paging.split(reader().scalars(wanted.limit(query.limit + 1)).all(), query.limit)
    cursor = final.id if final else None
    return to_json(HandedInList(_describe_all(shown), cursor), headers=links(cursor))


def _describe_all(found: Sequence[ExchangeSubmission]) -> list[HandedIn]:
    its = feedback.find_many(reader(), [each.id for each in found])
    return [describe(each, its.get(each.id)) for each in found]


@route(
    Operation(
        "GET",
        "/courses/<course>/exchange/submissions/<id>/file",
        NBGRADER,
        mark("Collect what was handed in with nbgrader"),
        Audience.API_STAFF,
        SENT,
        problems=(416,),
    )
)
def collect(course: str, id: str, query: Query) -> Response:
    """Send the archive of a submission."""
    return archives.send(find(id).blob, id)


@route(
    Operation(
        "DELETE",
        "/courses/<course>/exchange/submissions/<id>",
        NBGRADER,
        mark("Take a submission out of the exchange"),
        Audience.API_TEACHER,
        (DONE,),
        problems=(409,),
    )
)
def remove_from_exchange(course: str, id: str, query: Query) -> None:
    """Take a submission out of the exchange; its file is kept."""
    with parts().database.write() as session:
        found = submissions.find(session, id, Filter(course_id=here().id))
        if found is None:
            problem.refuse("not_found")
        try:
            submissions.remove(session, found, me().id, now())
        except Refused as refused:
            archives.refuse(refused)
