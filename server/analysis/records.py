"""Reads what came of an assignment's submissions: who, when, and the verdict of each test. Knows no Flask.

A report holds outputs, tracebacks and curves, and there are thousands of them. Only names, verdicts and times are
decoded, and what was read is kept: a graded submission is read once, and again when another grading takes its place.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, Text, cast, select
from sqlalchemy.orm import Session

from grader.report import Owner, Verdict
from server.models import Assignment, Grading, GradingKind, Membership, Result, Role, State, Submission

Table = type[Submission] | type[Grading]
#: tells whether a grading is still the one that was read
Stamp = tuple[datetime, str | None, str | None, float | None, float | None]

#: reports that are in memory at a time
BATCH = 100
#: of other gradings, the newest that are looked at
MAX_GRADINGS = 20_000


class _StoredTest(msgspec.Struct):
    name: str
    verdict: Verdict
    seconds: float = 0.0


class _StoredReport(msgspec.Struct):
    tests: list[_StoredTest] = []


class TestHead(msgspec.Struct):
    """What a test is, whatever its verdict."""

    __test__ = False  # pytest: this is a value, not a test class

    name: str
    title: dict[str, str] = {}
    points: float = 0.0
    hidden: bool = True


class _StoredHeads(msgspec.Struct):
    tests: list[TestHead] = []


_REPORT, _HEADS = msgspec.json.Decoder(_StoredReport), msgspec.json.Decoder(_StoredHeads)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdicts of one grading, in the order in which the tests ran."""

    #: shared by all gradings with the same tests
    names: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    seconds: array[float]

    def passes(self) -> dict[str, bool]:
        """Whether each test passed. Those that failed for a reason of ours say nothing."""
        found = zip(self.names, self.verdicts, strict=True)
        return {name: verdict is Verdict.PASSED for name, verdict in found if verdict is not Verdict.GRADER_ERROR}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One submission of a student for the assignment."""

    id: str
    user_id: int
    #: of this student at this assignment, from 1
    number: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    score: float | None
    max_score: float | None
    #: what was graded, and by which tests
    content: tuple[str, str]
    #: None: there is no verdict, not yet or for a reason of ours
    outcome: Outcome | None

    @property
    def is_full(self) -> bool:
        """Whether all points were earned."""
        return bool(self.max_score) and (self.score or 0.0) >= (self.max_score or 0.0) - 1e-9


@dataclass(frozen=True)
class Regraded:
    """Another grading of a submission."""

    submission_id: str
    content: tuple[str, str]
    outcome: Outcome


@dataclass(frozen=True)
class Records:
    """Everything that is known of an assignment's gradings."""

    #: by student, in order
    attempts: tuple[Attempt, ...] = ()
    gradings: tuple[Regraded, ...] = ()
    #: of the newest report
    heads: tuple[TestHead, ...] = ()

    def counted(self, results: Iterable[Result]) -> list[Outcome]:
        """The outcomes of the attempts that count."""
        outcomes = {each.id: each.outcome for each in self.attempts}
        return [found for result in results if (found := outcomes.get(result.submission_id or ""))]


class Archive:
    """The outcomes that were read, of the assignments that were asked for last."""

    def __init__(self, size: int = 8) -> None:
        self._size = size
        self._shelves: dict[int, _Shelf] = {}
        self._lock = threading.Lock()

    def read(self, session: Session, assignment: Assignment) -> Records:
        """Read an assignment's records: two queries for each of its two tables, whatever their number."""
        with self._lock:
            shelf = self._shelves.pop(assignment.id, None) or _Shelf()
            self._shelves[assignment.id] = shelf
            while len(self._shelves) > self._size:
                del self._shelves[next(iter(self._shelves))]
            return shelf.read(session, assignment)


