"""Fingerprints of a solution: what two solutions share, however its names, layout and order were changed.

Two kinds, both numbers:

- Hashes of ``GRAM`` tokens in a row, of which winnowing keeps the smallest in every window of ``WINDOW``
  (S. Schleimer, D. Wilkerson, A. Aiken: Winnowing: Local Algorithms for Document Fingerprinting, SIGMOD 2003). Any run
  of ``GRAM + WINDOW - 1`` equal tokens leaves an equal fingerprint. Rows of tokens do not reach from one function into
  the next, so the order of functions does not matter.
- Hashes of whole statements, for which the order of statements does not matter either.

Statements and rows of tokens that the stub has, too, are taken out: everybody was given them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from server.analysis.tokens import Statement

GRAM, WINDOW = 8, 4
#: shorter statements are nobody's idea
SHORTEST = 6
#: with fewer tokens of its own, a solution is too short to say anything about
MIN_TOKENS = 40


@dataclass(frozen=True)
class Stub:
    """What everybody was given."""

    statements: frozenset[tuple[str, ...]] = frozenset()
    grams: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Fingerprints:
    """One solution's, sorted: packed, because a course has thousands."""

    grams: array[int]
    statements: array[int]
    #: tokens that are not the stub's
    tokens: int

    @property
    def is_short(self) -> bool:
        """Whether it is too short to be compared."""
        return self.tokens < MIN_TOKENS

    @property
    def digest(self) -> bytes:
        """Equal for solutions that do not differ in what is looked at."""
        return self.grams.tobytes() + b"/" + self.statements.tobytes()


def read_stub(statements: Sequence[Statement]) -> Stub:
    """Prepare a stub, to take it out of solutions."""
    grams = (gram for unit in _units(statements, frozenset()) for gram in grams_of(unit))
    return Stub(frozenset(statement.tokens for statement in statements), frozenset(grams))


def take(statements: Sequence[Statement], stub: Stub) -> Fingerprints:
    """Take a solution's fingerprints."""
    units = _units(statements, stub.statements)
    grams = {gram for unit in units for gram in winnow(grams_of(unit))} - stub.grams
    own = (each.tokens for each in statements if each.tokens not in stub.statements)
    long = {_hash(tokens) for tokens in own if len(tokens) >= SHORTEST}
    return Fingerprints(array("Q", sorted(grams)), array("Q", sorted(long)), sum(map(len, units)))


def _units(statements: Iterable[Statement], given: frozenset[tuple[str, ...]]) -> list[list[str]]:
    """The tokens of each function and of what is between, without the statements that were given."""
    units: list[list[str]] = [[]]
    ends_at = 0
    for statement in statements:
        if statement.is_definition or (statement.indent <= ends_at and len(units) > 1):
            units.append([])
        if statement.is_definition:
            ends_at = statement.indent
        elif statement.indent <= ends_at:
            ends_at = -1
        if statement.tokens not in given:
            units[-1] += statement.tokens
    return [unit for unit in units if unit]


def grams_of(tokens: Sequence[str]) -> list[int]:
    """The hashes of all rows of tokens."""
    return [_hash(tokens[start : start + GRAM]) for start in range(len(tokens) - GRAM + 1)]


def winnow(hashes: Sequence[int]) -> set[int]:
    """The smallest hash of every window."""
    last = max(1, len(hashes) - WINDOW + 1)
    return {min(hashes[start : start + WINDOW]) for start in range(last)} if hashes else set()


def _hash(tokens: Sequence[str]) -> int:
    # The same in every process, unlike hash(); a token holds no line break.
    return int.from_bytes(blake2b("\n".join(tokens).encode("utf-8", "replace"), digest_size=8).digest(), "big")
