"""Judges what the stub, the reference and the right and wrong solutions got."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from grader.audit.finding import Problem, Timing
from grader.audit.leak import find_leaks
from grader.audit.source import TestFunction
from grader.audit.trial import CAUGHT, Outcome, is_absent, reason_of
from grader.audit.wording import named_by
from grader.exercise import Exercise
from grader.report import FORBIDDEN_TEST, TestResult, Verdict

#: The share of a limit that the reference may use: students' computers and students' code are slower.
_SHARE = 0.5

Tests = dict[str, TestFunction]


def check_outcomes(outcomes: list[Outcome], tests: Tests, exercise: Exercise) -> Iterator[Problem]:
    """Judge every grading but those of mutants."""
    for fault in dict.fromkeys(outcome.fault for outcome in outcomes if outcome.fault):
        paths = [outcome.trial.path for outcome in outcomes if outcome.fault == fault]
        yield Problem(paths[0], None, f"it could not be graded: {fault}")
    for path in dict.fromkeys(outcome.trial.path for outcome in outcomes):
        mine = [outcome for outcome in outcomes if outcome.trial.path == path and not outcome.fault]
        yield from _broken_tests(mine, tests)
        if path == exercise.stub:
            yield from _check_stub(mine, tests, path)
        elif path in exercise.wrong():
            yield from _check_wrong(mine, path)
        else:
            yield from _check_right(mine, path)
    for outcome in outcomes:
        if outcome.trial.path == exercise.stub or outcome.trial.path in exercise.wrong():
            yield from find_leaks(outcome, tests)


def _check_stub(outcomes: list[Outcome], tests: Tests, path: Path) -> Iterator[Problem]:
    for test in _results(outcomes):
        if test.name == FORBIDDEN_TEST and test.verdict is not Verdict.PASSED:
            yield Problem(path, None, f"the stub itself uses something forbidden: {test.message['en']}")
        if test.name != FORBIDDEN_TEST and test.verdict is Verdict.PASSED:
            text = f"{test.name} passes on the stub, so it proves nothing. Have it look at an answer."
            yield _at(test, tests, path, text)


def _check_right(outcomes: list[Outcome], path: Path) -> Iterator[Problem]:
    """One problem per reason: a file that cannot be loaded fails every test for the same one."""
    missed: dict[tuple[Verdict, str], list[tuple[str, str]]] = {}
    for outcome in outcomes:
        for test in outcome.tests:
            if test.verdict not in (Verdict.PASSED, Verdict.GRADER_ERROR) and not is_absent(test):
                missed.setdefault((test.verdict, reason_of(test)), []).append((test.name, outcome.trial.seed))
    for (verdict, reason), cases in missed.items():
        names, seeds = (", ".join(dict.fromkeys(column)) for column in zip(*cases, strict=True))
        text = f"it must get full score, but {names} {verdict} with seed {seeds} ({reason})."
        yield Problem(path, None, f"{text} Mend the tests or the solution.")


def _check_wrong(outcomes: list[Outcome], path: Path) -> Iterator[Problem]:
    results = _results(outcomes)
    for name in named_by(path):
        mine = [test for test in results if test.name.partition("[")[0] == name]
        if mine and not any(test.verdict in CAUGHT or is_absent(test) for test in mine):
            advice = "Make the test stricter, or name those that catch it"
            others = [test.name for test in results if test.verdict in CAUGHT]
            found = f": {', '.join(others)}" if others else ""
            yield Problem(path, 1, f"{name} must catch it, but is {mine[0].verdict}. {advice}{found}.")


def _broken_tests(outcomes: list[Outcome], tests: Tests) -> Iterator[Problem]:
    for test in {test.name: test for test in _results(outcomes) if test.verdict is Verdict.GRADER_ERROR}.values():
        path = outcomes[0].trial.path
        text = f"{test.name} itself fails on {path.parent.name}/{path.name} ({reason_of(test)}). Mend the test."
        yield _at(test, tests, path, text)


def check_times(timings: tuple[Timing, ...], exercise: Exercise, tests: Tests) -> Iterator[Problem]:
    """The reference stays well inside every limit."""
    assert exercise.reference is not None
    for timing in timings:
        if timing.seconds > _SHARE * timing.limit:
            function = tests.get(timing.test.partition("[")[0])
            path, line = (function.path, function.line) if function else (exercise.reference, None)
            taken = f"{timing.test} takes {timing.seconds:.2f} s with the reference"
            text = f"{taken}, and one call may take {timing.limit:g} s."
            yield Problem(path, line, f"{text} Make it lighter, or allow more with @pytest.mark.seconds.")
    total, limit = sum(timing.seconds for timing in timings), exercise.config.total_seconds
    if total > _SHARE * limit:
        text = f"the reference takes {total:.1f} s for all tests, and {limit:g} s are allowed."
        yield Problem(exercise.reference, None, f"{text} Make tests lighter, or raise limits.total_seconds.")


def time_tests(outcomes: list[Outcome], tests: Tests, exercise: Exercise) -> tuple[Timing, ...]:
    """What each test took with the reference: the middle of all seeds, so that one hiccup of the host is none."""
    seconds: dict[str, list[float]] = {}
    for test in _results(outcomes):
        if test.verdict is Verdict.PASSED and test.name != FORBIDDEN_TEST:
            seconds.setdefault(test.name, []).append(test.seconds)
    return tuple(Timing(name, median(found), _limit(name, tests, exercise)) for name, found in seconds.items())


def _limit(name: str, tests: Tests, exercise: Exercise) -> float:
    function = tests.get(name.partition("[")[0])
    training = exercise.config.training
    if function and function.trains and training:
        terms = training.gpu if function.trains == "gpu" else training.cpu
        return training.seeds * terms.budget_s if terms else exercise.config.limits.seconds
    return function.seconds if function and function.seconds else exercise.config.limits.seconds


def _results(outcomes: list[Outcome]) -> list[TestResult]:
    return [test for outcome in outcomes for test in outcome.tests]


def _at(test: TestResult, tests: Tests, path: Path, text: str) -> Problem:
    function = tests.get(test.name.partition("[")[0])
    return Problem(function.path, function.line, text) if function else Problem(path, None, text)
