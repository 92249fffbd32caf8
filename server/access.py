"""Who may use a route. Every view says so with ``open_to``; one that does not is refused to everybody."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from server import log
from server.api import auth, problem
from server.context import me, reader, user
from server.course.membership import find_course, is_at_least, role_in
from server.models import Role


class Audience(Enum):
    """Who may use a route."""

    ANYONE = "anyone"
    #: whoever is logged in
    STUDENT = "student"
    #: of a course, whose code is in the path: whoever takes part in it
    MEMBER = "member"
    #: of a course: its assistants and instructors
    STAFF = "staff"
    #: of a course: its instructors
    TEACHER = "teacher"
    #: whoever may make courses: instructors and administrators of the portal
    CREATOR = "creator"
    #: administrators of the portal
    ADMINISTRATOR = "administrator"
    #: of the API: everybody; a token that is shown must be a good one
    API = "api"
    #: of the API: whoever has an account
    API_ACCOUNT = "api account"
    #: of the API: whoever may look at an account's submissions
    API_READ = "api read"
    #: of the API: whoever may hand in for an account
    API_SUBMIT = "api submit"
    #: of the API, and of a course: whoever takes part in it, with a token that may read, or hand in
    API_MEMBER = "api member"
    API_MEMBER_SUBMIT = "api member submit"
    #: of the API, and of a course: as those of pages, with a token that may teach
    API_STAFF = "api staff"
    API_TEACHER = "api teacher"
    API_CREATOR = "api creator"
    API_ADMINISTRATOR = "api administrator"


#: what a token must be allowed; "": any will do, None: none is needed
API_SCOPES = {
    Audience.API: None,
    Audience.API_ACCOUNT: "",
    Audience.API_READ: "read",
    Audience.API_SUBMIT: "submit",
    Audience.API_MEMBER: "read",
    Audience.API_MEMBER_SUBMIT: "submit",
    Audience.API_STAFF: "teach",
    Audience.API_TEACHER: "teach",
    Audience.API_CREATOR: "teach",
    Audience.API_ADMINISTRATOR: "administer",
}

#: what somebody must be at least in the course whose code is in the path
IN_COURSE = {
    Audience.MEMBER: Role.STUDENT,
    Audience.STAFF: Role.ASSISTANT,
    Audience.TEACHER: Role.INSTRUCTOR,
    Audience.API_MEMBER: Role.STUDENT,
    Audience.API_MEMBER_SUBMIT: Role.STUDENT,
    Audience.API_STAFF: Role.ASSISTANT,
    Audience.API_TEACHER: Role.INSTRUCTOR,
}

#: what somebody must be at least in the portal
IN_PORTAL = {
    Audience.CREATOR: Role.INSTRUCTOR,
    Audience.ADMINISTRATOR: Role.ADMINISTRATOR,
    Audience.API_CREATOR: Role.INSTRUCTOR,
    Audience.API_ADMINISTRATOR: Role.ADMINISTRATOR,
}


View = TypeVar("View", bound=Callable[..., Any])


def open_to(audience: Audience) -> Callable[[View], View]:
    """Declare who may use the view. Stands below the route's own decorator."""

    def declare(view: View) -> View:
        view.audience = audience  # type: ignore[attr-defined]
        return view

    return declare


def audience_of(app: Flask, endpoint: str) -> Audience | None:
    """Who may use an endpoint; None: nobody has said."""
    return getattr(app.view_functions[endpoint], "audience", None)


def init_app(app: Flask) -> None:
    """Check every request before its view runs."""
    open_to(Audience.ANYONE)(app.view_functions["static"])
    app.before_request(_check)


def _check() -> Response | None:
    if request.endpoint is None:  # no such page: Flask says so
        return None
    audience = audience_of(current_app, request.endpoint)
    if audience is None:
        abort(403)
    if audience in API_SCOPES:
        auth.check(API_SCOPES[audience])
    elif audience is not Audience.ANYONE and user() is None:
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("account.log_in", next=wanted))
    if audience in IN_COURSE:
        _check_course(IN_COURSE[audience])
    if audience in IN_PORTAL and not is_at_least(me().role, IN_PORTAL[audience]):
        _refuse()
    return None


def _check_course(least: Role) -> None:
    """Find the course of the path. To whoever does not take part in it, it is not there."""
    g.course = find_course(reader(), str((request.view_args or {}).get("course", "")))
    g.role = role_in(reader(), me(), g.course) if g.course else None
    if g.role is None:
        if g.course:
            log.note("somebody else's course refused", me().id)
        problem.refuse("not_found") if auth.is_api() else abort(404)
    if not is_at_least(g.role, least):
        _refuse()


def _refuse() -> None:
    log.note("page of staff refused", me().id)
    problem.refuse("forbidden") if auth.is_api() else abort(403)


def safe_target(wanted: str | None, default: str) -> str:
    """An address of this portal to go on to; whatever leads elsewhere gives the default."""
    if not wanted or not wanted.startswith("/") or wanted[:2] in ("//", "/\\"):
        return default
    return default if any(ord(letter) < 32 for letter in wanted) or "\\" in wanted else wanted
