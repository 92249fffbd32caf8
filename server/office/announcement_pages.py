"""Pages where announcements are made and taken away: to everybody, and to a course."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.access import Audience, open_to
from server.context import _, language, me, now, parts, reader
from server.context import course as course_of_path
from server.course import moment
from server.models import Course
from server.office import announcements

bp = Blueprint("office_announcements", __name__)

Page = str | Response | tuple[str, int]


@bp.get("/office/announcements")
@open_to(Audience.ADMINISTRATOR)
def index() -> Page:
    """Show what everybody is told, and the form to say something."""
    return _show(None)


@bp.post("/office/announcements")
@open_to(Audience.ADMINISTRATOR)
def announce() -> Page:
    """Tell everybody something."""
    return _announce(None)


@bp.post("/office/announcements/<int(max=2147483647):id>/remove")
@open_to(Audience.ADMINISTRATOR)
def remove(id: int) -> Page:
    """Take away what everybody is told."""
    return _remove(None, id)


@bp.get("/courses/<course>/announcements")
@open_to(Audience.TEACHER)
def of_course(course: str) -> Page:
    """Show what a course is told, and the form to say something."""
    return _show(course_of_path())


@bp.post("/courses/<course>/announcements")
@open_to(Audience.TEACHER)
def announce_in_course(course: str) -> Page:
    """Tell a course something."""
    return _announce(course_of_path())


@bp.post("/courses/<course>/announcements/<int(max=2147483647):id>/remove")
@open_to(Audience.TEACHER)
def remove_from_course(course: str, id: int) -> Page:
    """Take away what a course is told."""
    return _remove(course_of_path(), id)


def _show(course: Course | None, problems: dict[str, str] | None = None, **typed: str) -> str:
    found = announcements.listed(reader(), course.id if course else None)
    at = now()
    return render_template(
        "office/course_announcements.html" if course else "office/announcements.html",
        found=found,
        is_over={each.id: each.expires_at is not None and each.expires_at <= at for each in found},
        problems=problems or {},
        typed=typed,
        zone=_zone(course),
        max_text=announcements.MAX_TEXT,
    )


def _zone(course: Course | None) -> str:
    return (course.time_zone if course else "") or parts().settings.time_zone


def _announce(course: Course | None) -> Page:
    text, typed = request.form.get("text", "").replace("\r\n", "\n").strip(), request.form.get("expires", "").strip()
    expires_at, unread = None, {}
    try:
        expires_at = moment.read(typed, _zone(course), now())
    except moment.Unreadable as error:
        unread["expires"] = error.message(language())
    found = announcements.check(text, expires_at, now())
    problems = {name: _(sentence) for name, sentence in found.items()} | unread
    if problems:
        return _show(course, problems, text=text, expires=typed), 400
    course_id = course.id if course else None
    with parts().database.write() as writer:
        announcements.make(writer, course_id, text, expires_at, me().id, now())
    flash(_("It stands on top of the pages now."))
    return _back(course)


def _remove(course: Course | None, id: int) -> Page:
    course_id = course.id if course else None
    with parts().database.write() as writer:
        if not announcements.remove(writer, course_id, id, me().id, now()):
            abort(404)
    flash(_("The announcement is taken away."))
    return _back(course)


def _back(course: Course | None) -> Response:
    if course is None:
        return redirect(url_for("office_announcements.index"))
    return redirect(url_for("office_announcements.of_course", course=course.code))
