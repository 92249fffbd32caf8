"""The line of submissions: claimed under a lease, graded at least once, recorded exactly once.

    received ──claim──▶ running ──finish──▶ graded
       ▲                   │
       └─ give_back, fail ─┴──fail, the last time──▶ failed

Whoever claims gets a token. Every later step names it, and does nothing once somebody else holds the submission: a
worker that was thought dead may come back late, and its result must not overwrite the other's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Select, delete, func, select, update
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.dml import Update

from grader.report import Owner, Report
from server.models import State, Submission, SubmissionEvent

#: gradings that are started for one submission before the infrastructure gives up
MAX_TRIES = 3
RETRY_AFTER = timedelta(seconds=2)


@dataclass(frozen=True)
class Lease:
    """The right to grade one submission, until it expires."""

    submission: str
    token: str
    slug: str
    file_name: str
    blob: str
    tries: int


def claim(session: Session, now: datetime, length: timedelta) -> Lease | None:
    """Take the submission whose turn it is; None: nobody waits."""
    token = secrets.token_hex(16)
    changed = session.execute(
        update(Submission)
        .where(Submission.id == _next_in_line(now).scalar_subquery(), Submission.state == State.RECEIVED)
        .values(
            state=State.RUNNING,
            lease_token=token,
            lease_expires_at=now + length,
            started_at=now,
            tries=Submission.tries + 1,
        )
        .returning(Submission.id, Submission.slug, Submission.file_name, Submission.blob, Submission.tries)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if changed is None:
        return None
    session.execute(delete(SubmissionEvent).where(SubmissionEvent.submission_id == changed.id))
    return Lease(changed.id, token, changed.slug, changed.file_name, changed.blob, changed.tries)


def _next_in_line(now: datetime) -> Select[str]:
    """Students take turns, whoever has fewest running first; within a turn the oldest submission."""
    other = aliased(Submission)
    theirs = other.user_id == Submission.user_id
    running = select(func.count()).where(theirs, other.state == State.RUNNING).scalar_subquery()
    last_turn = select(func.max(other.started_at)).where(theirs).scalar_subquery()
    return (
        select(Submission.id)
        .where(Submission.state == State.RECEIVED, is_due(now))
        .order_by(running, last_turn.asc().nulls_first(), Submission.created_at, Submission.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .correlate(None)
    )


def is_due(now: datetime) -> ColumnElement[bool]:
    """The condition that a submission need not wait any longer."""
    return Submission.wait_until.is_(None) | (Submission.wait_until <= now)


def renew(session: Session, lease: Lease, now: datetime, length: timedelta) -> bool:
    """Keep the lease alive; False: it was lost."""
    return _change(session, _held(lease).values(lease_expires_at=now + length))


def note(session: Session, lease: Lease, event: dict[str, Any], now: datetime, length: timedelta) -> bool:
    """Record what happened in the grading, and keep the lease alive; False: it was lost."""
    if not renew(session, lease, now, length):
        return False
    data = {key: value for key, value in event.items() if key != "event"}
    session.add(SubmissionEvent(submission_id=lease.submission, kind=str(event.get("event")), data=data, at=now))
    return True


def finish(session: Session, lease: Lease, report: Report, now: datetime) -> bool:
    """Record the report; False: the lease was lost, and nothing is recorded."""
    return _close(
        session,
        lease,
        state=State.GRADED,
        finished_at=now,
        seed=report.seed,
        exercise_version=report.exercise_version,
        score=report.score,
        max_score=report.max_score,
        owner=report.owner,
        report=report.to_store(),
        fault=None,
    )


def fail(session: Session, lease: Lease, owner: Owner, fault: str, now: datetime) -> bool:
    """Record that grading did not go through; a fault of the infrastructure is tried again a few times."""
    if owner is Owner.INFRASTRUCTURE and lease.tries < MAX_TRIES:
        wait_until = now + RETRY_AFTER * lease.tries
        return _close(session, lease, state=State.RECEIVED, wait_until=wait_until, fault=fault)
    return _close(session, lease, state=State.FAILED, owner=owner, fault=fault, finished_at=now)


def give_back(session: Session, lease: Lease) -> bool:
    """Return a submission untouched, because the worker shuts down: it costs no try."""
    return _close(session, lease, state=State.RECEIVED, tries=Submission.tries - 1)


def requeue(session: Session, now: datetime, *, everything: bool = False) -> int:
    """Return what a dead worker left behind, and say how much it was.

    ``everything`` is for the start of the only worker: whatever runs then was left by its predecessor. What was
    started too often is given up, for it may be what kills the workers.
    """
    left = Submission.state == State.RUNNING
    if not everything:
        left = left & (Submission.lease_expires_at < now)
    change = update(Submission).where(left).execution_options(synchronize_session=False)
    free = {"lease_token": None, "lease_expires_at": None}
    fault = f"The worker died {MAX_TRIES} times while grading this."
    given_up = change.where(Submission.tries >= MAX_TRIES).values(
        state=State.FAILED, owner=Owner.INFRASTRUCTURE, fault=fault, finished_at=now, **free
    )
    returned = change.values(state=State.RECEIVED, **free)
    return _count(session, given_up) + _count(session, returned)


def ahead_of(session: Session, submission: Submission) -> int:
    """How many submissions were handed in earlier and still wait."""
    earlier = (Submission.state == State.RECEIVED) & (Submission.created_at < submission.created_at)
    return session.scalar(select(func.count()).select_from(Submission).where(earlier)) or 0


def _close(session: Session, lease: Lease, **values: Any) -> bool:
    """End the lease with these values, and the events with it: from here on the row tells what happened."""
    if not _change(session, _held(lease).values(lease_token=None, lease_expires_at=None, **values)):
        return False
    session.execute(delete(SubmissionEvent).where(SubmissionEvent.submission_id == lease.submission))
    return True


def _held(lease: Lease) -> Update:
    held = (Submission.id == lease.submission) & (Submission.lease_token == lease.token)
    return update(Submission).where(held).execution_options(synchronize_session=False)


def _change(session: Session, change: Update) -> bool:
    return _count(session, change) == 1


def _count(session: Session, change: Update) -> int:
    result = session.execute(change)
    assert isinstance(result, CursorResult)
    return result.rowcount
