"""Pages for a lost password: ask for a link, and choose a new password by it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import log
from server.access import Audience, open_to
from server.account import identity, letters, passwords
from server.account.entry import address, link_to
from server.account.throttle import Kind, is_throttled, note_try
from server.context import Portal, _, language, now, parts, reader
from server.i18n import Translator, mark
from server.mail import Letter

bp = Blueprint("reset", __name__)

Page = str | Response | tuple[str, int]

CHANGED = mark(
    "Your new password is set. You have been logged out everywhere and API tokens no longer work: log in with it."
)


@bp.get("/password")
@open_to(Audience.ANYONE)
def ask() -> Page:
    """The form that asks for a link."""
    return _show_ask()


@bp.post("/password")
@open_to(Audience.ANYONE)
def send() -> Page:
    """Send a link, if there is somebody to send it to. The answer, and the time that it takes, are always the same."""
    typed = identity.clean_login(request.form.get("login", ""))
    if is_throttled(reader(), Kind.RESET, typed, address(), now()):
        log.note("link to a new password held back", None)
        return _show_ask(problem=_("Too many attempts. Wait an hour, then try again.")), 429
    with parts().database.write() as writer:
        note_try(writer, Kind.RESET, typed, address(), now())
    log.note("link to a new password asked for", None)
    portal, tag, link = parts(), language().tag, link_to("reset.ask")
    portal.post.later(lambda: _write(portal, typed, tag, link))
    return _show_ask(is_sent=portal.post.is_open)


def _show_ask(problem: str = "", is_sent: bool = False) -> str:
    return render_template("reset_ask.html", can_send=parts().post.is_open, problem=problem, is_sent=is_sent)


def _write(portal: Portal, typed: str, tag: str, link: str) -> Letter | None:
    """Make the link and its letter, later and elsewhere; None: nobody has this name, or no address."""
    moment = now()
    with portal.database.write() as writer:
        found = identity.find_account(writer, typed)
        if found is None or not found.email:
            return None
        token = passwords.make_reset(writer, found, passwords.LETTER_LIFE, moment)
    translator = Translator(found.language or tag, portal.settings.time_zone)
    until = moment + passwords.LETTER_LIFE
    return letters.write_reset(found, found.email, translator, f"{link}/{token}", until)


@bp.route("/password/<token>", methods=["GET", "POST"])
@open_to(Audience.ANYONE)
def choose(token: str) -> Page:
    """Choose a new password. Opening the link does not use it up: mail programs do so by themselves."""
    found = passwords.find_reset(reader(), token, now())
    if found is None:
        log.note("link to a new password refused", None)
        return render_template("reset_choose.html", account=None, problems={}), 410
    account = found.user
    if request.method == "GET":
        return render_template("reset_choose.html", account=account, problems={})
    password = request.form.get("password", "")
    about = [account.login, account.name, account.email or ""]
    if problems := passwords.check_password(password, request.form.get("repeated", ""), about):
        return render_template("reset_choose.html", account=account, problems=problems), 400
    with parts().database.write() as writer:
        if passwords.find_reset(writer, token, now()) is None:  # a second click was quicker
            return render_template("reset_choose.html", account=None, problems={}), 410
        passwords.change_password(writer, account.id, password)
    log.note("password changed by a link", account.id)
    tell_of_change(account.id, account.email)
    flash(_(CHANGED))
    return redirect(url_for("account.log_in"))


def tell_of_change(user_id: int, email: str | None) -> None:
    """Write to an account's address that what opens it was changed; to the old address, if it was that."""
    if not email:
        return
    portal, tag, link, when = parts(), language().tag, link_to("reset.ask"), now()

    def write() -> Letter | None:
        with portal.database.reader() as session:
            found = identity.find_by_id(session, user_id)
        if found is None:
            return None
        translator = Translator(found.language or tag, portal.settings.time_zone)
        return letters.write_changed(found, email, translator, link, when)

    portal.post.later(write)
