"""The account's own page: what pages show, e-mail, password, devices and tokens of programs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from grader.report import LANGUAGES
from server import log
from server.access import Audience, open_to
from server.account import identity, passwords, tokens
from server.account.claims import find_identity_of
from server.account.entry import address, enter
from server.account.reset import tell_of_change
from server.account.throttle import Kind, forget_try, take_try
from server.context import TOKEN, _, language, me, now, parts, reader
from server.i18n import Translator, mark
from server.models import User

bp = Blueprint("profile", __name__, url_prefix="/account")

Page = str | Response | tuple[str, int]

SAVED = mark("Saved.")
WRONG = mark("This is not your password.")
THROTTLED = mark("Too many attempts. Wait a quarter of an hour, then try again.")


@bp.get("")
@open_to(Audience.STUDENT)
def show() -> Page:
    """Everything that the account's owner may look at and change."""
    return _show()


@bp.get("/<any(profile, email, password, tokens):form>")
@open_to(Audience.STUDENT)
def return_to(form: str) -> Page:
    """Back to the page from the address of one of its forms, where a change of language leads."""
    return redirect(url_for("profile.show"))


def _show(problems: dict[str, str] | None = None, **values: Any) -> str:
    """The page; ``values`` are what was typed into a form that is not right yet."""
    account, moment = me(), now()
    here = identity.find_log_in(reader(), session[TOKEN], moment)
    return render_template(
        "account.html",
        values=values,
        problems=problems or {},
        log_ins=identity.list_log_ins(reader(), account, moment),
        this_log_in=here.id if here else None,
        tokens=tokens.list_tokens(reader(), account, moment),
        lifetimes=tokens.LIFETIMES,
        scopes=tokens.scopes_of(reader(), account),
        linked=find_identity_of(reader(), account, parts().settings.oidc_issuer),
    )


@bp.post("/profile")
@open_to(Audience.STUDENT)
def change_profile() -> Page:
    """Change what pages show: name, language, place on leaderboards."""
    name, tag = identity.clean_name(request.form.get("name", "")), request.form.get("language", "")
    if tag and tag not in LANGUAGES:
        abort(400)
    if not identity.check_name(name):
        return _show({"name": identity.NAME_PROBLEM}, name=name), 400
    with parts().database.write() as writer:
        account = writer.get_one(User, me().id)
        account.name, account.language = name, tag or None
        account.is_on_leaderboard = "leaderboard" in request.form
    # In the language that was chosen just now.
    return _saved((Translator(tag) if tag else language()).gettext(SAVED))


@bp.post("/email")
@open_to(Audience.STUDENT)
def change_email() -> Page:
    """Change where letters go: a new password can be had by them, so this needs the present one."""
    email = identity.clean_login(request.form.get("email", ""))
    problems = _check_present("email_password")
    if email and not identity.check_email(email):
        problems["email"] = identity.EMAIL_PROBLEM
    if problems:
        return _show(problems, email=email), 400
    before, changed = me().email, email or None
    try:
        with parts().database.write() as writer:
            writer.get_one(User, me().id).email = changed
            passwords.forget_resets(writer, me().id)
        log.note("e-mail address changed", me().id)
    except IntegrityError:
        return _show({"email": identity.EMAIL_TAKEN}, email=email), 400
    if before != changed:
        tell_of_change(me().id, before)
    return _saved(_(SAVED))


@bp.post("/password")
@open_to(Audience.STUDENT)
def change_password() -> Page:
    """Change the password; this device stays logged in, all others do not."""
    account, password = me(), request.form.get("password", "")
    about = [account.login, account.name, account.email or ""]
    problems = _check_present("current") | passwords.check_password(password, request.form.get("repeated", ""), about)
    if problems:
        return _show(problems), 400
    with parts().database.write() as writer:
        passwords.change_password(writer, account.id, password)
    log.note("password changed", account.id)
    enter(account)
    tell_of_change(account.id, account.email)
    return _saved(_("Your new password is set. All other devices have been logged out, and API tokens no longer work."))


def _check_present(field: str) -> dict[str, str]:
    """Say what is wrong with the present password that a change needs; guessing is slowed down as at the log-in."""
    account = me()
    with parts().database.write() as writer:
        number = take_try(writer, Kind.LOG_IN, account.login, address(), now())
    if number is None:
        log.note("present password held back", account.id)
        return {field: THROTTLED}
    if passwords.is_password(account, request.form.get(field, "")):
        with parts().database.write() as writer:
            forget_try(writer, number)
        return {}
    log.note("present password wrong", account.id)
    return {field: WRONG}


@bp.post("/log-out-everywhere")
@open_to(Audience.STUDENT)
def log_out_everywhere() -> Page:
    """End all log-ins, this one too."""
    with parts().database.write() as writer:
        identity.close_log_ins(writer, me())
    log.note("log-out everywhere", me().id)
    session.clear()
    flash(_("You have been logged out on all devices."))
    return redirect(url_for("account.log_in"))


@bp.post("/devices/<int(max=2147483647):id>/log-out")
@open_to(Audience.STUDENT)
def log_out_device(id: int) -> Page:
    """End one log-in."""
    with parts().database.write() as writer:
        identity.close_log_ins(writer, me(), only=id)
    log.note("log-out of a device", me().id)
    return _saved(_("That device has been logged out."))


@bp.post("/tokens")
@open_to(Audience.STUDENT)
def make_token() -> Page:
    """Make an API token and show it, this once."""
    name = identity.clean_name(request.form.get("token_name", ""))
    scopes, days = request.form.getlist("scope"), request.form.get("days", type=int)
    if days not in tokens.LIFETIMES or not set(scopes) <= set(tokens.scopes_of(reader(), me())):
        abort(400)
    if problems := _check_token(name, scopes):
        return _show(problems, token_name=name, scopes=scopes, days=days), 400
    with parts().database.write() as writer:
        made = tokens.make_token(writer, me(), name, scopes, days, now())
    log.note("API token made", me().id)
    return render_template("token.html", token=made, name=name)


def _check_token(name: str, scopes: list[str]) -> dict[str, str]:
    problems = {}
    if not 1 <= len(name) <= tokens.MAX_NAME or not name.isprintable():
        problems["token_name"] = mark("Write what the token is for, in at most 80 characters.")
    if not scopes:
        problems["scope"] = mark("Choose at least one thing that the token may do.")
    if tokens.count_tokens(reader(), me(), now()) >= tokens.MAX_TOKENS:
        problems["token_name"] = mark("You have 20 tokens. Revoke one first.")
    return problems


@bp.post("/tokens/<int(max=2147483647):id>/revoke")
@open_to(Audience.STUDENT)
def revoke_token(id: int) -> Page:
    """End an API token."""
    with parts().database.write() as writer:
        if not tokens.revoke_token(writer, me(), id):
            abort(404)
    log.note("API token revoked", me().id)
    return _saved(_("The token is revoked. Programs that use it no longer get in."))


def _saved(message: str) -> Response:
    flash(message)
    return redirect(url_for("profile.show"))
