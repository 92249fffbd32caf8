"""Accounts of the portal, as administrators see and change them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from flask import Response, url_for
from msgspec import UNSET, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.access import Audience
from server.api import paging, problem
from server.api.meta import about
from server.api.operation import ADMINISTRATION, JSON, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, links
from server.context import _, me, now, parts, reader
from server.i18n import mark
from server.models import Role, User
from server.office import accounts
from server.office.accounts import MAX_QUERY, Filter


class Account(msgspec.Struct, kw_only=True):
    """An account."""

    login: Annotated[str, about("The user name.")]
    name: Annotated[str, about("The name that pages show.")]
    email: Annotated[str | None, about("The e-mail address; null: none is known.")]
    role: Annotated[Role, about("What the account may do in the portal; courses have roles of their own.")]
    created_at: Annotated[datetime, about("Since when it is there.")]
    page: Annotated[str, about("Where administrators read it.")]


class AccountList(msgspec.Struct):
    """A page of accounts, by name."""

    users: Annotated[list[Account], about("The accounts of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class AccountQuery(PageQuery):
    """Which accounts."""

    q: Annotated[str, about("Parts of user name, name or e-mail address.", max_length=MAX_QUERY)] = ""
    role: Annotated[Role, about("Only those with this role in the portal.")] | UnsetType = UNSET


class AccountChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be changed of an account."""

    role: Annotated[Role, about("What the account may do in the portal.")]


def _describe(user: User) -> Account:
    return Account(
        login=user.login,
        name=user.name,
        email=user.email,
        role=user.role,
        created_at=user.created_at,
        page=url_for("office_users.show", login=user.login),
    )


def _find(session: Session, login: str) -> User:
    found = session.scalar(select(User).where(User.login == login))
    if found is None:
        problem.refuse("not_found")
    return found


@route(
    Operation(
        "GET",
        "/users",
        ADMINISTRATION,
        mark("List accounts"),
        Audience.API_ADMINISTRATOR,
        (Answer(mark("A page of accounts."), AccountList, headers=LINK),),
        query=AccountQuery,
    )
)
def list_users(query: AccountQuery) -> Response:
    """Send accounts, by name."""
    wanted = accounts.find(Filter(query.q, None if query.role is UNSET else query.role))
    if query.after is not UNSET:
        last = reader().scalar(select(User).where(User.login == query.after))
        if last is None:
            paging.refuse_cursor()
        wanted = wanted.where(paging.after_name(last))
    shown, final = paging.split(reader().scalars(wanted.limit(query.limit + 1)).all(), query.limit)
    cursor = final.login if final else None
    return to_json(AccountList([_describe(each) for each in shown], cursor), headers=links(cursor))


@route(
    Operation(
        "GET",
        "/users/<login>",
        ADMINISTRATION,
        mark("Read an account"),
        Audience.API_ADMINISTRATOR,
        (Answer(mark("The account."), Account),),
    )
)
def show_user(login: str, query: Query) -> Account:
    """Send one account."""
    return _describe(_find(reader(), login))


@route(
    Operation(
        "PATCH",
        "/users/<login>",
        ADMINISTRATION,
        mark("Change an account's role"),
        Audience.API_ADMINISTRATOR,
        (Answer(mark("The account as it is now."), Account),),
        bodies={JSON: AccountChange},
        problems=(409,),
    )
)
def change_user(login: str, query: Query, body: AccountChange) -> Account:
    """Give an account another role."""
    with parts().database.write() as session:
        found = _find(session, login)
        if refusal := accounts.change_role(session, found, body.role, me().id, now()):
            problem.refuse("conflict", _(refusal.value))
        return _describe(found)
