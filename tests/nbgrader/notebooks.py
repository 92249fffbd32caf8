"""Builds notebooks of instructors who use nbgrader, of any metadata schema."""

from __future__ import annotations

import json
from pathlib import Path


def text(source, **marks):
    """A cell of text."""
    return _cell("markdown", source, marks)


def code(source, **marks):
    """A cell of code."""
    return _cell("code", source, marks)


def answer(source, name="answer", **marks):
    """Students write it, tests judge it."""
    return code(source, grade_id=name, solution=True, **marks)


def graded(source, name, points=1, **marks):
    """Tests that are worth points."""
    return code(source, grade_id=name, grade=True, locked=True, points=points, **marks)


def _cell(kind, source, marks):
    plain = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    made = {"cell_type": kind, "metadata": {"nbgrader": {**plain, **marks}} if marks else {}, "source": source}
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def of_schema(version, cell):
    """The same cell as older releases of nbgrader have written it."""
    marks = dict(cell["metadata"].get("nbgrader", {}))
    marks.pop("task", None)
    marks["schema_version"] = version
    if version == 0:
        del marks["schema_version"]
        marks = {key: value for key, value in marks.items() if value is not False}
        if "points" in marks:
            marks["points"] = str(marks["points"])
    return cell | {"metadata": {"nbgrader": marks} if cell["metadata"] else {}}


def write(path: Path, *cells, language="python", **more):
    """Write a notebook."""
    kernel = {"display_name": language, "language": language, "name": language}
    document = {"cells": list(cells), "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4, **more}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def read(path: Path):
    """The cells of a notebook, by their ids."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = {}
    for cell in cells:
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        found[cell["metadata"].get("nbgrader", {}).get("grade_id") or len(found)] = cell | {"source": source}
    return found
