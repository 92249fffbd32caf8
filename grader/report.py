"""What one grading found: a verdict per test, gathered in a report. The only place that knows the JSON.

Every renderer (command line, portal, notebook) shows these frozen values; nothing here reads files or runs anything.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

LANGUAGES = ("en", "pt-BR")

#: The test that stands for reading the submission's sources; its name is taken.
FORBIDDEN_TEST = "test_uses_nothing_forbidden"

#: What a test is called that failed and leaves a part of its points all the same, as a training check does.
PARTLY = "partly"

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
    #: what a training recorded: by name, pairs of step and value; NaN and infinities are None
    curve: dict[str, list[list[float | None]]] = field(default_factory=dict)
    #: the data sets that the test asked for, each with the one that it got: perhaps a smaller one in its place
    datasets: dict[str, str] = field(default_factory=dict)
    #: what each run of a training check reached
    runs: list[float | None] = field(default_factory=list)
    #: of a test that failed: the part of the points that it leaves all the same
    share: float = 0.0
    #: the GPU that it ran on; empty: on none
    device: str = ""
    #: whether it asks for a GPU and was not run for lack of one
    awaits_gpu: bool = False
    #: whether it was not run because the submission could not be loaded: for the reason that the message gives
    unloaded: bool = False

    @property
    def earned(self) -> float:
        """Points that the verdict is worth."""
        return self.points * (1.0 if self.verdict is Verdict.PASSED else self.share)

    @property
    def outcome(self) -> str:
        """What the verdict is called: ``partly`` for one that leaves a part of the points."""
        return outcome_of(self.verdict, self.earned)

    @property
    def is_obstacle(self) -> bool:
        """Whether it tells why others were not run: the submission cannot be loaded, or uses what is forbidden."""
        is_forbidden = self.name == FORBIDDEN_TEST and self.verdict is Verdict.FAILED
        return bool(self.message) and (self.unloaded or is_forbidden)

    @property
    def stand_ins(self) -> list[tuple[str, str]]:
        """The data sets that were asked for and are not here, each with the one that stood in."""
        return [(wanted, used) for wanted, used in self.datasets.items() if wanted != used]


def outcome_of(verdict: Verdict, earned: float) -> str:
    """What a verdict is called that left so many points."""
    return PARTLY if verdict is Verdict.FAILED and earned > 0 else verdict


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
    seconds: float = 0.0
    #: what graded it, as whoever sold it calls it
    hardware: str = ""

    @property
    def obstacle(self) -> TestResult | None:
        """The first test that tells why others were not run: what it says need be said once. None: nothing was."""
        return next((test for test in self.tests if test.is_obstacle), None)

    @property
    def awaits_gpu(self) -> bool:
        """Whether a GPU has still something to do for it."""
        return any(test.awaits_gpu for test in self.tests)

    def joined(self, other: Report) -> Report:
        """With what came of the tests on a GPU, in the place of those that await one."""
        joined = self.carrying(other)
        return joined if joined is self else replace(joined, seconds=self.seconds + other.seconds)

    def carrying(self, other: Report) -> Report:
        """With what another report says of tests on a GPU, where this one still awaits it."""
        found = {test.name: test for test in other.tests if test.device}
        tests = tuple(found.get(test.name, test) if test.awaits_gpu else test for test in self.tests)
        if tests == self.tests:
            return self
        # The other's hardware may be a processor and a GPU.
        parts = [part for each in (self, other) for part in each.hardware.split(" + ") if part]
        return replace(self, tests=tests, device=other.device, hardware=" + ".join(dict.fromkeys(parts)))

    @property
    def score(self) -> float:
        """Points earned."""
        return sum(test.earned for test in self.tests)

    @property
    def max_score(self) -> float:
        """Points that there were to earn; a test that failed for a reason of ours does not count."""
        return sum(test.points for test in self.tests if test.verdict is not Verdict.GRADER_ERROR)

    @property
    def public(self) -> Report:
        """What would have come of the public tests alone."""
        return replace(self, tests=tuple(test for test in self.tests if not test.hidden))

    def to_dict(self, language: str = "en", *, staff: bool = False) -> dict[str, Any]:
        """One JSON object with plain values, texts in ``language``; ``staff`` adds the instructors' detail."""
        return {
            "submission": self.submission,
            "exercise": self.exercise,
            "exercise_version": self.exercise_version,
            "seed": self.seed,
            "device": self.device,
            "hardware": self.hardware,
            "score": self.score,
            "max_score": self.max_score,
            "seconds": round(self.seconds, 4),
            "owner": self.owner,
            "message": _pick(self.message, language),
            "left_out": list(self.left_out),
            "tests": [_test_to_dict(test, language, staff) for test in self.tests],
            "training": [_training_to_dict(test) for test in self.tests if _trained(test)],
        }

    def to_store(self) -> dict[str, Any]:
        """Everything, in all languages, for a database; ``from_store`` reads it back."""
        return asdict(self)

    @staticmethod
    def from_store(stored: dict[str, Any]) -> Report:
        """Read what ``to_store`` wrote."""
        tests = tuple(TestResult(**{**test, "verdict": Verdict(test["verdict"])}) for test in stored["tests"])
        owner = Owner(stored["owner"]) if stored["owner"] else None
        left_out = tuple(stored["left_out"])
        return Report(**{**stored, "left_out": left_out, "tests": tests, "owner": owner})

    def without_times(self) -> Report:
        """The same report with every duration set to zero: equal for equal seeds."""
        return replace(self, seconds=0.0, tests=tuple(replace(test, seconds=0.0) for test in self.tests))


def _pick(text: Text, language: str) -> str:
    return text.get(language) or text.get("en", "")


def _trained(test: TestResult) -> bool:
    return bool(test.curve or test.runs or test.datasets)


def _training_to_dict(test: TestResult) -> dict[str, Any]:
    return {"test": test.name, "datasets": test.datasets, "curve": test.curve, "runs": test.runs}


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
