"""Writes into the gradebook what was decided: in a handful of statements, however many students there are.

What people write in the gradebook is never touched: manual scores, extra credit, manual comments, flags.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nbgrader.api import Comment, Grade, SubmittedAssignment, SubmittedNotebook, new_uuid
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from grader.nbgrader.sync.book import Cell, Kind, Sheet
from grader.nbgrader.sync.decision import Decision
from grader.nbgrader.sync.frame import Frame

_ATTEMPT = {
    "en": "On the portal: attempt {number} counts, of {count}.",
    "pt-BR": "No portal: vale a tentativa {number}, de {count}.",
}


class Writer:
    """Collects rows and writes them at the end."""

    def __init__(self, frame: Frame, language: str) -> None:
        self.frame, self.language = frame, language
        self.new: dict[Any, list[dict[str, Any]]] = {}
        self.changed: dict[Any, list[dict[str, Any]]] = {}

    def write(self, session: Session, decisions: Iterable[Decision]) -> None:
        """Write everything."""
        for decision in decisions:
            if decision.changes_gradebook:
                self._note(decision)
        for sheet in self.frame.book.sheets.values():
            self._complete(sheet)
        for table in (SubmittedAssignment, SubmittedNotebook, Grade, Comment):
            if rows := self.new.get(table):
                session.execute(insert(table), rows)
            # Rows that change the same columns go together.
            groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
            for row in self.changed.get(table, []):
                groups.setdefault(tuple(row), []).append(row)
            for rows in groups.values():
                session.execute(update(table), rows)

    def _note(self, decision: Decision) -> None:
        sheet = self.frame.book.sheets.get(decision.login)
        if sheet is None:
            sheet = Sheet(self._add(SubmittedAssignment, assignment_id=self.frame.book.id, student_id=decision.login))
        if decision.times:
            self._change(SubmittedAssignment, sheet.id, **decision.times)
        self._submit(sheet, self.frame.book.notebooks)
        if decision.penalty is not None:
            submitted = sheet.notebooks[self.frame.main][0]
            self._change(SubmittedNotebook, submitted, late_submission_penalty=decision.penalty)
        for cell in self.frame.book.cells.values():
            self._score(cell, sheet, decision)
        self._remark(sheet, decision)

    def _submit(self, sheet: Sheet, notebooks: Iterable[str]) -> list[str]:
        """Let a student have handed in these notebooks; say which they had not."""
        new = [id for id in notebooks if id not in sheet.notebooks]
        for id in new:
            submitted = self._add(SubmittedNotebook, assignment_id=sheet.id, notebook_id=id, flagged=False)
            sheet.notebooks[id] = (submitted, 0.0)
        return new

    def _complete(self, sheet: Sheet) -> None:
        """nbgrader grades nobody whose submission lacks a notebook of the assignment: also not for one of ours."""
        book = self.frame.book
        new = [book.notebooks[id] for id in self._submit(sheet, book.notebooks.keys() - book.made)]
        for cell in book.cells.values():
            if cell.notebook in new:
                row = {"auto_score": 0.0, "needs_manual_grade": False}
                self._add(Grade, cell_id=cell.id, notebook_id=self._submitted(cell.notebook, sheet), **row)

    def _score(self, cell: Cell, sheet: Sheet, decision: Decision) -> None:
        mark = sheet.marks.get(cell.id)
        score = decision.autos.get(cell.id)
        if cell.kind is Kind.ADJUSTMENT:
            score = decision.adjustment
        if mark is not None:
            if score is not None:
                # As nbgrader does it: what a person gave stays, and a person looks at it again.
                needs = mark.manual is not None and cell.kind is not Kind.ADJUSTMENT
                self._change(Grade, mark.id, auto_score=score, needs_manual_grade=needs)
            return
        if score is None and (cell.kind is Kind.ADJUSTMENT or not cell.max_score):
            score = 0.0
        # nbgrader makes no row for a cell that came after the submission.
        submitted = self._submitted(cell.notebook, sheet)
        needs = cell.kind is Kind.PERSON
        self._add(Grade, cell_id=cell.id, notebook_id=submitted, auto_score=score, needs_manual_grade=needs)

    def _submitted(self, notebook: str, sheet: Sheet) -> str:
        return sheet.notebooks[self.frame.book.ids[notebook]][0]

    def _remark(self, sheet: Sheet, decision: Decision) -> None:
        """Say which attempt it is, on the first answer of the notebook; what a person says there comes before it."""
        text = None
        if decision.attempt is not None:
            number, count = decision.attempt
            text = _ATTEMPT[self.language].format(number=number, count=count)
        main = self.frame.book.notebooks[self.frame.main]
        for id, (notebook, _name) in self.frame.book.commented.items():
            remark = sheet.remarks.get(id)
            said = text if notebook == main else None
            if remark is None:
                self._add(Comment, cell_id=id, notebook_id=self._submitted(notebook, sheet), auto_comment=said)
            elif said is not None:
                self._change(Comment, remark.id, auto_comment=said)
            if notebook == main:
                text = None

    def _add(self, table: Any, **values: Any) -> str:
        id: str = new_uuid()
        self.new.setdefault(table, []).append({"id": id, **values})
        return id

    def _change(self, table: Any, id: str, **values: Any) -> None:
        self.changed.setdefault(table, []).append({"id": id, **values})
