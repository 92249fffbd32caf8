"""What tests of the administration begin with: people, courses, submissions, without going the long way."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from server.account import identity
from server.context import Portal, now
from server.models import Assignment, Course, LogEntry, Membership, Role, State, Submission, User
from tests.server.conftest import PASSWORD, Browser

_numbers = itertools.count(1)


def add_user(portal: Portal, login: str, role: Role = Role.STUDENT, **values: Any) -> User:
    with portal.database.write() as session:
        user = identity.sign_up(login, values.pop("name", login.title()), PASSWORD, now(), role=role, **values)
        session.add(user)
    return user


def log_in(app: Any, login: str, language: str = "en") -> Browser:
    browser = Browser(app.test_client(), language)
    assert browser.log_in(login).status_code == 302
    return browser


def add_submission(portal: Portal, user: User, content: bytes = b"x = 1\n", **values: Any) -> Submission:
    number = next(_numbers)
    known: dict[str, Any] = {
        "slug": "softmax", "attempt": number, "form_key": f"key-{number}", "file_name": "softmax.py",
        "size": len(content), "created_at": now(), "state": State.GRADED,
    }  # fmt: skip
    with portal.database.write() as session:
        made = Submission(user_id=user.id, blob=portal.store.put(content), **{**known, **values})
        session.add(made)
    return made


def fail(portal: Portal, user: User, owner: Any, fault: str, **values: Any) -> Submission:
    times = {"started_at": now(), "finished_at": now()}
    return add_submission(portal, user, state=State.FAILED, owner=owner, fault=fault, tries=3, **times, **values)


def add_course(portal: Portal, code: str = "dl", **members: Role) -> Course:
    """A course with these members by login, who are made."""
    with portal.database.write() as session:
        course = Course(code=code, title=f"Course {code}", created_at=now())
        session.add(course)
    for login, role in members.items():
        join(portal, course, add_user(portal, login), role)
    return course


def join(portal: Portal, course: Course, user: User, role: Role = Role.STUDENT, **values: Any) -> None:
    with portal.database.write() as session:
        session.add(Membership(course_id=course.id, user_id=user.id, role=role, created_at=now(), **values))


def assign(portal: Portal, course: Course, slug: str, **values: Any) -> Assignment:
    with portal.database.write() as session:
        made = Assignment(course_id=course.id, slug=slug, **values)
        session.add(made)
    return made


def rows(portal: Portal, table: Any, **where: Any) -> list[Any]:
    with portal.database.reader() as session:
        return list(session.scalars(select(table).filter_by(**where)).unique())


def logged(portal: Portal) -> list[LogEntry]:
    return rows(portal, LogEntry)


def ago(**span: float) -> Any:
    return now() - timedelta(**span)


def log_in_admin(app: Any, portal: Portal) -> Browser:
    add_user(portal, "edu", Role.ADMINISTRATOR)
    return log_in(app, "edu")
