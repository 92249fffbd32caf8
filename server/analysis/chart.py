"""Lays out bars: what goes where. Whoever shows them (``templates/course/_bars.html``) only writes it down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from server.i18n import Translator
from server.submission.curve import Tick, nice_step

#: the diagram, in its own units; the axes lie inside
WIDTH, HEIGHT = 380, 220
LEFT, RIGHT, TOP, BOTTOM = 40, 374, 20, 178
#: about the width of a letter below the axis, and between two labels
LETTER, GAP = 6.3, 8


@dataclass(frozen=True)
class Bar:
    """One bar."""

    x: float
    y: float
    width: float
    height: float
    #: what it is of, and how much it is
    label: str
    value: str


@dataclass(frozen=True)
class Bars:
    """Bars that share their axes."""

    bars: tuple[Bar, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    #: what the bars are of, and what they count
    unit_across: str
    unit_up: str
    #: a line from top to bottom, such as a due date; None: there is none
    mark: Tick | None
    #: the diagram in one sentence, for who does not see it
    description: str


@dataclass(frozen=True)
class Column:
    """What a bar shows."""

    label: str
    count: int
    #: below the axis; empty: as the label
    short: str = ""


def lay_out(
    columns: Sequence[Column],
    language: Translator,
    *,
    across: str,
    up: str,
    mark: tuple[float, str] | None = None,
) -> Bars | None:
    """Arrange columns as bars; None: there are none. ``mark``: a place from 0 (left) to 1 (right), and what it is."""
    if not columns:
        return None
    highest = max(each.count for each in columns)
    distance = max(1.0, nice_step(max(highest, 1), 4))
    top = math.ceil(max(highest, 1) / distance) * distance
    step = (RIGHT - LEFT) / len(columns)
    gap = min(4.0, step * 0.15)
    labels = [each.short or each.label for each in columns]
    stride = _stride(labels, step)
    return Bars(
        bars=tuple(_bar(number, each, step, gap, top, language) for number, each in enumerate(columns)),
        across=tuple(
            Tick(round(LEFT + (number + 0.5) * step, 1), label)
            for number, label in enumerate(labels)
            if number % stride == 0 and LEFT + (number + 0.5) * step + len(label) / 2 * LETTER <= WIDTH
        ),
        up=tuple(
            Tick(round(_height(number * distance, top), 1), language.number(number * distance))
            for number in range(round(top / distance) + 1)
        ),
        unit_across=across,
        unit_up=up,
        mark=Tick(round(LEFT + mark[0] * (RIGHT - LEFT), 1), mark[1]) if mark else None,
        description=_describe(columns, across, up, language),
    )


def _bar(number: int, column: Column, step: float, gap: float, top: float, language: Translator) -> Bar:
    y = _height(column.count, top)
    return Bar(
        x=round(LEFT + number * step + gap / 2, 1),
        y=round(y, 1),
        width=round(step - gap, 1),
        height=round(BOTTOM - y, 1),
        label=column.label,
        value=language.number(column.count),
    )


def _height(count: float, top: float) -> float:
    return BOTTOM - count / top * (BOTTOM - TOP)


def _stride(labels: Sequence[str], step: float) -> int:
    """Every which label there is room for."""

    def fits(stride: int) -> bool:
        shown = labels[::stride]
        return all((len(left) + len(right)) / 2 * LETTER + GAP <= stride * step for left, right in pairwise(shown))

    return next(stride for stride in range(1, len(labels) + 1) if fits(stride))


def _describe(columns: Sequence[Column], across: str, up: str, language: Translator) -> str:
    most = max(columns, key=lambda each: each.count)
    text = language.gettext(
        "%(up)s by %(across)s. Most are at %(label)s: %(count)s. All numbers are in the table below."
    )
    return text % {"up": up, "across": across, "label": most.label, "count": language.number(most.count)}
