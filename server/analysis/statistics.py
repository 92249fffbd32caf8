"""Figures of lists of numbers: quantiles, histograms, correlation, agreement of two sets. Plain functions.

Small numbers are not made to say more than they do: below ``FEW`` observations there is no figure (None).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: fewer observations than this give no figure
FEW = 5
#: fewer than this give no correlation and no pairs: chance alone makes those large
FEW_FOR_PAIRS = 10


@dataclass(frozen=True)
class Spread:
    """How numbers are spread."""

    count: int
    low: float
    first_quarter: float
    median: float
    third_quarter: float
    high: float


@dataclass(frozen=True)
class Bin:
    """A part of a range, and how many numbers lie in it. The last one holds its upper end, too."""

    low: float
    high: float
    count: int


def quantile(values: Sequence[float], share: float) -> float:
    """The number below which this share of the others lies, interpolated linearly (Hyndman and Fan's type 7)."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def spread(values: Iterable[float]) -> Spread | None:
    """Sum numbers up; None: they are too few."""
    found = sorted(values)
    if len(found) < FEW:
        return None
    quarters = (quantile(found, share) for share in (0.0, 0.25, 0.5, 0.75, 1.0))
    return Spread(len(found), *quarters)


def grouped_median(counts: Sequence[tuple[float, int]]) -> float | None:
    """The median of values that come with how often each occurs; None: they are too few."""
    total = sum(count for _, count in counts)
    if total < FEW:
        return None
    lower, upper = _at(counts, (total - 1) // 2), _at(counts, total // 2)
    return (lower + upper) / 2


def _at(counts: Sequence[tuple[float, int]], place: int) -> float:
    for value, count in sorted(counts):
        place -= count
        if place < 0:
            return value
    raise IndexError("there are fewer values than that")


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None: the whole is too small."""
    return part / whole if whole >= FEW else None


def histogram(values: Iterable[float], high: float, bins: int) -> list[Bin]:
    """Count numbers from 0 to ``high`` in equal parts; what lies outside counts in the outermost."""
    width = high / bins
    counts = [0] * bins
    for value in values:
        # The small part keeps 0.3 out of the bin below 0.3, where 3 * 0.1 is a little more.
        counts[min(bins - 1, max(0, math.floor(value / width + 1e-9)))] += 1
    return [Bin(number * width, (number + 1) * width, count) for number, count in enumerate(counts)]


def correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's correlation; None: too few pairs, or one side is always the same."""
    count = len(pairs)
    if count < FEW_FOR_PAIRS:
        return None
    mean_x, mean_y = (sum(pair[side] for pair in pairs) / count for side in (0, 1))
    product = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    square_x = sum((x - mean_x) ** 2 for x, _ in pairs)
    square_y = sum((y - mean_y) ** 2 for _, y in pairs)
    if min(square_x, square_y) < 1e-12:
        return None
    return product / math.sqrt(square_x * square_y)


def jaccard(both: int, either: int) -> float:
    """How much two sets are one: the part of what is in either that is in both."""
    return both / either if either else 0.0
