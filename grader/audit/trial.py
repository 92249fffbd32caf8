"""Runs solutions of the exercise through the real, sandboxed grader, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from grader.errors import ExerciseError, InfrastructureError
from grader.exercise import Exercise
from grader.report import Report, TestResult, Verdict
from grader.submission import Upload

if TYPE_CHECKING:
    from grader.pool import Grader

OnProgress = Callable[[int, int, str], None]
Found = TypeVar("Found")

#: A test that ends so has caught the mistake.
CAUGHT = (Verdict.FAILED, Verdict.CRASHED, Verdict.TOO_SLOW, Verdict.TOO_BIG)


@dataclass(frozen=True)
class Trial:
    """One solution to grade."""

    path: Path
    seed: str = "1"
    #: in place of what the file holds
    content: bytes | None = None
    #: the tests to run; None for all
    only: frozenset[str] | None = None
    stop_at_first: bool = False
    #: whether it must keep to the exercise's ``forbid``
    bound: bool = True
    #: empty: the panel's
    device: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a grading said, or why there is none."""

    trial: Trial
    report: Report | None = None
    fault: str = ""

    @property
    def tests(self) -> tuple[TestResult, ...]:
        """The results; none where the grading did not go through."""
        return self.report.tests if self.report else ()


class Panel:
    """Grades trials in ``jobs`` threads and tells how far it is; ``total`` gradings are expected."""

    def __init__(
        self,
        exercise: Exercise,
        grader: Grader,
        *,
        jobs: int,
        total: int,
        on_progress: OnProgress | None,
        device: str = "auto",
    ) -> None:
        self._exercise = exercise
        self._device = device
        self._grader = grader
        self._jobs = jobs
        self._total = total
        self._done = 0
        self._on_progress = on_progress or (lambda done, total, text: None)

    def run_all(self, works: Iterable[tuple[str, Callable[[], Found]]]) -> list[Found]:
        """Do every piece of work, each with a text that says what it is; the results are in the order given."""
        with ThreadPoolExecutor(self._jobs) as pool:
            futures: dict[Future[Found], str] = {pool.submit(work): text for text, work in works}
            try:
                for future in as_completed(futures):
                    future.result()
                    self._done += 1
                    self._on_progress(self._done, self._total, futures[future])
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return [future.result() for future in futures]

    def grade(self, trial: Trial) -> Outcome:
        """Grade once; a fault of this host is tried once more before it is reported."""
        outcome = self._grade(trial)
        return self._grade(trial) if outcome.fault else outcome

    def grade_apart(self, trial: Trial) -> Outcome:
        """Grade, and run each test alone that was skipped because another one must pass first."""
        outcome = self.grade(trial)
        if outcome.report is None:
            return outcome
        tests = [self._alone(trial, test) if is_held_back(test) else test for test in outcome.tests]
        return replace(outcome, report=replace(outcome.report, tests=tuple(tests)))

    def hunt(self, trial: Trial, rounds: list[frozenset[str]]) -> list[Outcome]:
        """Grade with one group of tests after the other until a test does not pass, which is the last one then."""
        outcomes: list[Outcome] = []
        for names in rounds:
            outcomes.append(self.grade(replace(trial, only=names, stop_at_first=True)))
            if outcomes[-1].fault or any(test.verdict is not Verdict.PASSED for test in outcomes[-1].tests):
                break
        return outcomes

    def _alone(self, trial: Trial, test: TestResult) -> TestResult:
        outcome = self.grade(replace(trial, only=frozenset({test.name})))
        return next((found for found in outcome.tests if found.name == test.name), test)

    def _grade(self, trial: Trial) -> Outcome:
        content = trial.path.read_bytes() if trial.content is None else trial.content
        upload = Upload(f"{self._exercise.slug}.py", content)
        try:
            report = self._grader.grade(
                self._exercise if trial.bound else _unbound(self._exercise),
                upload,
                seed=trial.seed,
                device=trial.device or self._device,
                only=trial.only,
                stop_at_first=trial.stop_at_first,
            )
        except (InfrastructureError, ExerciseError) as error:
            return Outcome(trial, fault=str(error))
        return Outcome(trial, None, report.message["en"]) if report.owner is not None else Outcome(trial, report)


def _unbound(exercise: Exercise) -> Exercise:
    return replace(exercise, config=msgspec.structs.replace(exercise.config, forbid=[]))


def is_held_back(test: TestResult) -> bool:
    """Whether a test was skipped for another one."""
    return test.verdict is Verdict.SKIPPED and test.points > 0


def is_absent(test: TestResult) -> bool:
    """Whether a test was skipped because this host lacks something; then it is worth nothing."""
    return test.verdict is Verdict.SKIPPED and test.points == 0


def reason_of(test: TestResult) -> str:
    """Why a test did not pass, in a few words for the author."""
    told = (
        line[1:].strip().removeprefix("grader.link.Ended: ")
        for line in test.detail.splitlines()
        if line.startswith("E ")
    )
    return next(told, "") or test.message.get("en", "") or str(test.verdict)
