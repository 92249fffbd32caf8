"""Pages of the account: sign up, log in, log out, language."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from grader.report import LANGUAGES
from server import identity
from server.access import Audience, open_to, safe_target
from server.context import COOKIE, TOKEN, _, now, parts, reader, user
from server.i18n import mark
from server.models import User

bp = Blueprint("account", __name__)

Page = str | Response | tuple[str, int]

YEAR = 365 * 24 * 3600


@bp.route("/sign-up", methods=["GET", "POST"])
@open_to(Audience.ANYONE)
def sign_up() -> Page:
    """Make an account and log it in."""
    if not parts().settings.registration:
        abort(404)
    if request.method == "GET":
        return redirect(_home()) if user() else render_template("sign_up.html", values={}, problems={})
    login = identity.clean_login(request.form.get("login", ""))
    name = " ".join(request.form.get("name", "").split())
    password = request.form.get("password", "")
    problems = identity.check_sign_up(login, name, password, request.form.get("repeated", ""))
    made = None if problems else _make_account(login, name, password)
    if made is None:
        problems = problems or {"login": mark("This user name is taken. Choose another one.")}
        return render_template("sign_up.html", values={"login": login, "name": name}, problems=problems), 400
    _enter(made)
    return redirect(_home())


def _make_account(login: str, name: str, password: str) -> User | None:
    """Make the account; None: the login is taken."""
    made = identity.sign_up(login, name, password, now())
    try:
        with parts().database.write() as writer:
            writer.add(made)
    except IntegrityError:
        return None
    return made


@bp.route("/log-in", methods=["GET", "POST"])
@open_to(Audience.ANYONE)
def log_in() -> Page:
    """Log in and go on to the page that was asked for."""
    if request.method == "GET":
        return redirect(_target()) if user() else render_template("log_in.html", login="", problem="")
    login, address = identity.clean_login(request.form.get("login", "")), request.remote_addr or ""
    if identity.is_throttled(reader(), login, address, now()):
        problem = _("Too many attempts. Wait a quarter of an hour, then try again.")
        return render_template("log_in.html", login=login, problem=problem), 429
    found = identity.find_by_login(reader(), login)
    if not identity.is_password(found, request.form.get("password", "")) or found is None:
        with parts().database.write() as writer:
            identity.note_failure(writer, login, address, now())
        problem = _("User name or password are wrong.")
        return render_template("log_in.html", login=login, problem=problem), 400
    _enter(found)
    return redirect(_target())


@bp.post("/log-out")
@open_to(Audience.ANYONE)
def log_out() -> Page:
    """End the log-in, here and in the database."""
    if token := session.get(TOKEN):
        with parts().database.write() as writer:
            identity.close_log_in(writer, token)
    session.clear()
    flash(_("You have logged out."))
    return redirect(url_for("account.log_in"))


@bp.post("/language")
@open_to(Audience.ANYONE)
def change_language() -> Page:
    """Remember the language, in the account or in a cookie, and return to the page."""
    tag = request.form.get("language", "")
    if tag not in LANGUAGES:
        abort(400)
    account = user()
    if account is not None:
        with parts().database.write() as writer:
            writer.merge(account).language = tag
    response = redirect(_target())
    is_https = parts().settings.is_https
    response.set_cookie(COOKIE, tag, max_age=YEAR, httponly=True, samesite="Lax", secure=is_https)
    return response


def _enter(account: User) -> None:
    """Log the account in with a new cookie: one that was planted before gains nothing."""
    session.clear()
    with parts().database.write() as writer:
        session[TOKEN] = identity.open_log_in(writer, account, parts().settings.log_in_days, now())
    session.permanent = True


def _target() -> str:
    return safe_target(request.values.get("next"), _home())


def _home() -> str:
    return url_for("catalogue.index")
