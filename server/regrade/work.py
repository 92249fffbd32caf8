"""What is done with regrades: started, tried again where it failed, published, given up. Knows no Flask.

A regrade is its rows: nothing is kept in memory, so that it goes on after a crash where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete, func, insert, select, update
from sqlalchemy.orm import Session

from server.course import results
from server.grading import calendar, replacement
from server.models import (
    Assignment,
    Grading,
    GradingKind,
    Published,
    Regrade,
    State,
    Submission,
)
from server.office.log import Action, write
from server.regrade import difference
from server.regrade.choice import Chosen, Which

OPEN_STATES = (State.RECEIVED, State.RUNNING)


class Refused(Exception):
    """It cannot be done as things stand; nothing was changed."""


def find_open(session: Session, assignment_id: int) -> Regrade | None:
    """The regrade of an assignment that is neither published nor given up; there is one at most."""
    is_open = Regrade.published_at.is_(None) & Regrade.cancelled_at.is_(None)
    return session.scalar(select(Regrade).where(Regrade.assignment_id == assignment_id, is_open))


def start(
    session: Session,
    assignment: Assignment,
    which: Which,
    chosen: Sequence[Chosen],
    reason: str,
    by_id: int,
    now: datetime,
) -> Regrade:
    """Order the gradings."""
    regrade = Regrade(assignment_id=assignment.id, reason=reason, by_id=by_id, created_at=now)
    session.add(regrade)
    session.flush()
    rows = [calendar.make_row(each.id, GradingKind.SHADOW, each.seed, now, regrade.id) for each in chosen]
    session.execute(insert(Grading), rows)
    values = {"reason": reason, "which": which.value, "submissions": len(rows)}
    _log(session, Action.REGRADE_STARTED, regrade, assignment, by_id, now, values)
    return regrade


def retry(session: Session, regrade: Regrade, assignment: Assignment, by_id: int, now: datetime) -> int:
    """Order the gradings again that did not go through, and say how many these are."""
    if regrade.published_at or regrade.cancelled_at:
        return 0
    failed = (Grading.regrade_id == regrade.id) & (Grading.kind == GradingKind.SHADOW) & (Grading.state == State.FAILED)
    count = _afresh(session, failed)
    if count:
        _log(session, Action.GRADING_RETRIED, regrade, assignment, by_id, now, {"submissions": count})
    return count


def failed_finals(session: Session, course_id: int) -> list[tuple[Assignment, int, str]]:
    """Assignments in which hidden tests could not be run after the deadline: how often, and one of the causes."""
    failed = (Grading.kind == GradingKind.FINAL) & (Grading.state == State.FAILED)
    found = (
        select(Assignment, func.count(), func.max(Grading.fault))
        .join(Submission, Submission.assignment_id == Assignment.id)
        .join(Grading, Grading.submission_id == Submission.id)
        .where(Assignment.course_id == course_id, failed)
        .group_by(Assignment.id)
        .order_by(Assignment.slug)
    )
    return [(each, number, fault or "") for each, number, fault in session.execute(found)]


def retry_finals(session: Session, assignment: Assignment, by_id: int, now: datetime) -> int:
    """Order the final gradings of an assignment again that did not go through, and say how many these are."""
    theirs = select(Submission.id).where(Submission.assignment_id == assignment.id)
    failed = (
        (Grading.kind == GradingKind.FINAL) & (Grading.state == State.FAILED) & Grading.submission_id.in_(theirs)
    )  # fmt: skip
    count = _afresh(session, failed)
    if count:
        write(
            session, Action.GRADING_RETRIED, by_id, now,
            course_id=assignment.course_id, subject=assignment.slug, submissions=count,
        )  # fmt: skip
    return count


def _afresh(session: Session, which: ColumnElement[bool]) -> int:
    change = update(Grading).where(which).values(replacement.AFRESH)
    done = session.execute(change.execution_options(synchronize_session=False))
    assert isinstance(done, CursorResult)
    return done.rowcount


def cancel(session: Session, regrade: Regrade, assignment: Assignment, by_id: int, now: datetime) -> bool:
    """Give a regrade up: nothing changes, and what waits is not graded any more. False: it was over before."""
    if not _close(session, regrade, cancelled_at=now):
        return False
    waiting = (Grading.regrade_id == regrade.id) & Grading.state.in_(OPEN_STATES)
    session.execute(delete(Grading).where(waiting).execution_options(synchronize_session=False))
    _log(session, Action.REGRADE_CANCELLED, regrade, assignment, by_id, now, {})
    return True


def publish(
    session: Session, regrade: Regrade, assignment: Assignment, what: Published, by_id: int, now: datetime
) -> int | None:
    """Let new results take the place of the old ones, and say how many; None: it was over before.

    Raises Refused while gradings are to come.
    """
    counts = difference.count(session, regrade.id)
    if regrade.published_at is None and (counts.waiting or not counts.graded):
        raise Refused
    # Chosen first: afterwards there is no difference any more.
    chosen = difference.publishable(session, regrade.id, what)
    if not _close(session, regrade, published=what, published_by_id=by_id, published_at=now):
        return None
    replacement.replace(session, [grading for grading, _user in chosen], now)
    if assignment.course_id is not None and chosen:
        results.settle(session, assignment.course_id, now, users={user for _grading, user in chosen})
    values = {
        "reason": regrade.reason, "what": what.value, "submissions": len(chosen), "gain": counts.gain,
        "lose": 0 if what is Published.IMPROVED else counts.lose,
    }  # fmt: skip
    _log(session, Action.REGRADE_PUBLISHED, regrade, assignment, by_id, now, values)
    return len(chosen)


def _close(session: Session, regrade: Regrade, **values: object) -> bool:
    """End a regrade; False: somebody else has, or the same person with another click."""
    is_open = (Regrade.id == regrade.id) & Regrade.published_at.is_(None) & Regrade.cancelled_at.is_(None)
    done = session.execute(update(Regrade).where(is_open).values(values))
    assert isinstance(done, CursorResult)
    return done.rowcount == 1


def _log(
    session: Session,
    action: Action,
    regrade: Regrade,
    assignment: Assignment,
    by_id: int,
    now: datetime,
    detail: dict[str, Any],
) -> None:
    detail = {"regrade": regrade.id, **detail}
    write(session, action, by_id, now, course_id=assignment.course_id, subject=assignment.slug, **detail)
