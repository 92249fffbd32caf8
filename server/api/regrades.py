"""Regrades of a course: started, looked at, published or given up."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from flask import Response, url_for
from msgspec import UNSET, UnsetType
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from grader.errors import ExerciseError
from server.access import Audience
from server.account.identity import clean_name
from server.api import paging, problem
from server.api.assignments import NO_EXERCISE, Slug, find
from server.api.courses import MADE
from server.api.meta import about
from server.api.operation import JSON, REGRADES, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, links
from server.context import _, me, now, parts, reader
from server.context import course as here
from server.i18n import mark
from server.models import Assignment, Published, Regrade
from server.regrade import choice, difference, work
from server.regrade.choice import Which
from server.regrade.pages import MAX_REASON

OVER = mark("This regrade is over already. Nothing was changed.")
IS_OPEN = mark("This assignment has a regrade that is not over yet. Publish it or give it up first.")
NO_SUBMISSION = mark("There is no such submission. Choose others.")
NO_STUDENT = mark("Nobody in this course has this user name or number: %(names)s")


class RegradeCounts(msgspec.Struct):
    """How far a regrade is, and what it changes, in submissions."""

    waiting: Annotated[int, about("Still to be graded.")]
    running: Annotated[int, about("Being graded.")]
    failed: Annotated[int, about("Could not be graded.")]
    gain: Annotated[int, about("Have more points.")]
    lose: Annotated[int, about("Have fewer points.")]
    same: Annotated[int, about("Have as many points as before.")]


class RegradeEntry(msgspec.Struct, kw_only=True):
    """A regrade."""

    id: Annotated[int, about("Its number.")]
    exercise: Annotated[str, about("The exercise's short name.")]
    reason: Annotated[str, about("Why: students read it when it is published.")]
    started_at: Annotated[datetime, about("When it was started.")]
    published: Annotated[Published | None, about("What was published; null: nothing yet.")]
    published_at: Annotated[datetime | None, about("When it was published; null: it is not.")]
    cancelled_at: Annotated[datetime | None, about("When it was given up; null: it is not.")]
    page: Annotated[str, about("Where people read it.")]


class RegradeView(RegradeEntry, kw_only=True):
    """A regrade with what it changes."""

    counts: Annotated[RegradeCounts, about("How far it is, and what it changes.")]


class RegradeList(msgspec.Struct):
    """A page of regrades, newest first."""

    regrades: Annotated[list[RegradeEntry], about("The regrades of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class NewRegrade(msgspec.Struct, forbid_unknown_fields=True):
    """A regrade that is to be started."""

    exercise: Slug
    reason: Annotated[str, about("Why: students read it when it is published.", min_length=1, max_length=MAX_REASON)]
    which: Annotated[Which, about("Which submissions are graded again.")] = Which.COUNTING
    students: (
        Annotated[list[str], about("User names or numbers, where which is students.", max_length=1000)] | UnsetType
    ) = UNSET


class Publication(msgspec.Struct, forbid_unknown_fields=True):
    """What of a regrade is to be published."""

    what: Annotated[Published, about("All results, or those with more points alone.")]


def _mine() -> Select[Regrade, Assignment]:
    """The regrades of the course of the path."""
    found = select(Regrade, Assignment).join(Assignment, Assignment.id == Regrade.assignment_id)
    return found.where(Assignment.course_id == here().id)


def find_regrade(session: Session, number: str) -> tuple[Regrade, Assignment]:
    """A regrade of the course of the path; any other is not there."""
    found = session.execute(_mine().where(Regrade.id == int(number))).one_or_none()
    if found is None:
        problem.refuse("not_found")
    return found[0], found[1]


def _entry(regrade: Regrade, assignment: Assignment) -> RegradeEntry:
    return RegradeEntry(
        id=regrade.id,
        exercise=assignment.slug,
        reason=regrade.reason,
        started_at=regrade.created_at,
        published=regrade.published,
        published_at=regrade.published_at,
        cancelled_at=regrade.cancelled_at,
        page=url_for("regrades.show", course=here().code, regrade=regrade.id),
    )


def read_regrade(number: str) -> RegradeView:
    """As it is now: the request's own reader sees the database as it was before."""
    with parts().database.reader() as session:
        entry = _entry(*find_regrade(session, number))
        counts = difference.count(session, entry.id)
    told = RegradeCounts(*(getattr(counts, name) for name in RegradeCounts.__struct_fields__))
    return RegradeView(**msgspec.structs.asdict(entry), counts=told)


