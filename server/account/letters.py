"""What letters say, in the reader's language. Knows no Flask."""

from __future__ import annotations

from datetime import datetime

from server.i18n import Translator, mark
from server.mail import Letter
from server.models import User

SUBJECT_RESET = mark("Gradiente: a new password")
RESET = mark(
    """Hello %(name)s,

with this link you choose a new password for your account "%(login)s" at Gradiente:

%(link)s

It works once, until %(until)s.

If you did not ask for it, you need not do anything: your password stays as it is.
"""
)

SUBJECT_WELCOME = mark("Gradiente: your account for %(course)s")
WELCOME = mark(
    """Hello %(name)s,

your teachers have made an account for you at Gradiente, which grades the exercises of %(course)s.
Your user name is "%(login)s". With this link you choose your password:

%(link)s

It works once, until %(until)s. After that, ask your teachers for a new one.
"""
)

SUBJECT_CHANGED = mark("Gradiente: your account was changed")
CHANGED = mark(
    """Hello %(name)s,

the password, the e-mail address or the institution's log-in of your account
"%(login)s" at Gradiente was changed on %(when)s.

If that was not you, choose a new password at once and tell your teachers:

%(link)s
"""
)


def write_reset(user: User, email: str, language: Translator, link: str, until: datetime) -> Letter:
    """The letter with a link to a new password."""
    values = {"name": user.name, "login": user.login, "link": link, "until": language.moment(until)}
    return _write(user, email, language, SUBJECT_RESET, RESET, values)


def write_welcome(user: User, email: str, language: Translator, link: str, until: datetime, course: str) -> Letter:
    """The letter to somebody whom staff has put into a course, with a link to a first password."""
    values = {"name": user.name, "login": user.login, "link": link, "until": language.moment(until), "course": course}
    return _write(user, email, language, SUBJECT_WELCOME, WELCOME, values)


def write_changed(user: User, email: str, language: Translator, link: str, when: datetime) -> Letter:
    """The letter that warns of a change that its reader may not have made."""
    values = {"name": user.name, "login": user.login, "link": link, "when": language.moment(when)}
    return _write(user, email, language, SUBJECT_CHANGED, CHANGED, values)


def _write(user: User, email: str, language: Translator, subject: str, text: str, values: dict[str, str]) -> Letter:
    translate = language.gettext
    return Letter(user.name, email, language.tag, translate(subject) % values, translate(text) % values)
