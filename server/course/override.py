"""Sets a student's points by hand. Knows the database, not Flask."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from server.course import results
from server.course.clash import version_of
from server.models import Assignment, Membership, Result
from server.office import log
from server.office.log import Action

MAX_REASON = 400
MAX_POINTS = 100_000


def set_points(
    session: Session,
    member: Membership,
    assignment: Assignment,
    points: float | None,
    reason: str,
    by_id: int,
    now: datetime,
) -> None:
    """Set a student's points in an assignment; None: they follow from submissions again."""
    key = {"assignment_id": assignment.id, "user_id": member.user_id}
    result = session.get(Result, tuple(key.values()))
    if result is None:
        result = Result(**key, manual=0.0, attempts=0, updated_at=now)
        session.add(result)
    before = result.override
    result.override, result.override_by_id = points, by_id if points is not None else None
    result.override_reason = reason if points is not None else ""
    result.points = results.total(result.earned, result.manual, points)
    results.settle(session, member.course_id, now, [member.user_id])
    log.write(
        session, Action.RESULT_OVERRIDDEN, by_id, now, course_id=member.course_id, user_id=member.user_id,
        subject=assignment.slug, before=before, now=points, reason=reason,
    )  # fmt: skip


def version(result: Result | None) -> str:
    """What stands for the points that were set by hand, and why; of somebody without a result, that there are none."""
    return version_of([result.override, result.override_reason or ""] if result else [None, ""])
