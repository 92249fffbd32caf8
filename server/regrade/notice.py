"""What a student reads of gradings that were replaced: when, why, and what the result was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.course import terms
from server.models import Grading, GradingKind, Regrade, State, Submission
from server.submission import veil


@dataclass(frozen=True)
class Notice:
    """One result that does not count any more."""

    at: datetime
    #: empty: the hidden tests were run after the deadline
    reason: str
    #: None: it could not be graded then
    score: float | None
    max_score: float | None


def read_notices(session: Session, submission: Submission, now: datetime) -> list[Notice]:
    """What came before the result that counts now, the latest first."""
    found = session.execute(
        select(Grading, Regrade.reason)
        .outerjoin(Regrade, Regrade.id == Grading.regrade_id)
        .where(Grading.submission_id == submission.id, Grading.kind == GradingKind.PAST)
        .order_by(Grading.replaced_at.desc())
    ).all()
    if not found:
        return []
    shows_points = terms.shows_points(veil.terms_of(session, submission), now)
    return [_notice(past, reason or "", shows_points) for past, reason in found]


def _notice(past: Grading, reason: str, shows_points: bool) -> Notice:
    is_graded = past.state is State.GRADED
    score, most = (past.score, past.max_score) if shows_points else (past.public_score, past.public_max_score)
    at = past.replaced_at or past.created_at
    return Notice(at, reason, score if is_graded else None, most if is_graded else None)
