"""How long a large gradebook takes: ``python -m benchmarks.gradebook``.

2,000 students and 40 assignments. Each figure is a ratio against the peer in the same run: fetching the same rows by
plain SQL, without a model or a page.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from grader.exercise import default_catalogue
from server import create_app
from server.account import identity
from server.context import now
from server.course import gradebook
from server.course.export import rows, write_csv, write_excel
from server.course.gradebook import Filter
from server.course.results import settle
from server.db import Database
from server.i18n import Translator
from server.models import Assignment, Course, Membership, Result, Role, State, Submission, User

STUDENTS, ASSIGNMENTS, REPEATS = 2000, 40, 5


def fill(database: Database) -> int:
    """Make the course. Gives its number."""
    chance = random.Random(1)
    with database.write() as session:
        course = Course(code="large", title="Large", created_at=now())
        session.add(course)
        session.flush()
        teacher = identity.sign_up("teacher", "Teacher", "correct horse battery staple", now())
        users = [User(login=f"s{n}", name=f"Student {n:04}", created_at=now()) for n in range(STUDENTS)]
        made = [Assignment(course_id=course.id, slug=f"exercise_{n}", points=10.0) for n in range(ASSIGNMENTS)]
        session.add_all([teacher, *users, *made])
        session.flush()
        session.add(Membership(course_id=course.id, user_id=teacher.id, role=Role.INSTRUCTOR, created_at=now()))
        session.add_all(Membership(course_id=course.id, user_id=each.id, created_at=now()) for each in users)
        session.flush()
        submissions, results = [], []
        for user in users:
            for assignment in made:
                id, points = f"{user.id}-{assignment.id}", float(chance.randrange(11))
                submissions.append(
                    {
                        "id": id, "user_id": user.id, "slug": assignment.slug, "assignment_id": assignment.id,
                        "attempt": 1, "form_key": id, "file_name": "a.py", "blob": "b", "size": 1, "created_at": now(),
                        "state": State.GRADED, "score": points, "max_score": 10.0,
                    }
                )  # fmt: skip
                results.append(
                    {
                        "assignment_id": assignment.id, "user_id": user.id, "submission_id": id, "points": points,
                        "earned": points, "attempts": 1, "updated_at": now(),
                    }
                )  # fmt: skip
        session.execute(Submission.__table__.insert(), submissions)
        session.execute(Result.__table__.insert(), results)
        return course.id


def measure(action: Callable[[], object]) -> float:
    """Median of the seconds of some runs."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app({"DATA_DIR": Path(folder), "SECRET_KEY": "x"}, catalogue=default_catalogue(), grade=None)
        database: Database = app.extensions["portal"].database
        database.migrate()
        course = fill(database)
        client = app.test_client()
        app.config["WTF_CSRF_ENABLED"] = False
        client.post("/log-in", data={"login": "teacher", "password": "correct horse battery staple"})
        language = Translator("en")

        def fetch() -> object:
            with database.reader() as session:
                return session.execute(text("SELECT * FROM result")).all()

        def read_all() -> gradebook.Gradebook:
            with database.reader() as session:
                return gradebook.read(session, course, Filter(), None)

        def settle_all() -> None:
            with database.write() as session:
                settle(session, course, now())

        book = read_all()
        table = list(rows(book, {each.id: each.slug for each in book.assignments}, language))
        page = "/courses/large/gradebook"
        assert client.get(page).status_code == 200
        peer = measure(fetch)
        print(f"{STUDENTS} students, {ASSIGNMENTS} assignments, {STUDENTS * ASSIGNMENTS} results")
        print(f"{'plain SQL fetch of all results':40} {peer:8.3f} s")
        for name, action in {
            "a page of 50 students": lambda: client.get(page),
            "the same, sorted by the total": lambda: client.get(f"{page}?sort=total&descending=yes"),
            "all students, as values": read_all,
            "CSV of all": lambda: write_csv(iter(table), ",", "."),
            "Excel of all": lambda: write_excel(table, "Large"),
            "all results worked out anew": settle_all,
        }.items():
            seconds = measure(action)
            print(f"{name:40} {seconds:8.3f} s   {seconds / peer:6.1f} times")
        database.close()


if __name__ == "__main__":
    main()