@route(
    Operation(
        "GET",
        "/courses/<course>/regrades",
        REGRADES,
        mark("List the regrades of a course"),
        Audience.API_STAFF,
        (Answer(mark("A page of regrades."), RegradeList, headers=LINK),),
        query=PageQuery,
    )
)
def list_regrades(course: str, query: PageQuery) -> Response:
    """Send the regrades of a course."""
    wanted = _mine().order_by(Regrade.id.desc())
    if query.after is not UNSET:
        if reader().execute(_mine().where(Regrade.id == paging.number(query.after))).first() is None:
            paging.refuse_cursor()
        wanted = wanted.where(Regrade.id < paging.number(query.after))
    shown, final = paging.split(reader().execute(wanted.limit(query.limit + 1)).all(), query.limit)
    cursor = str(final[0].id) if final else None
    return to_json(RegradeList([_entry(*row) for row in shown], cursor), headers=links(cursor))


@route(
    Operation(
        "POST",
        "/courses/<course>/regrades",
        REGRADES,
        mark("Start a regrade"),
        Audience.API_TEACHER,
        (
            Answer(
                mark("The regrade. It changes nothing before it is published."), RegradeView, status=201, headers=MADE
            ),
        ),
        bodies={JSON: NewRegrade},
        problems=(409,),
    )
)
def start_regrade(course: str, query: Query, body: NewRegrade) -> Response:
    """Grade submissions again. An assignment has one regrade at a time, so that none is started twice."""
    reason = clean_name(body.reason)
    if not reason or not reason.isprintable():
        text = _("Write why, in at most %(n)s characters: students read it.") % {"n": MAX_REASON}
        problem.refuse("invalid", errors={"reason": text})
    users = _students(body)
    with parts().database.write() as session:
        row = find(session, body.exercise)
        if work.find_open(session, row.id):
            problem.refuse("conflict", _(IS_OPEN))
        chosen = choice.choose(session, row, body.which, _version(row.slug), users)
        if not chosen:
            problem.refuse("invalid", errors={"which": _(NO_SUBMISSION)})
        made = work.start(session, row, body.which, chosen, reason, me().id, now()).id
    parts().dispatcher.wake()
    where = {"Location": url_for("api.show_regrade", course=course, regrade=made)}
    return to_json(read_regrade(str(made)), 201, where)


def _students(body: NewRegrade) -> set[int]:
    if body.which is not Which.STUDENTS:
        return set()
    known, unknown = choice.find_students(
        reader(), here().id, " ".join([] if body.students is UNSET else body.students)
    )
    if unknown or not known:
        text = _(NO_STUDENT) % {"names": ", ".join(unknown[:10])}
        problem.refuse("invalid", errors={"students": text})
    return set(known.values())


def _version(slug: str) -> str:
    try:
        return parts().catalogue.find(slug).version
    except ExerciseError:
        problem.refuse("invalid", errors={"exercise": _(NO_EXERCISE)})


@route(
    Operation(
        "GET",
        "/courses/<course>/regrades/<regrade>",
        REGRADES,
        mark("Read a regrade"),
        Audience.API_STAFF,
        (Answer(mark("The regrade."), RegradeView),),
    )
)
def show_regrade(course: str, regrade: str, query: Query) -> RegradeView:
    """Send one regrade."""
    return read_regrade(regrade)
