"""Exercises at whose own fault submissions could not be graded of late: too many for chance. Knows no Flask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from grader.report import Owner
from server.models import Assignment, State, Submission

#: how far back is looked
RECENT = timedelta(days=14)
#: submissions that hit a fault, and the part that they are of all; fewer are no alert
MIN_FAULTS, MIN_SHARE = 3, 0.05


@dataclass(frozen=True)
class Alert:
    """An exercise that wants mending."""

    slug: str
    #: submissions that hit a fault of it, of how many
    faults: int
    total: int

    @property
    def share(self) -> float:
        """The part of the submissions that hit a fault."""
        return self.faults / self.total


def is_alarming(faults: int, total: int) -> bool:
    """Whether so many faults among so many submissions are more than a few."""
    return faults >= MIN_FAULTS and faults / total >= MIN_SHARE


def find_alerts(session: Session, now: datetime, slugs: Iterable[str] | None = None) -> list[Alert]:
    """The exercises to mend, the worst first; ``slugs``: of these alone."""
    at_fault = func.sum(case((Submission.owner == Owner.EXERCISE, 1), else_=0))
    query = select(Submission.slug, at_fault, func.count()).group_by(Submission.slug).having(at_fault >= MIN_FAULTS)
    query = query.where(Submission.state.in_([State.GRADED, State.FAILED]), Submission.created_at > now - RECENT)
    if slugs is not None:
        query = query.where(Submission.slug.in_(list(slugs)))
    found = [Alert(slug, faults, total) for slug, faults, total in session.execute(query)]
    alarming = (alert for alert in found if is_alarming(alert.faults, alert.total))
    return sorted(alarming, key=lambda alert: (-alert.share, alert.slug))


def alerts_of_course(session: Session, now: datetime, course_id: int) -> list[Alert]:
    """The exercises to mend that a course assigns."""
    slugs = session.scalars(select(Assignment.slug).where(Assignment.course_id == course_id)).all()
    return find_alerts(session, now, slugs) if slugs else []
