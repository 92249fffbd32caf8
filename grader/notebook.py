"""Turns a Jupyter notebook into the text of one Python file, and knows which line came from which cell.

    # -*- coding: utf-8 -*-
                                room for what definitions_only moves to the top
    # %% cell 1                 the first code cell; Markdown cells do not count
    import torch

Outputs, metadata and Markdown are ignored. Nothing is parsed as Python here; see ``definitions_only`` for that.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from grader.bundle import SOURCE_BYTES, TOTAL_BYTES, check_size, clean, list_left_out
from grader.definitions import CELL, definitions_only
from grader.errors import SubmissionError
from grader.magic import strip_magics
from grader.source import is_blank

__all__ = ["Notebook", "definitions_only", "find_cell", "read_notebook"]

#: Line 1 wins over any coding cookie that a cell begins with.
_HEADER = ("# -*- coding: utf-8 -*-", "")

#: Cells that are looked at.
_CELLS = 2_000

#: A string, or one of the three numbers that Jupyter writes and JSON does not know. The closing quote may be missing,
#: so that broken text is read once and not again from every quote in it.
_NOT_JSON = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|-?\b(?:NaN|Infinity)\b', re.DOTALL)


@dataclass(frozen=True)
class Notebook:
    """The code of a notebook. ``cells`` pairs the first line of each cell in ``source`` with the cell's number."""

    source: str
    cells: tuple[tuple[int, int], ...]
    left_out: tuple[str, ...]


class _Cell(msgspec.Struct):
    cell_type: str
    source: str | list[str] = ""
    #: the name of ``source`` in notebooks of format 3
    input: str | list[str] = ""
    language: str = "python"
    metadata: Any = None

    @property
    def text(self) -> str:
        parts = self.source or self.input
        return parts if isinstance(parts, str) else "".join(parts)


class _Worksheet(msgspec.Struct):
    cells: list[_Cell] = []


class _Document(msgspec.Struct):
    cells: list[_Cell] = []
    #: format 3
    worksheets: list[_Worksheet] = []


def read_notebook(content: bytes, name: str) -> Notebook:
    """Read the code cells in order, without IPython's commands and nbgrader's tests. Raises SubmissionError."""
    check_size(name, len(content), TOTAL_BYTES)
    document = _decode(content, name)
    cells = [*document.cells, *(cell for sheet in document.worksheets for cell in sheet.cells)]
    code = [cell for cell in cells[:_CELLS] if cell.cell_type == "code"]
    # In characters, before every line is looked at: a notebook may have sixteen times as much.
    check_size(name, sum(len(cell.text) for cell in code), SOURCE_BYTES)
    notebook = _join([(number, cell) for number, cell in enumerate(code, 1) if cell.language == "python"])
    _check_code(notebook, name, len(cells))
    return notebook


def find_cell(cells: Sequence[tuple[int, int]], line: int) -> tuple[int, int] | None:
    """The cell, and the line in it, of a line of the produced file; None above the first cell."""
    index = bisect_right(cells, line, key=lambda cell: cell[0]) - 1
    return (cells[index][1], line - cells[index][0] + 1) if index >= 0 else None


def _decode(content: bytes, name: str) -> _Document:
    text = content.removeprefix(b"\xef\xbb\xbf")
    if b"NaN" in text or b"Infinity" in text:
        text = _NOT_JSON.sub(lambda found: found[0] if found[0].startswith(b'"') else b"null", text)
    shown = clean(name, 60)
    try:
        return msgspec.json.decode(text, type=_Document)
    except msgspec.ValidationError as error:
        reason = clean(str(error), 120)
        english = f"{shown} is JSON, but not a notebook ({reason})"
        portuguese = f"{shown} é JSON, mas não é um notebook ({reason})"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = clean(str(error), 120)
        english = f"{shown} is not a notebook: its text is not JSON ({reason})"
        portuguese = f"{shown} não é um notebook: o texto não é JSON ({reason})"
    except RecursionError:
        english = f"{shown} is not a notebook: its JSON is nested too deeply"
        portuguese = f"{shown} não é um notebook: o JSON tem níveis demais"
    raise SubmissionError(
        f"{english}. Expected: an .ipynb file as Jupyter saves it. Download it again from Jupyter and hand that in.",
        f"{portuguese}. Esperado: um arquivo .ipynb como o Jupyter o salva. Baixe-o de novo do Jupyter e entregue.",
    )


def _join(code: list[tuple[int, _Cell]]) -> Notebook:
    lines = list(_HEADER)
    cells: list[tuple[int, int]] = []
    left_out: list[str] = []
    for number, cell in code:
        # str.splitlines would also split at form feeds and the like, which Python does not.
        own = cell.text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
        if _is_nbgrader_test(cell.metadata):
            left_out.append(f"cell {number}: {next((line.strip() for line in own if line.strip()), 'nbgrader')}")
            continue
        kept, taken = strip_magics(own)
        left_out += [f"cell {number}: {line}" for line in taken]
        lines.append(CELL.format(number))
        cells.append((len(lines) + 1, number))
        lines += kept
    return Notebook("\n".join(lines) + "\n", tuple(cells), list_left_out(left_out))


def _is_nbgrader_test(metadata: Any) -> bool:
    """A cell with the teacher's tests: graded, and not the student's to write."""
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if not isinstance(marks, dict):
        return False
    return marks.get("grade") is True and marks.get("locked") is True and marks.get("solution") is not True


def _check_code(notebook: Notebook, name: str, count: int) -> None:
    shown = clean(name, 60)
    if is_blank(notebook.source):
        raise SubmissionError(
            f"{shown} has no code: {count} cells, none of them a Python cell with code in it. Expected: the functions "
            "of the exercise in code cells. Save the notebook and hand it in again.",
            f"{shown} não tem código: {count} células, nenhuma delas de código Python. Esperado: as funções do "
            "exercício em células de código. Salve o notebook e entregue de novo.",
        )
    try:
        size = len(notebook.source.encode())
    except UnicodeEncodeError:
        size = -1
    if size < 0 or "\0" in notebook.source:
        raise SubmissionError(
            f"{shown} holds signs that are not text (NUL or half of a character). Expected: Python code. Remove them "
            "and hand the notebook in again.",
            f"{shown} tem sinais que não são texto (NUL ou metade de um caractere). Esperado: código Python. Remova-os "
            "e entregue o notebook de novo.",
        )
    check_size(name, size, SOURCE_BYTES)
