"""How far a grading is, read from the events that its worker records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.report import Text, Verdict
from server import queue
from server.models import State, Submission, SubmissionEvent


@dataclass(frozen=True)
class Test:
    """A test that has its verdict."""

    __test__ = False  # pytest: this is a value, not a test class

    name: str
    title: Text
    verdict: Verdict


@dataclass(frozen=True)
class Progress:
    """How far a grading is."""

    #: how many submissions are graded before
    ahead: int
    #: number of tests; 0 while it is not known
    total: int
    tests: tuple[Test, ...]


def look(session: Session, submission: Submission) -> Progress:
    """Read how far a grading is."""
    ahead = queue.ahead_of(session, submission) if submission.state is State.RECEIVED else 0
    mine = select(SubmissionEvent).where(SubmissionEvent.submission_id == submission.id)
    events = list(session.scalars(mine.order_by(SubmissionEvent.id)))
    total = sum(len(event.data.get("tests", [])) for event in events if event.kind == "started")
    tests = tuple(_read_test(event.data["test"]) for event in events if event.kind == "test")
    return Progress(ahead, max(total, len(tests)), tests)


def _read_test(stored: dict[str, Any]) -> Test:
    return Test(str(stored["name"]), stored.get("title") or {}, Verdict(stored["verdict"]))
