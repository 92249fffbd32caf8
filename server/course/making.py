"""Makes, changes and archives courses. Knows the database, not Flask."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.course import naming
from server.course.clash import version_of
from server.course.naming import Form
from server.course.results import settle
from server.models import Course, Membership, Role
from server.office import log
from server.office.log import Action


def choose_code(session: Session, form: Form) -> str:
    """The code that was typed, or one made of title and term; empty: another course has it."""
    if form.code:
        taken = session.scalar(select(Course.id).where(Course.code == form.code))
        return "" if taken is not None else form.code
    return naming.suggest_code(form.title, form.term, set(session.scalars(select(Course.code))))


def make(session: Session, form: Form, code: str, by_id: int, now: datetime) -> Course:
    """Make a course of what was typed and checked; whoever makes it is its instructor."""
    made = Course(
        code=code, title=form.title, term=form.term, time_zone=form.time_zone, late_days=int(form.late_days),
        created_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    session.add(Membership(course_id=made.id, user_id=by_id, role=Role.INSTRUCTOR, created_at=now))
    log.write(session, Action.COURSE_MADE, by_id, now, course_id=made.id, subject=code)
    return made


def show(target: Course) -> Form:
    """What the form of a course shows."""
    return Form(target.title, target.term, target.code, target.time_zone, str(target.late_days))


def version(form: Form) -> str:
    """What stands for what can be changed of a course. The form is one that is right."""
    return version_of(_values(form))


def _values(form: Form) -> dict[str, Any]:
    return {"title": form.title, "term": form.term, "time_zone": form.time_zone, "late_days": int(form.late_days)}


def change(session: Session, target: Course, form: Form, by_id: int, now: datetime) -> None:
    """Give a course another title, term, time zone or number of late days. Its code stays."""
    values = _values(form)
    before = {name: getattr(target, name) for name in values}
    changes: dict[str, Any] = {name: [before[name], value] for name, value in values.items() if before[name] != value}
    if not changes:
        return
    for name, value in values.items():
        setattr(target, name, value)
    session.flush()
    log.write(session, Action.COURSE_CHANGED, by_id, now, course_id=target.id, subject=target.code, **changes)
    if "late_days" in changes:
        settle(session, target.id, now)


def archive(session: Session, target: Course, is_over: bool, by_id: int, now: datetime) -> None:
    """Archive a course, or take it up again."""
    if bool(target.archived_at) == is_over:
        return
    target.archived_at = now if is_over else None
    log.write(
        session, Action.COURSE_ARCHIVED, by_id, now, course_id=target.id, subject=target.code, is_archived=is_over
    )
