"""Submissions: handing in, the list, one with its report, its file."""

from __future__ import annotations

import secrets
from typing import Annotated, NoReturn

import msgspec
from flask import Response, current_app, url_for
from msgspec import UNSET, UnsetType
from sqlalchemy import Select, and_, or_, select
from sqlalchemy.exc import SQLAlchemyError

from grader.exercise import Exercise
from server.access import Audience
from server.api import problem
from server.api.events import EventList, EventQuery, list_since
from server.api.meta import about
from server.api.operation import (
    JSON,
    MULTIPART,
    PATH,
    SUBMISSIONS,
    Answer,
    Operation,
    Query,
    UploadedFile,
    route,
    to_json,
)
from server.api.page import LINK, NO_CURSOR, PageQuery, links
from server.api.reports import SubmissionDetail, SubmissionEntry, describe, describe_fully
from server.context import _, me, now, parts, reader
from server.exercise import pages as exercises
from server.i18n import mark
from server.models import State, Submission
from server.rules import Refusal
from server.store import StoreError
from server.submission import pages as submissions
from server.submission import veil
from server.submission.intake import Draft, Received, Refused
from server.submission.receiving import receive

#: refusals that are no fault of what was sent
TERMS = (Refusal.NOT_OPEN, Refusal.CLOSED, Refusal.NO_ATTEMPTS, Refusal.COOLDOWN)
#: which part of the request is at fault
FIELDS = {Refusal.EMPTY: "file", Refusal.KIND: "file", Refusal.NOTHING: "code", Refusal.STUB: "code"}
#: seconds after which one of several submissions that wait may be graded
PATIENCE = 10


class SubmissionQuery(PageQuery):
    """Which submissions."""

    exercise: Annotated[str, about("Only those to this exercise.", pattern=PATH["slug"].pattern)] | UnsetType = UNSET
    state: Annotated[State, about("Only those in this state.")] | UnsetType = UNSET


