"""How far a grading is, read from the line and from the events that its worker records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.report import TestResult, Verdict
from server.models import State, Submission, SubmissionEvent
from server.submission import line, pending
from server.submission.curve import Curves


@dataclass(frozen=True)
class Training:
    """What a test has recorded so far. Its name stays here: a hidden test's may carry its parameters."""

    #: which test of the suite, from 1
    number: int
    curves: Curves


@dataclass(frozen=True)
class Progress:
    """How far a grading is."""

    #: where it waits; None: it does not wait
    place: line.Place | None
    #: number of tests; 0 while it is not known
    total: int = 0
    #: those that have their verdict
    tests: tuple[TestResult, ...] = ()
    trainings: tuple[Training, ...] = ()
    #: of a graded submission: what a GPU still has to do; None: nothing
    pending: pending.Pending | None = None

    @property
    def obstacle(self) -> TestResult | None:
        """The first test that tells why others cannot be run; None: none does."""
        return next((test for test in self.tests if test.is_obstacle), None)


def look(session: Session, submission: Submission, forecast: line.Forecast, now: datetime) -> Progress:
    """Read how far a grading is."""
    if submission.state is State.RECEIVED:
        return Progress(forecast.places(session, now).get(submission.id))
    waits = pending.find(session, submission, now) if submission.state is State.GRADED else None
    # Only while somebody holds it: what a lost grading has left behind is no progress.
    if submission.state is not State.RUNNING and not (waits and waits.is_running):
        return Progress(None, pending=waits)
    columns = select(SubmissionEvent.kind, SubmissionEvent.data).where(SubmissionEvent.submission_id == submission.id)
    events = [(kind, data) for kind, data in session.execute(columns.order_by(SubmissionEvent.id))]
    names = [str(name) for kind, data in events if kind == "started" for name in data.get("tests", [])]
    tests = tuple(_read_test(data["test"]) for kind, data in events if kind == "test")
    metrics = (data for kind, data in events if kind == "metric")
    return Progress(None, max(len(names), len(tests)), tests, tuple(_read_trainings(metrics, names)), waits)


def _read_test(stored: dict[str, Any]) -> TestResult:
    """A test that has its verdict, as far as it is told."""
    return TestResult(
        name=str(stored["name"]),
        title=stored.get("title") or {},
        points=stored.get("points", 0.0),
        verdict=Verdict(stored["verdict"]),
        share=stored.get("share", 0.0),
        message=stored.get("message") or {},
        unloaded=stored.get("unloaded", False),
    )


def _read_trainings(metrics: Iterable[dict[str, Any]], names: list[str]) -> list[Training]:
    """Gather the values of each test's training."""
    found: dict[str, Curves] = {}
    for data in metrics:
        curves = found.setdefault(str(data["test"]), {})
        for name, value in data["values"].items():
            curves.setdefault(name, []).append([data["step"], value])
    return [Training(names.index(test) + 1 if test in names else 0, curves) for test, curves in found.items()]
