"""The line of what is to be graded: claimed under a lease, graded at least once, recorded exactly once.

    received ──claim──▶ running ──finish──▶ graded
       ▲                   │
       └─ give_back, fail ─┴──fail, the last time──▶ failed

Whoever claims gets a token. Every later step names it, and does nothing once somebody else holds the row: a worker
that was thought dead may come back late, and its result must not overwrite the other's.

Submissions come first. Other gradings of them (final ones, regrades) are taken only when no submission waits.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Select, delete, func, select, update
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.dml import Update

from grader.report import Owner, Report
from server.grading import devices, replacement
from server.grading.devices import CanRun
from server.grading.outcome import columns_of
from server.models import Grading, GradingKind, State, Submission, SubmissionEvent

#: gradings that are started of one row before the infrastructure gives up
MAX_TRIES = 3
RETRY_AFTER = timedelta(seconds=2)

#: what is graded: what was handed in, or what was graded and is to be graded otherwise
Table = type[Submission] | type[Grading]
TABLES: tuple[Table, ...] = (Submission, Grading)


@dataclass(frozen=True)
class Lease:
    """The right to grade one row, until it expires."""

    table: Table
    #: the row's
    id: str
    token: str
    tries: int
    #: the submission that is graded, by itself or once more
    submission: str
    slug: str
    file_name: str
    blob: str
    #: None: a new one
    seed: str | None = None
    #: whether hidden tests are run
    hidden: bool = True
    #: None: the submission's own grading
    kind: GradingKind | None = None
    #: whether only what asks for a GPU is left to do
    on_gpu: bool = False

    @property
    def is_watched(self) -> bool:
        """Whether the student's page tells how far it is."""
        return self.kind in (None, GradingKind.DEVICE)


def claim(session: Session, now: datetime, length: timedelta) -> Lease | None:
    """Take what is next; None: nothing waits."""
    token = secrets.token_hex(16)
    if id := _take(session, Submission, _next_submission(now), token, now, length):
        session.execute(delete(SubmissionEvent).where(SubmissionEvent.submission_id == id))
        return _lease_submission(session, id, token)
    if id := _take(session, Grading, _next_grading(now), token, now, length):
        return _lease_grading(session, id, token)
    return None


def claim_for_gpu(session: Session, now: datetime, length: timedelta, slugs: Collection[str]) -> Lease | None:
    """Take what is next of these exercises and asks for a GPU; None: nothing waits."""
    token = secrets.token_hex(16)
    id = _take(session, Grading, _next_for_gpu(now, slugs), token, now, length)
    if id is None:
        return None
    lease = _lease_grading(session, id, token)
    if lease.is_watched:
        session.execute(delete(SubmissionEvent).where(SubmissionEvent.submission_id == lease.submission))
    return lease


def slugs_for_gpu(session: Session, now: datetime) -> set[str]:
    """The exercises of which something waits for a GPU."""
    waiting = select(Submission.slug).join(Grading, Grading.submission_id == Submission.id)
    return set(session.scalars(waiting.where(_waits_for_gpu(now)).distinct()))


def _waits_for_gpu(now: datetime) -> ColumnElement[bool]:
    return (Grading.state == State.RECEIVED) & Grading.on_gpu & is_due(Grading, now)


def _next_for_gpu(now: datetime, slugs: Collection[str]) -> Select[str]:
    """Students come before regrades, and take turns: whoever has fewest running first, then the oldest."""
    other, owner = aliased(Grading), aliased(Submission)
    running = (
        select(func.count())
        .select_from(other)
        .join(owner, owner.id == other.submission_id)
        .where(owner.user_id == Submission.user_id, other.on_gpu, other.state == State.RUNNING)
        .correlate(Submission)
        .scalar_subquery()
    )
    return (
        select(Grading.id)
        .join(Submission, Submission.id == Grading.submission_id)
        .where(_waits_for_gpu(now), Submission.slug.in_(slugs))
        .order_by(Grading.kind != GradingKind.DEVICE, running, Grading.created_at, Grading.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Grading)
        .correlate(None)
    )


