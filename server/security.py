"""What protects every page: headers, cookies and the token that forms carry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, Request, Response, request
from flask_wtf.csrf import CSRFProtect

from server.settings import Settings

#: nothing but our own files, and no script or style written into a page
POLICY = "; ".join(
    [
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)

#: what the other fields of a form may take
FORM_SIZE = 64_000

#: what programs and scripts read, and no browser shows
JSON_KINDS = ("application/json", "application/problem+json")

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Question(Request):
    """A request. One for the headers alone (HEAD) is to every view one for the page; its answer loses its body later.

    Views ask whether they are to show or to do something, and the token of forms is asked for only where something is
    to be done. A method in between would be done without a token.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.method = "GET" if self.method == "HEAD" else self.method


def flask_config(settings: Settings) -> dict[str, Any]:
    """Flask's own settings that follow from ours."""
    return {
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": settings.max_upload + FORM_SIZE,
        "MAX_FORM_MEMORY_SIZE": 1_000_000,
        "MAX_FORM_PARTS": 50,
        # By this prefix browsers know that no other host, and no unencrypted page, may have set the cookie.
        "SESSION_COOKIE_NAME": "__Host-gradiente" if settings.is_https else "gradiente",
        "SESSION_COOKIE_SECURE": settings.is_https,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=settings.log_in_days),
        # The token lives as long as the log-in: a form left open over lunch still works.
        "WTF_CSRF_TIME_LIMIT": None,
    }


def init_app(app: Flask, settings: Settings) -> None:
    """Protect the application."""
    app.request_class = Question
    CSRFProtect(app)
    https_only = {"Strict-Transport-Security": "max-age=31536000"} if settings.is_https else {}
    app.after_request(lambda response: _add_headers(response, HEADERS | https_only))


def _add_headers(response: Response, headers: dict[str, str]) -> Response:
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    if response.mimetype in JSON_KINDS:
        # A browser that is led there saves it, whatever a text in it looks like.
        response.headers.setdefault("Content-Disposition", 'attachment; filename="answer.json"')
    if request.endpoint != "static":
        # Computers are shared: after logging out, "back" must not show the page again.
        response.headers["Cache-Control"] = "no-store"
    return response
