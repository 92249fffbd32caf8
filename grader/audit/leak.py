"""Looks for what students must not read: expected values and lines of hidden tests in the words of a report."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.audit.finding import Problem
from grader.audit.source import TestFunction
from grader.audit.trial import Outcome
from grader.report import TestResult, Verdict

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
#: Shorter numbers and lines come up by chance.
_DIGITS = 4
_LINE = 12


def find_leaks(outcome: Outcome, tests: dict[str, TestFunction]) -> Iterator[Problem]:
    """One problem per hidden test whose message or traceback repeats something of the test's own failure."""
    for test in outcome.tests:
        function = tests.get(test.name.partition("[")[0])
        if function is None or not test.hidden:
            continue
        source = function.path.read_text(encoding="utf-8")
        submitted = outcome.trial.path.read_text(encoding="utf-8", errors="replace")
        leaked = leaked_text(test, source, submitted)
        if leaked:
            text = f"{test.name} shows students “{leaked}” of the hidden test. Take it out of what it raises."
            yield Problem(function.path, function.line, text)


def leaked_text(test: TestResult, source: str, submitted: str) -> str:
    """What a student reads of the instructors' detail; empty where it is nothing.

    What the student's own file or own exception says is the student's: numbers count after a failed assertion alone,
    and a line counts that is in the hidden file and not in the submission.
    """
    shown = "\n".join([*test.message.values(), test.traceback])
    own = {line.strip() for line in submitted.splitlines()}
    hidden = {line.strip() for line in source.splitlines()} - own
    for line in (line.lstrip(">E ").strip() for line in test.detail.splitlines()):
        if len(line) >= _LINE and line in hidden and line in shown:
            return line
    if test.verdict is not Verdict.FAILED or test.runs:  # what a training has reached is the student's to know
        return ""
    secret = {number for number in _NUMBER.findall(test.detail) if _is_telling(number)}
    return next((number for number in _NUMBER.findall(shown) if number in secret), "")


def _is_telling(number: str) -> bool:
    digits = re.sub(r"[eE].*|\.", "", number).lstrip("0")
    return len(digits) >= _DIGITS
