"""Grades the stub and the reference of an exercise that a notebook has become."""

from __future__ import annotations

from dataclasses import dataclass

from grader.errors import GraderError
from grader.exercise import Catalogue
from grader.pool import Grader
from grader.report import Text, Verdict


@dataclass(frozen=True)
class Trial:
    """What came of it."""

    points: float = 0.0
    reference: float = 0.0
    stub: float = 0.0
    #: tests that the reference does not pass, each with what it met; or the exercise, where nothing could be graded
    failed: dict[str, Text] | None = None
    #: tests that the stub passes
    passed: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether the reference gets everything and the stub nothing."""
        return not self.failed and not self.passed


def try_out(grader: Grader, catalogue: Catalogue, slug: str) -> Trial:
    """Grade both. Raises InfrastructureError where this host cannot grade."""
    exercise = catalogue.find(slug)
    assert exercise.reference is not None
    paths = (exercise.reference, exercise.stub)
    try:
        best, worst = (grader.grade(exercise, path, seed="0", device="cpu") for path in paths)
    except GraderError as error:
        if error.owner == "infrastructure":
            raise
        return Trial(failed={slug: error.text})
    for report in (best, worst):
        if report.owner:
            return Trial(failed={slug: report.message})
    failed = {test.name: test.message for test in best.tests if test.verdict is not Verdict.PASSED}
    passed = tuple(test.name for test in worst.tests if test.verdict is Verdict.PASSED and test.points)
    return Trial(best.max_score, best.score, worst.score, failed, passed)
