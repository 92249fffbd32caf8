"""What an audit found: problems to mend, counts, mutants that lived, and what the reference took."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from grader.paths import shown


@dataclass(frozen=True)
class Problem:
    """One thing to mend: where, what is wrong and what to do."""

    path: Path
    #: from 1; None where it is about the whole file or folder
    line: int | None
    text: str

    def __str__(self) -> str:
        return f"{shown(self.path)}{f':{self.line}' if self.line else ''}: {self.text}"


@dataclass(frozen=True)
class Counts:
    """How much there was to look at."""

    tests: int = 0
    points: float = 0.0
    right: int = 0
    wrong: int = 0
    #: all mutants of the reference
    mutants: int = 0
    #: those that a test caught
    killed: int = 0
    #: those that the author has declared equivalent
    recorded: int = 0

    @property
    def rate(self) -> float:
        """Share of the mutants killed, of those that are not declared equivalent."""
        counted = self.mutants - self.recorded
        return self.killed / counted if counted else 1.0


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test caught and that is not declared equivalent."""

    description: str
    line: int
    diff: str
    #: what to put into ``file``, if nobody can tell it from the reference, with a reason
    entry: str
    file: str


@dataclass(frozen=True)
class Timing:
    """How long a test of the reference took, the middle of all seeds, and how long one call in it may take."""

    test: str
    seconds: float
    limit: float


@dataclass(frozen=True)
class AuditResult:
    """All that one audit found."""

    exercise: str
    problems: tuple[Problem, ...]
    counts: Counts = Counts()
    survivors: tuple[Survivor, ...] = ()
    timings: tuple[Timing, ...] = ()
    #: tests that this host could not run
    skipped: tuple[str, ...] = ()
    #: what is to be done elsewhere, and is nothing to mend here
    notes: tuple[Problem, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """One JSON object with plain values."""
        problems, notes = (
            [{**asdict(each), "path": shown(each.path)} for each in found] for found in (self.problems, self.notes)
        )
        return {
            "exercise": self.exercise,
            "passed": self.passed,
            "problems": problems,
            "counts": {**asdict(self.counts), "rate": round(self.counts.rate, 4)},
            "survivors": [asdict(survivor) for survivor in self.survivors],
            "timings": [{**asdict(timing), "seconds": round(timing.seconds, 4)} for timing in self.timings],
            "skipped": list(self.skipped),
            "notes": notes,
        }
