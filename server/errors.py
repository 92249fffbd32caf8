"""Pages for what goes wrong: what happened, and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response, current_app, render_template
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from grader.errors import ExerciseError
from server.api import auth, problem
from server.context import _, do_without_database, parts
from server.db import is_passing
from server.i18n import mark

TEXTS = {
    400: (mark("That did not work"), mark("The request was not complete. Go back, reload the page and try again.")),
    403: (mark("Not for this account"), mark("Your account may not use this page.")),
    404: (
        mark("There is nothing here"),
        mark("The address may be mistyped, or the page belongs to somebody else. Start from the list of exercises."),
    ),
    405: (mark("That did not work"), mark("This page cannot be used like that. Start from the list of exercises.")),
    413: (
        mark("The file is too large"),
        mark("Nothing was received. Send a smaller file: without data sets, trained weights or outputs of cells."),
    ),
    429: (mark("Too many attempts"), mark("Wait a little, then try again.")),
    500: (
        mark("Something went wrong on our side"),
        mark("It is not your fault, and what was confirmed as received is safe. Try again in a moment."),
    ),
    503: (
        mark("The portal is busy"),
        mark("What was confirmed as received is safe; this step was not done. Try again in a moment."),
    ),
}

#: headers without which an error is of no use to programs
KEPT = ("Allow", "Retry-After")

CSRF_TEXT = mark(
    "For your safety, forms work only for a while and only from this portal. Reload the page and send again."
)

BROKEN_TEXT = mark("This exercise has a fault of ours and cannot be shown. The others work.")


def init_app(app: Flask) -> None:
    """Show our own pages for errors."""
    app.register_error_handler(HTTPException, _show_http)
    app.register_error_handler(CSRFError, _show_csrf)
    app.register_error_handler(SQLAlchemyError, _show_no_database)
    app.register_error_handler(ExerciseError, _show_broken)


def _show_http(error: HTTPException) -> Response:
    status = error.code or 500
    kept = {name: value for name, value in error.get_headers() if name in KEPT}
    return _page(status if status in TEXTS else 500 if status >= 500 else 400, status, headers=kept)


def _show_csrf(error: CSRFError) -> Response:
    return _page(400, 400, CSRF_TEXT)


def _show_no_database(error: SQLAlchemyError) -> Response:
    is_busy = is_passing(error)
    if is_busy:
        current_app.logger.error("the database does not answer: %s", error)
    else:
        current_app.logger.error("the database refused", exc_info=error)
    do_without_database()
    return _page(503, 503) if is_busy else _page(500, 500)


def _show_broken(error: ExerciseError) -> Response:
    current_app.logger.error("an exercise cannot be shown: %s", error)
    return _page(500, 500, BROKEN_TEXT)


def _page(key: int, status: int, text: str = "", headers: Mapping[str, str] | None = None) -> Response:
    if auth.is_api():
        return problem.answer_status(status, _(text) if text else "", headers)
    title, usual = TEXTS[key]
    values = {"title": title, "text": text or usual, "status": status}
    return Response(render_template("error.html", **values, limit=parts().settings.max_upload), status, headers)
