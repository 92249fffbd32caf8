"""Makes the demo's course in an empty portal: accounts, assignments, and whatever stands on staff's pages."""

from __future__ import annotations

import random
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from grader.exercise import Catalogue
from server.account import identity
from server.demo import exchange, reviews, work
from server.demo.plan import CODE, DAY, FIRST, HOUR, LAST, PLAN, STAFF
from server.models import (
    Announcement,
    Assignment,
    Course,
    Extension,
    Hidden,
    Membership,
    Result,
    Role,
    User,
    When,
)
from server.office.log import Action, write
from server.store import Store


@dataclass(frozen=True)
class Login:
    """An account that was made, with the password that only its maker knows."""

    name: str
    password: str
    role: Role


def fill(session: Session, store: Store, catalogue: Catalogue, now: datetime) -> list[Login]:
    """Make the course. Gives the accounts to look at it with; none when there are accounts already."""
    if session.scalar(select(func.count()).select_from(User)):
        return []
    chance = random.Random("demo")
    logins = [_make_login(session, *each, now) for each in STAFF]
    course = Course(code=CODE, title="Deep Learning", term=str(now.year), late_days=3, created_at=now - 40 * DAY)
    session.add(course)
    session.flush()
    staff = {each.login: each for each in session.scalars(select(User))}
    for login, role in (("professora", Role.INSTRUCTOR), ("monitor", Role.ASSISTANT)):
        _join(session, course, staff[login], role, "", now)
    students = [staff["aluna"], *_make_students(session, now)]
    for number, student in enumerate(students):
        _join(session, course, student, Role.STUDENT, "AB"[number % 2], now, f"{now.year}{1000 + number}")
    assignments = {
        slug: _assign(session, course, slug, due, now)
        for slug, (due, _share, _attempts) in PLAN.items()
        if slug in catalogue.slugs()
    }
    session.flush()
    for slug, assignment in assignments.items():
        sources = work.Sources(catalogue.find(slug))
        for student in students[1:]:
            work.hand_in(session, store, student, assignment, sources, chance, now)
    session.flush()
    if "sigmoid" in assignments:
        reviews.review(session, store, assignments["sigmoid"], staff["monitor"], students, chance, now)
    exchange.hand_out(session, store, course, staff["professora"], students, now)
    if "backprop" in assignments:
        _make_exceptions(session, course, assignments["backprop"], staff["professora"], students, now)
    return logins


def _make_login(session: Session, login: str, name: str, role: Role, now: datetime) -> Login:
    password = secrets.token_urlsafe(9)
    session.add(identity.sign_up(login, name, password, now, role=role))
    return Login(login, password, role)


def _make_students(session: Session, now: datetime) -> list[User]:
    """Accounts without a password: nobody logs in with them."""
    students = []
    for number, first in enumerate(FIRST):
        last = LAST[number * 7 % len(LAST)]
        login = _plain(f"{first}.{last}")
        students.append(
            User(login=login, name=f"{first} {last}", email=f"{login}@example.org", created_at=now - 40 * DAY)
        )
    session.add_all(students)
    session.flush()
    return students


def _plain(name: str) -> str:
    """Without accents, as a login is typed."""
    return "".join(letter for letter in unicodedata.normalize("NFD", name.lower()) if letter.isascii())


def _join(
    session: Session, course: Course, user: User, role: Role, section: str, now: datetime, number: str = ""
) -> None:
    session.add(
        Membership(
            course_id=course.id, user_id=user.id, role=role, section=section, number=number, created_at=now - 40 * DAY
        )
    )


def _assign(session: Session, course: Course, slug: str, due: int, now: datetime) -> Assignment:
    midnight = now.replace(hour=2, minute=59, second=0, microsecond=0)
    made = Assignment(
        course_id=course.id,
        slug=slug,
        opens_at=midnight + (due - 14) * DAY,
        due_at=midnight + due * DAY,
        closes_at=midnight + (due + 4) * DAY,
        points=100.0,
        grace_minutes=15,
        late_percent=10.0,
        uses_late_days=slug != "sigmoid",
        max_attempts=10 if slug == "cnn" else None,
        hidden_shown=Hidden.VERDICT if slug == "cross_entropy" else Hidden.TITLE,
        hidden_shown_when=When.AFTER_DEADLINE if slug == "early_stopping" else When.NOW,
    )
    session.add(made)
    return made


def _make_exceptions(
    session: Session, course: Course, assignment: Assignment, by: User, students: list[User], now: datetime
) -> None:
    """An extension, points set by hand, an announcement: each with its entry in the log."""
    ill, absent = students[3], students[5]
    due_at = assignment.due_at + 5 * DAY if assignment.due_at else None
    session.add(
        Extension(assignment_id=assignment.id, user_id=ill.id, due_at=due_at, reason="Ill", by_id=by.id, created_at=now)
    )
    write(
        session, Action.EXTENSION_SET, by.id, now - DAY, course_id=course.id, user_id=ill.id, subject=assignment.slug,
        reason="Ill",
    )  # fmt: skip
    reason = "Oral exam instead of the exercise"
    session.add(
        Result(
            assignment_id=assignment.id, user_id=absent.id, override=80.0, points=80.0, override_reason=reason,
            override_by_id=by.id, updated_at=now,
        )
    )  # fmt: skip
    write(
        session, Action.RESULT_OVERRIDDEN, by.id, now - HOUR, course_id=course.id, user_id=absent.id,
        subject=assignment.slug, before=None, now=80.0, reason=reason,
    )  # fmt: skip
    text = "The exam is on the last day of term. A prova é no último dia do período."
    session.add(Announcement(course_id=course.id, text=text, by_id=by.id, created_at=now, expires_at=now + 30 * DAY))
