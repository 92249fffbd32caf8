"""The parts that two solutions share, with their lines, to look at them side by side.

The longest runs of equal tokens come first, and no token is part of two: after greedy string tiling (M. Wise, 1993).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from server.analysis.fingerprint import GRAM, Stub
from server.analysis.tokens import Statement

#: tokens of a solution that are compared; the time grows with their square in the worst case
MAX_TOKENS = 4000
#: places at which a run of tokens is looked for: what occurs more often is no sign of anything
MAX_PLACES = 12


@dataclass(frozen=True)
class Part:
    """One part that both have: the lines on either side, from 1."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    tokens: int


@dataclass(frozen=True)
class Shared:
    """What two solutions share."""

    #: in the left one's order
    parts: tuple[Part, ...]
    #: the share of each side's own tokens that lies in those parts
    left: float
    right: float


@dataclass(frozen=True)
class _Side:
    """One solution's own tokens, and for each the statement that it belongs to."""

    tokens: list[str]
    statements: list[Statement]


def find_shared(left: Sequence[Statement], right: Sequence[Statement], stub: Stub) -> Shared:
    """Find what two solutions share beyond the stub."""
    first, second = _own(left, stub), _own(right, stub)
    free: tuple[list[bool], list[bool]] = ([True] * len(first.tokens), [True] * len(second.tokens))
    parts: list[tuple[int, Part]] = []
    for length, at, to in sorted(_runs(first.tokens, second.tokens), key=lambda run: (-run[0], run[1], run[2])):
        start, length = _trim(free, at, to, length)
        if length >= GRAM:
            for side, begin in zip(free, (at + start, to + start), strict=True):
                side[begin : begin + length] = [False] * length
            parts.append((at + start, _part(first, second, at + start, to + start, length)))
    ordered = tuple(part for _, part in sorted(parts, key=lambda each: each[0]) if part.left and part.right)
    covered = sum(part.tokens for part in ordered)
    return Shared(ordered, covered / max(1, len(first.tokens)), covered / max(1, len(second.tokens)))


def _own(statements: Sequence[Statement], stub: Stub) -> _Side:
    own = [each for each in statements if each.tokens not in stub.statements]
    tokens = [(token, each) for each in own for token in each.tokens][:MAX_TOKENS]
    return _Side([token for token, _ in tokens], [each for _, each in tokens])


def _runs(left: list[str], right: list[str]) -> list[tuple[int, int, int]]:
    """All runs of equal tokens that cannot be made longer: length, place on the left, place on the right."""
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for to in range(len(right) - GRAM + 1):
        places[tuple(right[to : to + GRAM])].append(to)
    found = []
    for at in range(len(left) - GRAM + 1):
        here = places.get(tuple(left[at : at + GRAM]), [])
        for to in here[:MAX_PLACES]:
            # One that began before was found there.
            if not (at and to and left[at - 1] == right[to - 1]):
                found.append((_length(left, right, at, to), at, to))
    return found


def _length(left: list[str], right: list[str], at: int, to: int) -> int:
    length = GRAM
    while at + length < len(left) and to + length < len(right) and left[at + length] == right[to + length]:
        length += 1
    return length


def _trim(free: tuple[list[bool], list[bool]], at: int, to: int, length: int) -> tuple[int, int]:
    """The longest piece of a run that is still free on both sides: where it starts in the run, and its length."""
    best, start = (0, 0), 0
    for place in range(length + 1):
        if place == length or not (free[0][at + place] and free[1][to + place]):
            best = max(best, (place - start, -start))
            start = place + 1
    return -best[1], best[0]


def _part(left: _Side, right: _Side, at: int, to: int, length: int) -> Part:
    return Part(_lines(left, at, length), _lines(right, to, length), length)


def _lines(side: _Side, begin: int, length: int) -> tuple[int, ...]:
    """The lines of the statements that lie in a run for the most part."""
    counts: dict[Statement, int] = defaultdict(int)
    for statement in side.statements[begin : begin + length]:
        counts[statement] += 1
    inside = [each for each, count in counts.items() if 2 * count >= len(each.tokens) or count >= GRAM]
    return tuple(sorted({line for each in inside for line in range(each.first, each.last + 1)}))
