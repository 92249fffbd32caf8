"""Where the boxes and lines of a map lie: a column for each depth, from left to right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from server.exercise.curriculum import Needs

WIDTH, HEIGHT = 224, 72
COLUMN, ROW = WIDTH + 64, HEIGHT + 22
#: for the outline of a focused box
MARGIN = 6


@dataclass(frozen=True)
class Box:
    """The place of one name."""

    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Chart:
    """A drawing in pixels. ``lines`` are SVG paths."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    #: of each box
    box_width: int = WIDTH
    box_height: int = HEIGHT


def draw(needs: Needs) -> Chart:
    """Lay out names that come in an order in which each stands after what it needs."""
    columns = _columns(needs)
    tallest = max((len(column) for column in columns), default=0)
    places: dict[str, Box] = {}
    for number, column in enumerate(columns):
        top = MARGIN + (tallest - len(column)) * ROW / 2
        for row, name in enumerate(_untangled(column, needs, places)):
            places[name] = Box(name, MARGIN + number * COLUMN, top + row * ROW)
    lines = tuple(_line(places[before], places[name]) for name in needs for before in _direct(name, needs))
    width = len(columns) * COLUMN - (COLUMN - WIDTH) + 2 * MARGIN
    return Chart(width, tallest * ROW - (ROW - HEIGHT) + 2 * MARGIN, tuple(places.values()), lines)


def _columns(needs: Needs) -> list[list[str]]:
    """The names by depth: the longest way to them."""
    depth: dict[str, int] = {}
    for name, before in needs.items():
        # What is not placed yet is part of a circle.
        depth[name] = 1 + max((depth[each] for each in before if each in depth), default=-1)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name, number in depth.items():
        columns[number].append(name)
    return columns


def _untangled(column: Iterable[str], needs: Needs, places: dict[str, Box]) -> list[str]:
    """Put each name near the middle of what it needs, so that few lines cross."""

    def middle(name: str) -> float:
        heights = [places[each].y for each in needs[name] if each in places]
        return sum(heights) / len(heights) if heights else 0.0

    return sorted(column, key=middle)


def _direct(name: str, needs: Needs) -> list[str]:
    """What a name needs, without what it needs anyhow because of something else."""
    return [each for each in needs[name] if not any(each in _all(other, needs) for other in needs[name])]


def _all(name: str, needs: Needs) -> set[str]:
    """Everything that comes before a name, at whatever distance."""
    found: set[str] = set()
    waiting = list(needs[name])
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += needs[each]
    return found - {name}


def _line(before: Box, after: Box) -> str:
    x1, y1 = before.x + WIDTH, before.y + HEIGHT / 2
    x2, y2 = after.x, after.y + HEIGHT / 2
    bend = (COLUMN - WIDTH) / 2
    # Straight along the row as far as the column before the last, so that a long line does not cut through boxes' text.
    turn = max(x1, x2 - 2 * bend)
    return f"M{x1:g} {y1:g}H{turn:g}C{turn + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"
