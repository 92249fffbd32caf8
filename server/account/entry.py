"""Coming in: how a browser gets an account's log-in, and where it goes from there."""

from __future__ import annotations

from typing import Any

from flask import request, session, url_for
from werkzeug.user_agent import UserAgent

from server import log
from server.access import safe_target
from server.account import identity
from server.account.throttle import network_of
from server.context import TOKEN, now, parts
from server.models import User

#: what browsers write, and what people call them
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def enter(account: User) -> None:
    """Log the account in with a new cookie: one that was planted before gains nothing."""
    session.clear()
    days, device = parts().settings.log_in_days, name_device(request.user_agent)
    with parts().database.write() as writer:
        session[TOKEN] = identity.open_log_in(writer, account, days, now(), device)
    session.permanent = True
    log.note("log-in", account.id)


def name_device(agent: UserAgent) -> str:
    """Browser and system, as the browser says it; empty: it is none that people use."""
    return " · ".join(part for part in (_find(BROWSERS, agent.string), _find(SYSTEMS, agent.string)) if part)


def _find(names: dict[str, str], text: str) -> str:
    # Browsers name others as well, to be taken for them: the first of ours that is there is the right one.
    return next((name for sign, name in names.items() if sign in text), "")


def address() -> str:
    """Where the request comes from, as far as tries are counted by it."""
    return network_of(request.remote_addr or "")


def target() -> str:
    """Where to go after logging in."""
    return safe_target(request.values.get("next"), home())


def home() -> str:
    """The page that everybody may start from."""
    return url_for("catalogue.index")


def link_to(endpoint: str, **values: Any) -> str:
    """A whole address, for letters and other sites: below the one that the operator has set."""
    public = parts().settings.public_url.rstrip("/")
    return public + url_for(endpoint, **values) if public else url_for(endpoint, _external=True, **values)
