"""Accounts as administrators see and change them. Knows the database, not Flask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server.i18n import mark
from server.models import LogEntry, Role, Submission, User
from server.office import log
from server.office.log import Action

MAX_QUERY = 100


class Refusal(StrEnum):
    """Why an account is not changed, as a sentence for whoever wanted it."""

    SELF = mark("This is your own account. Another administrator can do this for you.")
    LAST = mark("This is the last administrator. Make somebody else administrator first.")


@dataclass(frozen=True)
class Filter:
    """Which accounts are looked for."""

    #: part of the login, the name or the e-mail address
    text: str = ""
    role: Role | None = None


def find(wanted: Filter) -> Select[User]:
    """The query for accounts, by name."""
    query = select(User).order_by(func.lower(User.name), User.login)
    if wanted.role is not None:
        query = query.where(User.role == wanted.role)
    for word in wanted.text.split():
        columns = (User.login, User.name, User.email)
        login, name, email = (column.icontains(word, autoescape=True) for column in columns)
        query = query.where(login | name | email)
    return query


def count_by_role(session: Session) -> dict[Role, int]:
    """How many accounts there are of each role."""
    found = session.execute(select(User.role, func.count()).group_by(User.role))
    return dict(found.all())


def count_submissions(session: Session, users: Iterable[User]) -> dict[int, int]:
    """How many submissions each of them has made; who has made none is missing."""
    ids = [user.id for user in users]
    counted = select(Submission.user_id, func.count()).where(Submission.user_id.in_(ids))
    return dict(session.execute(counted.group_by(Submission.user_id)).all())


def check_loss(session: Session, account: User, by_id: int) -> Refusal | None:
    """Say why an account must not cease to be an administrator's, by a lesser role or for good; None: it may.

    Within the transaction that changes it: two administrators who demote each other at once must not both succeed.
    """
    if account.id == by_id:
        return Refusal.SELF
    if account.role is not Role.ADMINISTRATOR:
        return None
    # Locked where the database can; SQLite lets one transaction write at a time anyway.
    others = select(User.id).where(User.role == Role.ADMINISTRATOR, User.id != account.id).with_for_update()
    return None if session.scalars(others).all() else Refusal.LAST


def change_role(session: Session, account: User, role: Role, by_id: int, now: datetime) -> Refusal | None:
    """Give an account another role in the portal; say why not, or None: it has it."""
    if role is not Role.ADMINISTRATOR and (refusal := check_loss(session, account, by_id)):
        return refusal
    before, account.role = account.role, role
    if before is not role:
        who: dict[str, Any] = {"user_id": account.id, "subject": account.login}
        log.write(session, Action.USER_CHANGED, by_id, now, **who, before=before, after=role)
    return None


def recent_entries(account: User, count: int = 10) -> Select[LogEntry]:
    """The query for what was done by somebody or to them, newest first."""
    mine = (LogEntry.by_id == account.id) | (LogEntry.user_id == account.id)
    return select(LogEntry).where(mine).order_by(LogEntry.id.desc()).limit(count)
