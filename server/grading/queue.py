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
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CursorResult,
    Row,
    Select,
    SQLColumnExpression,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.dml import Update

from grader.report import Owner, Report
from server.grading import devices, replacement
from server.grading.devices import CanRun
from server.grading.outcome import columns_of
from server.models import Grading, GradingKind, State, Submission, SubmissionEvent, UtcDateTime

#: gradings that are started of one row before the infrastructure gives up
MAX_TRIES = 3
RETRY_AFTER = timedelta(seconds=2)
#: so long waits what was there each time when workers died, and has one try left, unless it is ``release``d before
APART_FOR = timedelta(hours=1)

#: what is graded: what was handed in, or what was graded and is to be graded otherwise
Table = type[Submission] | type[Grading]
TABLES: tuple[Table, ...] = (Submission, Grading)

_NOW: BindParameter[datetime] = bindparam("now", type_=UtcDateTime())
_WITHOUT: BindParameter[list[str]] = bindparam("without", expanding=True)
_BY_TURN = (Submission.last_turn, Submission.created_at, Submission.id)
#: what is asked of a row that is claimed
_SUBMISSION = (
    Submission.id, Submission.tries, Submission.user_id, Submission.slug, Submission.file_name, Submission.blob,
    Submission.is_provisional, Submission.created_at, Submission.wait_until,
)  # fmt: skip
_GRADING = (
    Grading.id, Grading.tries, Grading.submission_id, Grading.seed, Grading.kind, Grading.on_gpu, Grading.created_at,
    Grading.wait_until,
)  # fmt: skip


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
    #: when it came into the line
    since: datetime | None = None

    @property
    def is_watched(self) -> bool:
        """Whether the student's page tells how far it is."""
        return self.kind in (None, GradingKind.DEVICE)


def claim(session: Session, now: datetime, length: timedelta, without: Collection[str] = ()) -> Lease | None:
    """Take what is next, but of these exercises nothing; None: nothing waits."""
    token, own = secrets.token_hex(16), {"now": now, "without": list(without)}
    for following in (_next_submission, _next_of_the_busy):
        if row := _take(session, Submission, following(), own, token, length):
            return _lease_submission(session, row, token, now)
    if row := _take(session, Grading, _next_grading(), own, token, length):
        return _lease_grading(session, row, token)
    return None


def claim_for_gpu(session: Session, now: datetime, length: timedelta, slugs: Collection[str]) -> Lease | None:
    """Take what is next of these exercises and asks for a GPU; None: nothing waits."""
    token = secrets.token_hex(16)
    own = {"now": now, "slugs": list(slugs)}
    row = _take(session, Grading, _next_for_gpu(), own, token, length)
    if row is None:
        return None
    lease = _lease_grading(session, row, token)
    if lease.is_watched:
        session.execute(delete(SubmissionEvent).where(SubmissionEvent.submission_id == lease.submission))
    return lease


def slugs_for_gpu(session: Session, now: datetime) -> set[str]:
    """The exercises of which something waits for a GPU."""
    waiting = select(Submission.slug).join(Grading, Grading.submission_id == Submission.id)
    return set(session.scalars(waiting.where(_waits_for_gpu(now)).distinct()))