def _take(
    session: Session, table: Table, following: Select[str], token: str, now: datetime, length: timedelta
) -> str | None:
    return session.scalar(
        update(table)
        .where(table.id == following.scalar_subquery(), table.state == State.RECEIVED)
        .values(
            state=State.RUNNING,
            lease_token=token,
            lease_expires_at=now + length,
            started_at=now,
            tries=table.tries + 1,
        )
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )


def _next_submission(now: datetime) -> Select[str]:
    """Students take turns, whoever has fewest running first; within a turn the oldest submission."""
    other = aliased(Submission)
    theirs = other.user_id == Submission.user_id
    running = select(func.count()).where(theirs, other.state == State.RUNNING).scalar_subquery()
    last_turn = select(func.max(other.started_at)).where(theirs).scalar_subquery()
    return (
        select(Submission.id)
        .where(Submission.state == State.RECEIVED, is_due(Submission, now))
        .order_by(running, last_turn.asc().nulls_first(), Submission.created_at, Submission.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .correlate(None)
    )


def _next_grading(now: datetime) -> Select[str]:
    """The oldest one; students wait for final ones, so these come before regrades."""
    return (
        select(Grading.id)
        .where(Grading.state == State.RECEIVED, ~Grading.on_gpu, is_due(Grading, now))
        .order_by(Grading.kind != GradingKind.FINAL, Grading.created_at, Grading.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .correlate(None)
    )


def is_due(table: Table, now: datetime) -> ColumnElement[bool]:
    """The condition that a row need not wait any longer."""
    return table.wait_until.is_(None) | (table.wait_until <= now)


def _lease_submission(session: Session, id: str, token: str) -> Lease:
    row = session.execute(select(*_WORK, Submission.tries).where(Submission.id == id)).one()
    return Lease(Submission, id, token, row.tries, id, *row[1:4], hidden=not row.is_provisional)


def _lease_grading(session: Session, id: str, token: str) -> Lease:
    columns = (*_WORK, Grading.tries, Grading.seed, Grading.kind, Grading.on_gpu)
    row = session.execute(select(*columns).join(Grading).where(Grading.id == id)).one()
    # A regrade is compared with what is there: with or without the hidden tests.
    hidden = row.kind is GradingKind.FINAL or not row.is_provisional
    own = {"seed": row.seed, "hidden": hidden, "kind": row.kind, "on_gpu": row.on_gpu}
    return Lease(Grading, id, token, row.tries, *row[:4], **own)


_WORK = (Submission.id, Submission.slug, Submission.file_name, Submission.blob, Submission.is_provisional)


def renew(session: Session, lease: Lease, now: datetime, length: timedelta) -> bool:
    """Keep the lease alive; False: it was lost."""
    return _change(session, _held(lease).values(lease_expires_at=now + length))


def note(session: Session, lease: Lease, event: dict[str, Any], now: datetime, length: timedelta) -> bool:
    """Record what happened in the grading, and keep the lease alive; False: it was lost."""
    if not renew(session, lease, now, length):
        return False
    if not lease.is_watched:
        return True
    data = {key: value for key, value in event.items() if key != "event"}
    session.add(SubmissionEvent(submission_id=lease.submission, kind=str(event.get("event")), data=data, at=now))
    return True


def finish(session: Session, lease: Lease, report: Report, now: datetime, can_run: CanRun = devices.nobody) -> bool:
    """Record the report; False: the lease was lost, and nothing is recorded.

    A final grading takes the place of what its submission had; a regrade's waits until it is published, but first for
    a GPU where one has something to do: ``can_run``.
    """
    if lease.kind is GradingKind.DEVICE:
        return _finish_for_gpu(session, lease, report, now)
    if lease.on_gpu:
        first = devices.first_part(session, Grading, lease.id)
        report = first.joined(report) if first else report
    elif lease.kind is GradingKind.SHADOW and report.awaits_gpu and can_run(lease.slug):
        waits = {"state": State.RECEIVED, "on_gpu": True, "tries": 0, "wait_until": None}
        return _close(session, lease, **columns_of(report, now), **waits)
    elif lease.kind is not None:
        is_final = lease.kind is GradingKind.FINAL
        report = devices.carry(session, lease.submission, report, same_version=is_final)
    is_recorded = _close(session, lease, state=State.GRADED, finished_at=now, **columns_of(report, now))
    if is_recorded and lease.kind is GradingKind.FINAL:
        replacement.make_final(session, lease.id, lease.submission, now)
    return is_recorded


def _finish_for_gpu(session: Session, lease: Lease, report: Report, now: datetime) -> bool:
    """The submission has it all from here on, and this row only tells that it was."""
    values = {"state": State.GRADED, "finished_at": now, "replaced_at": now, "fault": None, "awaits_gpu_since": None}
    if not _close(session, lease, **values):
        return False
    devices.join(session, lease.submission, report, now, hidden=lease.hidden)
    return True


def fail(session: Session, lease: Lease, owner: Owner, fault: str, now: datetime) -> bool:
    """Record that grading did not go through; a fault of the infrastructure is tried again a few times."""
    if owner is Owner.INFRASTRUCTURE and lease.tries < MAX_TRIES:
        wait_until = now + RETRY_AFTER * lease.tries
        return _close(session, lease, state=State.RECEIVED, wait_until=wait_until, fault=fault)
    is_recorded = _close(session, lease, state=State.FAILED, owner=owner, fault=fault, finished_at=now)
    if is_recorded and lease.kind is GradingKind.DEVICE:
        devices.forget(session, lease.id)
    return is_recorded


def give_back(session: Session, lease: Lease) -> bool:
    """Return a row untouched, because the worker shuts down: it costs no try."""
    return _close(session, lease, state=State.RECEIVED, tries=lease.table.tries - 1)


def requeue(session: Session, now: datetime, *, everything: bool = False) -> int:
    """Return what a dead worker left behind, and say how much it was.

    ``everything`` is for the start of the only worker: whatever runs then was left by its predecessor. What was
    started too often is given up, for it may be what kills the workers.
    """
    return sum(_requeue(session, table, now, everything) for table in TABLES)


def _requeue(session: Session, table: Table, now: datetime, everything: bool) -> int:
    left = table.state == State.RUNNING
    if not everything:
        left = left & (table.lease_expires_at < now)
    change = update(table).where(left).execution_options(synchronize_session=False)
    free = {"lease_token": None, "lease_expires_at": None}
    fault = f"The worker died {MAX_TRIES} times while grading this."
    given_up = change.where(table.tries >= MAX_TRIES).values(
        state=State.FAILED, owner=Owner.INFRASTRUCTURE, fault=fault, finished_at=now, **free
    )
    returned = change.values(state=State.RECEIVED, **free)
    return _count(session, given_up) + _count(session, returned)


def _close(session: Session, lease: Lease, **values: Any) -> bool:
    """End the lease with these values, and the events with it: from here on the row tells what happened."""
    if not _change(session, _held(lease).values(lease_token=None, lease_expires_at=None, **values)):
        return False
    if lease.is_watched:
        session.execute(delete(SubmissionEvent).where(SubmissionEvent.submission_id == lease.submission))
    return True


def _held(lease: Lease) -> Update:
    table = lease.table
    held = (table.id == lease.id) & (table.lease_token == lease.token)
    return update(table).where(held).execution_options(synchronize_session=False)


def _change(session: Session, change: Update) -> bool:
    return _count(session, change) == 1


def _count(session: Session, change: Update) -> int:
    result = session.execute(change)
    assert isinstance(result, CursorResult)
    return result.rowcount
