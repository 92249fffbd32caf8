"""What makes a cell one of nbgrader's, as the gradebook has it: a student's notebook may say anything."""

from __future__ import annotations

from typing import Any

from nbgrader.preprocessors import NbGraderPreprocessor

from grader.nbgrader.autograde.cells import Cells
from grader.nbgrader.autograde.run import run_of

_SCHEMA = 3


class RestoreMarks(NbGraderPreprocessor):
    """In place of ``DeduplicateIds`` and before ``OverwriteCells``, which restores sources, points and what is missing.

    Each cell of the assignment gets its type and its metadata back. A copy of one, or a cell that a student has marked,
    becomes an ordinary cell: nbgrader would give up on the notebook, or on everybody who comes after it.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Restore the marks of a notebook."""
        known = _known(run_of(self.parent.parent, resources["nbgrader"]).cells)
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


def _known(cells: Cells) -> dict[str, Any]:
    """The metadata of the assignment's cells, by their ids."""
    return {
        cell.name: {
            "schema_version": _SCHEMA,
            "grade_id": cell.name,
            "grade": cell.name in cells.grades,
            "solution": cell.name in cells.solutions,
            "task": cell.name in cells.tasks,
            "locked": cell.locked,
            "cell_type": cell.cell_type,
            "checksum": cell.checksum,
            **({"points": cells.graded[cell.name].max_score} if cell.name in cells.graded else {}),
        }
        for cell in cells.sources.values()
    }


def _retype(cell: Any, kind: str) -> None:
    if cell.cell_type == kind:
        return
    cell.cell_type = kind
    for name in ("outputs", "execution_count", "attachments"):
        cell.pop(name, None)
    if kind == "code":
        cell.outputs, cell.execution_count = [], None
