"""Accounts of a course that nobody has opened yet, and links by which they are: by mail wherever letters are sent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from flask import Response
from msgspec import UNSET
from sqlalchemy import select

from server.access import Audience
from server.api import paging, problem
from server.api.members import Link, find, tell_links
from server.api.meta import about
from server.api.operation import JSON, PATH, PEOPLE, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, links
from server.context import _, now, parts, reader
from server.context import course as here
from server.course import link_pages, members, welcome
from server.i18n import mark
from server.models import Membership, User


class UnopenedAccount(msgspec.Struct, kw_only=True):
    """An account that nothing opens yet: neither a password nor an institution."""

    login: Annotated[str, about("The user name.")]
    name: Annotated[str, about("The name that pages show.")]
    email: Annotated[str | None, about("The e-mail address; null: none is known.")]


class UnopenedList(msgspec.Struct, kw_only=True):
    """A page of accounts that nothing opens yet, by name."""

    accounts: Annotated[list[UnopenedAccount], about("The accounts of this page.")]
    mail: Annotated[bool, about("Whether the portal sends letters: then links go to whoever has an address.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class NewLinks(msgspec.Struct, forbid_unknown_fields=True):
    """For whom new links are made."""

    login: Annotated[
        Annotated[str, msgspec.Meta(pattern=PATH["login"].pattern)] | None,
        about("The user name of one of the accounts; null: all of them."),
    ] = None


class MadeLinks(msgspec.Struct, kw_only=True):
    """Links that were made. Those that were made before work no longer."""

    sent: Annotated[list[str], about("User names of those to whom a letter with the link is on its way.")]
    links: Annotated[list[Link], about("Links that are to be handed over. They are told this once.")]
    left_out: Annotated[
        list[str], about("User names of those who get none: they take part in another course, and get no letters.")
    ]
    expires_at: Annotated[datetime, about("Until when the links work.")]


@route(
    Operation(
        "GET",
        "/courses/<course>/unopened",
        PEOPLE,
        mark("List the accounts that nobody has opened yet"),
        Audience.API_TEACHER,
        (Answer(mark("A page of accounts."), UnopenedList, headers=LINK),),
        query=PageQuery,
    )
)
def list_unopened(course: str, query: PageQuery) -> Response:
    """Send the accounts of a course that wait for a first password."""
    wanted = members.unopened(here().id)
    if query.after is not UNSET:
        # Opened in the meantime, it still has its place.
        here_too = select(User).join(Membership, Membership.user_id == User.id)
        last = reader().scalar(here_too.where(Membership.course_id == here().id, User.login == query.after))
        if last is None:
            paging.refuse_cursor()
        wanted = wanted.where(paging.after_name(last))
    shown, final = paging.split(reader().scalars(wanted.limit(query.limit + 1)).all(), query.limit)
    cursor = final.login if final else None
    accounts = [UnopenedAccount(login=each.login, name=each.name, email=each.email) for each in shown]
    found = UnopenedList(accounts=accounts, mail=parts().post.is_open, next=cursor)
    return to_json(found, headers=links(cursor))


@route(
    Operation(
        "POST",
        "/courses/<course>/unopened",
        PEOPLE,
        mark("Make new links to a first password"),
        Audience.API_TEACHER,
        (Answer(mark("The links."), MadeLinks),),
        bodies={JSON: NewLinks},
        problems=(409,),
    )
)
def make_links(course: str, query: Query, body: NewLinks) -> MadeLinks:
    """Make new links for one account or all; where letters are sent, to whoever has an address."""
    if body.login is not None:
        find(reader(), body.login)
    made, left_out = link_pages.make_again(body.login or "")
    if body.login is not None and not made:
        problem.refuse("conflict", _(link_pages.NO_LINK))
    link_pages.send(made)
    return MadeLinks(
        sent=[user.login for user, _link in made.sent],
        links=tell_links(made),
        left_out=[each.login for each in left_out],
        expires_at=now() + welcome.LIFE,
    )
