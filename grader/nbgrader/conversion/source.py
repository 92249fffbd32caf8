"""Reads the notebooks of an nbgrader course: cells with their roles, in notebook formats 3 and 4, of any schema.

Nothing of nbgrader or Jupyter is needed, and nothing is run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from grader.errors import SubmissionError


class Role(StrEnum):
    """What a cell is for."""

    #: text of the statement
    TEXT = "text"
    #: code that students are given
    GIVEN = "given"
    #: code that students write
    SOLUTION = "solution"
    TESTS = "tests"
    #: an answer that a person judges, in code or text
    ANSWER = "answer"
    #: a question whose answer a person judges
    TASK = "task"
    #: neither: raw text for converters
    OTHER = "other"


@dataclass(frozen=True)
class SourceCell:
    """One cell of a source notebook."""

    #: among all cells, from 1
    number: int
    role: Role
    is_code: bool
    text: str
    grade_id: str = ""
    points: float = 0.0


@dataclass(frozen=True)
class SourceNotebook:
    """One notebook of an assignment."""

    assignment: str
    path: Path
    #: of its kernel, such as "python" or "R"
    language: str
    cells: tuple[SourceCell, ...]

    @property
    def name(self) -> str:
        """Its name within the assignment."""
        return self.path.stem

    @property
    def beside(self) -> list[Path]:
        """The files that come with it."""
        files = (path for path in self.path.parent.rglob("*") if path.is_file() and path.suffix != ".ipynb")
        return sorted(path for path in files if not any(part in _IGNORED for part in path.parts))


_IGNORED = ("__pycache__", ".ipynb_checkpoints", ".DS_Store")


def read_source(path: Path, assignment: str) -> SourceNotebook:
    """Read a notebook. Raises SubmissionError for what is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        raw = [*document.get("cells", []), *_old_cells(document)]
        cells = tuple(_read_cell(number, each) for number, each in enumerate(raw, 1))
    except (OSError, ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        raise SubmissionError(
            f"{path} is not a notebook ({error}). Expected: an .ipynb file as Jupyter saves it.",
            f"{path} não é um notebook ({error}). Esperado: um arquivo .ipynb como o Jupyter o salva.",
        ) from error
    return SourceNotebook(assignment, path, _language(document.get("metadata", {})), cells)


def _old_cells(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells of notebook format 3."""
    return [each for sheet in document.get("worksheets", []) for each in sheet["cells"]]


def _language(metadata: dict[str, Any]) -> str:
    kernel, info = metadata.get("kernelspec") or {}, metadata.get("language_info") or {}
    return str(kernel.get("language") or info.get("name") or "python").lower()


def _read_cell(number: int, raw: dict[str, Any]) -> SourceCell:
    parts = raw.get("source", raw.get("input", ""))
    text = parts if isinstance(parts, str) else "".join(parts)
    kind = raw["cell_type"]
    if kind == "heading":  # format 3
        text = f"{'#' * int(raw.get('level', 1))} {text}"
    marks = (raw.get("metadata") or {}).get("nbgrader") or {}
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    role = _role(kind, marks)
    return SourceCell(number, role, kind == "code", text, str(marks.get("grade_id") or ""), _points(marks))


def _role(kind: str, marks: dict[str, Any]) -> Role:
    """What the metadata says. Schema 0 leaves out what is false; tasks are known since schema 3."""
    grade, solution = bool(marks.get("grade")), bool(marks.get("solution"))
    if kind not in ("code", "markdown", "heading"):
        return Role.OTHER
    if kind != "code":
        return Role.TASK if marks.get("task") else Role.ANSWER if grade or solution else Role.TEXT
    if grade:
        return Role.ANSWER if solution else Role.TESTS
    return Role.SOLUTION if solution else Role.GIVEN


def _points(marks: dict[str, Any]) -> float:
    """Points; schema 0 keeps them as text, which may be empty."""
    try:
        return max(0.0, float(marks.get("points") or 0))
    except (TypeError, ValueError):
        return 0.0


def data_files(notebook: SourceNotebook) -> Iterator[tuple[str, Path]]:
    """The files beside a notebook that tests may read, as notebooks name them."""
    for path in notebook.beside:
        if path.suffix != ".py":
            yield path.relative_to(notebook.path.parent).as_posix(), path
