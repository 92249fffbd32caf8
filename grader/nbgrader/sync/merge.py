"""What is to be carried for one student, and what is a conflict. Knows neither database nor network.

What has changed on one side alone goes to the other one. What has changed on both, and not to the same, is a conflict:
nothing is done about it until somebody says which side is right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from grader.nbgrader.sync.book import Cell, Kind, Mark, Sheet
from grader.nbgrader.sync.decision import COMMENT, PENALTY, Conflict, Decision
from grader.nbgrader.sync.frame import DIGITS, Frame, score_of
from grader.nbgrader.sync.memory import GRADEBOOK, PORTAL, Past
from grader.nbgrader.sync.points import decide_points
from grader.nbgrader.sync.portal import Standing
from grader.nbgrader.sync.remark import clean, render, swap
from grader.nbgrader.sync.step import Pair, Step, look

RECEIVED, EXTENSION, ATTEMPT = "received", "extension", "attempt"


@dataclass(frozen=True)
class Choice:
    """What whoever runs it has chosen."""

    #: which side is right where both have changed; empty: neither, it is shown
    take: str = ""
    language: str = "en"


def decide(
    frame: Frame, standing: Standing, sheet: Sheet, past: Past, due_at: datetime | None, choice: Choice
) -> Decision:
    """Decide for one student. ``due_at``: everybody's due date."""
    student = _Student(frame, standing, sheet, past, choice)
    student.look_at_tests()
    student.look_at_times(due_at)
    student.look_at_penalty()
    done = student.done
    done.past = replace(past, items=student.items)
    decide_points(frame, standing, sheet, done, choice.take)
    student.look_at_comments()
    return done


