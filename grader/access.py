"""Which portal the command line talks to, and with which token.

``gradiente login`` keeps both in the user's folder of settings, readable by the user alone. ``GRADIENTE_URL`` and
``GRADIENTE_TOKEN`` come first, for machines on which nobody logs in.
"""

from __future__ import annotations

import json
import os
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from grader.errors import SubmissionError

URL, TOKEN = "GRADIENTE_URL", "GRADIENTE_TOKEN"

#: hosts that the token does not leave this machine for
LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Access:
    """A portal and a token for it."""

    url: str
    token: str


def clean_url(raw: str) -> str:
    """Write an address as it is kept. Raises SubmissionError for what is none."""
    text = raw.strip()
    try:
        parts = urllib.parse.urlsplit(text if "://" in text else f"https://{text}")
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_address = False
    if not is_address or parts.query or parts.fragment:
        raise SubmissionError(
            f"{raw!r} is no address of a portal. Write one such as https://gradiente.example.org.",
            f"{raw!r} não é o endereço de um portal. Escreva um como https://gradiente.example.org.",
        )
    return urllib.parse.urlunsplit(parts).rstrip("/")


def is_in_the_clear(url: str) -> bool:
    """Whether others on the way could read the token."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in LOCAL


def clean_token(raw: str) -> str:
    """Write a token as it is sent. Raises SubmissionError for what is none."""
    text = raw.strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise SubmissionError(
            "This is no token. Make one on your account's page and copy all of it.",
            "Isto não é um token. Crie um na página da sua conta e copie-o inteiro.",
        )
    return text


def path_of() -> Path:
    """Where the log-in is kept."""
    return Path(click.get_app_dir("gradiente")) / "login.json"


def keep(access: Access) -> Path:
    """Keep a log-in, for this user's eyes only, and say where."""
    path = path_of()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    # Created with its mode, not changed to it later: nobody can open the file in between.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"url": access.url, "token": access.token}, file)
    return path


def find(environment: Mapping[str, str] | None = None) -> Access:
    """Find the portal and the token. Raises SubmissionError where there is none yet."""
    variables = os.environ if environment is None else environment
    kept = _read()
    url = clean_url(variables[URL]) if variables.get(URL) else kept.url if kept else ""
    token = variables.get(TOKEN, "")
    # A token is for one portal; another one must not get to see it.
    if not token and kept and kept.url == url:
        token = kept.token
    if not url or not token:
        raise SubmissionError(
            "You have not logged in yet. Make a token on your account's page on the portal, then run: "
            f"gradiente login {url or 'ADDRESS'}",
            "Você ainda não entrou. Crie um token na página da sua conta no portal e execute: "
            f"gradiente login {url or 'ENDEREÇO'}",
        )
    return Access(url, clean_token(token))


def _read() -> Access | None:
    """The log-in that was kept; None: there is none that can be read."""
    try:
        content = json.loads(path_of().read_text(encoding="utf-8"))
        return Access(str(content["url"]), str(content["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
