"""nbgrader's exchange: assignments that are released."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

import msgspec
from flask import Response, url_for
from sqlalchemy.exc import SQLAlchemyError

from server.access import Audience
from server.api import archives, problem
from server.api.archives import SENT, Archive, ArchiveForm
from server.api.courses import MADE
from server.api.meta import about
from server.api.operation import DONE, FOLDER, JSON, MULTIPART, NBGRADER, Answer, Operation, Query, route, to_json
from server.api.submissions import SubmitHeaders
from server.context import _, me, now, parts, reader
from server.context import course as here
from server.exchange import releases
from server.exchange.refusal import NOT_RELEASED, Refused
from server.exchange.releases import Draft, Released
from server.i18n import mark
from server.models import ExchangeRelease
from server.store import StoreError

Name = Annotated[str, about("The assignment's name in nbgrader: that of its folder.", pattern=FOLDER)]
Force = Annotated[bool, about("Whether it may take the place of what is released.")]

NO_NAME = mark("This cannot be a folder's name on every system.")


class ReleaseForm(ArchiveForm, kw_only=True):
    """What is to be released, as a form."""

    name: Name
    force: Force = False


class NewRelease(Archive, kw_only=True):
    """What is to be released."""

    name: Name
    force: Force = False


class ReleaseEntry(msgspec.Struct, kw_only=True):
    """An assignment of nbgrader that students can fetch."""

    name: Annotated[str, about("Its name in nbgrader.")]
    version: Annotated[int, about("How many times it was released.")]
    released_at: Annotated[datetime, about("When this version was released.")]
    released_by: Annotated[str, about("Who released it; empty: the account is gone.")]
    size: Annotated[int, about("Bytes of the archive.")]
    sha256: Annotated[str, about("SHA-256 of the archive.")]
    notebooks: Annotated[list[str], about("Paths of the notebooks in it.")]


class ReleaseList(msgspec.Struct):
    """What students of a course can fetch, by name."""

    assignments: Annotated[list[ReleaseEntry], about("The assignments.")]


def describe(release: ExchangeRelease) -> ReleaseEntry:
    """Tell what a release is."""
    return ReleaseEntry(
        name=release.assignment.name,
        version=release.version,
        released_at=release.created_at,
        released_by=release.by.name if release.by else "",
        size=release.size,
        sha256=release.blob,
        notebooks=release.notebooks,
    )


def find(name: str) -> ExchangeRelease:
    """What students of the course of the path can fetch under a name."""
    found = releases.find_current(reader(), here().id, name)
    if found is None:
        problem.refuse("not_found", _(NOT_RELEASED) % {"name": name})
    return found


@route(
    Operation(
        "GET",
        "/courses/<course>/exchange/assignments",
        NBGRADER,
        mark("List what is released to nbgrader"),
        Audience.API_MEMBER,
        (Answer(mark("The assignments."), ReleaseList),),
    )
)
def list_releases(course: str, query: Query) -> ReleaseList:
    """Send what students can fetch."""
    return ReleaseList([describe(each) for each in releases.list_current(reader(), here().id)])


@route(
    Operation(
        "POST",
        "/courses/<course>/exchange/assignments",
        NBGRADER,
        mark("Release an assignment of nbgrader"),
        Audience.API_TEACHER,
        (
            Answer(mark("It is released."), ReleaseEntry, status=201, headers=MADE),
            Answer(mark("It was released before, with the same idempotency key."), ReleaseEntry),
        ),
        headers=SubmitHeaders,
        bodies={MULTIPART: ReleaseForm, JSON: NewRelease},
        problems=(409,),
    )
)
def release_assignment(course: str, query: Query, headers: SubmitHeaders, body: NewRelease | ReleaseForm) -> Response:
    """Release an assignment, as its next version."""
    if not re.fullmatch(FOLDER[1:-1], body.name):
        problem.refuse("invalid", errors={"name": _(NO_NAME)})
    draft = Draft(here().id, body.name, archives.receive(body), archives.key_of(headers), me().id, body.force)
    try:
        done = releases.release(parts().database, parts().store, draft, now())
    except Refused as refused:
        archives.refuse(refused)
    except (StoreError, SQLAlchemyError) as error:
        archives.not_kept(error)
    return _receipt(course, done)


def _receipt(course: str, done: Released) -> Response:
    if not done.is_same:
        archives.refuse_key()
    # Not the request's own reader: it sees the database as it was before.
    with parts().database.reader() as session:
        entry = describe(session.get_one(ExchangeRelease, done.id))
    where = {"Location": url_for("api.show_release", course=course, assignment=entry.name)}
    return to_json(entry, 201, where) if done.is_new else to_json(entry)


@route(
    Operation(
        "GET",
        "/courses/<course>/exchange/assignments/<assignment>",
        NBGRADER,
        mark("Read what is released of an assignment"),
        Audience.API_MEMBER,
        (Answer(mark("The assignment."), ReleaseEntry),),
    )
)
def show_release(course: str, assignment: str, query: Query) -> ReleaseEntry:
    """Send one assignment."""
    return describe(find(assignment))


@route(
    Operation(
        "GET",
        "/courses/<course>/exchange/assignments/<assignment>/file",
        NBGRADER,
        mark("Fetch an assignment of nbgrader"),
        Audience.API_MEMBER,
        SENT,
        problems=(416,),
    )
)
def fetch_assignment(course: str, assignment: str, query: Query) -> Response:
    """Send the archive of an assignment."""
    return archives.send(find(assignment).blob, assignment)


@route(
    Operation(
        "DELETE",
        "/courses/<course>/exchange/assignments/<assignment>",
        NBGRADER,
        mark("Withdraw an assignment from nbgrader"),
        Audience.API_TEACHER,
        (DONE,),
        problems=(409,),
    )
)
def withdraw_assignment(course: str, assignment: str, query: Query) -> None:
    """Withdraw an assignment; what was handed in for it stays."""
    with parts().database.write() as session:
        current = releases.find_current(session, here().id, assignment)
        if current is None:
            problem.refuse("not_found", _(NOT_RELEASED) % {"name": assignment})
        try:
            releases.withdraw(session, current, me().id, now())
        except Refused as refused:
            archives.refuse(refused)
