"""Assignments that are released: each release is a version, and the last one is what students fetch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from server.db import Database
from server.exchange import again
from server.exchange.content import Content
from server.exchange.refusal import ARCHIVED, IS_RELEASED, STAYS, Refused
from server.models import Course, ExchangeAssignment, ExchangeRelease
from server.office import log
from server.office.log import Action
from server.store import Store


@dataclass(frozen=True)
class Draft:
    """What an instructor wants to release."""

    course_id: int
    name: str
    content: Content
    #: equal keys are the same request
    key: str
    by_id: int
    #: whether it may take the place of what is released
    force: bool = False


@dataclass(frozen=True)
class Released:
    """What became of it."""

    id: int
    #: False: it was released before, with the same key
    is_new: bool = True
    #: whether what was released before with the same key is the same
    is_same: bool = True


def release(database: Database, store: Store, draft: Draft, now: datetime) -> Released:
    """Release a version; on return it is durable. Raises Refused, and StoreError when it cannot be."""
    # Written outside of the transaction: nobody waits for this disk. Content without a row is harmless.
    blob = store.put(draft.content.raw)
    return again.write(database, lambda session: _release(session, draft, blob, now))


def _release(session: Session, draft: Draft, blob: str, now: datetime) -> Released:
    if session.get_one(Course, draft.course_id).archived_at:
        raise Refused(ARCHIVED)
    assignment = _assignment(session, draft, now)
    mine = ExchangeRelease.assignment_id == assignment.id
    if earlier := session.scalar(select(ExchangeRelease).where(mine, ExchangeRelease.key == draft.key)):
        return Released(earlier.id, is_new=False, is_same=earlier.blob == blob)
    current = session.scalar(select(ExchangeRelease).where(mine, ExchangeRelease.ended_at.is_(None)))
    if current and not draft.force:
        who = current.by.name if current.by else "…"
        raise Refused(IS_RELEASED, name=draft.name, version=current.version, who=who, when=current.created_at)
    if current:
        current.ended_at = now
        session.flush()
    last = session.scalar(select(func.max(ExchangeRelease.version)).where(mine)) or 0
    made = _row(draft, assignment, blob, last + 1, now)
    session.add(made)
    session.flush()
    log.write(
        session, Action.EXCHANGE_RELEASED, draft.by_id, now, course_id=draft.course_id, subject=draft.name,
        version=made.version, sha256=blob,
    )  # fmt: skip
    return Released(made.id)


def _row(draft: Draft, assignment: ExchangeAssignment, blob: str, version: int, now: datetime) -> ExchangeRelease:
    return ExchangeRelease(
        assignment_id=assignment.id,
        version=version,
        key=draft.key,
        blob=blob,
        size=len(draft.content.raw),
        notebooks=draft.content.notebooks,
        by_id=draft.by_id,
        created_at=now,
    )


def _assignment(session: Session, draft: Draft, now: datetime) -> ExchangeAssignment:
    """The assignment, made where it is new; others who release it wait until this is done."""
    its = (ExchangeAssignment.course_id == draft.course_id) & (ExchangeAssignment.name == draft.name)
    found = session.scalar(select(ExchangeAssignment).where(its).with_for_update())
    if found is None:
        found = ExchangeAssignment(course_id=draft.course_id, name=draft.name, created_at=now)
        session.add(found)
        session.flush()
    return found


def withdraw(session: Session, current: ExchangeRelease, by_id: int, now: datetime) -> None:
    """Let nobody fetch an assignment any more. What was handed in for it stays. Raises Refused."""
    assignment = current.assignment
    if assignment.course.archived_at:
        raise Refused(STAYS)
    current.ended_at = now
    log.write(
        session, Action.EXCHANGE_WITHDRAWN, by_id, now,
        course_id=assignment.course_id, subject=assignment.name, version=current.version,
    )  # fmt: skip


def list_current(session: Session, course_id: int) -> Sequence[ExchangeRelease]:
    """What students of a course can fetch, by name."""
    return session.scalars(_current(course_id).order_by(ExchangeAssignment.name)).all()


def find_current(session: Session, course_id: int, name: str) -> ExchangeRelease | None:
    """What students fetch under a name; None: nothing."""
    return session.scalar(_current(course_id).where(ExchangeAssignment.name == name))


def _current(course_id: int) -> Select[ExchangeRelease]:
    query = select(ExchangeRelease).join(ExchangeAssignment).where(ExchangeRelease.ended_at.is_(None))
    loaded = (joinedload(ExchangeRelease.assignment), joinedload(ExchangeRelease.by))
    return query.where(ExchangeAssignment.course_id == course_id).options(*loaded)
