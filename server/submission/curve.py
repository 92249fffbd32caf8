"""Lays training curves out as diagrams: what goes where, with axes that end at round numbers.

Names that end in the same word, as ``train_loss`` and ``validation_loss`` do, share a diagram: they have one unit.
Whoever shows a diagram (``templates/_curves.html``) only writes down what is decided here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from babel import numbers

from server.i18n import Translator, mark

#: by name, pairs of step and value; None where the value was no number
Curves = dict[str, list[list[float | None]]]
Point = tuple[float, float | None]

#: the diagram, in its own units; the axes lie inside
WIDTH, HEIGHT = 380, 230
LEFT, RIGHT, TOP, BOTTOM = 52, 366, 30, 188

#: points that are drawn of each curve, and lines that the table has
MAX_POINTS, MAX_ROWS = 200, 40
#: numbers beyond are not drawn: a training that went wrong reaches any
BEYOND = 1e100
NO_NUMBER = mark("not a number")

MEASURES = {
    "loss": mark("loss"),
    "cost": mark("cost"),
    "error": mark("error"),
    "accuracy": mark("accuracy"),
    "acc": mark("accuracy"),
    "seconds": mark("seconds"),
}


@dataclass(frozen=True)
class Tick:
    """One labelled place on an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Series:
    """One curve of a diagram."""

    name: str
    #: the ``d`` of an SVG path
    path: str
    #: its last value, written
    last: str


@dataclass(frozen=True)
class Row:
    """One line of a diagram's table."""

    step: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Diagram:
    """Curves that share their axes."""

    #: what the values measure
    unit: str
    series: tuple[Series, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    rows: tuple[Row, ...]
    #: the diagram in one sentence, for who does not see it
    description: str


def lay_out(curves: Curves, language: Translator) -> list[Diagram]:
    """Arrange the curves in diagrams."""
    groups: dict[str, dict[str, list[Point]]] = {}
    for name, pairs in curves.items():
        if points := _clean(pairs):
            groups.setdefault(measure_of(name), {})[name] = points
    return [_Canvas(unit, group, language).diagram() for unit, group in groups.items()]


def measure_of(name: str) -> str:
    """What a curve measures, judged by its name."""
    parts = [part for part in re.split(r"[\W\d_]+", name.lower()) if part]
    return next((MEASURES[part] for part in parts if part in MEASURES), parts[-1] if parts else name)


def _clean(pairs: Sequence[Sequence[float | None]]) -> list[Point]:
    """Leave out what cannot be drawn, and thin out what is too fine to be seen."""
    points = [(float(step), _drawable(value)) for step, value in pairs if step is not None]
    stride = math.ceil(len(points) / MAX_POINTS) or 1
    kept = points[::stride]
    return kept if not points or kept[-1] is points[-1] else [*kept, points[-1]]


def _drawable(value: float | None) -> float | None:
    return value if value is not None and abs(value) < BEYOND else None


def nice_step(span: float, parts: int) -> float:
    """Choose a distance of ticks, 1, 2 or 5 times a power of ten, for about so many parts."""
    raw = span / parts
    power: float = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= raw * 0.999)


def write(value: float, language: Translator) -> str:
    """Write a number of a curve: as many places as a diagram can show."""
    if value and not 1e-3 <= abs(value) < 1e7:
        return numbers.format_scientific(float(f"{value:.2e}"), format="0.##E0", locale=language.locale)
    return numbers.format_decimal(float(f"{value:.7g}"), format="#,##0.####", locale=language.locale)


class _Canvas:
    """One diagram while it is laid out."""

    def __init__(self, unit: str, group: dict[str, list[Point]], language: Translator) -> None:
        self.unit = unit
        self.group = group
        self.language = language
        points = [point for curve in group.values() for point in curve]
        self.steps = _padded([step for step, _ in points])
        values = _padded([value for _, value in points if value is not None])
        self.distance = nice_step(values[1] - values[0], 4)
        # The vertical axis begins and ends at ticks.
        self.values = (
            math.floor(values[0] / self.distance) * self.distance,
            math.ceil(values[1] / self.distance) * self.distance,
        )

    def diagram(self) -> Diagram:
        """Lay it out."""
        series = tuple(Series(name, self._path(curve), self._last(curve)) for name, curve in self.group.items())
        across_step = max(1.0, nice_step(self.steps[1] - self.steps[0], 5))
        return Diagram(
            unit=self.language.gettext(self.unit),
            series=series,
            across=self._ticks(self.steps, across_step, self._x),
            up=self._ticks(self.values, self.distance, self._y),
            rows=self._rows(),
            description=self._describe(),
        )

    def _x(self, step: float) -> float:
        low, high = self.steps
        return LEFT + (step - low) / (high - low) * (RIGHT - LEFT)

    def _y(self, value: float) -> float:
        low, high = self.values
        return BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP)

    def _ticks(self, limits: tuple[float, float], distance: float, place: Callable[[float], float]) -> tuple[Tick, ...]:
        first, last = math.ceil(limits[0] / distance - 1e-6), math.floor(limits[1] / distance + 1e-6)
        found = (number * distance for number in range(first, min(last, first + 20) + 1))
        return tuple(Tick(round(place(value), 1), write(value, self.language)) for value in found)

    def _path(self, curve: Iterable[Point]) -> str:
        """A line through the points; it breaks where there is no number, and a lonely point is a dot."""
        parts: list[str] = []
        is_down = False
        for step, value in curve:
            if value is not None:
                place = f"{self._x(step):.1f} {self._y(value):.1f}"
                parts.append(f"L{place}" if is_down else f"M{place}h0")
            is_down = value is not None
        return "".join(parts)

    def _last(self, curve: list[Point]) -> str:
        return self._write(curve[-1][1])

    def _write(self, value: float | None) -> str:
        return self.language.gettext(NO_NUMBER) if value is None else write(value, self.language)

    def _rows(self) -> tuple[Row, ...]:
        """The table: evenly chosen steps, always with the last."""
        by_step: dict[float, dict[str, float | None]] = {}
        for name, curve in self.group.items():
            for step, value in curve:
                by_step.setdefault(step, {})[name] = value
        steps = sorted(by_step)
        chosen = sorted({*steps[:: math.ceil(len(steps) / MAX_ROWS)], steps[-1]})
        return tuple(
            Row(
                write(step, self.language),
                tuple(self._write(by_step[step][name]) if name in by_step[step] else "" for name in self.group),
            )
            for step in chosen
        )

    def _describe(self) -> str:
        text = self.language.gettext("%(name)s goes from %(first)s at step %(start)s to %(last)s at step %(end)s.")
        return " ".join(
            text
            % {
                "name": name,
                "first": self._write(curve[0][1]),
                "start": write(curve[0][0], self.language),
                "last": self._last(curve),
                "end": write(curve[-1][0], self.language),
            }
            for name, curve in self.group.items()
        )


def _padded(found: list[float]) -> tuple[float, float]:
    """The range of the numbers, a little more where they are all the same."""
    low, high = min(found, default=0.0), max(found, default=1.0)
    # Closer together than this, neighbouring numbers could not be told apart.
    margin = max(abs(low), abs(high), 1e-9) * 1e-9
    return (low, high) if high - low > margin else (low - max(abs(low) * 0.1, 0.5), high + max(abs(high) * 0.1, 0.5))
