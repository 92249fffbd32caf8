"""What is written down for operators: a line for each event, whatever a text in it holds; who came in, and who did not.

Security events are told by the logger ``server.security``: by the account's number and the address, never with what was
typed, for a password typed into the wrong field would stand there as well.
"""

from __future__ import annotations

import logging

from flask import request

LAYOUT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_security = logging.getLogger("server.security")


class Formatter(logging.Formatter):
    """Shows what is invisible, and indents what follows a line's end: no text can pass for a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        return "\n    ".join(_show(line) for line in super().format(record).split("\n"))


def _show(line: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


def set_up() -> None:
    """Write to standard error, from information on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter(LAYOUT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)


def note(event: str, account: int | None) -> None:
    """Write a security event of this request down."""
    who = "nobody known" if account is None else f"account {account}"
    _security.info("%s: %s, from %s", event, who, request.remote_addr)
