"""Writes down what staff does: who, when, to whom, what it was before and is now. Knows the database, not Flask."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from server.i18n import mark
from server.models import LogEntry


class Action(StrEnum):
    """What was done. The values stand in the database; ``TEXTS`` has the words for people."""

    COURSE_MADE = "course.made"
    COURSE_CHANGED = "course.changed"
    COURSE_ARCHIVED = "course.archived"
    ROSTER_IMPORTED = "roster.imported"
    MEMBER_ADDED = "member.added"
    MEMBER_CHANGED = "member.changed"
    MEMBER_REMOVED = "member.removed"
    LINKS_MADE = "links.made"
    INVITATION_MADE = "invitation.made"
    INVITATION_REVOKED = "invitation.revoked"
    ASSIGNMENT_MADE = "assignment.made"
    ASSIGNMENT_CHANGED = "assignment.changed"
    ASSIGNMENT_REMOVED = "assignment.removed"
    EXTENSION_SET = "extension.set"
    EXTENSION_REMOVED = "extension.removed"
    RESULT_OVERRIDDEN = "result.overridden"
    RUBRIC_CHANGED = "rubric.changed"
    REVIEW_CHANGED = "review.changed"
    REVIEW_PUBLISHED = "review.published"
    REVIEW_TAKEN_BACK = "review.taken_back"
    REQUEST_ANSWERED = "request.answered"
    REGRADE_STARTED = "regrade.started"
    REGRADE_PUBLISHED = "regrade.published"
    REGRADE_CANCELLED = "regrade.cancelled"
    GRADES_EXPORTED = "grades.exported"
    ANNOUNCED = "announced"
    USER_CHANGED = "user.changed"
    USER_EXPORTED = "user.exported"
    USER_DELETED = "user.deleted"
    GRADING_RETRIED = "grading.retried"
    RETENTION_RUN = "retention.run"
    EXCHANGE_RELEASED = "exchange.released"
    EXCHANGE_WITHDRAWN = "exchange.withdrawn"
    EXCHANGE_REMOVED = "exchange.removed"
    EXCHANGE_FEEDBACK = "exchange.feedback"


TEXTS = {
    Action.COURSE_MADE: mark("Course made"),
    Action.COURSE_CHANGED: mark("Course changed"),
    Action.COURSE_ARCHIVED: mark("Course archived or taken up again"),
    Action.ROSTER_IMPORTED: mark("Roster imported"),
    Action.MEMBER_ADDED: mark("Member added"),
    Action.MEMBER_CHANGED: mark("Member changed"),
    Action.MEMBER_REMOVED: mark("Member removed"),
    Action.LINKS_MADE: mark("Links to a first password made"),
    Action.INVITATION_MADE: mark("Invitation made"),
    Action.INVITATION_REVOKED: mark("Invitation revoked"),
    Action.ASSIGNMENT_MADE: mark("Assignment made"),
    Action.ASSIGNMENT_CHANGED: mark("Assignment changed"),
    Action.ASSIGNMENT_REMOVED: mark("Assignment removed"),
    Action.EXTENSION_SET: mark("Extension set"),
    Action.EXTENSION_REMOVED: mark("Extension removed"),
    Action.RESULT_OVERRIDDEN: mark("Points set by hand"),
    Action.RUBRIC_CHANGED: mark("Rubric changed"),
    Action.REVIEW_CHANGED: mark("Review changed"),
    Action.REVIEW_PUBLISHED: mark("Review published"),
    Action.REVIEW_TAKEN_BACK: mark("Review taken back"),
    Action.REQUEST_ANSWERED: mark("Regrade request answered"),
    Action.REGRADE_STARTED: mark("Regrade started"),
    Action.REGRADE_PUBLISHED: mark("Regrade published"),
    Action.REGRADE_CANCELLED: mark("Regrade given up"),
    Action.GRADES_EXPORTED: mark("Grades exported"),
    Action.ANNOUNCED: mark("Announcement made or taken away"),
    Action.USER_CHANGED: mark("Account changed"),
    Action.USER_EXPORTED: mark("Somebody's data exported"),
    Action.USER_DELETED: mark("Somebody's data deleted"),
    Action.GRADING_RETRIED: mark("Grading started again"),
    Action.RETENTION_RUN: mark("Old data deleted"),
    Action.EXCHANGE_RELEASED: mark("nbgrader: assignment released"),
    Action.EXCHANGE_WITHDRAWN: mark("nbgrader: assignment withdrawn"),
    Action.EXCHANGE_REMOVED: mark("nbgrader: submission taken out of the exchange"),
    Action.EXCHANGE_FEEDBACK: mark("nbgrader: feedback released"),
}


def write(
    session: Session,
    action: Action,
    by_id: int | None,
    at: datetime,
    *,
    course_id: int | None = None,
    user_id: int | None = None,
    subject: str = "",
    **detail: Any,
) -> None:
    """Add an entry, in the transaction that does what it tells. ``detail``: plain values that JSON can hold."""
    session.add(
        LogEntry(
            at=at, by_id=by_id, course_id=course_id, action=action.value, user_id=user_id, subject=subject[:120],
            detail=detail,
        )
    )  # fmt: skip


def write_many(
    session: Session,
    action: Action,
    by_id: int | None,
    at: datetime,
    course_id: int,
    people: Iterable[tuple[int, str, dict[str, Any]]],
) -> None:
    """Add an entry for each of many people, all at once: the account's id, its login, and what else is told."""
    common = {"at": at, "by_id": by_id, "course_id": course_id, "action": action.value}
    rows = [common | {"user_id": id, "subject": login[:120], "detail": detail} for id, login, detail in people]
    if rows:
        session.execute(insert(LogEntry), rows)