def _waits_for_gpu(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return (Grading.state == State.RECEIVED) & Grading.on_gpu & is_due(Grading, now)


@cache
def _next_for_gpu() -> Update:
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
    following = (
        select(Grading.id)
        .join(Submission, Submission.id == Grading.submission_id)
        .where(_waits_for_gpu(_NOW), Submission.slug.in_(bindparam("slugs", expanding=True)))
        .order_by(Grading.kind != GradingKind.DEVICE, running, Grading.created_at, Grading.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Grading)
        .correlate(None)
    )
    return _taking(Grading, following, _GRADING)


def _take(
    session: Session, table: Table, taking: Update, own: dict[str, Any], token: str, length: timedelta
) -> Row[Any] | None:
    values = own | {"token": token, "until": own["now"] + length}
    values |= {"turn": own["now"].timestamp()} if table is Submission else {}
    return session.execute(taking, values, execution_options={"synchronize_session": False}).one_or_none()


def _taking(table: Table, following: Select[str], columns: Sequence[SQLColumnExpression[Any]]) -> Update:
    taking = (
        update(table)
        .where(table.id == following.scalar_subquery(), table.state == State.RECEIVED)
        .values(
            state=State.RUNNING,
            lease_token=bindparam("token"),
            lease_expires_at=bindparam("until"),
            started_at=_NOW,
            tries=table.tries + 1,
            # Whatever returns it to the line, a message for it is to be sent anew.
            sent_at=None,
        )
        .returning(*columns)
    )
    return taking.values(last_turn=bindparam("turn")) if table is Submission else taking


# Statements that are made once: each grading needs some of them, and making one costs more than running it.


@cache
def _next_submission() -> Update:
    """Students take turns: of those who have nothing running, whoever had the last turn longest ago."""
    other = aliased(Submission)
    busy = select(other.user_id).where(_is(other, State.RUNNING))
    return _taking(Submission, _waiting().where(Submission.user_id.not_in(busy)).order_by(*_BY_TURN), _SUBMISSION)


@cache
def _next_of_the_busy() -> Update:
    """When all who wait have something running: whoever has least of it first. They are few."""
    other = aliased(Submission)
    theirs = (other.user_id == Submission.user_id) & _is(other, State.RUNNING)
    running = select(func.count()).where(theirs).scalar_subquery()
    return _taking(Submission, _waiting().order_by(running, *_BY_TURN), _SUBMISSION)


def _waiting() -> Select[str]:
    """One that waits."""
    waits = (_is(Submission, State.RECEIVED), is_due(Submission, _NOW), Submission.slug.not_in(_WITHOUT))
    return select(Submission.id).where(*waits).limit(1).with_for_update(skip_locked=True).correlate(None)


def _is(table: Table, state: State) -> ColumnElement[bool]:
    # Written into the statement: indexes of a part of the table serve only who asks for that part by name.
    return table.state == literal(state, literal_execute=True)


@cache
def _next_grading() -> Update:
    """The oldest one; students wait for final ones, so these come before regrades."""
    slug = select(Submission.slug).where(Submission.id == Grading.submission_id).scalar_subquery()
    following = (
        select(Grading.id)
        .where(Grading.state == State.RECEIVED, ~Grading.on_gpu, is_due(Grading, _NOW), slug.not_in(_WITHOUT))
        .order_by(Grading.kind != GradingKind.FINAL, Grading.created_at, Grading.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .correlate(None)
    )
    return _taking(Grading, following, _GRADING)


def is_due(table: Table, now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """The condition that a row need not wait any longer."""
    return table.wait_until.is_(None) | (table.wait_until <= now)


def _lease_submission(session: Session, row: Row[Any], token: str, now: datetime) -> Lease:
    if row.tries > 1:  # whoever began it may have left some
        session.execute(delete(SubmissionEvent).where(SubmissionEvent.submission_id == row.id))
    # It has its turn, and with it all that this student has in the line.
    turn = {"student": row.user_id, "at": now.timestamp()}
    session.execute(_turn(), turn, execution_options={"synchronize_session": False})
    what = (row.id, row.slug, row.file_name, row.blob)
    return Lease(Submission, row.id, token, row.tries, *what, hidden=not row.is_provisional, since=_since(row))


@cache
def _turn() -> Update:
    mine = aliased(Submission)
    theirs = select(mine.id).where(mine.user_id == bindparam("student"), _is(mine, State.RECEIVED))
    # What somebody else holds just now keeps its turn as it is: nobody who takes waits for a row.
    theirs = theirs.with_for_update(skip_locked=True)
    return update(Submission).where(Submission.id.in_(theirs)).values(last_turn=bindparam("at"))


def _lease_grading(session: Session, row: Row[Any], token: str) -> Lease:
    columns = (Submission.slug, Submission.file_name, Submission.blob, Submission.is_provisional)
    its = session.execute(select(*columns).where(Submission.id == row.submission_id)).one()
    # A regrade is compared with what is there: with or without the hidden tests.
    hidden = row.kind is GradingKind.FINAL or not its.is_provisional
    own: dict[str, Any] = {"seed": row.seed, "hidden": hidden, "kind": row.kind, "on_gpu": row.on_gpu}
    return Lease(Grading, row.id, token, row.tries, row.submission_id, *its[:3], since=_since(row), **own)


def _since(row: Row[Any]) -> datetime:
    moment: datetime = max(row.created_at, row.wait_until or row.created_at)
    return moment


def renew(session: Session, lease: Lease, now: datetime, length: timedelta) -> bool:
    """Keep the lease alive; False: it was lost."""
    return _change(session, _held(lease).values(lease_expires_at=now + length))


def note(session: Session, lease: Lease, events: Iterable[dict[str, Any]], now: datetime, length: timedelta) -> bool:
    """Record what happened in the grading, and keep the lease alive; False: it was lost."""
    if not renew(session, lease, now, length):
        return False
    rows = [
        {
            "submission_id": lease.submission,
            "kind": str(event.get("event")),
            "data": {key: value for key, value in event.items() if key != "event"},
            "at": now,
        }
        for event in events
    ]
    if rows and lease.is_watched:
        session.execute(insert(SubmissionEvent), rows)
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


def give_back(session: Session, lease: Lease, wait_until: datetime | None = None) -> bool:
    """Return a row untouched, because the worker shuts down or cannot begin: it costs no try."""
    return _close(session, lease, state=State.RECEIVED, tries=lease.table.tries - 1, wait_until=wait_until)


def requeue(session: Session, now: datetime, *, everything: bool = False) -> int:
    """Return what a dead worker left behind, and say how much it was.

    ``everything`` is for the start of the only worker: whatever runs then was left by its predecessor. What was
    started too often is given up, for it may be what kills the workers.
    """
    return sum(_requeue(session, table, now, everything) for table in TABLES)


def release(session: Session, now: datetime) -> bool:
    """Let the next of those that wait apart have its last try, unless another one has; False: there is nothing to do.

    What kills a worker takes with it whatever else is graded there. It and its neighbours have their last tries one
    after the other, and so only the one that kills is given up.
    """
    found = [(table, id) for table in TABLES if (id := session.scalar(_next_apart(table, now)))]
    if not found or any(session.scalar(_last_try(table, now)) for table in TABLES):
        return False
    table, id = found[0]
    return _change(session, update(table).where(table.id == id).values(wait_until=None))


def _survived(table: Table) -> ColumnElement[bool]:
    """Its workers have died, all times but one."""
    return _is(table, State.RECEIVED) & (table.tries == MAX_TRIES - 1) & table.fault.is_(None)


def _next_apart(table: Table, now: datetime) -> Select[str]:
    apart = _survived(table) & (table.wait_until > now)
    return select(table.id).where(apart).order_by(table.created_at, table.id).limit(1)


def _last_try(table: Table, now: datetime) -> Select[str]:
    """One that has its last try, or is about to."""
    runs = _is(table, State.RUNNING) & (table.tries >= MAX_TRIES)
    return select(table.id).where(runs | (_survived(table) & is_due(table, now))).limit(1)


def _requeue(session: Session, table: Table, now: datetime, everything: bool) -> int:
    left = table.state == State.RUNNING
    if not everything:
        left = left & (table.lease_expires_at < now)
    change = update(table).where(left).execution_options(synchronize_session=False)
    if table is Submission:
        theirs = select(Submission.id).where(left, Submission.tries >= MAX_TRIES)
        session.execute(delete(SubmissionEvent).where(SubmissionEvent.submission_id.in_(theirs)))
    free = {"lease_token": None, "lease_expires_at": None}
    fault = f"The worker died {MAX_TRIES} times while grading this."
    given_up = change.where(table.tries >= MAX_TRIES).values(
        state=State.FAILED, owner=Owner.INFRASTRUCTURE, fault=fault, finished_at=now, **free
    )
    apart = change.where(table.tries == MAX_TRIES - 1).values(
        state=State.RECEIVED, wait_until=now + APART_FOR, fault=None, **free
    )  # fmt: skip
    returned = change.values(state=State.RECEIVED, **free)
    return sum(_count(session, each) for each in (given_up, apart, returned))


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
