"""Tells the course what a grading means for it: the results of its student are brought in step."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.course import results
from server.models import Assignment, Submission

log = logging.getLogger(__name__)


def settle(session: Session, submission: str, now: datetime) -> None:
    """Bring the results of a submission's student in step; for practice there are none."""
    wanted = select(Assignment.course_id, Submission.user_id).join(
        Assignment, Assignment.id == Submission.assignment_id
    )  # fmt: skip
    found = session.execute(wanted.where(Submission.id == submission, Assignment.course_id.is_not(None))).one_or_none()
    if found is None:
        return
    try:
        with session.begin_nested():
            results.settle(session, found.course_id, now, users=[found.user_id])
    except Exception:
        # Results follow from submissions and can be worked out again; the report cannot be lost for them.
        log.exception("submission %s: the results were not brought in step", submission)