class _Student:
    def __init__(self, frame: Frame, standing: Standing, sheet: Sheet, past: Past, choice: Choice) -> None:
        self.frame, self.standing, self.sheet, self.past, self.choice = frame, standing, sheet, past, choice
        self.items: dict[str, Pair] = dict(past.items)
        self.done = Decision(standing.login)

    def scores(self) -> dict[str, float]:
        """What the portal gives, by the ids of cells."""
        cells = self.frame.book.cells
        found = {id: score_of(self.standing, cells[id], test) for id, test in self.frame.tests.items()}
        found |= {id: score_of(self.standing, cells[id], "") for id in self.frame.retired}
        return {id: score for id, score in found.items() if score is not None}

    def look_at_tests(self) -> None:
        """Scores of tests are the portal's, and another one that nbgrader has written there makes a conflict."""
        for id, score in self.scores().items():
            cell, mark = self.frame.book.cells[id], self.sheet.marks.get(id)
            there = None if mark is None or mark.auto is None else round(mark.auto, DIGITS)
            step = look(score, there, self.items.get(cell.key))
            if cell.kind is Kind.OWN and step is not Step.SAME:
                step = Step.WRITE  # nobody else's business: nbgrader gives 0 where it finds no notebook
            elif step is Step.WRITE and self.is_judged(cell, mark):
                step = Step.CLASH
            if self.carries(step, cell.key, Conflict(self.done.login, cell.name, score, _shown(mark), None), there):
                self.done.autos[id] = score
                if mark is not None and mark.hand:
                    self.done.look_again.append(cell.name)

    def is_judged(self, cell: Cell, mark: Mark | None) -> bool:
        """Whether a person has given something since the last run, for an attempt that no longer counts."""
        if mark is None or mark.hand is None or cell.key not in self.items:
            return False
        return mark.hand != self.past.hand.get(cell.key)

    def carries(self, step: Step, key: str, conflict: Conflict, gradebook: Any) -> bool:
        """Note what a look has shown; True: the gradebook is to have what the portal has."""
        is_written = step is Step.WRITE or (step is Step.CLASH and self.choice.take == PORTAL)
        if is_written or step is Step.SAME:
            self.items[key] = (conflict.portal, conflict.portal)
        elif step is Step.CLASH and self.choice.take == GRADEBOOK:
            self.items[key] = (conflict.portal, gradebook)
        elif step is Step.CLASH:
            self.done.conflicts.append(replace(conflict, common=self.items.get(key, (None,))[0]))
        return is_written

    def look_at_times(self, due_at: datetime | None) -> None:
        """When it was received, how much longer the student had, and which attempt it is. They follow the scores."""
        attempt, due = self.standing.attempt, self.standing.due_at
        if attempt is None or self.done.conflicts:
            return
        more = due - due_at if due and due_at else timedelta()
        self.carry_time(RECEIVED, "timestamp", attempt.received_at, self.sheet.received_at)
        self.carry_time(EXTENSION, "extension", more or None, self.sheet.extension)
        number = f"{attempt.number}/{self.standing.attempts}"
        if self.items.get(ATTEMPT) != (number, number):
            self.done.attempt = attempt.number, self.standing.attempts
            self.items[ATTEMPT] = (number, number)

    def carry_time(self, key: str, column: str, portal: Any, gradebook: Any) -> None:
        """Write a time where the gradebook has nothing, or what the portal had; one of somebody else's stays."""
        step = look(_plain(portal), _plain(gradebook), self.items.get(key))
        if step is Step.WRITE or (step is Step.CLASH and self.choice.take == PORTAL):
            self.done.times[column] = portal
        elif step is not Step.SAME:
            return
        if portal is not None:
            self.items[key] = (_plain(portal), _plain(portal))
        else:
            self.items.pop(key, None)

    def look_at_penalty(self) -> None:
        """What being late costs is the portal's, until a person changes it in the gradebook alone."""
        attempt = self.standing.attempt
        if attempt is None or attempt.tests is None or self.done.conflicts:
            return
        cost = round(sum(self.scores().values()) * (1 - attempt.credit), DIGITS)
        there = round(self.sheet.notebooks.get(self.frame.main, ("", 0.0))[1], DIGITS)
        past = self.items.get(PENALTY, (0.0, 0.0))
        step = look(cost, there, past)
        if step is Step.CLASH and cost == past[0]:
            self.items[PENALTY] = (cost, there)
        elif self.carries(step, PENALTY, Conflict(self.done.login, PENALTY, cost, there, None), there):
            self.done.penalty = cost

    def look_at_comments(self) -> None:
        """What people wrote in the gradebook becomes a part of the comment on the attempt that counts."""
        named = self.frame.book.commented
        texts = {
            f"{notebook}/{name}": clean(self.sheet.remarks[id].manual)
            for id, (notebook, name) in named.items()
            if id in self.sheet.remarks
        }
        remarks = {key: text for key, text in texts.items() if text}
        attempt, past = self.standing.attempt, self.past
        if remarks == past.remarks or attempt is None:
            return
        if self.done.is_unfinished:
            self.done.waits = True
            return
        comment = self.standing.review.comment if self.standing.review else ""
        old = past.comment if past.submission == attempt.id else ""
        new = render(remarks, self.choice.language)
        known = replace(self.done.past, remarks=remarks, submission=attempt.id, comment=new)
        swapped = swap(comment, old, new)
        if (new and new in comment) or swapped == comment:
            self.done.past = known
        elif swapped is not None:
            self.done.comment = swapped
        elif self.choice.take == GRADEBOOK:
            self.done.comment = swap(comment, "", new)
        elif self.choice.take == PORTAL:
            self.done.past = replace(known, comment="")
        else:
            self.done.conflicts.append(Conflict(self.done.login, COMMENT, comment, new, old))


def _shown(mark: Mark | None) -> Any:
    """What a cell has in the gradebook, for people."""
    if mark is None:
        return None
    score = mark.auto if mark.manual is None else mark.manual
    return score if score is None else score + (mark.extra or 0.0)


def _plain(value: datetime | timedelta | None) -> Any:
    """A time as it is remembered."""
    return value.total_seconds() if isinstance(value, timedelta) else value.isoformat() if value else None
