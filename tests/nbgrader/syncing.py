"""A course on a portal with work that is graded, and a gradebook of nbgrader's beside it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")

from nbgrader import api
from sqlalchemy import Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import SAWarning

from grader.access import Access
from grader.nbgrader.sync.assignment import Account
from grader.nbgrader.sync.course import Course
from grader.nbgrader.sync.merge import Choice
from grader.nbgrader.sync.portal import Portal
from grader.nbgrader.sync.run import Order, Strangers, run
from grader.report import Report, TestResult, Verdict
from server import models
from server.account.identity import find_by_login
from server.context import Portal as Parts
from server.context import now
from server.course import results

CODE = "dl"

#: how statements begin that change nothing
READING = ("SELECT", "PRAGMA", "BEGIN", "LOCK", "SHOW")

#: worth of the tests of the exercise that everybody here does
WORTH = {"test_f": 2.0, "test_g[a]": 1.0, "test_g[b]": 1.0}


class Desk:
    """An instructor with a token and a gradebook."""

    def __init__(self, parts: Parts, url: str, token: str, address: str) -> None:
        self.parts, self.url, self.token, self.address = parts, url, token, address
        self.sources: dict[str, Path] = {}
        #: requests that were to change something on the portal
        self.sent: list[tuple[str, str]] = []

    def assign(self, slug: str = "softmax", **terms: Any) -> None:
        """Assign an exercise."""
        with self.parts.database.write() as session:
            course = session.query(models.Course).filter_by(code=CODE).one()
            session.add(models.Assignment(course_id=course.id, slug=slug, **terms))

    def hand_in(
        self,
        login: str,
        earned: Mapping[str, float],
        slug: str = "softmax",
        *,
        late: timedelta = timedelta(-1),
        is_provisional: bool = False,
    ) -> str:
        """Let a student hand something in, so long after the due date, that is graded at once."""
        with self.parts.database.write() as session:
            student = find_by_login(session, login)
            course = session.query(models.Course).filter_by(code=CODE).one()
            mine = session.query(models.Assignment).filter_by(course_id=course.id, slug=slug).one()
            number = session.query(models.Submission).filter_by(user_id=student.id, slug=slug).count() + 1
            report = Report("", slug, "v1", "", "cpu", tuple(_result(*each) for each in earned.items()))
            row = models.Submission(
                user_id=student.id, slug=slug, assignment_id=mine.id, attempt=number, form_key=f"{slug}{number}",
                file_name="x.py", blob="0" * 64, size=1, created_at=(mine.due_at or now()) + late + number * _SECOND,
                state=models.State.GRADED, score=report.score, max_score=report.max_score, report=report.to_store(),
                is_provisional=is_provisional,
            )  # fmt: skip
            session.add(row)
            results.settle(session, course.id, now(), [student.id])
            return row.id

    def sync(self, *assignments: str, take: str = "", language: str = "en", **options: Any) -> Account:
        """Run it once, for one assignment, and say what came of it."""
        accounts = self.sync_all(*assignments, take=take, language=language, **options)
        assert len(accounts) == 1
        return accounts[0]

    def sync_all(self, *assignments: str, take: str = "", language: str = "en", **options: Any) -> list[Account]:
        """Run it once, and say what came of each assignment."""
        order = Order(assignments, choice=Choice(take, language), **options)
        found = list(run(self.course, self.portal(), order))
        assert isinstance(found[-1], Strangers)
        self.strangers = found.pop()
        return found

    @property
    def course(self) -> Course:
        return Course(CODE, Access(self.url, self.token), self.address, self.sources)

    def portal(self) -> Portal:
        """The portal, which notes down what is written there."""
        desk = self

        class Noted(Portal):
            def _request(self, path: str, body: Any, headers: dict[str, str]) -> Any:
                if body is not None:
                    desk.sent.append((path.rpartition(f"{CODE}/")[2], body))
                return super()._request(path, body, headers)

        return Noted(self.url, self.token, "en")

    @contextmanager
    def book(self) -> Iterator[api.Gradebook]:
        """The gradebook, through nbgrader's own interface."""
        # nbgrader's interface is older than this SQLAlchemy.
        with warnings.catch_warnings(), api.Gradebook(self.address, CODE) as found:
            warnings.simplefilter("ignore", SAWarning)
            yield found

    @contextmanager
    def written(self) -> Iterator[list[str]]:
        """The statements that change the gradebook."""
        found: list[str] = []
        address = make_url(self.address)

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            word = statement.lstrip().partition(" ")[0].upper()
            if connection.engine.url == address and word not in READING:
                found.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        try:
            yield found
        finally:
            event.remove(Engine, "before_cursor_execute", note)

    def content(self) -> dict[str, list[Any]]:
        """All rows of the gradebook, by table."""
        engine = create_engine(self.address)
        with engine.connect() as connection:
            names = inspect(connection).get_table_names()
            rows = {name: sorted(map(str, connection.exec_driver_sql(f"SELECT * FROM {name}"))) for name in names}
        engine.dispose()
        return rows

    def grade(self, login: str, cell: str, slug: str = "softmax", **values: Any) -> None:
        """Grade a cell by hand, as the formgrader does."""
        with self.book() as book:
            grade = book.find_grade(cell, slug, slug, login)
            for name, value in values.items():
                setattr(grade, name, value)
            grade.needs_manual_grade = grade.manual_score is None and grade.auto_score is None
            book.db.commit()

    def comment(self, login: str, text: str | None, cell: str = "answer", slug: str = "softmax") -> None:
        """Comment on a cell, as the formgrader does."""
        with self.book() as book:
            book.find_comment(cell, slug, slug, login).manual_comment = text
            book.db.commit()

    def marks(self, login: str, slug: str = "softmax") -> dict[str, float | None]:
        """The scores that tests gave, by cell."""
        with self.book() as book:
            sheet = book.find_submission(slug, login)
            return {grade.name: grade.auto_score for each in sheet.notebooks for grade in each.grades}

    def total(self, login: str, slug: str = "softmax") -> float:
        """Points in the gradebook, as ``nbgrader export`` writes them."""
        with self.book() as book:
            sheet = book.find_submission(slug, login)
            return max(0.0, sheet.score - sheet.late_submission_penalty)

    def points(self, login: str, slug: str = "softmax") -> float | None:
        """Points on the portal."""
        return self.result(login, slug).points

    def result(self, login: str, slug: str = "softmax") -> models.Result:
        """What counts on the portal."""
        with self.parts.database.reader() as session:
            user = find_by_login(session, login)
            return (
                session.query(models.Result)
                .join(models.Assignment, models.Assignment.id == models.Result.assignment_id)
                .filter(models.Result.user_id == user.id, models.Assignment.slug == slug)
                .one()
            )

    def set_points(self, login: str, points: float | None, slug: str = "softmax") -> None:
        """Set points by hand on the portal."""
        portal = Portal(self.url, self.token, "en")
        standing = next(each for each in portal.standings(CODE, slug) if each.login == login)
        portal.set_points(CODE, slug, standing, points, "oral exam")

    def forget(self, submission: str) -> None:
        """Let the portal no longer keep a submission's report, as retention does."""
        with self.parts.database.write() as session:
            session.get_one(models.Submission, submission).report = None

    def review(self, submission: str) -> models.Review | None:
        """What staff wrote about a submission."""
        with self.parts.database.reader() as session:
            return session.query(models.Review).filter_by(submission_id=submission).one_or_none()


_SECOND = timedelta(seconds=1)


def _result(name: str, earned: float) -> TestResult:
    worth = WORTH.get(name, 1.0)
    verdict = Verdict.PASSED if earned == worth else Verdict.FAILED
    return TestResult(name, {"en": name}, worth, verdict, share=0.0 if earned == worth else earned / worth)
