"""Which cell of the gradebook is which test of the portal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.nbgrader.sync.book import Book, Cell, Kind
from grader.nbgrader.sync.portal import Standing

#: scores are compared so: databases and divisions leave no more of them
DIGITS = 6


@dataclass(frozen=True)
class Frame:
    """An assignment of both sides."""

    book: Book
    #: by the id of the cell
    tests: Mapping[str, str]
    #: points on the portal for a point in the gradebook
    scale: float
    #: ids of cells of ours whose test is gone
    retired: frozenset[str] = frozenset()

    @property
    def adjustment(self) -> Cell | None:
        """The cell with what people gave and took on the portal; None: there is none yet."""
        return next((cell for cell in self.book.cells.values() if cell.kind is Kind.ADJUSTMENT), None)

    @property
    def main(self) -> str:
        """The id of the notebook that tells which attempt this is, and what being late cost."""
        with_tests = [cell for id, cell in self.book.cells.items() if id in self.tests]
        first = min(with_tests, key=lambda cell: (cell.kind is Kind.OWN, cell.notebook), default=None)
        return self.book.ids[first.notebook] if first else next(iter(self.book.notebooks))


def tests_of(standings: Iterable[Standing]) -> dict[str, float]:
    """What tests there are and what each is worth: by the newest attempt that has it."""
    attempts = [each.attempt for each in standings if each.attempt is not None]
    oldest_first = sorted(attempts, key=lambda each: each.received_at)
    return {name: score.points for each in oldest_first for name, score in (each.tests or {}).items()}


def match(book: Book, tests: Iterable[str]) -> dict[str, str]:
    """Find the cells of tests, by the ids of the cells.

    A cell of an exported assignment has the test's very name; one from which an exercise was made, a name like it.
    """
    cells = [cell for cell in book.cells.values() if cell.kind in (Kind.TESTS, Kind.OWN)]
    exact = {cell.name: cell.id for cell in cells}
    alike = {_plain(cell.name): cell.id for cell in cells}
    found: dict[str, str] = {}
    for test in sorted(tests, key=lambda test: test not in exact):
        id = exact.get(test) or alike.get(_plain(test))
        if id is not None:
            found.setdefault(id, test)
    return found


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name.lower()).strip("_").removeprefix("test_")


def find_scale(book: Book, points: float | None) -> float:
    """Points on the portal for one in the gradebook: not always the same where the assignment has its own points."""
    most = sum(cell.max_score for cell in book.cells.values())
    return points / most if points is not None and most else 1.0


def score_of(standing: Standing, cell: Cell, test: str) -> float | None:
    """What an attempt earned of a cell's points; None: the portal does not know yet, or there is no attempt."""
    attempt = standing.attempt
    if attempt is None or attempt.tests is None:
        return None
    found = attempt.tests.get(test)
    if found is None:
        return None if attempt.is_provisional else 0.0
    return round(found.earned / found.points * cell.max_score, DIGITS) if found.points else 0.0
