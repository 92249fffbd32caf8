"""Turns a notebook into a Python file: code cells in order, without what only IPython understands.

Two steps. ``read_notebook`` reads the JSON and drops magics, line by line, as text. ``definitions_only`` parses the
result, which is the student's code and therefore happens in the sandbox, and drops statements that define nothing:
a plot or a training run at the top of a notebook is no part of a submission.
"""

from __future__ import annotations

import ast
import re
from typing import Any

import msgspec

from grader.errors import SubmissionError

_CELLS = 2_000
#: Cell magics whose body is ordinary code.
_TRANSPARENT = ("%%time", "%%timeit", "%%capture", "%%prun")
_MAGIC = re.compile(r"\s*(%|!|\?)|\s*[\w.,\s]+=\s*(!|%)\w|.*\w\?{1,2}\s*$")
_KEPT = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign,
    ast.AugAssign, ast.If, ast.Try, ast.Pass,
)  # fmt: skip

Cells = tuple[tuple[int, int], ...]


class _Cell(msgspec.Struct):
    cell_type: str = ""
    source: str | list[str] = ""
    input: str | list[str] = ""
    metadata: dict[str, Any] = {}

    def text(self) -> str:
        source = self.source or self.input  # "input" in format 3
        return source if isinstance(source, str) else "".join(source)

    def is_test(self) -> bool:
        """Whether nbgrader put the cell there to test the student's."""
        mark = self.metadata.get("nbgrader")
        return isinstance(mark, dict) and bool(mark.get("grade")) and not mark.get("solution")


class _Sheet(msgspec.Struct):
    cells: list[_Cell] = []


class _Notebook(msgspec.Struct):
    cells: list[_Cell] = []
    worksheets: list[_Sheet] = []


def read_notebook(content: bytes) -> tuple[str, list[str], Cells]:
    """The Python of a notebook, what was left out, and where each cell begins. Raises SubmissionError."""
    try:
        notebook = msgspec.json.decode(content, type=_Notebook)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SubmissionError(
            f"The notebook is not valid JSON of Jupyter's format ({error}). Save it in Jupyter and hand it in again.",
            f"O notebook não é um JSON válido no formato do Jupyter ({error}). Salve-o no Jupyter e entregue de novo.",
        ) from error
    cells = notebook.cells or [cell for sheet in notebook.worksheets for cell in sheet.cells]
    code = [(number, cell) for number, cell in enumerate(cells[:_CELLS], 1) if cell.cell_type == "code"]
    if not any(cell.text().strip() for _, cell in code):
        raise SubmissionError(
            "The notebook has no code cell. Hand in the notebook in which you wrote the functions.",
            "O notebook não tem célula de código. Entregue o notebook em que você escreveu as funções.",
        )
    return _join(code)


def _join(code: list[tuple[int, _Cell]]) -> tuple[str, list[str], Cells]:
    lines: list[str] = []
    left_out: list[str] = []
    starts: list[tuple[int, int]] = []
    for number, cell in code:
        if cell.is_test():
            left_out.append(f"cell {number}: tests")
            continue
        kept, dropped = _without_magics(cell.text())
        left_out += [f"cell {number}: {line}" for line in dropped]
        lines.append(f"# cell {number}")
        starts.append((len(lines) + 1, number))
        lines += kept
    return "\n".join(lines) + "\n", left_out, tuple(starts)


def _without_magics(text: str) -> tuple[list[str], list[str]]:
    """Lines of a cell with every magic replaced by ``pass``, so that blocks stay whole and lines keep their place."""
    lines = text.splitlines()
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(_TRANSPARENT):
        return [""] * len(lines), [first]
    kept, dropped = [], []
    open_at = _inside(text)
    for number, line in enumerate(lines):
        if number not in open_at and _MAGIC.match(line) and not line.lstrip().startswith("#"):
            indent = line[: len(line) - len(line.lstrip())]
            kept.append(f"{indent}pass")
            dropped.append(line.strip()[:200])
        else:
            kept.append(line)
    return kept, dropped


_TOKEN = re.compile(r"'''|\"\"\"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|#[^\n]*|[(\[{]|[)\]}]|\\\n|\n", re.S)


def _inside(text: str) -> set[int]:
    """Numbers of the lines, from 0, that begin within a string, a bracket or a continued line."""
    inside: set[int] = set()
    line, depth, position = 0, 0, 0
    while found := _TOKEN.search(text, position):
        token, position = found.group(), found.end()
        if token in ("'''", '"""'):
            end = text.find(token, position)
            end = len(text) if end < 0 else end + 3
            within = text.count("\n", position, end)
            inside.update(range(line + 1, line + within + 1))
            line, position = line + within, end
        elif token in ("\n", "\\\n"):
            line += 1
            if depth > 0 or token == "\\\n":
                inside.add(line)
        elif token in "([{":
            depth += 1
        elif token in ")]}":
            depth = max(0, depth - 1)
    return inside


def definitions_only(source: str) -> tuple[str, list[str]]:
    """Blank the top-level statements that define nothing, and say which; to be called in the sandbox.

    Source that does not parse is returned as it is: loading it shows the student the error.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source, []
    lines = source.split("\n")
    left_out = []
    for statement in tree.body:
        if isinstance(statement, _KEPT) or _is_text(statement):
            continue
        first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
        left_out.append(f"{_cell_of(lines, first)}{lines[first].strip()[:200]}")
        lines[first:last] = ["pass"] + [""] * (last - first - 1)
    return "\n".join(lines), left_out


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _cell_of(lines: list[str], first: int) -> str:
    marks = (line for line in reversed(lines[:first]) if re.fullmatch(r"# cell \d+", line))
    mark = next(marks, "")
    return f"{mark.removeprefix('# ')}: " if mark else ""
