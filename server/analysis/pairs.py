"""Finds the solutions that are alike among thousands, without comparing each with each.

An index lists, for every fingerprint, the solutions that have it; only those that meet there are compared. What many
have is left out: it is how one does it, and no sign of anything. Solutions that are equal in all fingerprints count
once for that, so that something copied by many does not become usual by it.

The score is containment: the part of the smaller solution's fingerprints that the other has as well, by rows of tokens
or by whole statements, whichever is more.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain

from server.analysis.fingerprint import Fingerprints

#: lower scores are not kept: correct solutions that have nothing to do with each other reach them
LEAST = 0.3
MAX_PAIRS = 2000
#: what more solutions have than these is usual
USUAL_COUNT, USUAL_SHARE, USUAL_AT_MOST = 8, 0.05, 60
#: with fewer fingerprints left of a kind, that kind says nothing
FEWEST_GRAMS, FEWEST_STATEMENTS = 6, 5


@dataclass(frozen=True)
class Pair:
    """Two solutions that are alike, by their places in what was compared."""

    left: int
    right: int
    score: float
    #: whether they do not differ in anything that is looked at
    is_equal: bool = False


@dataclass(frozen=True)
class _Solution:
    """One solution with what is not usual of it."""

    place: int
    grams: Collection[int]
    statements: Collection[int]


def find_pairs(solutions: Sequence[Fingerprints], own: int) -> list[Pair]:
    """The pairs that are most alike, in order. Those from the place ``own`` on are not compared with each other."""
    groups = _groups(solutions)
    firsts = [group[0] for group in groups]
    equal = (Pair(group[0], other, 1.0, True) for group in groups for other in group[1:] if group[0] < own)
    similar = _compare(_without_usual({place: solutions[place] for place in firsts}), own)
    return nlargest(MAX_PAIRS, chain(equal, similar), key=lambda each: (each.is_equal, each.score, -each.left))


def _groups(solutions: Sequence[Fingerprints]) -> list[list[int]]:
    """The places of solutions that are equal, together; what is too short is left out."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for place, each in enumerate(solutions):
        if not each.is_short:
            groups[each.digest].append(place)
    return list(groups.values())


def _without_usual(solutions: dict[int, Fingerprints]) -> list[_Solution]:
    limit = min(USUAL_AT_MOST, max(USUAL_COUNT, int(len(solutions) * USUAL_SHARE)))
    usual_grams = _usual((each.grams for each in solutions.values()), limit)
    usual_statements = _usual((each.statements for each in solutions.values()), limit)
    return [
        _Solution(
            place,
            [gram for gram in each.grams if gram not in usual_grams],
            [statement for statement in each.statements if statement not in usual_statements],
        )
        for place, each in solutions.items()
    ]


def _usual(sets: Iterable[array[int]], limit: int) -> set[int]:
    counts: Counter[int] = Counter()
    for each in sets:
        counts.update(each)
    return {value for value, count in counts.items() if count > limit}


def _compare(solutions: list[_Solution], own: int) -> Iterator[Pair]:
    """All pairs that share enough. Each solution is looked up in the index of those before it."""
    grams: dict[int, list[int]] = defaultdict(list)
    statements: dict[int, list[int]] = defaultdict(list)
    for number, each in enumerate(solutions):
        by_grams = _meet(each.grams, grams)
        by_statements = _meet(each.statements, statements)
        for other in by_grams.keys() | by_statements.keys():
            met = solutions[other]
            score = max(
                _containment(by_grams[other], each.grams, met.grams, FEWEST_GRAMS),
                _containment(by_statements[other], each.statements, met.statements, FEWEST_STATEMENTS),
            )
            if score >= LEAST:
                yield Pair(met.place, each.place, score)
        if each.place < own:
            _enter(each.grams, grams, number)
            _enter(each.statements, statements, number)


def _meet(values: Collection[int], index: dict[int, list[int]]) -> Counter[int]:
    met: Counter[int] = Counter()
    for value in values:
        if value in index:
            met.update(index[value])
    return met


def _enter(values: Collection[int], index: dict[int, list[int]], number: int) -> None:
    for value in values:
        index[value].append(number)


def _containment(shared: int, left: Collection[int], right: Collection[int], fewest: int) -> float:
    smaller = min(len(left), len(right))
    return shared / smaller if smaller >= fewest else 0.0


def clusters(pairs: Iterable[Pair]) -> list[list[int]]:
    """The places that hang together by pairs, where that is more than one pair; the largest first."""
    heads: dict[int, int] = {}

    def head(place: int) -> int:
        heads.setdefault(place, place)
        while heads[place] != place:
            heads[place] = heads[heads[place]]
            place = heads[place]
        return place

    for pair in pairs:
        heads[head(pair.left)] = head(pair.right)
    found: dict[int, list[int]] = defaultdict(list)
    for place in sorted(heads):
        found[head(place)].append(place)
    return sorted((each for each in found.values() if len(each) > 2), key=len, reverse=True)
