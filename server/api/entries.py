"""The log: what staff has done, in the portal and in a course."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from flask import Response
from msgspec import UNSET, UnsetType

from server.access import Audience
from server.api import paging, problem
from server.api.meta import about
from server.api.operation import ADMINISTRATION, COURSES, Answer, Operation, route, to_json
from server.api.page import LINK, PageQuery, links
from server.context import _, parts, reader
from server.context import course as here
from server.course.place import zone_of
from server.i18n import mark
from server.models import LogEntry
from server.office import entries
from server.office.entries import Filter, Line
from server.office.log import Action
from server.office.log_pages import NO_DAY


class Entry(msgspec.Struct, kw_only=True):
    """Something that staff did."""

    id: Annotated[int, about("Its number.")]
    at: Annotated[datetime, about("When.")]
    action: Annotated[str, about("What was done, as a word.")]
    by: Annotated[str | None, about("The user name of who did it; null: the portal, or somebody who is gone.")]
    about: Annotated[str | None, about("The user name of whom it is about; null: nobody in particular.")]
    course: Annotated[str | None, about("The course's code; null: none.")]
    subject: Annotated[str, about("What it is about.")]
    detail: Annotated[dict[str, Any], about("What else is known: before, after, reason.")]


class EntryList(msgspec.Struct):
    """A page of the log, newest first."""

    entries: Annotated[list[Entry], about("The entries of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class EntryQuery(PageQuery):
    """Which entries."""

    person: Annotated[str, about("Only what this user name did, or what is about them.", max_length=100)] = ""
    action: Annotated[Action, about("Only this.")] | UnsetType = UNSET
    first: Annotated[date, about("From this day on.")] | UnsetType = UNSET
    last: Annotated[date, about("Up to this day.")] | UnsetType = UNSET


@route(
    Operation(
        "GET",
        "/log",
        ADMINISTRATION,
        mark("Read the log of the portal"),
        Audience.API_ADMINISTRATOR,
        (Answer(mark("A page of the log."), EntryList, headers=LINK),),
        query=EntryQuery,
    )
)
def list_entries(query: EntryQuery) -> Response:
    """Send what was done in the portal."""
    return _list(query, parts().settings.time_zone)


@route(
    Operation(
        "GET",
        "/courses/<course>/log",
        COURSES,
        mark("Read the log of a course"),
        Audience.API_TEACHER,
        (Answer(mark("A page of the log."), EntryList, headers=LINK),),
        query=EntryQuery,
    )
)
def list_course_entries(course: str, query: EntryQuery) -> Response:
    """Send what was done in a course."""
    return _list(query, zone_of(here()), here().id)


def _list(query: EntryQuery, zone: str, course_id: int | None = None) -> Response:
    wanted = entries.find(_filter(query), ZoneInfo(zone), course_id)
    if query.after is not UNSET:
        last = reader().get(LogEntry, paging.number(query.after))
        if last is None or (course_id is not None and last.course_id != course_id):
            paging.refuse_cursor()
        keys = (LogEntry.at.expression, LogEntry.id.expression)
        wanted = paging.after(wanted, keys, (last.at, last.id), descending=True)
    shown, final = paging.split(reader().scalars(wanted.limit(query.limit + 1)).all(), query.limit)
    cursor = str(final.id) if final else None
    lines = entries.lines(reader(), shown)
    return to_json(EntryList([_describe(each) for each in lines], cursor), headers=links(cursor))


def _filter(query: EntryQuery) -> Filter:
    first, last = (None if each is UNSET else each for each in (query.first, query.last))
    wrong = {name: day for name, day in (("first", first), ("last", last)) if day and not 1970 <= day.year <= 9000}
    if wrong:
        problem.refuse("invalid", errors=dict.fromkeys(wrong, _(NO_DAY)))
    return Filter(query.person, "", None if query.action is UNSET else query.action, first, last)


def _describe(line: Line) -> Entry:
    entry = line.entry
    return Entry(
        id=entry.id,
        at=entry.at,
        action=entry.action,
        by=line.by.login if line.by else None,
        about=line.about.login if line.about else None,
        course=line.course.code if line.course else None,
        subject=entry.subject,
        detail=entry.detail,
    )
