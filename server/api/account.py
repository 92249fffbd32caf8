"""The account that a token acts for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from server.access import Audience
from server.api import auth
from server.api.meta import about
from server.api.operation import ACCOUNT, Answer, Operation, Query, route
from server.context import me
from server.i18n import mark
from server.models import Role


class Token(msgspec.Struct):
    """The token of this request."""

    name: Annotated[str, about("What its owner calls it.")]
    scopes: Annotated[list[str], about("What it may do: read, submit, teach, administer.")]
    expires_at: Annotated[datetime, about("Until when it works.")]


class Me(msgspec.Struct):
    """Who is calling."""

    login: Annotated[str, about("The user name.")]
    name: Annotated[str, about("The name that pages show.")]
    role: Annotated[Role, about("What the account may do.")]
    language: Annotated[str | None, about("The language that it has chosen; null: none.")]
    token: Annotated[Token | None, about("The token of this request; null: a browser is logged in.")]


@route(
    Operation(
        "GET",
        "/me",
        ACCOUNT,
        mark("Find out who is calling"),
        Audience.API_ACCOUNT,
        (Answer(mark("The account and the token."), Me),),
    )
)
def show_me(query: Query) -> Me:
    """Say whose token it is and what it may do."""
    account, held = me(), auth.token()
    token = Token(held.name, held.scopes, held.expires_at) if held else None
    return Me(account.login, account.name, account.role, account.language, token)
