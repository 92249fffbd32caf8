"""Where a page of a course is: in which time zone, and at which assignment."""

from __future__ import annotations

from flask import abort
from sqlalchemy import select

from server.context import course, language, parts, reader
from server.i18n import Translator
from server.models import Assignment, Course


def zone_of(found: Course | None) -> str:
    """The name of the time zone in which a course's dates are read and written."""
    return (found.time_zone if found else "") or parts().settings.time_zone


def local_to(found: Course | None) -> Translator:
    """The reader's language, with a course's time zone."""
    return Translator(language().tag, zone_of(found))


def local() -> Translator:
    """The reader's language, with the time zone of the course of the path."""
    return local_to(course())


def assignment_by_id(id: int) -> Assignment:
    """An assignment of the course of the path; any other is not there."""
    found = reader().get(Assignment, id)
    return found if found is not None and found.course_id == course().id else abort(404)


def assignment_here(slug: str) -> Assignment:
    """An assignment of the course of the path; any other is not there."""
    mine = (Assignment.course_id == course().id) & (Assignment.slug == slug)
    return reader().scalar(select(Assignment).where(mine)) or abort(404)
