"""What the exchange keeps, for whoever deletes contents, says what is kept of somebody, or deletes what is old."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server.models import (
    Course,
    ExchangeAssignment,
    ExchangeFeedback,
    ExchangeSubmission,
    User,
)

#: rows that one statement changes
PIECE = 500


def contents_of(session: Session, user: User) -> set[str]:
    """What somebody handed in, and the feedback on it."""
    mine = ExchangeSubmission.user_id == user.id
    blobs = set(session.scalars(select(ExchangeSubmission.blob).where(mine)))
    blobs |= set(session.scalars(select(ExchangeFeedback.blob).join(ExchangeSubmission).where(mine)))
    return {blob for blob in blobs if blob}


def tell(session: Session, user: User) -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
    """What is kept of somebody: for each submission the name of a folder, plain values, and contents by file name."""
    mine = select(ExchangeSubmission).where(ExchangeSubmission.user_id == user.id)
    for number, each in enumerate(session.scalars(mine.order_by(ExchangeSubmission.created_at)), 1):
        its = session.get(ExchangeFeedback, each.id)
        values = {
            "id": each.id,
            "course": each.assignment.course.code,
            "assignment": each.assignment.name,
            "version": each.version,
            "size": each.size,
            "sha256": each.blob,
            "created_at": each.created_at,
            "removed_at": each.removed_at,
            "feedback_released_at": its.released_at if its else None,
        }
        contents = {"submission.zip": each.blob, "feedback.zip": its.blob if its else None}
        yield f"{each.assignment.name}-{number}", values, {name: blob for name, blob in contents.items() if blob}


def old(session: Session, days: int, now: datetime) -> Sequence[Any]:
    """Submissions whose time is over: id, size, code of the course. It begins when the course is archived."""
    before = now - timedelta(days=days)
    query = select(ExchangeSubmission.id, ExchangeSubmission.size, Course.code)
    query = query.join(ExchangeAssignment, ExchangeAssignment.id == ExchangeSubmission.assignment_id)
    query = query.join(Course, Course.id == ExchangeAssignment.course_id)
    is_over = (ExchangeSubmission.created_at < before) & (Course.archived_at < before)
    return session.execute(query.where(is_over, ExchangeSubmission.blob.is_not(None))).all() if days else []


def forget(session: Session, ids: Iterable[str]) -> None:
    """Take file and feedback away from submissions; that there was one stays."""
    wanted = list(ids)
    for start in range(0, len(wanted), PIECE):
        these = wanted[start : start + PIECE]
        session.execute(delete(ExchangeFeedback).where(ExchangeFeedback.submission_id.in_(these)))
        session.execute(update(ExchangeSubmission).where(ExchangeSubmission.id.in_(these)).values(blob=None))
