"""What is written down for operators: a line for each event, whatever a text in it holds; who came in, and who did not.

Lines are text, or JSON objects for programs that gather them (the setting ``log_format``). Objects say besides what
they are about: request, submission, grading, worker. ``about`` says so for everything that its thread writes meanwhile.

Security events are told by the logger ``server.security``: by the account's number and the address, never with what was
typed, for a password typed into the wrong field would stand there as well.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from flask import request

LAYOUT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: values of the setting ``log_format``
TEXT, JSON = "text", "json"

_security = logging.getLogger("server.security")
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_subject: ContextVar[Mapping[str, Any]] = ContextVar("subject", default=_NOTHING)


class Formatter(logging.Formatter):
    """Shows what is invisible, and indents what follows a line's end: no text can pass for a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        return "\n    ".join(_show(line) for line in super().format(record).split("\n"))


class JsonFormatter(logging.Formatter):
    """Writes one object for each record, in ASCII and on one line, whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record. What it is about cannot take the place of what it says."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({**subject(), **line, "process": record.process, "thread": record.threadName}, default=str)


def _show(line: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


def set_up(log_format: str = TEXT) -> None:
    """Write to standard error, from information on. In JSON, so is what Python would print there by itself."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if log_format == JSON else Formatter(LAYOUT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if log_format == JSON:
        logging.captureWarnings(True)
        sys.excepthook = _tell
        threading.excepthook = lambda args: _tell(args.exc_type, args.exc_value, args.exc_traceback)


def _tell(kind: Any, error: Any, trace: Any) -> None:
    logging.getLogger("server").critical("nobody has caught this", exc_info=(kind, error, trace))


def subject() -> Mapping[str, Any]:
    """What this thread is about just now: by ``request``, ``submission``, ``grading``, ``worker``, ``exercise``."""
    return _subject.get()


def begin(**what: Any) -> None:
    """Be about this and nothing else from here on."""
    _subject.set(what)


@contextmanager
def about(**what: Any) -> Iterator[None]:
    """Be about this besides."""
    token = _subject.set({**subject(), **what})
    try:
        yield
    finally:
        _subject.reset(token)


def note(event: str, account: int | None) -> None:
    """Write a security event of this request down."""
    who = "nobody known" if account is None else f"account {account}"
    _security.info("%s: %s, from %s", event, who, request.remote_addr)
