"""Whether a graded submission still waits for a GPU, and where: as far as its student may know of such a test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from server.grading import devices
from server.models import Grading, GradingKind, State, Submission
from server.submission import veil


@dataclass(frozen=True)
class Pending:
    """A grading on a GPU that is to come, or runs."""

    #: 1: it is next; 0: it runs
    position: int

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self.position == 0


def find(session: Session, submission: Submission, now: datetime) -> Pending | None:
    """Look for it; None: the report is complete, or what it lacks will not come."""
    mine = select(Grading).where(Grading.submission_id == submission.id, devices.is_pending())
    grading = session.scalars(mine.order_by(Grading.created_at)).first()
    if grading is None:
        return None
    report = veil.read_report(session, submission, now)
    if report is None or not report.awaits_gpu:
        return None
    return Pending(0 if grading.state is State.RUNNING else _position(session, grading))


def _position(session: Session, grading: Grading) -> int:
    """Its place among what students wait for."""
    came_before = or_(
        Grading.created_at < grading.created_at,
        and_(Grading.created_at == grading.created_at, Grading.id < grading.id),
    )
    waits = (Grading.kind == GradingKind.DEVICE) & (Grading.state == State.RECEIVED)
    return 1 + (session.scalar(select(func.count()).select_from(Grading).where(waits, came_before)) or 0)
