"""Measures what the reference's trainings reach: many gradings with the real grader, each with a seed of its own."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

from grader.audit.training import training_tests
from grader.audit.trial import OnProgress, Outcome, Panel, Trial, is_absent, reason_of
from grader.device.gpu import cpu_name
from grader.errors import ExerciseError
from grader.exercise import Exercise
from grader.report import FORBIDDEN_TEST, TestResult
from grader.training.calibration import Record, version_of
from grader.training.sequential import estimate
from grader.training.terms import Kind

if TYPE_CHECKING:
    from grader.pool import Grader


def calibrate(
    exercise: Exercise,
    grader: Grader,
    kind: Kind,
    *,
    device: str,
    gradings: int,
    jobs: int,
    on_progress: OnProgress | None = None,
) -> Record:
    """Grade the reference so many times. Raises ExerciseError where a training does not go through."""
    training, reference = exercise.config.training, exercise.reference
    tests = training_tests(exercise, kind)
    if training is None or training.device(kind) is None or reference is None or not tests:
        raise ExerciseError(f"{exercise.slug}: there is no reference, no table [training.{kind}] or no test for it.")
    names = frozenset(test.name for test in tests)
    panel = Panel(exercise, grader, jobs=jobs, total=gradings, on_progress=on_progress)
    trials = [Trial(reference, f"calibration {n}", only=names, device=device) for n in range(1, gradings + 1)]
    outcomes = panel.run_all([(trial.seed, partial(panel.grade, trial)) for trial in trials])
    results = [_result(outcome, exercise.slug) for outcome in outcomes]
    # The first ones alone: how many more there are depends on what these reach.
    values = [[round(value, 8) for value in result.runs[: training.seeds] if value is not None] for result in results]
    spread = estimate(values)
    return Record(
        version=version_of(exercise, kind),
        date=datetime.now(UTC).date(),
        device=results[0].device.rpartition(" (")[0] or cpu_name(),
        python=platform.python_version(),
        torch=_version_of_torch(),
        mean=round(fmean(map(fmean, values)), 8),
        own=round(spread.own, 8),
        shared=round(spread.shared, 8),
        seconds=round(max(result.seconds / len(result.runs) for result in results), 2),
        values=values,
    )


def _result(outcome: Outcome, slug: str) -> TestResult:
    """The training of one grading; every run must have ended with a number."""
    if outcome.report is None:
        raise ExerciseError(f"{slug}: the reference could not be graded. {outcome.fault}")
    result = next(test for test in outcome.tests if test.name != FORBIDDEN_TEST)
    if is_absent(result):
        raise ExerciseError(f"{slug}: {result.name} cannot be measured here: {reason_of(result)}")
    if not result.runs or None in result.runs or (not result.message and result.verdict != "passed"):
        raise ExerciseError(f"{slug}: {result.name} {result.verdict} with the reference: {reason_of(result)}")
    return result


def _version_of_torch() -> str:
    from importlib.metadata import version

    return version("torch")
