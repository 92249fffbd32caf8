"""Pages with links by which new people choose a password: by mail where letters are sent, otherwise to hand over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from server.access import Audience, open_to
from server.account import letters
from server.account.entry import link_to
from server.context import _, language, me, ngettext, now, parts, reader
from server.context import course as here
from server.course import members, welcome
from server.course.welcome import Welcome
from server.i18n import Translator, mark
from server.mail import Letter
from server.models import User
from server.office import log
from server.office.log import Action

bp = Blueprint("links", __name__, url_prefix="/links")

Page = str | BaseResponse | tuple[str, int]

NO_LINK = mark("No link was made: these accounts are open already, or belong to another course as well.")


@dataclass(frozen=True)
class Links:
    """Links that were just made: those that go by mail, and those that staff hands over."""

    sent: list[tuple[User, Welcome]]
    shown: list[Welcome]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.sent) + len(self.shown)

    def __bool__(self) -> bool:
        return self.count > 0


def make(session: Session, users: Iterable[User]) -> Links:
    """Make links for these accounts, in the transaction that makes the accounts."""
    every = list(users)
    is_open = parts().post.is_open
    mine = members.only_here(session, here().id, every)
    reached = [user for user in every if (is_open and user.email) or user.id in mine]
    made = welcome.make_links(session, reached, link_to("reset.ask"), now())
    both = list(zip(reached, made, strict=True))
    return Links(
        [(user, link) for user, link in both if is_open and user.email],
        [link for user, link in both if not (is_open and user.email)],
    )


def make_again(login: str = "") -> tuple[Links, list[User]]:
    """Make new links for the accounts of the course that nothing opens yet, or for one of them, and log it.

    Says, too, who gets none.
    """
    wanted = members.unopened(here().id)
    if login:
        wanted = wanted.where(User.login == login)
    with parts().database.write() as writer:
        found = list(writer.scalars(wanted))
        links = make(writer, found)
        if links:
            about: dict[str, Any] = {"subject": found[0].login if login else "", "count": links.count}
            log.write(writer, Action.LINKS_MADE, me().id, now(), course_id=here().id, **about)
    reached = {user.login for user, _link in links.sent} | {each.login for each in links.shown}
    return links, [user for user in found if user.login not in reached]


def send(links: Links) -> None:
    """Send what goes by mail."""
    for user, link in links.sent:
        parts().post.later(_letter(user, link))


def deliver(links: Links) -> Page:
    """Send what goes by mail; show the rest, this once."""
    send(links)
    count = len(links.sent)
    told = ngettext("%(n)s letter with a link is on its way.", "%(n)s letters with links are on their way.", count)
    if count:
        flash(told % {"n": language().number(count)})
    if not links.shown:
        return redirect(url_for("people.index", course=here().code))
    until = now() + welcome.LIFE
    table = welcome.write_table(links.shown)
    return render_template("course/people_links.html", links=links.shown, until=until, table=table)


def _letter(user: User, link: Welcome) -> Callable[[], Letter | None]:
    translator = Translator(user.language or language().tag, parts().settings.time_zone)
    letter = letters.write_welcome(user, link.email, translator, link.link, now() + welcome.LIFE, here().title)
    return lambda: letter


@bp.get("")
@open_to(Audience.TEACHER)
def show(course: str) -> str:
    """Show who has not chosen a password yet."""
    found = list(reader().scalars(members.unopened(here().id)))
    can_send = parts().post.is_open
    return render_template("course/people_unopened.html", accounts=found, can_send=can_send)


@bp.post("")
@open_to(Audience.TEACHER)
def renew(course: str) -> Page:
    """Make new links, for one account (``login``) or for all that nothing opens yet."""
    links, left_out = make_again(request.form.get("login", ""))
    if not links:
        flash(_(NO_LINK))
        return redirect(url_for("people.index", course=course))
    if left_out:
        names = ", ".join(user.name for user in left_out[:20])
        flash(_("No link for those who take part in another course as well: %(names)s.") % {"names": names})
    return deliver(links)


@bp.post("/save")
@open_to(Audience.TEACHER)
def save(course: str) -> Response:
    """Send the links that a page shows as CSV; they are not kept here, so the page carries them."""
    try:
        table = welcome.read_table(request.form.get("table", ""))
    except ValueError:
        abort(400)
    return send_csv(table, "links")


def send_csv(table: str, name: str) -> Response:
    """Send a table of the course; the mark at its beginning tells spreadsheets that it is UTF-8."""
    headers = {"Content-Disposition": f'attachment; filename="{here().code}-{name}.csv"'}
    return Response("\ufeff" + table, mimetype="text/csv", headers=headers)


@bp.get("/save")
@open_to(Audience.TEACHER)
def return_to(course: str) -> BaseResponse:
    """Back to the list from the address of the form."""
    return redirect(url_for("people.index", course=course))
