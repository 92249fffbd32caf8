"""Points that people gave: in the gradebook, for the portal, and on the portal, for the gradebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from grader.nbgrader.sync.book import Cell, Kind, Sheet
from grader.nbgrader.sync.decision import PENALTY, POINTS, Conflict, Decision, Points
from grader.nbgrader.sync.frame import DIGITS, Frame
from grader.nbgrader.sync.memory import GRADEBOOK, NOBODY, PORTAL
from grader.nbgrader.sync.portal import Standing

#: of what people gave: the score of work that came in through nbgrader alone
GRADED = "nbgrader"

#: points on the portal that differ by less are the same
_TINY = 5e-4


def decide_points(frame: Frame, standing: Standing, sheet: Sheet, done: Decision, take: str) -> None:
    """Say which points the portal is to have, or which adjustment the gradebook, and who had the last word."""
    _Points(frame, standing, sheet, done).decide(take)


class _Points:
    def __init__(self, frame: Frame, standing: Standing, sheet: Sheet, done: Decision) -> None:
        self.frame, self.standing, self.sheet, self.done = frame, standing, sheet, done
        self.cells = [cell for cell in frame.book.cells.values() if cell.kind is not Kind.ADJUSTMENT]
        self.total = round(max(0.0, self.raw), DIGITS)
        self.hand = self.read_hand()
        self.wanted = round(self.total * frame.scale + standing.manual, 4) if self.hand else None

    @property
    def raw(self) -> float:
        """Points in the gradebook, without what was given on the portal."""
        return sum(self.score(cell) for cell in self.cells) - self.penalty

    def score(self, cell: Cell) -> float:
        """What a cell gives, once everything is written."""
        mark = self.sheet.marks.get(cell.id)
        auto = self.done.autos.get(cell.id, mark.auto if mark else None)
        manual, extra = (mark.manual, mark.extra or 0.0) if mark else (None, 0.0)
        return (auto or 0.0 if manual is None else manual) + extra

    @property
    def penalty(self) -> float:
        """What being late costs, once everything is written."""
        costs = {id: cost for id, (_submitted, cost) in self.sheet.notebooks.items()}
        if self.done.penalty is not None:
            costs[self.frame.main] = self.done.penalty
        return sum(costs.values())

    def read_hand(self) -> Mapping[str, Any]:
        """What is in the gradebook and does not follow from the portal, by cell."""
        found: dict[str, Any] = {}
        items = self.done.past.items
        for cell in self.cells:
            mark, (portal, gradebook) = self.sheet.marks.get(cell.id), items.get(cell.key, (None, None))
            if mark is not None and mark.hand:
                found[cell.key] = mark.hand
            elif portal != gradebook:
                found[cell.key] = [gradebook, None]
        mine, theirs = items.get(PENALTY, (0.0, 0.0))
        if mine != theirs:
            found[PENALTY] = theirs
        if self.standing.attempt is None and any(self.is_nbgraders(cell) for cell in self.cells):
            found[GRADED] = self.total
        return found

    def is_nbgraders(self, cell: Cell) -> bool:
        """Whether nbgrader has graded a cell, and the portal never had."""
        mark = self.sheet.marks.get(cell.id)
        if mark is None or mark.auto is None or cell.kind is Kind.OWN or not cell.max_score:
            return False
        return self.done.past.items.get(cell.key) != (mark.auto, mark.auto)

    @property
    def is_unfinished(self) -> bool:
        """Whether nbgrader waits for a person to grade something."""
        return any(self.needs_manual(cell) for cell in self.cells if cell.kind is not Kind.OWN)

    def needs_manual(self, cell: Cell) -> bool:
        """Whether a cell waits for a person, once everything is written."""
        mark = self.sheet.marks.get(cell.id)
        if cell.id in self.done.autos:
            return mark is not None and mark.manual is not None
        return mark.needs_manual if mark else cell.kind is Kind.PERSON

    def decide(self, take: str) -> None:
        """Decide, and say what is to be remembered."""
        past, points = self.done.past, self.standing.override
        is_given, is_set = self.hand != past.hand, points != past.points
        self.done.is_unfinished = self.is_unfinished
        is_news = is_given or (past.word == GRADEBOOK and not self.agrees)
        self.done.waits = is_news and bool(self.hand) and self.is_unfinished
        if self.done.conflicts or self.done.waits:
            return
        word = past.word
        if not is_given and not is_set:
            if word == GRADEBOOK and not self.agrees:
                self.send()
                return
        elif self.agrees:
            word = GRADEBOOK if self.hand else NOBODY
        elif is_given and (not is_set or take == GRADEBOOK):
            self.send()
            return
        elif is_given and take != PORTAL:
            self.done.conflicts.append(Conflict(self.done.login, POINTS, points, self.wanted, past.points))
            return
        else:
            word = PORTAL if points is not None or self.hand else NOBODY
        self.done.past = replace(past, hand=self.hand, points=points, word=word)
        self.adjust(word)

    @property
    def agrees(self) -> bool:
        """Whether the portal has what people gave in the gradebook."""
        if self.wanted is None:
            return self.standing.override is None
        return self.standing.points is not None and abs(self.standing.points - self.wanted) < _TINY

    def send(self) -> None:
        """Let the portal have the points; only then are they remembered."""
        most = sum(cell.max_score for cell in self.cells)
        self.done.points = Points(self.wanted, self.hand, self.total, most)

    def adjust(self, word: str) -> None:
        """Let the gradebook have what people gave on the portal."""
        given = self.standing.manual / self.frame.scale if self.frame.scale else 0.0
        if word == PORTAL and self.frame.scale:
            given = (self.standing.points or 0.0) / self.frame.scale - self.raw
        cell = self.frame.adjustment
        mark = self.sheet.marks.get(cell.id) if cell else None
        there = mark.auto if mark and mark.auto is not None else None
        if round(given, DIGITS) != round(there or 0.0, DIGITS):
            self.done.adjustment = round(given, DIGITS)
