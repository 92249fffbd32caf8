"""Two people change the same thing at once: what a form was made from, and who has changed that since. Knows no Flask.

A form carries the version of what it was made from. Whoever saves it when there is another one by now overwrites
nothing: they are told who made that one and when, and see what it says beside what they typed. The form that tells
them carries the new version, so that saving once more is their decision.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.models import LogEntry, User
from server.office.log import Action

#: the form's field
VERSION = "version"


@dataclass(frozen=True)
class Thing:
    """Something that is there, as the log knows it."""

    action: Action
    course_id: int
    subject: str
    #: of what it says
    version: str
    #: whom it is about; None: nobody
    user_id: int | None = None


@dataclass(frozen=True)
class Clash:
    """What a form was made from is there no more."""

    #: of what stands there now
    version: str
    #: who made it so, and when; None: the log does not know
    by: User | None = None
    at: datetime | None = None
    #: what fields would show now, by name, where something else was typed
    saved: Mapping[str, str] = field(default_factory=dict)


def version_of(values: Any) -> str:
    """What stands for plain values: the same for the same ones. Values that come back bring their version back."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def find_clash(
    session: Session, thing: Thing, made_from: str, typed: str | None, saved: Mapping[str, str] | None = None
) -> Clash | None:
    """Say who has changed a thing since a form was made from it; None: nobody, or to the very same.

    ``made_from``: the version that the form carries, empty where it is of a program that does not care; ``typed``: the
    version of what would be saved, None: it is not right yet. A second click finds what the first one saved.
    """
    if made_from in ("", thing.version) or typed == thing.version:
        return None
    last = (
        select(LogEntry.at, User)
        .outerjoin(User, User.id == LogEntry.by_id)
        .where(
            LogEntry.course_id == thing.course_id,
            LogEntry.action == thing.action.value,
            LogEntry.subject == thing.subject,
        )
        .order_by(LogEntry.id.desc())
        .limit(1)
    )
    if thing.user_id is not None:
        last = last.where(LogEntry.user_id == thing.user_id)
    at, by = session.execute(last).one_or_none() or (None, None)
    return Clash(thing.version, by, at, saved or {})
