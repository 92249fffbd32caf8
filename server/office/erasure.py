"""Deletes what the portal keeps about one person. What they did as staff stays in the log, without them. No Flask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.exchange import keeping
from server.models import ExchangeSubmission, LogEntry, Membership, Result, Review, Submission, Throttle, User
from server.store.references import unused

#: what stands instead of a name
NOBODY = "…"
#: shorter names are looked for as whole words of their own only: "Li" is part of many
MIN_PART = 4


@dataclass(frozen=True)
class Extent:
    """How much a deletion takes away."""

    submissions: int
    memberships: int
    results: int
    #: reviews that the person wrote as staff: they stay, without a name
    reviews: int


def measure(session: Session, user: User) -> Extent:
    """Count what a deletion takes away."""

    def count(table: Any, column: Any) -> int:
        return session.scalar(select(func.count()).select_from(table).where(column == user.id)) or 0

    return Extent(
        count(Submission, Submission.user_id) + count(ExchangeSubmission, ExchangeSubmission.user_id),
        count(Membership, Membership.user_id),
        count(Result, Result.user_id),
        count(Review, Review.by_id),
    )


def erase(session: Session, user: User) -> list[str]:
    """Delete the account and all that is its own, and return the contents in the store that nobody else handed in.

    Those are to be discarded when the transaction is through. The database's own rules delete what belongs to the
    account, and take its number out of what it did.
    """
    blobs = set(session.scalars(select(Submission.blob).where(Submission.user_id == user.id)))
    blobs |= keeping.contents_of(session, user)
    numbers = session.scalars(select(Membership.number).where(Membership.user_id == user.id))
    names = [name for name in (user.login, user.name, user.email, *numbers) if name]
    entries = session.scalars(select(LogEntry).where((LogEntry.user_id == user.id) | (LogEntry.by_id == user.id)))
    for entry in entries:
        entry.subject, entry.detail = blank(entry.subject, names), blank(entry.detail, names)
    session.flush()
    session.execute(delete(Throttle).where(Throttle.login.in_([user.login, user.email or user.login])))
    session.execute(delete(User).where(User.id == user.id))
    return unused(session, blobs)


def blank(value: Any, names: Iterable[str]) -> Any:
    """A value of the log without these names, however deep they stand in it."""
    known = list(names)
    if isinstance(value, str):
        return _blank_text(value, known)
    if isinstance(value, list):
        return [blank(each, known) for each in value]
    if isinstance(value, dict):
        return {key: blank(each, known) for key, each in value.items()}
    return value


def _blank_text(text: str, names: list[str]) -> str:
    # The longest first: a login is often part of the address.
    for name in sorted(names, key=len, reverse=True):
        if len(name) >= MIN_PART:
            text = text.replace(name, NOBODY)
        else:
            text = " ".join(NOBODY if word == name else word for word in text.split(" "))
    return text
