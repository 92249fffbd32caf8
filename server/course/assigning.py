"""Adds, changes and removes a course's assignments. Knows the database, not Flask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.course import assignment as rules
from server.course import schedule
from server.course.clash import version_of
from server.course.gradebook import list_assignments
from server.course.results import settle
from server.models import Assignment
from server.office import log
from server.office.log import Action

#: what assignments with terms as another one has do not take over
OWN = ("is_published", "opens_at", "due_at", "closes_at")


def add(
    session: Session, course_id: int, slugs: Sequence[str], like: int | None, by_id: int, now: datetime
) -> list[str]:
    """Make drafts of the exercises that are not assigned yet, with terms as another assignment has; say which."""
    there = {each.slug: each for each in list_assignments(session, course_id)}
    model = next((each for each in there.values() if each.id == like), None)
    values = rules.DEFAULTS if model is None else {name: getattr(model, name) for name in rules.DEFAULTS}
    values = {**values, **{name: rules.DEFAULTS[name] for name in OWN}, "is_published": False}
    made = [slug for slug in slugs if slug not in there]
    for slug in made:
        session.add(Assignment(course_id=course_id, slug=slug, **values))
        log.write(session, Action.ASSIGNMENT_MADE, by_id, now, course_id=course_id, subject=slug)
    return made


def version(row: Assignment) -> str:
    """What stands for an assignment's terms as they are."""
    return version_of(rules.describe(row))


def apply(session: Session, row: Assignment, values: Mapping[str, Any], by_id: int, now: datetime) -> None:
    """Give a course's assignment new terms, in the log and in what counts."""
    assert row.course_id is not None, "an assignment of a course"
    known = rules.describe(row)
    for name, value in values.items():
        setattr(row, name, value)
    before, after = rules.changes(known, rules.describe(row))
    if not after:
        return
    log.write(
        session, Action.ASSIGNMENT_CHANGED, by_id, now, course_id=row.course_id, subject=row.slug,
        before=before, after=after,
    )  # fmt: skip
    if rules.COUNTS & after.keys():
        settle(session, row.course_id, now)


def remove(session: Session, row: Assignment, by_id: int, now: datetime) -> None:
    """Take an assignment out of its course; what was handed in stays with the students."""
    assert row.course_id is not None, "an assignment of a course"
    count = schedule.count_work(session, row.course_id)[0].get(row.id, 0)
    log.write(
        session, Action.ASSIGNMENT_REMOVED, by_id, now, course_id=row.course_id, subject=row.slug,
        before=rules.describe(row), count=count,
    )  # fmt: skip
    course_id = row.course_id
    session.delete(row)
    session.flush()
    # Late days that it took are free for others.
    settle(session, course_id, now)
