"""What makes a cell one of nbgrader's, as the gradebook has it: a student's notebook may say anything."""

from __future__ import annotations

from typing import Any

from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

_SCHEMA = 3


class RestoreMarks(NbGraderPreprocessor):
    """In place of ``DeduplicateIds`` and before ``OverwriteCells``, which restores sources, points and what is missing.

    Each cell of the assignment gets its type and its metadata back. A copy of one, or a cell that a student has marked,
    becomes an ordinary cell: nbgrader would give up on the notebook, or on everybody who comes after it.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Restore the marks of a notebook."""
        marks = resources["nbgrader"]
        with Gradebook(marks["db_url"]) as book:
            known = _known(book.find_notebook(marks["notebook"], marks["assignment"]))
        for cell in reversed(nb.cells):  # of two alike, the last one counts, as with nbgrader
            said = cell.metadata.pop("nbgrader", None)
            grade_id = said.get("grade_id") if isinstance(said, dict) else None
            found = known.pop(grade_id, None) if isinstance(grade_id, str) else None
            if found is not None:
                cell.metadata["nbgrader"] = found
                _retype(cell, found["cell_type"])
            elif said:
                self.log.warning("Cell %r is not the assignment's, or is there twice: it is no graded cell", grade_id)
        return nb, resources


def _known(notebook: Any) -> dict[str, Any]:
    """The metadata of the assignment's cells, by their ids."""
    solutions = {cell.name for cell in notebook.solution_cells}
    points = {cell.name: cell.max_score for cell in [*notebook.grade_cells, *notebook.task_cells]}
    grades, tasks = ({cell.name for cell in cells} for cells in (notebook.grade_cells, notebook.task_cells))
    return {
        cell.name: {
            "schema_version": _SCHEMA,
            "grade_id": cell.name,
            "grade": cell.name in grades,
            "solution": cell.name in solutions,
            "task": cell.name in tasks,
            "locked": cell.locked,
            "cell_type": cell.cell_type,
            "checksum": cell.checksum,
            **({"points": points[cell.name]} if cell.name in points else {}),
        }
        for cell in notebook.source_cells
    }


def _retype(cell: Any, kind: str) -> None:
    if cell.cell_type == kind:
        return
    cell.cell_type = kind
    for name in ("outputs", "execution_count", "attachments"):
        cell.pop(name, None)
    if kind == "code":
        cell.outputs, cell.execution_count = [], None