class SubmissionList(msgspec.Struct):
    """A page of submissions, newest first."""

    submissions: Annotated[list[SubmissionEntry], about("The submissions of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class SubmitHeaders(msgspec.Struct, rename={"idempotency_key": "Idempotency-Key"}):
    """What keeps a repeated request from being a second submission."""

    idempotency_key: (
        Annotated[
            str,
            about(
                "A text of your own for this submission. Sent again, with the same content, it gives the same one.",
                pattern="^[!-~]{1,64}$",
            ),
        ]
        | UnsetType
    ) = UNSET


class Content(msgspec.Struct, forbid_unknown_fields=True):
    """What is handed in: either code, or a file's name and content."""

    code: Annotated[str, about("Python source.")] | UnsetType = UNSET
    file_name: Annotated[str, about("The file's name: .py, .ipynb or .zip.", max_length=200)] | UnsetType = UNSET
    content_base64: Annotated[bytes, about("The file's content in Base64.")] | UnsetType = UNSET


class Form(msgspec.Struct, forbid_unknown_fields=True):
    """What is handed in, as a form with a file."""

    file: Annotated[UploadedFile, about("The file: .py, .ipynb or .zip.")]


@route(
    Operation(
        "POST",
        "/exercises/<slug>/submissions",
        SUBMISSIONS,
        mark("Hand in"),
        Audience.API_SUBMIT,
        (
            Answer(
                mark("Received: the submission is stored."),
                SubmissionEntry,
                status=201,
                headers={"Location": mark("The address of the submission.")},
            ),
            Answer(mark("It was handed in before, with the same idempotency key."), SubmissionEntry),
        ),
        headers=SubmitHeaders,
        bodies={MULTIPART: Form, JSON: Content},
        problems=(409,),
    )
)
def submit(slug: str, query: Query, headers: SubmitHeaders, body: Content | Form) -> Response:
    """Take a submission in."""
    exercise = exercises.find(slug)
    key = secrets.token_urlsafe(16) if headers.idempotency_key is UNSET else headers.idempotency_key
    try:
        draft = _draft(exercise, body, key)
        received = receive(draft)
    except Refused as refused:
        _refuse(refused.refusal)
    except (StoreError, SQLAlchemyError):
        current_app.logger.exception("a submission to %s could not be kept", slug)
        problem.refuse("busy", _(exercises.NOT_KEPT))
    return _receipt(received)


def _draft(exercise: Exercise, body: Content | Form, key: str) -> Draft:
    """Raises Refused for code and file at once, and for neither."""
    if isinstance(body, Form):
        return exercises.draft_of_file(exercise, body.file.name, body.file.content, key)
    has_file = body.file_name is not UNSET or body.content_base64 is not UNSET
    if body.code is not UNSET and has_file:
        raise Refused(Refusal.TWO_THINGS)
    if not has_file:
        return exercises.draft_of_code(exercise, "" if body.code is UNSET else body.code, key)
    if body.file_name is UNSET or body.content_base64 is UNSET:
        missing = "file_name" if body.file_name is UNSET else "content_base64"
        problem.refuse("invalid", errors={missing: _("A file has a name and a content.")})
    return exercises.draft_of_file(exercise, body.file_name, body.content_base64, key)


def _receipt(received: Received) -> Response:
    if not received.is_same:
        problem.refuse("key_reused", errors={"Idempotency-Key": _("Another submission has this key.")})
    parts().dispatcher.wake()
    # Not the request's own reader: it sees the database as it was before.
    with parts().database.reader() as session:
        entry = describe(session.get_one(Submission, received.id))
    where = {"Location": url_for("api.show_submission", id=received.id)}
    return to_json(entry, 201, where) if received.is_new else to_json(entry)


def _refuse(refusal: Refusal) -> NoReturn:
    text = _(refusal.value)
    if refusal is Refusal.TOO_MANY:
        problem.refuse("waiting", text, headers={"Retry-After": str(PATIENCE)})
    if refusal is Refusal.TOO_BIG:
        problem.refuse("too_large", text)
    if refusal in TERMS:
        problem.refuse("refused", text)
    problem.refuse("invalid", text, errors={FIELDS.get(refusal, "$"): text})


@route(
    Operation(
        "GET",
        "/submissions",
        SUBMISSIONS,
        mark("List your submissions"),
        Audience.API_READ,
        (Answer(mark("A page of submissions."), SubmissionList, headers=LINK),),
        query=SubmissionQuery,
    )
)
def list_submissions(query: SubmissionQuery) -> Response:
    """Send the caller's submissions, newest first."""
    mine = _chosen(query).order_by(Submission.created_at.desc(), Submission.id.desc())
    found = list(reader().scalars(mine.limit(query.limit + 1)))
    veil.draw(reader(), found, now())
    shown = found[: query.limit]
    cursor = shown[-1].id if len(found) > query.limit else None
    return to_json(SubmissionList([describe(each) for each in shown], cursor), headers=links(cursor))


def _chosen(query: SubmissionQuery) -> Select[Submission]:
    mine = select(Submission).where(Submission.user_id == me().id)
    if query.exercise is not UNSET:
        mine = mine.where(Submission.slug == query.exercise)
    if query.state is not UNSET:
        mine = mine.where(Submission.state == query.state)
    if query.after is UNSET:
        return mine
    last = reader().get(Submission, query.after)
    if last is None or last.user_id != me().id:
        problem.refuse("invalid", errors={"after": _(NO_CURSOR)})
    same = and_(Submission.created_at == last.created_at, Submission.id < last.id)
    return mine.where(or_(Submission.created_at < last.created_at, same))


@route(
    Operation(
        "GET",
        "/submissions/<id>",
        SUBMISSIONS,
        mark("Read a submission and its report"),
        Audience.API_READ,
        (Answer(mark("The submission."), SubmissionDetail),),
    )
)
def show_submission(id: str, query: Query) -> SubmissionDetail:
    """Send one submission, with the report as its student may see it."""
    return describe_fully(submissions.find_own(id))


@route(
    Operation(
        "GET",
        "/submissions/<id>/events",
        SUBMISSIONS,
        mark("Follow a grading"),
        Audience.API_READ,
        (Answer(mark("What has happened since."), EventList),),
        query=EventQuery,
    )
)
def list_events(id: str, query: EventQuery) -> EventList:
    """Send what has happened in a grading."""
    return list_since(submissions.find_own(id), query)


@route(
    Operation(
        "GET",
        "/submissions/<id>/file",
        SUBMISSIONS,
        mark("Download what was handed in"),
        Audience.API_READ,
        (Answer(mark("The file, as it was handed in."), media="application/octet-stream"),),
    )
)
def download_file(id: str, query: Query) -> Response:
    """Send the file back."""
    return submissions.file(id)
