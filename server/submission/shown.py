"""What a student may read of a report, in one language: the same for the page of a submission and for the API.

Staff's details, seeds and the names of hidden tests, which may carry parameters, are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.report import Report, TestResult, Text, Verdict
from server.i18n import Translator
from server.submission.curve import Curves

#: what a hint would not help with
_NO_HINT = (Verdict.PASSED, Verdict.SKIPPED, Verdict.GRADER_ERROR)


@dataclass(frozen=True)
class Shown:
    """One test of a report. Texts that do not apply are empty."""

    #: its place in the report, from 1
    number: int
    #: None: it is hidden
    name: str | None
    title: str
    group: str
    hidden: bool
    verdict: Verdict
    points: float
    earned: float
    message: str
    hint: str
    traceback: str
    output: str
    seconds: float
    curve: Curves
    #: the data sets that it asked for, each with the one that it got
    datasets: dict[str, str]
    #: whether it was not run because the file could not be loaded; the message says why
    unloaded: bool


def show_title(name: str, title: Text, language: Translator) -> str:
    """The title of a test; where it has none its name, without parameters."""
    return language.pick(title) or name.partition("[")[0]


def show_tests(report: Report, language: Translator) -> list[Shown]:
    """All tests of a report."""
    return [show_test(number, test, language) for number, test in enumerate(report.tests, 1)]


def show_test(number: int, test: TestResult, language: Translator) -> Shown:
    """One test of a report, or of a grading that runs."""
    passed = test.verdict is Verdict.PASSED
    return Shown(
        number=number,
        name=None if test.hidden else test.name,
        title=show_title(test.name, test.title, language),
        group=test.group,
        hidden=test.hidden,
        verdict=test.verdict,
        points=test.points,
        earned=test.earned,
        # A training that passes has something to tell, too: what it reached.
        message="" if passed and not test.runs else language.pick(test.message),
        hint="" if test.verdict in _NO_HINT else language.pick(test.hint),
        traceback="" if passed else test.traceback,
        output=test.output,
        seconds=round(test.seconds, 4),
        curve=test.curve,
        datasets=test.datasets,
        unloaded=test.unloaded,
    )
