"""Pages of accounts for administrators: the list, one account, and what may be changed in it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import delete
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server.access import Audience, open_to
from server.account import identity, passwords
from server.account.entry import link_to
from server.context import _, me, now, parts, reader
from server.course.membership import memberships_of
from server.models import ApiToken, Role, User
from server.office import accounts, entries
from server.office.accounts import Filter
from server.office.listing import cut
from server.office.log import Action, write
from server.office.words import ROLES

bp = Blueprint("office_users", __name__, url_prefix="/office/users")

Page = str | Response | tuple[str, int]


@bp.get("")
@open_to(Audience.ADMINISTRATOR)
def index() -> str:
    """Show accounts, by name; ``?q=`` and ``?role=`` leave out what does not fit."""
    role = request.args.get("role", "")
    if role and role not in list(Role):
        abort(400)
    wanted = Filter(request.args.get("q", "")[: accounts.MAX_QUERY], Role(role) if role else None)
    page = cut(reader(), accounts.find(wanted), request.args.get("page", 1, type=int))
    return render_template(
        "office/users.html",
        page=page,
        wanted=wanted,
        roles=ROLES,
        counts=accounts.count_by_role(reader()),
        submissions=accounts.count_submissions(reader(), page.entries),
    )


@bp.get("/<login>")
@open_to(Audience.ADMINISTRATOR)
def show(login: str) -> Page:
    """Show one account."""
    return _show(find(login))


def _show(account: User, problems: dict[str, str] | None = None) -> str:
    found = list(reader().scalars(accounts.recent_entries(account)))
    return render_template(
        "office/user.html",
        account=account,
        problems=problems or {},
        roles=ROLES,
        memberships=memberships_of(reader(), account),
        log_ins=identity.list_log_ins(reader(), account, now()),
        submissions=accounts.count_submissions(reader(), [account]).get(account.id, 0),
        lines=entries.lines(reader(), found),
    )


@bp.post("/<login>/role")
@open_to(Audience.ADMINISTRATOR)
def change_role(login: str) -> Page:
    """Give an account another role."""
    found, role = find(login), request.form.get("role", "")
    if role not in list(Role):
        abort(400)
    with parts().database.write() as writer:
        refusal = accounts.change_role(writer, writer.get_one(User, found.id), Role(role), me().id, now())
    if refusal:
        return _show(found, {"role": refusal.value}), 400
    flash(_("Saved."))
    return redirect(url_for("office_users.show", login=login))


@bp.post("/<login>/password")
@open_to(Audience.ADMINISTRATOR)
def make_link(login: str) -> Page:
    """Make a link to a new password, to hand over; it is shown this once."""
    found = find(login)
    with parts().database.write() as writer:
        account = writer.get_one(User, found.id)
        token = passwords.make_reset(writer, account, passwords.STAFF_LIFE, now())
        _note(writer, account, what="link to a new password")
    link = f"{link_to('reset.ask')}/{token}"
    return render_template("office/link.html", account=found, link=link, until=now() + passwords.STAFF_LIFE)


@bp.post("/<login>/log-out")
@open_to(Audience.ADMINISTRATOR)
def log_out(login: str) -> Page:
    """End all log-ins and API tokens of an account."""
    found = find(login)
    with parts().database.write() as writer:
        account = writer.get_one(User, found.id)
        identity.close_log_ins(writer, account)
        writer.execute(delete(ApiToken).where(ApiToken.user_id == account.id))
        _note(writer, account, what="log-ins and tokens ended")
    flash(_("All log-ins and API tokens of this account have ended."))
    return redirect(url_for("office_users.show", login=login))


def _note(session: Session, account: User, **detail: Any) -> None:
    write(session, Action.USER_CHANGED, me().id, now(), user_id=account.id, subject=account.login, **detail)


def find(login: str) -> User:
    """The account of an address."""
    account = identity.find_by_login(reader(), login)
    if account is None:
        abort(404)
    return account
