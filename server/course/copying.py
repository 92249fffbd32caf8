"""A course again, for the next term: its assignments as drafts, with later dates. Knows the database, not Flask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from server.course.moment import shift_all
from server.models import Assignment, Course, Membership, Role, RubricItem
from server.office import log
from server.office.log import Action

#: of an assignment; the others are copied as they are
DATES = ("opens_at", "due_at", "closes_at")
OWN = ("id", "course_id", "is_published", *DATES)


@dataclass(frozen=True)
class Copy:
    """What is to be made of a course."""

    title: str
    term: str
    code: str
    #: by which dates move
    days: int
    with_staff: bool


def first_day(assignments: list[Assignment], zone: str) -> date | None:
    """The day of the first of all dates, on the clocks of the course; None: there are none."""
    moments = [when for each in assignments for name in DATES if (when := getattr(each, name)) is not None]
    return min(moments).astimezone(ZoneInfo(zone)).date() if moments else None


def list_assignments(session: Session, course_id: int) -> list[Assignment]:
    """The assignments of a course, by their due dates."""
    mine = select(Assignment).where(Assignment.course_id == course_id)
    return list(session.scalars(mine.order_by(Assignment.due_at.is_(None), Assignment.due_at, Assignment.id)))


def copy(session: Session, source: Course, wanted: Copy, zone: str, by_id: int, now: datetime) -> Course:
    """Make the copy: no students, no submissions; whoever makes it is its instructor. Raises Unmovable."""
    assignments = list_assignments(session, source.id)
    # By the clock, not by 24 hours: what was due at 23:59 stays so, whatever clocks did in between.
    dates = [
        shift_all(each.slug, {name: getattr(each, name) for name in DATES}, wanted.days, zone, now)
        for each in assignments
    ]
    made = Course(
        code=wanted.code, title=wanted.title, term=wanted.term, time_zone=source.time_zone,
        late_days=source.late_days, created_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _copy_assignments(session, assignments, dates, made.id)
    _copy_staff(session, source.id, made.id, wanted.with_staff, by_id, now)
    detail: dict[str, Any] = {"copy_of": source.code, "days": wanted.days}
    log.write(session, Action.COURSE_MADE, by_id, now, course_id=made.id, subject=made.code, **detail)
    return made


def _copy_assignments(
    session: Session, assignments: Sequence[Assignment], dates: Sequence[dict[str, Any]], target: int
) -> None:
    pairs = []
    for old, its in zip(assignments, dates, strict=True):
        values = {each.key: getattr(old, each.key) for each in inspect(Assignment).column_attrs if each.key not in OWN}
        pairs.append((old.id, Assignment(course_id=target, is_published=False, **its, **values)))
    session.add_all(new for _, new in pairs)
    session.flush()
    by_old = {old: new.id for old, new in pairs}
    items = select(RubricItem).where(RubricItem.assignment_id.in_(by_old)).order_by(RubricItem.id)
    session.add_all(
        RubricItem(
            assignment_id=by_old[each.assignment_id], position=each.position, title=each.title, points=each.points
        )
        for each in session.scalars(items)
    )


def _copy_staff(session: Session, source: int, target: int, with_staff: bool, by_id: int, now: datetime) -> None:
    roles = {by_id: Role.INSTRUCTOR}
    if with_staff:
        staff = select(Membership.user_id, Membership.role).where(
            Membership.course_id == source, Membership.role != Role.STUDENT, Membership.user_id != by_id
        )
        roles |= dict(session.execute(staff).all())
    session.add_all(
        Membership(course_id=target, user_id=user_id, role=role, created_at=now) for user_id, role in roles.items()
    )
