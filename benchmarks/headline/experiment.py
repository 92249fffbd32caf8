"""What an experiment is: a function of a problem, a seed and a device, and the figures that it is held against."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from benchmarks.headline.problem import Problem


@dataclass(frozen=True)
class Figure:
    """A number that was reported, and from where to where ours agrees with it."""

    key: str
    what: str
    #: in the words of its source
    reported: str
    low: float
    high: float
    unit: str = "%"
    digits: int = 2
    #: empty: the chapter that the experiment belongs to
    source: str = ""

    def agrees(self, value: float) -> bool:
        """Whether a number of ours counts as the reported one."""
        return self.low <= value <= self.high

    def show(self, value: float) -> str:
        """A number as the tables write it."""
        return f"{value:.{self.digits}f}" + (f" {self.unit}" if self.unit else "")


def near(key: str, what: str, reported: float, within: float = 1.0, **others: Any) -> Figure:
    """An accuracy in per cent, met within one point."""
    return Figure(key, what, f"{reported} %", reported - within, reported + within, **others)


@dataclass(frozen=True)
class Outcome:
    """What one run gave: a number for each figure, and what was seen epoch by epoch."""

    values: dict[str, float]
    curves: dict[str, list[float]] = field(default_factory=dict)


Run = Callable[..., Outcome]


@dataclass(frozen=True)
class Experiment:
    """One experiment of the course."""

    name: str
    source: str
    figures: tuple[Figure, ...]
    #: how many seeds it is run with where nothing is said
    seeds: int
    run: Run

    @property
    def chapter(self) -> int:
        """The first chapter that the experiment belongs to; what is not in the book comes after it."""
        found = re.search(r"^book, ch\. (\d+)", self.source)
        return int(found[1]) if found else 1000

    @property
    def settings(self) -> str:
        """The paragraph of the function's docstring that names them, on one line."""
        return " ".join((inspect.getdoc(self.run) or "").split("\n\n")[1].split())

    def __call__(self, problem: Problem, seed: int, device: torch.device, **others: Any) -> Outcome:
        """Run once. Raises RuntimeError where a figure got no number."""
        outcome = self.run(problem, seed, device, **others)
        if missing := [figure.key for figure in self.figures if figure.key not in outcome.values]:
            raise RuntimeError(f"{self.name} gave no value for {', '.join(missing)}")
        return outcome


#: all experiments by name
EXPERIMENTS: dict[str, Experiment] = {}


def experiment(source: str, *figures: Figure, seeds: int = 3) -> Callable[[Run], Run]:
    """Enter a function in the list under its own name."""

    def enter(run: Run) -> Run:
        EXPERIMENTS[run.__name__] = Experiment(run.__name__, source, figures, seeds, run)
        return run

    return enter
