"""A course with an assignment, for tests: who takes part in it, and what was handed in for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from server.account.identity import find_by_login
from server.context import Portal, now
from server.models import Assignment, Course, Grading, Membership, Result, Role, Submission

DAY = timedelta(days=1)


class Classroom:
    """One course with one assignment."""

    def __init__(self, portal: Portal, code: str = "dl", slug: str = "softmax", **terms: Any) -> None:
        self.portal = portal
        with portal.database.write() as session:
            course = Course(code=code, title="Deep Learning", created_at=now())
            session.add(course)
            session.flush()
            assignment = Assignment(course_id=course.id, slug=slug, **{"points": 10.0, **terms})
            session.add(assignment)
            session.flush()
            self.course, self.assignment = course.id, assignment.id

    def admit(self, login: str, role: Role = Role.STUDENT) -> int:
        """Let an account take part."""
        with self.portal.database.write() as session:
            user = find_by_login(session, login)
            session.add(Membership(course_id=self.course, user_id=user.id, role=role, created_at=now()))
            return user.id

    def change(self, **terms: Any) -> None:
        """Give the assignment other terms."""
        with self.portal.database.write() as session:
            for name, value in terms.items():
                setattr(session.get_one(Assignment, self.assignment), name, value)

    def submissions(self) -> list[Submission]:
        """All of them, in the order in which they came."""
        with self.portal.database.reader() as session:
            return list(session.scalars(select(Submission).order_by(Submission.created_at)))

    def gradings(self, *kinds: str) -> list[Grading]:
        """All other gradings, or those of some kinds."""
        wanted = select(Grading).order_by(Grading.created_at, Grading.kind)
        with self.portal.database.reader() as session:
            return [each for each in session.scalars(wanted) if not kinds or each.kind in kinds]

    def points(self) -> dict[int, float | None]:
        """What counts, by student."""
        with self.portal.database.reader() as session:
            return {each.user_id: each.points for each in session.scalars(select(Result))}
