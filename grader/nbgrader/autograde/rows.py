"""What the gradebook has of one submitted notebook: a grade for each graded cell, a comment for each answer."""

from __future__ import annotations

from typing import Any

from nbgrader.api import Comment, Grade

from grader.nbgrader.autograde.book import Book
from grader.nbgrader.autograde.cells import Cells


class Rows:
    """Grades and comments by the ids of their cells, read at once: nbgrader's own look for each takes five tables."""

    def __init__(self, book: Book, cells: Cells, marks: dict[str, str]) -> None:
        self._book, self._cells = book, cells
        self._notebook = book.find_submission_notebook(marks["notebook"], marks["assignment"], marks["student"])
        self._grades, self._comments = self._read(Grade), self._read(Comment)

    def _read(self, table: Any) -> dict[int, Any]:
        rows = self._book.db.query(table).filter(table.notebook_id == self._notebook.id)
        return {row.cell_id: row for row in rows}

    def points(self, grade_id: str) -> float:
        """What a cell is worth."""
        return float(self._cells.graded[grade_id].max_score)

    def grade(self, grade_id: str) -> Any:
        """The grade of a cell."""
        return self._find(Grade, self._grades, self._cells.graded[grade_id])

    def comment(self, grade_id: str) -> Any:
        """The comment on a cell."""
        return self._find(Comment, self._comments, self._cells.answers[grade_id])

    def _find(self, table: Any, rows: dict[int, Any], cell: Any) -> Any:
        """A cell's row. A cell that was added after the submission came in has none yet."""
        if cell.id not in rows:
            rows[cell.id] = table(cell_id=cell.id, notebook=self._notebook)
            self._book.db.add(rows[cell.id])
        return rows[cell.id]
