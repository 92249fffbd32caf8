"""Extensions of an assignment: the list, one for a student, its end."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from flask import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.access import Audience
from server.api import members, problem
from server.api.assignments import Time, check_times, find
from server.api.meta import about
from server.api.operation import ASSIGNMENTS, DONE, JSON, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, cut, links
from server.api.paging import refuse_cursor
from server.context import _, me, now, parts, reader
from server.context import course as here
from server.course import extension
from server.course.assignment_form import MAX_ATTEMPTS
from server.course.extension import MAX_REASON, Grant
from server.course.results import settle
from server.i18n import mark
from server.models import Assignment, Extension, Role, User


class ExtensionEntry(msgspec.Struct, kw_only=True):
    """Other terms for one student."""

    login: Annotated[str, about("The student's user name.")]
    name: Annotated[str, about("The student's name.")]
    due_at: Annotated[datetime | None, about("Until when nothing is late; null: as for everybody.")]
    closes_at: Annotated[datetime | None, about("Until when it takes submissions; null: as for everybody.")]
    more_attempts: Annotated[int, about("Attempts on top of everybody's.")]
    reason: Annotated[str, about("Why it is given.")]
    given_at: Annotated[datetime, about("When it was given first.")]


class ExtensionList(msgspec.Struct):
    """A page of extensions, by name."""

    extensions: Annotated[list[ExtensionEntry], about("The extensions of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class ExtensionTerms(msgspec.Struct, forbid_unknown_fields=True):
    """What an extension gives. It takes the place of the one that the student had."""

    due_at: Annotated[Time | None, about("Until when nothing is late; null: as for everybody.")] = None
    closes_at: Annotated[Time | None, about("Until when it takes submissions; null: as for everybody.")] = None
    more_attempts: Annotated[int, about("Attempts on top of everybody's.", ge=0, le=MAX_ATTEMPTS)] = 0
    reason: Annotated[str, about("Why it is given.", max_length=MAX_REASON)] = ""


def _describe(found: Extension) -> ExtensionEntry:
    return ExtensionEntry(
        login=found.user.login,
        name=found.user.name,
        due_at=found.due_at,
        closes_at=found.closes_at,
        more_attempts=found.more_attempts,
        reason=found.reason,
        given_at=found.created_at,
    )


def _find(session: Session, assignment: Assignment, login: str) -> Extension | None:
    mine = select(Extension).join(Extension.user).where(Extension.assignment_id == assignment.id)
    return session.scalar(mine.where(User.login == login))


@route(
    Operation(
        "GET",
        "/courses/<course>/assignments/<slug>/extensions",
        ASSIGNMENTS,
        mark("List the extensions of an assignment"),
        Audience.API_STAFF,
        (Answer(mark("A page of extensions."), ExtensionList, headers=LINK),),
        query=PageQuery,
    )
)
def list_extensions(course: str, slug: str, query: PageQuery) -> Response:
    """Send the extensions of an assignment."""
    mine = select(Extension, User).join(Extension.user).where(Extension.assignment_id == find(reader(), slug).id)
    rows = reader().execute(mine.order_by(func.lower(User.name), User.login)).all()
    page = cut([each for each, _user in rows], lambda each: each.user.login, query)
    if page is None:
        refuse_cursor()
    shown, cursor = page
    return to_json(ExtensionList([_describe(each) for each in shown], cursor), headers=links(cursor))


@route(
    Operation(
        "PUT",
        "/courses/<course>/assignments/<slug>/extensions/<login>",
        ASSIGNMENTS,
        mark("Give a student an extension"),
        Audience.API_STAFF,
        (Answer(mark("The extension as it is now."), ExtensionEntry),),
        bodies={JSON: ExtensionTerms},
    )
)
def set_extension(course: str, slug: str, login: str, query: Query, body: ExtensionTerms) -> ExtensionEntry:
    """Set a student's extension."""
    check_times({"due_at": body.due_at, "closes_at": body.closes_at})
    grant = Grant(body.due_at, body.closes_at, body.more_attempts, " ".join(body.reason.split()))
    with parts().database.write() as session:
        row = find(session, slug)
        student = members.find(session, login, Role.STUDENT)
        found = extension.find_problems(row, grant)
        if found:
            problem.refuse("invalid", errors={name: _(text) for name, text in found.items()})
        had = extension.of_assignment(session, row.id, [student.user_id])
        extension.give(session, row, {student.user_id: grant}, had, me().id, now())
        session.flush()
        settle(session, here().id, now(), [student.user_id])
        written = _find(session, row, login)
        assert written is not None, "it was given just now"
        return _describe(written)


@route(
    Operation(
        "DELETE",
        "/courses/<course>/assignments/<slug>/extensions/<login>",
        ASSIGNMENTS,
        mark("Take an extension away"),
        Audience.API_STAFF,
        (DONE,),
    )
)
def remove_extension(course: str, slug: str, login: str, query: Query) -> None:
    """Let a student have everybody's terms again."""
    with parts().database.write() as session:
        row = find(session, slug)
        found = _find(session, row, login)
        if found is None:
            problem.refuse("not_found")
        extension.take_away(session, row, found, me().id, now())
        settle(session, here().id, now(), [found.user_id])