class _Shelf:
    """What was read of one assignment."""

    def __init__(self) -> None:
        self.outcomes: dict[str, tuple[Stamp, Outcome]] = {}
        self.names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.heads: tuple[TestHead, ...] = ()
        self.heads_at: datetime | None = None
        self.heads_version: str | None = None

    def read(self, session: Session, assignment: Assignment) -> Records:
        rows = session.execute(_attempts(assignment)).all()
        gradings = session.execute(_gradings(assignment)).all()
        self._fetch(session, Submission, rows, Submission.assignment_id == assignment.id)
        self._fetch(session, Grading, gradings, Grading.submission.has(Submission.assignment_id == assignment.id))
        known = {row.id for row in (*rows, *gradings)}
        self.outcomes = {id: found for id, found in self.outcomes.items() if id in known}
        return Records(tuple(self._number(rows)), tuple(self._regraded(gradings)), self.heads)

    def _number(self, rows: Sequence[Any]) -> Iterator[Attempt]:
        number, student = 0, None
        for row in rows:
            number, student = (number + 1 if row.user_id == student else 1), row.user_id
            found = self.outcomes.get(row.id)
            yield Attempt(
                row.id, row.user_id, number, row.created_at, row.started_at, row.finished_at, row.score, row.max_score,
                (row.blob, row.exercise_version or ""), found[1] if found else None,
            )  # fmt: skip

    def _regraded(self, rows: Sequence[Any]) -> Iterator[Regraded]:
        for row in rows:
            if found := self.outcomes.get(row.id):
                yield Regraded(row.submission_id, (row.blob, row.exercise_version or ""), found[1])

    def _fetch(self, session: Session, table: Table, rows: Sequence[Any], which: ColumnElement[bool]) -> None:
        """Read the reports that are not known, with one query: all that were finished as late as the first of them."""
        wanted = {row.id: _stamp(row) for row in rows if row.is_graded and self._is_new(row)}
        if not wanted:
            return
        since = min(stamp[0] for stamp in wanted.values())
        # As text: SQLAlchemy would decode all of it.
        found = select(table.id, table.finished_at, cast(table.report, Text)).where(which, _is_graded(table))
        found = found.where(table.finished_at >= since).order_by(table.finished_at)
        for id, finished_at, report in session.execute(found.execution_options(yield_per=BATCH)):
            if id in wanted and finished_at is not None:
                self._keep(id, wanted[id], finished_at, report)

    def _is_new(self, row: Any) -> bool:
        return row.id not in self.outcomes or self.outcomes[row.id][0] != _stamp(row)

    def _keep(self, id: str, stamp: Stamp, finished_at: datetime, report: str) -> None:
        tests = _REPORT.decode(report).tests
        names = tuple(test.name for test in tests)
        seconds = array("f", [test.seconds for test in tests])
        outcome = Outcome(self.names.setdefault(names, names), tuple(test.verdict for test in tests), seconds)
        self.outcomes[id] = (stamp, outcome)
        # While hidden tests are still to be run, newer reports have fewer tests than those that are complete.
        is_part = stamp[2] == self.heads_version and len(tests) < len(self.heads)
        if tests and not is_part and (self.heads_at is None or finished_at >= self.heads_at):
            self.heads, self.heads_at, self.heads_version = tuple(_HEADS.decode(report).tests), finished_at, stamp[2]


def _attempts(assignment: Assignment) -> Select[*tuple[Any, ...]]:
    """The submissions of the course's students that count as attempts, without their reports."""
    counts = Submission.owner.is_(None) | (Submission.owner == Owner.STUDENT)
    return (
        select(
            Submission.id, Submission.user_id, Submission.created_at, Submission.started_at, Submission.finished_at,
            Submission.score, Submission.max_score, Submission.blob, Submission.exercise_version, Submission.seed,
            _is_graded(Submission).label("is_graded"),
        )
        .join(Membership, Membership.user_id == Submission.user_id)
        .where(Membership.course_id == assignment.course_id, Membership.role == Role.STUDENT)
        .where(Submission.assignment_id == assignment.id, counts)
        .order_by(Submission.user_id, Submission.attempt)
    )  # fmt: skip


def _gradings(assignment: Assignment) -> Select[*tuple[Any, ...]]:
    """The other gradings. One that has taken the submission's place is the submission's own by now."""
    is_other = (Grading.kind == GradingKind.PAST) | Grading.replaced_at.is_(None)
    return (
        select(
            Grading.id, Grading.submission_id, Grading.finished_at, Grading.exercise_version, Grading.seed,
            Grading.score, Grading.max_score, Submission.blob, _is_graded(Grading).label("is_graded"),
        )
        .join(Submission, Submission.id == Grading.submission_id)
        .where(Submission.assignment_id == assignment.id, Grading.state == State.GRADED, is_other)
        .order_by(Grading.created_at.desc())
        .limit(MAX_GRADINGS)
    )  # fmt: skip


def _stamp(row: Any) -> Stamp:
    """Another one when another grading has taken the place of the first, which does not change the moment.

    Nor does what a GPU adds to a report: it changes what there was to earn.
    """
    return (row.finished_at, row.seed, row.exercise_version, row.score, row.max_score)


def _is_graded(table: Table) -> ColumnElement[bool]:
    return (table.state == State.GRADED) & table.report.is_not(None) & table.finished_at.is_not(None)
