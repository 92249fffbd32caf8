"""Announcements: what everybody or a course is told on top of pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from flask import Response

from server.access import Audience
from server.api import problem
from server.api.assignments import Time, check_times
from server.api.meta import about
from server.api.operation import ADMINISTRATION, COURSES, DONE, JSON, Answer, Operation, Query, route, to_json
from server.context import _, me, now, parts, reader
from server.context import course as here
from server.i18n import mark
from server.models import Announcement
from server.office import announcements
from server.office.announcements import MAX_TEXT


class AnnouncementEntry(msgspec.Struct, kw_only=True):
    """An announcement."""

    id: Annotated[int, about("Its number.")]
    text: Annotated[str, about("What is said.")]
    made_at: Annotated[datetime, about("Since when it is said.")]
    expires_at: Annotated[datetime | None, about("Until when; null: until it is taken away.")]


class AnnouncementList(msgspec.Struct):
    """Announcements, newest first: a hundred at most."""

    announcements: Annotated[list[AnnouncementEntry], about("The announcements.")]


class NewAnnouncement(msgspec.Struct, forbid_unknown_fields=True):
    """Something that is to be said."""

    text: Annotated[str, about("What is said: plain text.", min_length=1, max_length=MAX_TEXT)]
    expires_at: Annotated[Time | None, about("Until when; null: until it is taken away.")] = None


LISTED = (Answer(mark("The announcements."), AnnouncementList),)
SAID = (
    Answer(mark("It stands on top of the pages now."), AnnouncementEntry, status=201),
    Answer(mark("It was said already, in the same words and until then."), AnnouncementEntry),
)


def _describe(found: Announcement) -> AnnouncementEntry:
    return AnnouncementEntry(
        id=found.id, text=found.text, made_at=found.created_at, expires_at=found.expires_at
    )  # fmt: skip


def _list(course_id: int | None) -> AnnouncementList:
    return AnnouncementList([_describe(each) for each in announcements.listed(reader(), course_id)])


def _make(course_id: int | None, body: NewAnnouncement) -> Response:
    check_times({"expires_at": body.expires_at})
    text = body.text.replace("\r\n", "\n").strip()
    if found := announcements.check(text, body.expires_at, now()):
        names = {"expires": "expires_at"}
        problem.refuse("invalid", errors={names.get(name, name): _(sentence) for name, sentence in found.items()})
    with parts().database.write() as session:
        for each in announcements.listed(session, course_id):
            if (each.text, each.expires_at) == (text, body.expires_at):
                return to_json(_describe(each))
        made = announcements.make(session, course_id, text, body.expires_at, me().id, now())
        return to_json(_describe(made), 201)


def _remove(course_id: int | None, number: str) -> None:
    with parts().database.write() as session:
        if not announcements.remove(session, course_id, int(number), me().id, now()):
            problem.refuse("not_found")


@route(
    Operation(
        "GET", "/announcements", ADMINISTRATION, mark("List what everybody is told"), Audience.API_ADMINISTRATOR, LISTED
    )
)
def list_announcements(query: Query) -> AnnouncementList:
    """Send what everybody is told."""
    return _list(None)


@route(
    Operation(
        "POST",
        "/announcements",
        ADMINISTRATION,
        mark("Tell everybody something"),
        Audience.API_ADMINISTRATOR,
        SAID,
        bodies={JSON: NewAnnouncement},
    )
)
def announce(query: Query, body: NewAnnouncement) -> Response:
    """Tell everybody something."""
    return _make(None, body)


@route(
    Operation(
        "DELETE",
        "/announcements/<announcement>",
        ADMINISTRATION,
        mark("Take away what everybody is told"),
        Audience.API_ADMINISTRATOR,
        (DONE,),
    )
)
def remove_announcement(announcement: str, query: Query) -> None:
    """Take away what everybody is told."""
    _remove(None, announcement)


@route(
    Operation(
        "GET",
        "/courses/<course>/announcements",
        COURSES,
        mark("List what a course is told"),
        Audience.API_TEACHER,
        LISTED,
    )
)
def list_course_announcements(course: str, query: Query) -> AnnouncementList:
    """Send what a course is told."""
    return _list(here().id)


@route(
    Operation(
        "POST",
        "/courses/<course>/announcements",
        COURSES,
        mark("Tell a course something"),
        Audience.API_TEACHER,
        SAID,
        bodies={JSON: NewAnnouncement},
    )
)
def announce_in_course(course: str, query: Query, body: NewAnnouncement) -> Response:
    """Tell a course something."""
    return _make(here().id, body)


@route(
    Operation(
        "DELETE",
        "/courses/<course>/announcements/<announcement>",
        COURSES,
        mark("Take away what a course is told"),
        Audience.API_TEACHER,
        (DONE,),
    )
)
def remove_course_announcement(course: str, announcement: str, query: Query) -> None:
    """Take away what a course is told."""
    _remove(here().id, announcement)
