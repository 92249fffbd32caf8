"""Pages for the data of one person: export, by administrators and by the person, and deletion."""

from __future__ import annotations

import tempfile
import time

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from server import log
from server.access import Audience, open_to
from server.account.identity import clean_login
from server.context import _, language, me, now, parts, reader
from server.i18n import Translator, mark
from server.models import User
from server.office import accounts, erasure
from server.office.accounts import Refusal
from server.office.archive import pack
from server.office.log import Action, write
from server.office.user_pages import find
from server.store import StoreError

bp = Blueprint("office_people", __name__)

Page = str | Response | tuple[str, int]

#: an archive up to this size is kept in memory while it is sent
IN_MEMORY = 10_000_000

NOT_SAME = mark("This is not the user name of the account. Type it to confirm.")


@bp.post("/office/users/<login>/export")
@open_to(Audience.ADMINISTRATOR)
def export(login: str) -> Page:
    """Send everything that is kept about somebody."""
    return send_data_of(find(login))


def send_data_of(account: User) -> Response:
    """Send everything that is kept about somebody, and write down that it was asked for."""
    with parts().database.write() as writer:
        write(writer, Action.USER_EXPORTED, me().id, now(), user_id=account.id, subject=account.login)
    return _send(account, Translator(account.language or language().tag, parts().settings.time_zone))


@bp.post("/account/export")
@open_to(Audience.STUDENT)
def export_own() -> Page:
    """Send the reader everything that is kept about them."""
    log.note("own data exported", me().id)
    return _send(me(), language())


def _send(account: User, translator: Translator) -> Response:
    # Closed, and so deleted, when it has been sent.
    target = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
    try:
        pack(target, reader(), parts().store, account, now(), translator)
        target.seek(0)
    except BaseException:
        target.close()
        raise
    name = f"gradiente-{account.login}.zip"
    return send_file(target, mimetype="application/zip", as_attachment=True, download_name=name)


@bp.get("/office/users/<login>/delete")
@open_to(Audience.ADMINISTRATOR)
def ask(login: str) -> Page:
    """Show what a deletion takes away, and ask for the user name."""
    return _ask(find(login))


def _ask(account: User, problem: str = "", typed: str = "") -> str:
    extent = erasure.measure(reader(), account)
    return render_template("office/erase.html", account=account, extent=extent, problem=problem, typed=typed)


@bp.post("/office/users/<login>/delete")
@open_to(Audience.ADMINISTRATOR)
def erase(login: str) -> Page:
    """Delete everything that is kept about somebody."""
    found, typed = find(login), request.form.get("login", "")
    if clean_login(typed) != found.login:
        return _ask(found, _(NOT_SAME), typed), 400
    outcome = erase_all_of(found)
    if outcome is None:  # a second click was quicker
        abort(404)
    if isinstance(outcome, Refusal):
        return _ask(found, _(outcome.value), typed), 400
    if outcome:
        flash(_("The account is deleted. Files that were handed in just now go with the next deletion of old data."))
    else:
        flash(_("The account and everything that was kept about this person are deleted."))
    return redirect(url_for("office_users.index"))


def erase_all_of(found: User) -> int | Refusal | None:
    """Delete everything that is kept about somebody, and say how many files could not go yet; None: nobody is there."""
    asked_at = time.monotonic()
    with parts().database.write() as writer:
        account = writer.get(User, found.id)
        if account is None:
            return None
        if refusal := accounts.check_loss(writer, account, me().id):
            return refusal
        blobs = erasure.erase(writer, account)
        write(writer, Action.USER_DELETED, me().id, now(), count=len(blobs))
    log.note(f"account {found.id} deleted", me().id)
    return sum(not _discard(blob, asked_at) for blob in blobs)


def _discard(blob: str, asked_at: float) -> bool:
    try:
        return parts().store.discard(blob, time.monotonic() - asked_at)
    except StoreError:
        current_app.logger.exception("content %s could not be deleted", blob)
        return False
