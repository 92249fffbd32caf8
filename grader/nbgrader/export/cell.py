"""Cells of nbgrader's notebooks as plain JSON: notebook format 4.5, metadata schema 3.

| kind of cell                    | grade | solution | locked | task | points |
|---------------------------------|-------|----------|--------|------|--------|
| answer, judged by tests (code)  |       | yes      |        |      |        |
| tests (code)                    | yes   |          | yes    |      | yes    |
| answer, judged by a person      | yes   | yes      |        |      | yes    |
| task, judged by a person (text) |       |          | yes    | yes  | yes    |
| read-only                       |       |          | yes    |      |        |
"""

from __future__ import annotations

import json
from typing import Any

SCHEMA = 3

Cell = dict[str, Any]

BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
BEGIN_SCHEME, END_SCHEME = "=== BEGIN MARK SCHEME ===", "=== END MARK SCHEME ==="


def markdown(text: str) -> Cell:
    """A cell of text."""
    return {"cell_type": "markdown", "metadata": {}, "source": text.strip()}


def code(text: str) -> Cell:
    """A cell of code."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": text.strip("\n"),
    }


def read_only(cell: Cell, grade_id: str) -> Cell:
    """A cell that students cannot change."""
    return _marked(cell, grade_id, locked=True)


def solution(text: str, grade_id: str) -> Cell:
    """A cell that students write in."""
    return _marked(code(text), grade_id, solution=True)


def tests(text: str, grade_id: str, points: float) -> Cell:
    """A cell of tests that is worth points."""
    return _marked(code(text), grade_id, grade=True, locked=True, points=points)


def task(text: str, grade_id: str, points: float) -> Cell:
    """A question whose answer, in cells that students add, a person judges."""
    return _marked(markdown(text), grade_id, locked=True, task=True, points=points)


def _marked(cell: Cell, grade_id: str, points: float | None = None, **marks: bool) -> Cell:
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    worth = {} if points is None else {"points": points}
    cell["metadata"]["nbgrader"] = {"schema_version": SCHEMA, "grade_id": grade_id, **plain, **marks, **worth}
    return cell


def notebook(cells: list[Cell]) -> str:
    """The text of an .ipynb file."""
    numbered = [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells, 1)]
    lines = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in numbered]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    document = {"cells": lines, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
