"""Rosters: many people at once, tried first where that is wished; and the list of all as a table."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Response
from sqlalchemy.exc import IntegrityError

from server.access import Audience
from server.api import problem
from server.api.members import CourseRole, Link, refuse, tell, tell_links
from server.api.meta import about
from server.api.operation import JSON, PEOPLE, Answer, Operation, Query, route
from server.context import _, me, now, parts, reader
from server.context import course as here
from server.course import import_pages, link_pages, people, roster
from server.course.enrolment import Fate, Plan, Step
from server.course.joining import carry_out, plan_import
from server.course.link_pages import Links
from server.course.members import Filter
from server.course.roster import Wrong
from server.i18n import mark
from server.models import Role
from server.office import log
from server.office.log import Action


class Roster(msgspec.Struct, forbid_unknown_fields=True):
    """A table of people."""

    text: Annotated[
        str,
        about("The table as CSV, with a line of headings: name, e-mail, user name, number, section, role."),
    ]
    role: Annotated[CourseRole, about("What those are in the course of whom the table does not say.")] = (
        CourseRole.STUDENT
    )
    dry_run: Annotated[bool, about("Whether only to tell what would happen.")] = False


class RosterRow(msgspec.Struct, kw_only=True):
    """What happens to a row."""

    line: Annotated[int, about("Its line in the table, from 1.")]
    name: Annotated[str, about("The name.")]
    email: Annotated[str, about("The e-mail address.")]
    login: Annotated[str, about("The user name; empty: there is none.")]
    fate: Annotated[Fate, about("new: an account is made; joins; changed; unchanged; wrong: it is not imported.")]
    problem: Annotated[str | None, about("Why it is not imported; null: it is.")]
    changes: Annotated[dict[str, list[str]], about("What is changed: before and afterwards, by column.")]


class RosterAnswer(msgspec.Struct):
    """What an import does, or has done."""

    done: Annotated[bool, about("Whether it was done; false: it was only tried.")]
    rows: Annotated[list[RosterRow], about("All rows.")]
    absent: Annotated[list[str], about("User names of members who are in no row. They stay.")]
    links: Annotated[list[Link], about("Links to a first password that are to be handed over.")]


@route(
    Operation(
        "POST",
        "/courses/<course>/roster",
        PEOPLE,
        mark("Import a roster"),
        Audience.API_TEACHER,
        (Answer(mark("What happens to each row. Rows that are wrong are left out."), RosterAnswer),),
        bodies={JSON: Roster},
        problems=(409,),
    )
)
def import_roster(course: str, query: Query, body: Roster) -> RosterAnswer:
    """Import a table of people. The same table once more changes nothing."""
    if len(body.text.encode()) > roster.MAX_BYTES:
        problem.refuse("too_large")
    try:
        rows = roster.read_rows(body.text)
    except Wrong as wrong:
        refuse({"text": wrong.note})
    if body.dry_run:
        return _answer(plan_import(reader(), here().id, rows, Role(body.role)), None)
    try:
        with parts().database.write() as session:
            planned = plan_import(session, here().id, rows, Role(body.role))
            welcomes = Links([], [])
            if planned.does_something:
                made = carry_out(session, here(), planned, me().id, now())
                welcomes = link_pages.make(session, made)
                counts = {fate.value: planned.count(fate) for fate in Fate}
                log.write(session, Action.ROSTER_IMPORTED, me().id, now(), course_id=here().id, counts=counts)
    except IntegrityError:  # on a database where both look first
        problem.refuse("conflict", _(import_pages.CHANGED_MEANWHILE))
    link_pages.send(welcomes)
    return _answer(planned, welcomes)


def _answer(planned: Plan, done: Links | None) -> RosterAnswer:
    absent = sorted(each.account.login for each in planned.absent)
    return RosterAnswer(
        done is not None, [_row(each) for each in planned.steps], absent, tell_links(done) if done else []
    )


def _row(step: Step) -> RosterRow:
    row = step.row
    return RosterRow(
        line=row.line,
        name=step.account.name if step.account else row.name,
        email=row.email,
        login=step.account.login if step.account else step.login or row.login,
        fate=step.fate,
        problem=tell(step.problem) if step.problem else None,
        changes={name: list(change) for name, change in step.changes.items()},
    )


@route(
    Operation(
        "GET",
        "/courses/<course>/roster",
        PEOPLE,
        mark("Export the roster"),
        Audience.API_STAFF,
        (Answer(mark("All members as CSV, which an import reads again."), media="text/csv"),),
    )
)
def export_roster(course: str, query: Query) -> Response:
    """Send the members as a table."""
    return people.send_members(Filter())
