"""Receipts: what the portal took in, when, and a code that only this portal's key makes.

A receipt is plain text with one fact in each line, in English so that it reads the same everywhere. Whoever changes a
fact cannot make the code for it; whoever has the file can compare its SHA-256 with any tool.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, tzinfo

from server.models import Submission, User

TITLE = "Gradiente receipt"
FACTS = ("submission", "student", "exercise", "attempt", "file", "bytes", "sha256", "received")
#: of what was handed in with nbgrader
NBGRADER_FACTS = ("submission", "student", "course", "assignment", "version", "bytes", "sha256", "received")
CODE = "code"
#: longer texts are no receipt of ours
MAX_LENGTH = 4000


@dataclass(frozen=True)
class Receipt:
    """Facts and the code over them."""

    facts: dict[str, str]
    code: str

    def text(self) -> str:
        """The receipt as a file."""
        return "".join(f"{line}\n" for line in (TITLE, "", _lines(self.facts), f"{CODE}: {self.code}"))


def issue(submission: Submission, student: User, key: str, zone: tzinfo) -> Receipt:
    """Make the receipt of a submission."""
    facts = {
        "submission": submission.id,
        "student": student.login,
        "exercise": submission.slug,
        "attempt": str(submission.attempt),
        "file": submission.file_name,
        "bytes": str(submission.size),
        "sha256": submission.blob,
        "received": moment(submission.created_at, zone),
    }
    return sign(facts, key)


def sign(facts: dict[str, str], key: str) -> Receipt:
    """Make the receipt of these facts: they stand in it in their order."""
    return Receipt(facts, _sign(facts, key))


def moment(when: datetime, zone: tzinfo) -> str:
    """Write a moment with its distance from UTC."""
    return when.astimezone(zone).isoformat(timespec="seconds")


def read(text: str) -> Receipt | None:
    """Find the facts in what somebody has pasted; None: some are missing or there twice."""
    if len(text) > MAX_LENGTH:
        return None
    found: dict[str, list[str]] = {}
    # Not splitlines: a file's name may hold what Unicode takes for the end of a line.
    for line in text.replace("\r\n", "\n").split("\n"):
        name, mark, value = line.lstrip("> \t").partition(":")
        if mark:
            found.setdefault(name, []).append(value.strip())
    for facts in (FACTS, NBGRADER_FACTS):
        if all(len(found.get(name, ())) == 1 for name in (*facts, CODE)):
            return Receipt({name: found[name][0] for name in facts}, found[CODE][0])
    return None


def is_genuine(receipt: Receipt, key: str) -> bool:
    """Whether this portal made the code over exactly these facts."""
    return hmac.compare_digest(_sign(receipt.facts, key).encode(), receipt.code.lower().encode())


def _sign(facts: dict[str, str], key: str) -> str:
    # A key of its own: what is signed here is worth nothing as a cookie.
    own = hmac.digest(key.encode(), b"receipt", "sha256")
    return hmac.new(own, _lines(facts).encode(), hashlib.sha256).hexdigest()


def _lines(facts: dict[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in facts.items())
