"""What one request knows: the portal's parts, the reading session, the user and the language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from flask import Flask, current_app, g, request, session
from sqlalchemy.orm import Session

from grader.exercise import Catalogue
from server import i18n, words
from server.account import identity
from server.course import tabs
from server.db import Database
from server.grading.dispatch import Dispatcher
from server.mail import Post
from server.models import Course, Role, User
from server.settings import Settings
from server.store import Store

COOKIE = "language"
TOKEN = "token"


@dataclass
class Portal:
    """The parts of one portal."""

    settings: Settings
    catalogue: Catalogue
    database: Database
    store: Store
    dispatcher: Dispatcher
    post: Post


def init_app(app: Flask, portal: Portal) -> None:
    """Give the application its parts, and the templates what they use on every page."""
    app.extensions["portal"] = portal
    app.teardown_appcontext(_close_reader)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        _, ngettext, newstyle=True
    )
    app.context_processor(_template_names)


def parts() -> Portal:
    """The parts of the portal that serves this request."""
    return cast(Portal, current_app.extensions["portal"])


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def reader() -> Session:
    """The reading session of this request. To write, use ``parts().database.write()``."""
    if "reader" not in g:
        g.reader = parts().database.reader()
    return cast(Session, g.reader)


def renew_reader() -> None:
    """Read by another connection from here on: this one may be broken."""
    found = g.pop("reader", None)
    if found is not None:
        found.invalidate()


def do_without_database() -> None:
    """Answer this request as to somebody who is not logged in: nobody can be asked who it is."""
    renew_reader()
    g.user = None


def user() -> User | None:
    """Who is logged in; None: nobody."""
    if "user" not in g:
        token = session.get(TOKEN)
        g.user = identity.find_user(reader(), token, now()) if token else None
    return cast("User | None", g.user)


def me() -> User:
    """The logged-in user, on a page that only those reach."""
    found = user()
    assert found is not None, "the page is open to students only"
    return found


def course() -> Course:
    """The course of the path, on a page that is a course's."""
    return cast(Course, g.course)


def role() -> Role:
    """What the logged-in user is in the course of the path; administrators are that everywhere."""
    return cast(Role, g.role)


def language() -> i18n.Translator:
    """The reader's language: the account's, the cookie's, the browser's."""
    if "language" not in g:
        account = user()
        wishes = [account.language if account else None, request.cookies.get(COOKIE)]
        tag = i18n.choose([*wishes, *request.accept_languages.values()], parts().settings.language)
        g.language = i18n.Translator(tag, parts().settings.time_zone)
    return cast(i18n.Translator, g.language)


def _(text: str) -> str:
    """Translate a text into the reader's language."""
    return language().gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """Translate a text that depends on a number into the reader's language."""
    return language().ngettext(one, many, count)


def _template_names() -> dict[str, Any]:
    return {
        "user": user(),
        "course": g.get("course"),
        "course_tabs": tabs.tabs_for,
        "course_tab": tabs.current,
        "role": g.get("role"),
        "language": language(),
        "languages": i18n.NAMES,
        "words": words,
        "registration": parts().settings.registration,
        "institution": _institution(),
    }


def _institution() -> str:
    """What to call the institution that logs people in; empty: none does."""
    settings = parts().settings
    return (settings.oidc_name or _("your institution")) if settings.oidc_issuer else ""


def _close_reader(error: BaseException | None) -> None:
    found = g.pop("reader", None)
    if found is not None:
        found.close()
