"""Who is calling: a program with a token, or a browser that looks.

A browser's log-in opens what only looks. Whatever changes something needs a token: other sites can make a browser send
its cookie, but no header of their choice.
"""

from __future__ import annotations

import math
from typing import cast

from flask import Flask, current_app, g, request
from werkzeug.exceptions import NotFound
from werkzeug.routing import RequestRedirect

from server import i18n, log
from server.account import tokens
from server.account.throttle import network_of
from server.api import ROOT, problem
from server.api.rate import Brake
from server.context import COOKIE, _, now, parts, reader, user
from server.models import ApiToken

SAFE = ("GET", "HEAD", "OPTIONS")

#: a classroom may share one address
PER_ADDRESS = 4.0


def init_app(app: Flask) -> None:
    """Look at every request of the API before anything else does."""
    app.extensions["api_brake"] = Brake(app.extensions["portal"].settings.api_per_minute)
    app.before_request(_begin)


def is_api() -> bool:
    """Whether the request is one of the API."""
    return request.path.startswith(ROOT)


def _begin() -> None:
    if not is_api():
        return
    raw = _shown()
    g.token = tokens.find_token(reader(), raw, now()) if raw else None
    g.is_token_wrong = bool(raw) and g.token is None
    if raw or request.method not in SAFE:
        g.user = g.token.user if g.token else None
    g.language = _language()
    _brake()
    _note_use()
    if isinstance(request.routing_exception, RequestRedirect):
        # Flask would answer with a page that leads on to a tidier address.
        raise NotFound


def _shown() -> str:
    """The token that the request shows; empty: none."""
    scheme, _space, raw = request.headers.get("Authorization", "").partition(" ")
    return raw.strip() if scheme.lower() == "bearer" else ""


def _language() -> i18n.Translator:
    """What a program asks for, and then what its account prefers; for browsers the order is that of the pages."""
    account, settings = user(), parts().settings
    asked, preferred = list(request.accept_languages.values()), [account.language if account else None]
    wishes = [*asked, *preferred] if g.token else [*preferred, request.cookies.get(COOKIE), *asked]
    return i18n.Translator(i18n.choose([request.args.get("lang"), *wishes], settings.language), settings.time_zone)


def _brake() -> None:
    brake = cast(Brake, current_app.extensions["api_brake"])
    if g.token:
        seconds = brake.wait(f"token {g.token.id}")
    else:
        seconds = brake.wait(f"address {network_of(request.remote_addr or '')}", PER_ADDRESS)
    if seconds:
        problem.refuse("too_often", headers={"Retry-After": str(math.ceil(seconds))})


def _note_use() -> None:
    if g.token and tokens.is_use_worth_noting(g.token, now()):
        with parts().database.write() as writer:
            tokens.note_use(writer, g.token.id, now())


def token() -> ApiToken | None:
    """The token of this request; None: a browser is looking, or nobody who is known."""
    return cast("ApiToken | None", g.token)


def check(scope: str | None) -> None:
    """Refuse who may not go on. An empty scope: any token will do; None: nobody needs one, but a wrong one is told."""
    if g.is_token_wrong:
        log.note("API token refused", None)
        problem.refuse("bad_token", headers={"WWW-Authenticate": 'Bearer realm="Gradiente", error="invalid_token"'})
    if scope is None:
        return
    if user() is None:
        problem.refuse("no_token", headers={"WWW-Authenticate": 'Bearer realm="Gradiente"'})
    held = token()
    if held is not None and scope and scope not in held.scopes:
        log.note("API token without the scope", held.user_id)
        challenge = f'Bearer realm="Gradiente", error="insufficient_scope", scope="{scope}"'
        detail = _("It needs the scope %(scope)s.") % {"scope": scope}
        problem.refuse("scope", detail, headers={"WWW-Authenticate": challenge})
