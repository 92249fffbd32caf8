"""What is left for GPUs to do: when it is ordered, who could do it, and how it joins the report.

    submission graded on processors, tests await a GPU ──follow──▶ grading of kind "device" ──join──▶ submission
    regrade (shadow) graded on processors ──▶ the same row waits again, for a GPU ──▶ graded

A report that awaits a GPU waits for a day. What was not done by then counts nothing, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import Session, undefer

from grader.device.ledger import CONTEXT_MB
from grader.errors import GraderError
from grader.exercise import Catalogue
from grader.report import Owner, Report
from server.grading import calendar
from server.grading.outcome import columns_of
from server.models import Grading, GradingKind, State, Submission, Worker

#: for so long a report may wait for a GPU
WAITS_FOR = timedelta(days=1)

#: whoever was not heard of for so many lengths of a lease has no GPU that is counted on
SILENT_AFTER = 2

#: whether some worker could run an exercise's tests that ask for a GPU
CanRun = Callable[[str], bool]

FAULT = "No worker with a GPU for this was there for a day."


def nobody(slug: str) -> bool:
    """Where there is no GPU."""
    return False


def find_room(session: Session, now: datetime, silence: timedelta) -> int:
    """Megabytes that the largest GPU in service has for a grading; 0: there is none.

    Whoever was not heard of for as long as ``silence`` is not counted on.
    """
    details = session.scalars(select(Worker.detail).where(Worker.seen_at >= now - silence))
    sizes = [int(each["memory_mb"]) for detail in details for each in detail.get("devices", []) if not each["fault"]]
    return max(0, max(sizes, default=0) - CONTEXT_MB)


def counted_on(session: Session, catalogue: Catalogue, now: datetime, lease: timedelta) -> CanRun:
    """Whether some worker that is there could run what an exercise asks of a GPU."""

    @cache  # asked only where something needs a GPU
    def room() -> int:
        return find_room(session, now, SILENT_AFTER * lease)

    return lambda slug: 0 < room() >= memory_of(catalogue, slug)


def memory_of(catalogue: Catalogue, slug: str) -> int:
    """Megabytes of a GPU that an exercise may take; of one that cannot be read the grading will say so."""
    try:
        return catalogue.find(slug).config.gpu_memory_mb
    except GraderError:
        return 0


def follow(session: Session, now: datetime, can_run: CanRun, submission: str | None = None) -> int:
    """Order what submissions await, of one or of all, and say how much that is."""
    # Whatever became of it: what has failed is not asked for again.
    is_answered = is_pending() | (
        (Grading.kind == GradingKind.DEVICE) & (Grading.created_at >= Submission.awaits_gpu_since)
    )
    is_ordered = select(Grading.id).where(Grading.submission_id == Submission.id, is_answered).exists()
    waiting = select(Submission.id, Submission.slug, Submission.seed).where(
        Submission.awaits_gpu_since > now - WAITS_FOR, Submission.state == State.GRADED, ~is_ordered
    )
    if submission is not None:
        waiting = waiting.where(Submission.id == submission)
    found = session.execute(waiting).all()
    able = {slug for slug in {row.slug for row in found} if can_run(slug)}
    rows = [
        calendar.make_row(row.id, GradingKind.DEVICE, row.seed, now) | {"on_gpu": True, "awaits_gpu_since": now}
        for row in found
        if row.slug in able
    ]
    if rows:
        session.execute(insert(Grading), rows)
    return len(rows)


def is_pending() -> ColumnElement[bool]:
    """The condition of a grading that will add to a submission's report."""
    return (Grading.kind == GradingKind.DEVICE) & Grading.state.in_([State.RECEIVED, State.RUNNING])


def give_up(session: Session, now: datetime, can_run: CanRun) -> int:
    """Give up what has waited for a GPU for too long while there was none, and say how much that was."""
    late = (Grading.state == State.RECEIVED) & Grading.on_gpu & (Grading.awaits_gpu_since <= now - WAITS_FOR)
    found = session.execute(select(Grading.id, Submission.slug).join(Grading.submission).where(late)).all()
    ids = [row.id for row in found if not can_run(row.slug)]
    for each in ids:
        values = {"state": State.FAILED, "owner": Owner.INFRASTRUCTURE, "fault": FAULT, "finished_at": now}
        _change(session, update(Grading).where(Grading.id == each).values(values))
        forget(session, each)
    return len(ids)


def forget(session: Session, grading: str) -> None:
    """Let nobody wait any more for what did not go through."""
    theirs = select(Grading.submission_id).where(Grading.id == grading, Grading.kind == GradingKind.DEVICE)
    _change(session, update(Submission).where(Submission.id.in_(theirs)).values(awaits_gpu_since=None))


def join(session: Session, submission_id: str, report: Report, now: datetime, *, hidden: bool) -> None:
    """Put what a GPU has found into a submission's report; ``hidden``: whether it has run hidden tests, too."""
    wanted = select(Submission).where(Submission.id == submission_id).options(undefer(Submission.report))
    wanted = wanted.with_for_update().execution_options(populate_existing=True)
    submission = session.scalars(wanted).one_or_none()
    if submission is None or submission.state is not State.GRADED or not submission.report:
        return  # graded anew meanwhile, or past its time
    after = Report.from_store(submission.report).joined(report)
    for name, value in columns_of(after, now).items():
        setattr(submission, name, value)
    # What is still left was not to be run then. Otherwise nobody would be served by asking again.
    if hidden or submission.is_provisional:
        submission.awaits_gpu_since = None
    session.flush()


def first_part(session: Session, table: type[Submission] | type[Grading], id: str) -> Report | None:
    """What processors have found: the report that lacks what asks for a GPU."""
    stored: dict[str, Any] | None = session.scalar(select(table.report).where(table.id == id))
    return Report.from_store(stored) if stored else None


def carry(session: Session, submission: str, report: Report, *, same_version: bool) -> Report:
    """A new report of a submission with what GPUs have found for the old one, where nothing new was found."""
    old = first_part(session, Submission, submission)
    if old is None or (same_version and old.exercise_version != report.exercise_version):
        return report
    return report.carrying(old)


def _change(session: Session, change: Any) -> None:
    session.execute(change.execution_options(synchronize_session=False))
