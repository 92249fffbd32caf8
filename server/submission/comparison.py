"""What changed since the previous attempt: tests, points, source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from grader.report import Report, TestResult, Verdict
from server.models import State, Submission

#: attempts that are looked back upon
LOOK_BACK = 30


@dataclass(frozen=True)
class Stuck:
    """A test that has not passed for a while."""

    test: TestResult
    #: the first attempt of that while; None: it is longer than we look back
    since: int | None


@dataclass(frozen=True)
class Comparison:
    """How an attempt differs from the one before."""

    previous: Submission
    #: points more, or fewer
    change: float
    gained: tuple[TestResult, ...]
    lost: tuple[TestResult, ...]
    stuck: tuple[Stuck, ...]
    #: did not pass, before and now, and left more of their points, or fewer, than before
    rising: tuple[TestResult, ...]
    falling: tuple[TestResult, ...]
    #: whether both were graded by the same tests
    is_same_exercise: bool

    @property
    def is_equal(self) -> bool:
        """Whether every test came out as before."""
        return not (self.gained or self.lost or self.rising or self.falling)


def find_earlier(session: Session, submission: Submission) -> list[Submission]:
    """The student's earlier attempts at the exercise that have verdicts, the latest first."""
    mine = (Submission.user_id == submission.user_id) & (Submission.slug == submission.slug)
    graded = (Submission.state == State.GRADED) & (Submission.max_score > 0)
    earlier = select(Submission).where(mine, graded, Submission.attempt < submission.attempt)
    newest = earlier.order_by(Submission.attempt.desc()).limit(LOOK_BACK)
    return list(session.scalars(newest.options(undefer(Submission.report)).execution_options(populate_existing=True)))


def compare(submission: Submission, report: Report, earlier: Sequence[Submission]) -> Comparison | None:
    """Compare an attempt with those before, the latest first; None: there is nothing to compare."""
    if not earlier or not submission.max_score:
        return None
    reports = [(each.attempt, Report.from_store(each.report)) for each in earlier if each.report]
    history = [(attempt, _passes(found)) for attempt, found in reports]
    before, now = history[0][1], _passes(report)
    both = [test for test in report.tests if test.name in now and test.name in before]
    moved = _moved([test for test in both if not now[test.name] and not before[test.name]], reports[0][1])
    return Comparison(
        previous=earlier[0],
        change=(submission.score or 0.0) - (earlier[0].score or 0.0),
        gained=tuple(test for test in both if now[test.name] and not before[test.name]),
        lost=tuple(test for test in both if before[test.name] and not now[test.name]),
        stuck=tuple(
            Stuck(test, _since(test.name, history))
            for test in both
            if not now[test.name] and not before[test.name] and not moved[test.name]
        ),
        rising=tuple(test for test in both if moved.get(test.name, 0) > 0),
        falling=tuple(test for test in both if moved.get(test.name, 0) < 0),
        is_same_exercise=submission.exercise_version == earlier[0].exercise_version,
    )


def _passes(report: Report) -> dict[str, bool]:
    """Whether each test passed. Those that failed for a reason of ours, or could not be run here, say nothing."""
    return {test.name: test.verdict is Verdict.PASSED for test in report.tests if _is_judged(test)}


def _is_judged(test: TestResult) -> bool:
    is_absent = test.verdict is Verdict.SKIPPED and not test.points
    return test.verdict is not Verdict.GRADER_ERROR and not is_absent


def _moved(tests: Sequence[TestResult], before: Report) -> dict[str, float]:
    """By how much of its points each test, which does not pass, leaves more than before, or less."""
    shares = {test.name: test.share for test in before.tests}
    return {test.name: test.share - shares[test.name] for test in tests}


def _since(name: str, history: Sequence[tuple[int, dict[str, bool]]]) -> int | None:
    """The first of the attempts, without a break until now, in which the test did not pass."""
    since: int | None = None
    for attempt, passes in history:
        if passes.get(name, True):
            return since
        since = attempt
    return since if len(history) < LOOK_BACK else None
