"""Trainings while they run: a line per curve that redraws itself on a terminal, and elsewhere plain lines at times."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import Progress
from rich.text import Text

from grader.command.show import printable
from grader.command.work import COLUMNS

#: signs of a curve, and their levels from low to high
_WIDTH = 48
_LEVELS = "▁▂▃▄▅▆▇█"
#: values that are kept of a curve
_KEPT = 4096
#: trainings that are drawn at the same time
_SHOWN = 8
#: seconds between two plain lines of one training
_PAUSE = 5.0

Place = tuple[str, str]


def sparkline(values: Sequence[float | None], width: int = _WIDTH) -> str:
    """Draw values in one line, each sign the mean of its part of them; a dot where there is no number."""
    count = min(width, len(values))
    parts = [values[n * len(values) // count : (n + 1) * len(values) // count] for n in range(count)]
    means = [_mean(part) for part in parts]
    numbers = [mean for mean in means if mean is not None]
    low, high = min(numbers, default=0.0), max(numbers, default=0.0)
    return "".join("·" if mean is None else _level(mean, low, high) for mean in means)


def _mean(values: Sequence[float | None]) -> float | None:
    numbers = [value for value in values if value is not None and math.isfinite(value)]
    return sum(numbers) / len(numbers) if numbers else None


def _level(value: float, low: float, high: float) -> str:
    # Divided first: the difference of two large numbers may be infinite.
    share = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
    return _LEVELS[min(int(share * len(_LEVELS)), len(_LEVELS) - 1)]


class Board:
    """How far the gradings are, and the trainings that run in them. May be told from several threads."""

    def __init__(self, console: Console, total: int, title: str) -> None:
        self._console = console
        self._progress = Progress(*COLUMNS, console=console)
        self._task = self._progress.add_task(title, total=total, last="")
        self._lock = threading.Lock()
        self._curves: dict[Place, dict[str, list[float | None]]] = {}
        self._told: dict[Place, float] = {}

    def advance(self, submission: str) -> None:
        """One submission is graded."""
        self._progress.update(self._task, advance=1, last=submission[-40:])

    def hear(self, submission: str, event: dict[str, Any]) -> None:
        """Something happened in a grading."""
        if event["event"] == "metric":
            self._record((submission, event["test"]), event["step"], event["values"])
        elif event["event"] == "test":
            with self._lock:
                self._curves.pop((submission, event["test"]["name"]), None)

    def _record(self, place: Place, step: int, values: dict[str, float | None]) -> None:
        with self._lock:
            curves = self._curves.setdefault(place, {})
            for name, value in values.items():
                kept = curves.setdefault(name, [])
                kept.append(value)
                del kept[:-_KEPT]
            is_told = self._console.is_terminal or time.monotonic() - self._told.get(place, -_PAUSE) < _PAUSE
            if not is_told:
                self._told[place] = time.monotonic()
        if not is_told:
            found = ", ".join(f"{name} {_number(value)}" for name, value in values.items())
            line = printable(f"{place[0]} · {place[1]} · {step}: {found}")
            self._console.print(Text(line), soft_wrap=True)

    def __rich__(self) -> Group:
        """The bar, and below it each training's curves."""
        with self._lock:
            lines = [self._draw(place, curves) for place, curves in list(self._curves.items())[-_SHOWN:]]
        return Group(self._progress, *lines)

    def _draw(self, place: Place, curves: dict[str, list[float | None]]) -> Text:
        text = Text(printable(f"{place[0][-40:]} · {place[1]}"), style="bold", no_wrap=True, overflow="ellipsis")
        for name, values in curves.items():
            text.append(f"\n  {printable(name)[:16]:16} ", style="not bold dim")
            text.append(sparkline(values), style="not bold cyan")
            text.append(f" {_number(values[-1])}", style="not bold")
        return text


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


@contextmanager
def board(total: int, title: str) -> Iterator[Board]:
    """Yield a board on standard error that is drawn as long as the context lasts."""
    console = Console(stderr=True, highlight=False)
    made = Board(console, total, title)
    if not console.is_terminal:
        yield made
        return
    with Live(made, console=console, transient=True, refresh_per_second=8):
        yield made
