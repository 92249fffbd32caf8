"""What waits in the line and has no message on its way: ``sent_at`` of a row says when its message was sent.

A row is marked before its message is sent. Who dies in between leaves a mark without a message; that shows when the
broker has fewer messages than there are marks, and then as many are sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from server.grading.queue import Table, is_due
from server.models import Grading, State, Submission


class Entry(NamedTuple):
    """A row that a message is to be sent for."""

    table: Table
    id: str


def take(session: Session, queue: str, now: datetime, most: int, before: datetime | None = None) -> list[Entry]:
    """Mark rows as sent, and return them: those that never were, and those that were sent ``before``, oldest first."""
    found: list[Entry] = []
    for table in _tables(queue):
        unsent = table.sent_at.is_(None)
        which = unsent if before is None else or_(unsent, table.sent_at < before)
        query = select(table.id).where(*_waits(table, queue, now), which)
        query = query.order_by(table.sent_at.asc().nulls_first(), table.created_at, table.id).limit(most - len(found))
        found += [Entry(table, id) for id in session.scalars(query)]
    _mark(session, found, now)
    return found


def put_back(session: Session, entries: Sequence[Entry]) -> None:
    """Take the marks away: the messages were not sent."""
    _mark(session, entries, None)


def has_unsent(session: Session, queue: str, now: datetime) -> bool:
    """Whether anything waits that no message was sent for."""
    return any(
        session.scalar(select(table.id).where(*_waits(table, queue, now), table.sent_at.is_(None)).limit(1))
        for table in _tables(queue)
    )


def count_sent(session: Session, queue: str, now: datetime, before: datetime) -> int:
    """How many rows wait whose messages were sent before that moment."""
    return sum(
        session.scalar(
            select(func.count()).select_from(table).where(*_waits(table, queue, now), table.sent_at < before)
        )
        or 0
        for table in _tables(queue)
    )


def _tables(queue: str) -> tuple[Table, ...]:
    return (Grading,) if queue == "gpu" else (Submission, Grading)


def _waits(table: Table, queue: str, now: datetime) -> list[ColumnElement[bool]]:
    where = [table.state == State.RECEIVED, is_due(table, now)]
    return [*where, Grading.on_gpu.is_(queue == "gpu")] if table is Grading else where


def _mark(session: Session, entries: Sequence[Entry], at: datetime | None) -> None:
    for table in {entry.table for entry in entries}:
        ids = [entry.id for entry in entries if entry.table is table]
        # Only what still waits: a claim has taken the mark of the others away.
        change = update(table).where(table.id.in_(ids), table.state == State.RECEIVED).values(sent_at=at)
        session.execute(change.execution_options(synchronize_session=False))
