"""Who may use a route. Every view says so with ``open_to``; one that does not is refused to everybody."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from flask import Flask, abort, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from server.context import user


class Audience(Enum):
    """Who may use a route."""

    ANYONE = "anyone"
    #: whoever is logged in
    STUDENT = "student"


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
    if audience is Audience.ANYONE or user() is not None:
        return None
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("account.log_in", next=wanted))


def safe_target(wanted: str | None, default: str) -> str:
    """An address of this portal to go on to; whatever leads elsewhere gives the default."""
    if not wanted or not wanted.startswith("/") or wanted[:2] in ("//", "/\\"):
        return default
    return default if any(ord(letter) < 32 for letter in wanted) or "\\" in wanted else wanted
