"""What is kept for how long, and what goes when its time is over. Knows the database, not Flask.

Of an old submission the file and the reports go; that there was one, and what it scored, stays: grades follow from it.
In a course the time begins when the course is archived.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, null, select, update
from sqlalchemy.orm import Session

from server.exchange import keeping
from server.models import Assignment, Course, Grading, Invitation, LogEntry, LogIn, PasswordReset, State, Submission

#: rows that one statement changes
PIECE = 500


@dataclass(frozen=True)
class Rules:
    """For how many days something is kept; 0: for ever."""

    submissions: int = 0
    log: int = 0


@dataclass(frozen=True)
class Share:
    """What goes of one course."""

    #: its code; None: of practice
    course: str | None
    submissions: int
    #: bytes of their files
    size: int


@dataclass(frozen=True)
class Preview:
    """What goes."""

    shares: tuple[Share, ...] = ()
    log_entries: int = 0
    #: log-ins, links to passwords and invitations whose own time is over
    expired: int = 0

    @property
    def submissions(self) -> int:
        """How many submissions lose their file and reports."""
        return sum(share.submissions for share in self.shares)

    @property
    def size(self) -> int:
        """Bytes of their files; less where several have the same content."""
        return sum(share.size for share in self.shares)

    @property
    def is_empty(self) -> bool:
        """Whether nothing goes."""
        return not (self.submissions or self.log_entries or self.expired)


def is_over(
    created_at: datetime, *, in_course: bool, archived_at: datetime | None, now: datetime, keep_days: int
) -> bool:
    """Whether the time of a submission is over. In a course that is on, it has not even begun."""
    if not keep_days or (in_course and archived_at is None):
        return False
    begins = max(created_at, archived_at) if archived_at is not None else created_at
    return now - begins > timedelta(days=keep_days)


def preview(session: Session, rules: Rules, now: datetime) -> Preview:
    """Say what would go."""
    submissions, sizes = Counter[str | None](), Counter[str | None]()
    for row in (*_over(session, rules, now), *keeping.old(session, rules.submissions, now)):
        submissions[row.code] += 1
        sizes[row.code] += row.size
    entries = 0
    if rules.log:
        old = select(func.count()).select_from(LogEntry).where(LogEntry.at < now - timedelta(days=rules.log))
        entries = session.scalar(old) or 0
    expired = sum(
        session.scalar(select(func.count()).select_from(table).where(table.expires_at < now)) or 0
        for table in (LogIn, PasswordReset, Invitation)
    )
    codes = sorted(submissions, key=lambda code: (code is not None, code or ""))
    return Preview(tuple(Share(code, submissions[code], sizes[code]) for code in codes), entries, expired)


def _over(session: Session, rules: Rules, now: datetime) -> Sequence[Any]:
    """The submissions whose time is over: id, size, code of the course."""
    if not rules.submissions:
        return []
    columns = (
        Submission.id, Submission.size, Submission.created_at, Assignment.course_id, Course.code, Course.archived_at,
    )  # fmt: skip
    # Without a name: its time was over before.
    query = select(*columns).where(
        Submission.created_at < now - timedelta(days=rules.submissions),
        Submission.state.in_([State.GRADED, State.FAILED]),
        Submission.file_name != "",
    )
    query = query.outerjoin(Assignment, Assignment.id == Submission.assignment_id)
    query = query.outerjoin(Course, Course.id == Assignment.course_id)
    return [row for row in session.execute(query) if _is_over(row, rules, now)]


def _is_over(row: Any, rules: Rules, now: datetime) -> bool:
    in_course = row.course_id is not None
    return is_over(
        row.created_at, in_course=in_course, archived_at=row.archived_at, now=now, keep_days=rules.submissions
    )


def run(session: Session, rules: Rules, now: datetime) -> Preview:
    """Delete it, but for files, and say what it was. Those go with ``server.store.audit.collect``."""
    found = preview(session, rules, now)
    ids = [row.id for row in _over(session, rules, now)]
    bare = {"file_name": "", "report": null(), "fault": None, "awaits_gpu_since": None}
    for start in range(0, len(ids), PIECE):
        these = ids[start : start + PIECE]
        session.execute(delete(Grading).where(Grading.submission_id.in_(these)))
        session.execute(update(Submission).where(Submission.id.in_(these)).values(bare))
    keeping.forget(session, [row.id for row in keeping.old(session, rules.submissions, now)])
    if rules.log:
        session.execute(delete(LogEntry).where(LogEntry.at < now - timedelta(days=rules.log)))
    for table in (LogIn, PasswordReset, Invitation):
        session.execute(delete(table).where(table.expires_at < now))
    return found
