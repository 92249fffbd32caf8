"""A database as it is some weeks into a term: courses with their students, each of whom has been graded before."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select

from grader.report import Report
from server.account.passwords import hash_password
from server.db import Database
from server.grading.outcome import columns_of
from server.models import Assignment, Course, Membership, Role, State, Submission, User

STUDENTS, COURSES, SLUG = 5000, 50, "sigmoid"
PASSWORD = "seven quiet lanterns"


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def fill(database: Database, report: Report) -> None:
    """Enrol everybody, with an assignment that is due tomorrow and one graded attempt each."""
    begun, due = now() - timedelta(days=20), now() + timedelta(days=1)
    with database.write() as session:
        hashed = hash_password(PASSWORD)
        users = [
            {
                "login": f"s{n}",
                "name": f"Student {n}",
                "password_hash": hashed,
                "role": Role.STUDENT,
                "created_at": begun,
            }
            for n in range(STUDENTS)
        ]
        ids = list(session.scalars(insert(User).returning(User.id), users))
        courses = [{"code": f"c{n}", "title": f"Course {n}", "created_at": begun} for n in range(COURSES)]
        course_ids = list(session.scalars(insert(Course).returning(Course.id), courses))
        work = [{"course_id": id, "slug": SLUG, "due_at": due, "closes_at": due, "points": 10.0} for id in course_ids]
        assigned = list(session.scalars(insert(Assignment).returning(Assignment.id), work))
        members = [
            {"course_id": course_ids[n % COURSES], "user_id": id, "role": Role.STUDENT, "created_at": begun}
            for n, id in enumerate(ids)
        ]
        session.execute(insert(Membership), members)
        graded = columns_of(report, begun) | {"state": State.GRADED, "started_at": begun, "finished_at": begun}
        session.execute(
            insert(Submission),
            [row(id, 1, assigned[n % COURSES], begun) | graded for n, id in enumerate(ids)],
        )
    analyse(database)


def row(user: int, attempt: int, assignment: int, at: datetime) -> dict[str, Any]:
    """A submission as ``server.submission.intake`` would write it."""
    return {
        "id": secrets.token_urlsafe(16), "user_id": user, "slug": SLUG, "attempt": attempt, "file_name": f"{SLUG}.py",
        "form_key": secrets.token_urlsafe(16), "blob": "0" * 64, "size": 1000, "created_at": at,
        "assignment_id": assignment, "state": State.RECEIVED, "tries": 0,
    }  # fmt: skip


def queue_up(database: Database, count: int) -> list[str]:
    """Let so many students wait, each with one submission, in place of all who waited before."""
    with database.write() as session:
        session.execute(delete(Submission).where(Submission.state.in_([State.RECEIVED, State.RUNNING])))
        members = select(Membership.user_id, Assignment.id).join(
            Assignment, Assignment.course_id == Membership.course_id
        )
        found = session.execute(members.order_by(Membership.user_id).limit(count)).all()
        rows = [row(user, 1000, assignment, now()) for user, assignment in found]
        if rows:
            session.execute(insert(Submission), rows)
    analyse(database)
    return [each["id"] for each in rows]


def analyse(database: Database) -> None:
    """What PostgreSQL's autovacuum does within a minute."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
