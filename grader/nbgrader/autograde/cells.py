"""The cells of an assignment's notebook, as the gradebook has them: the same for all students, so read once."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from nbgrader.api import MissingEntry

from grader.nbgrader.autograde.book import Book

_SOURCE = ("name", "cell_type", "locked", "source", "checksum")
_GRADED = ("id", "name", "max_score", "cell_type")
_ANSWER = ("id", "name")


class Cells:
    """What nbgrader's preprocessors ask a gradebook, of one notebook. Its cells have the columns as attributes."""

    def __init__(self, notebook: Any) -> None:
        self.kernelspec = str(notebook.kernelspec or "")
        self.sources = _copies(notebook.source_cells, _SOURCE)
        self.grades = _copies(notebook.grade_cells, _GRADED)
        self.tasks = _copies(notebook.task_cells, _GRADED)
        self.solutions = _copies(notebook.solution_cells, _ANSWER)
        #: those that have points: tests, answers that a person grades, tasks
        self.graded = self.grades | self.tasks
        #: those that have comments
        self.answers = self.solutions | self.tasks
        self._notebook = SimpleNamespace(
            source_cells=list(self.sources.values()),
            grade_cells=list(self.grades.values()),
            task_cells=list(self.tasks.values()),
            solution_cells=list(self.solutions.values()),
        )

    def find_notebook(self, _name: str, _assignment: str) -> Any:
        """The notebook."""
        return self._notebook

    def find_source_cell(self, name: str, notebook: str, assignment: str) -> Any:
        """A cell as it was handed out."""
        return _find(self.sources, name, notebook, assignment)

    def find_graded_cell(self, name: str, notebook: str, assignment: str) -> Any:
        """A cell that has points."""
        return _find(self.graded, name, notebook, assignment)


def _copies(cells: Iterable[Any], columns: tuple[str, ...]) -> dict[str, Any]:
    """Cells by their names, readable when the gradebook is closed."""
    return {cell.name: SimpleNamespace(**{name: getattr(cell, name) for name in columns}) for cell in cells}


def _find(cells: dict[str, Any], *names: str) -> Any:
    if names[0] not in cells:
        raise MissingEntry(f"No such cell: {'/'.join(reversed(names))}")
    return cells[names[0]]


def read_cells(book: Book, assignment: str, notebook: str) -> Cells:
    """Read a notebook's cells. Raises nbgrader's MissingEntry for one that the gradebook does not know."""
    return Cells(book.find_notebook(notebook, assignment))
