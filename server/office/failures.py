"""Gradings that did not go through: what hindered them, whose fault it is, and another try. Knows no Flask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Subquery, func, literal, select, union_all, update
from sqlalchemy.orm import Session

from grader.report import Owner
from server.models import Assignment, Grading, GradingKind, Regrade, State, Submission, User
from server.office.log import Action, write

#: causes that are listed; whoever has more of them looks into the portal's own log
MAX_CAUSES = 50

#: gradings whose failure still hinders something; what was replaced is history
_LIVE = (GradingKind.SHADOW, GradingKind.FINAL, GradingKind.DEVICE)

#: as before the first try; the attempt stays the one that it was
_AGAIN: dict[str, Any] = {
    "state": State.RECEIVED,
    "tries": 0,
    "owner": None,
    "fault": None,
    "wait_until": None,
    "finished_at": None,
}


@dataclass(frozen=True)
class Filter:
    """Which failed gradings are looked for. Empty or None: all."""

    owner: Owner | None = None
    slug: str = ""
    #: the id of one of them: all that failed for the same cause
    like: str = ""


def _failed() -> Subquery:
    """Everything that failed: submissions, and other gradings of them. One that lost its file by age is past it."""
    first = select(
        Submission.id.label("id"), literal(False).label("is_again"), Submission.id.label("submission_id"),
        Submission.user_id, Submission.assignment_id, Submission.slug, Submission.owner,
        func.coalesce(Submission.fault, "").label("fault"), Submission.tries, Submission.finished_at,
    ).where(Submission.state == State.FAILED, Submission.file_name != "")  # fmt: skip
    again = select(
        Grading.id, literal(True), Grading.submission_id, Submission.user_id, Submission.assignment_id,
        Submission.slug, Grading.owner, func.coalesce(Grading.fault, ""), Grading.tries, Grading.finished_at,
    ).join(Grading.submission).where(Grading.state == State.FAILED, Grading.kind.in_(_LIVE))  # fmt: skip
    # Of a regrade that is published or given up, nobody waits for more.
    again = again.outerjoin(Regrade, Regrade.id == Grading.regrade_id)
    again = again.where(Regrade.published_at.is_(None), Regrade.cancelled_at.is_(None))
    return union_all(first, again).subquery("failed")


def causes(session: Session) -> Sequence[Row[Any]]:
    """What hinders gradings, what hinders most first: owner, fault, count, exercises, slug, tries, latest, example."""
    failed = _failed().c
    count = func.count().label("count")
    return session.execute(
        select(
            failed.owner,
            failed.fault,
            count,
            func.count(failed.slug.distinct()).label("exercises"),
            func.min(failed.slug).label("slug"),
            func.max(failed.tries).label("tries"),
            func.max(failed.finished_at).label("latest"),
            func.min(failed.id).label("example"),
        )
        .group_by(failed.owner, failed.fault)
        .order_by(count.desc(), func.max(failed.finished_at).desc())
        .limit(MAX_CAUSES)
    ).all()


def count(session: Session) -> int:
    """How many gradings have failed."""
    return session.scalar(select(func.count()).select_from(_failed())) or 0


def find(session: Session, wanted: Filter) -> Select[Any]:
    """The query for failed gradings with their students, newest first."""
    failed = _failed()
    query = select(failed, User.login, User.name).join(User, User.id == failed.c.user_id)
    if wanted.owner is not None:
        query = query.where(failed.c.owner == wanted.owner)
    if wanted.slug:
        query = query.where(failed.c.slug == wanted.slug)
    if wanted.like:
        query = query.where(*_same_cause(session, failed, wanted.like))
    return query.order_by(failed.c.finished_at.desc(), failed.c.id)


def find_after(session: Session, wanted: Filter, id: str) -> Select[Any] | None:
    """The same query, for those that come after one of them; None: that one is not there."""
    failed = _failed()
    last = session.execute(select(failed.c.finished_at).where(failed.c.id == id)).first()
    if last is None:
        return None
    query = find(session, wanted)
    its = query.selected_columns
    return query.where((its.finished_at < last[0]) | ((its.finished_at == last[0]) & (its.id > id)))


def _same_cause(session: Session, failed: Subquery, example: str) -> list[ColumnElement[bool]]:
    cause = session.execute(select(failed.c.owner, failed.c.fault).where(failed.c.id == example)).first()
    if cause is None:  # it has been retried meanwhile
        return [failed.c.id == example]
    return [failed.c.owner.is_not_distinct_from(cause.owner), failed.c.fault == cause.fault]


def retry_one(session: Session, id: str, by_id: int, now: datetime) -> bool:
    """Put one back into the line; False: it is not there, or has not failed."""
    failed = _failed()
    return bool(_retry(session, failed, [failed.c.id == id], by_id, now))


def retry_like(session: Session, example: str, by_id: int, now: datetime) -> int:
    """Put all back into the line that failed for the same cause as this one, and say how many."""
    failed = _failed()
    return _retry(session, failed, _same_cause(session, failed, example), by_id, now)


def _retry(session: Session, failed: Subquery, which: list[ColumnElement[bool]], by_id: int, now: datetime) -> int:
    columns = (failed.c.id, failed.c.is_again, failed.c.user_id, failed.c.slug, failed.c.owner, failed.c.fault)
    query = select(*columns, Assignment.course_id).outerjoin(Assignment, Assignment.id == failed.c.assignment_id)
    found = session.execute(query.where(*which)).all()
    for table, is_again in ((Submission, False), (Grading, True)):
        ids = [row.id for row in found if row.is_again == is_again]
        # In pieces: SQLite takes so many values in one statement, and no more.
        for start in range(0, len(ids), 500):
            those = (table.id.in_(ids[start : start + 500])) & (table.state == State.FAILED)
            values = _AGAIN | ({"is_free": True} if table is Submission else {})
            session.execute(update(table).where(those).values(values).execution_options(synchronize_session=False))
    _note(session, found, by_id, now)
    return len(found)


def _note(session: Session, found: Sequence[Row[Any]], by_id: int, now: datetime) -> None:
    """One entry for each course: its instructors read only their own."""
    for course_id in sorted({row.course_id for row in found}, key=lambda each: each or 0):
        mine = [row for row in found if row.course_id == course_id]
        first, slugs = mine[0], sorted({row.slug for row in mine})
        write(
            session,
            Action.GRADING_RETRIED,
            by_id,
            now,
            course_id=course_id,
            user_id=first.user_id if len(mine) == 1 else None,
            subject=first.id if len(mine) == 1 else ", ".join(slugs),
            exercises=slugs,
            count=len(mine),
            owner=first.owner,
            fault=first.fault[:200],
        )
