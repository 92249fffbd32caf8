"""What one grading found: a verdict per test, gathered in a report. The only place that knows the JSON.

Every renderer (command line, portal, notebook) shows these frozen values; nothing here reads files or runs anything.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

LANGUAGES = ("en", "pt-BR")

#: A text in every language of the project.
Text = dict[str, str]


class Verdict(StrEnum):
    """The outcome of one test."""

    PASSED = "passed"
    FAILED = "failed"
    CRASHED = "crashed"
    TOO_SLOW = "too_slow"
    TOO_BIG = "too_big"
    SKIPPED = "skipped"
    GRADER_ERROR = "grader_error"


class Owner(StrEnum):
    """Who has to act when a submission could not be graded."""

    STUDENT = "student"
    EXERCISE = "exercise"
    INFRASTRUCTURE = "infrastructure"


@dataclass(frozen=True)
class TestResult:
    """The verdict of one test and what the student may read about it.

    ``message``, ``output`` and ``traceback`` are made for the student: never an expected value of a hidden test, a
    path of ours or a frame of pytest. ``detail`` is for instructors alone and holds everything.
    """

    __test__ = False  # pytest: this is a value, not a test class

    name: str
    title: Text
    points: float
    verdict: Verdict
    message: Text = field(default_factory=dict)
    hint: Text = field(default_factory=dict)
    traceback: str = ""
    output: str = ""
    detail: str = ""
    seconds: float = 0.0
    hidden: bool = True
    group: str = ""

    @property
    def earned(self) -> float:
        """Points that the verdict is worth."""
        return self.points if self.verdict is Verdict.PASSED else 0.0


@dataclass(frozen=True)
class Report:
    """All verdicts of one grading.

    ``owner`` is None when grading went through, whatever the score; otherwise ``message`` says what went wrong and
    for whom. ``left_out`` lists what of the submission was not used (magics of a notebook, stray files).
    """

    submission: str
    exercise: str
    exercise_version: str
    seed: str
    device: str
    tests: tuple[TestResult, ...] = ()
    owner: Owner | None = None
    message: Text = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    training: tuple[dict[str, Any], ...] = ()
    seconds: float = 0.0

    @property
    def score(self) -> float:
        """Points earned."""
        return sum(test.earned for test in self.tests)

    @property
    def max_score(self) -> float:
        """Points that there were to earn; a test that failed for a reason of ours does not count."""
        return sum(test.points for test in self.tests if test.verdict is not Verdict.GRADER_ERROR)

    def to_dict(self, language: str = "en", *, staff: bool = False) -> dict[str, Any]:
        """One JSON object with plain values, texts in ``language``; ``staff`` adds the instructors' detail."""
        return {
            "submission": self.submission,
            "exercise": self.exercise,
            "exercise_version": self.exercise_version,
            "seed": self.seed,
            "device": self.device,
            "score": self.score,
            "max_score": self.max_score,
            "seconds": round(self.seconds, 4),
            "owner": self.owner,
            "message": _pick(self.message, language),
            "left_out": list(self.left_out),
            "tests": [_test_to_dict(test, language, staff) for test in self.tests],
            "training": list(self.training),
        }

    def to_store(self) -> dict[str, Any]:
        """Everything, in all languages, for a database; ``from_store`` reads it back."""
        return asdict(self)

    @staticmethod
    def from_store(stored: dict[str, Any]) -> Report:
        """Read what ``to_store`` wrote."""
        tests = tuple(TestResult(**{**test, "verdict": Verdict(test["verdict"])}) for test in stored["tests"])
        owner = Owner(stored["owner"]) if stored["owner"] else None
        lists = {"left_out": tuple(stored["left_out"]), "training": tuple(stored["training"])}
        return Report(**{**stored, **lists, "tests": tests, "owner": owner})

    def without_times(self) -> Report:
        """The same report with every duration set to zero: equal for equal seeds."""
        return replace(self, seconds=0.0, tests=tuple(replace(test, seconds=0.0) for test in self.tests))


def _pick(text: Text, language: str) -> str:
    return text.get(language) or text.get("en", "")


def _test_to_dict(test: TestResult, language: str, staff: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": test.name,
        "title": _pick(test.title, language),
        "points": test.points,
        "earned": test.earned,
        "verdict": test.verdict,
        "message": _pick(test.message, language),
        "hint": _pick(test.hint, language),
        "traceback": test.traceback,
        "output": test.output,
        "seconds": round(test.seconds, 4),
        "hidden": test.hidden,
        "group": test.group,
    }
    return shown | {"detail": test.detail} if staff else shown
