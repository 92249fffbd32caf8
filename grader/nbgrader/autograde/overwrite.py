"""nbgrader's own restoring of cells and kernel, from what was read once."""

from __future__ import annotations

import json
from typing import Any

from nbgrader import preprocessors

from grader.nbgrader.autograde.run import run_of


class OverwriteKernelspec(preprocessors.OverwriteKernelspec):
    """The kernel that the source notebook names."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Name it."""
        kernelspec = run_of(self.parent.parent, resources["nbgrader"]).cells.kernelspec
        if kernelspec:
            nb.metadata["kernelspec"] = json.loads(kernelspec)
        return nb, resources


class OverwriteCells(preprocessors.OverwriteCells):
    """Sources, points and missing cells."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Restore them."""
        marks = resources["nbgrader"]
        self.notebook_id, self.assignment_id = marks["notebook"], marks["assignment"]
        self.gradebook = run_of(self.parent.parent, marks).cells
        for index, cell in enumerate(nb.cells):
            nb.cells[index], resources = self.preprocess_cell(cell, resources, index)
        if self.add_missing_cells:
            nb, resources = self.add_missing_grade_cells(nb, resources)
            nb, resources = self.add_missing_task_cells(nb, resources)
        return nb, resources
