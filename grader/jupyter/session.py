"""What has run in this kernel: the cells, and of those that ran more than once the last version."""

from __future__ import annotations

import ast
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from grader.magic import strip_magics

_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
#: cells that are looked at: a long session repeats itself
_CELLS = 2_000


@dataclass(frozen=True)
class Cell:
    """A cell that has run. ``number`` is that of ``In [n]``."""

    number: int
    text: str
    tree: ast.Module

    @property
    def binds(self) -> frozenset[str]:
        """Names that it defines at top level."""
        return frozenset(name for node in self.tree.body for name in _names(node))


def shell() -> Any:
    """IPython's shell; None: this is plain Python."""
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()  # type: ignore[no-untyped-call, unused-ignore]


def cells_that_ran(shell: Any) -> list[Cell]:
    """All cells of this session that Python could read, in the order in which they ran."""
    found = []
    history = list(enumerate(shell.history_manager.input_hist_raw))
    for number, raw in history[-_CELLS:]:
        lines, _ = strip_magics(raw.split("\n"))
        text = "\n".join(lines)
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        cell = Cell(number, text, tree)
        # One that failed before it had defined anything has defined nothing.
        if tree.body and (not cell.binds or cell.binds & shell.user_ns.keys()):
            found.append(cell)
    return found


def latest(cells: list[Cell]) -> list[Cell]:
    """One version of each cell, the last, at the place of its first.

    A cell is another version of an earlier one when it defines all that the earlier one does. Of functions and classes
    that two cells define, the one that ran later is kept: the older one must not be judged, even by its names.
    """
    kept: list[Cell] = []
    for cell in cells:
        place = len(kept)
        for number in reversed(range(len(kept))):
            old = kept[number]
            if old.text == cell.text or (old.binds and old.binds <= cell.binds):
                del kept[number]
                place = number
        kept.insert(place, cell)
    return [_without_older(cell, kept) for cell in kept]


def as_notebook(cells: list[Cell]) -> bytes:
    """Write cells as a notebook."""
    written = [
        {"cell_type": "code", "execution_count": cell.number, "metadata": {}, "outputs": [], "source": cell.text}
        for cell in cells
    ]
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    document = {"cells": written, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def unsaved(cells: list[Cell], source: str, names: list[str]) -> list[str]:
    """Names whose last definition that ran is not the one of the saved notebook, whose code is ``source``.

    ``names``: what the exercise asks for. A name that is not in the saved notebook at all may have been deleted there
    on purpose; it counts where it is asked for or where the notebook reads it.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # Whoever wrote it can have run it neither.
        return sorted(set(names) & {name for cell in cells for name in _definitions(cell.tree)})
    inside = [node for node in tree.body if isinstance(node, _DEFINING)]
    read = {part.id for node in inside for part in ast.walk(node) if isinstance(part, ast.Name)}
    ran: dict[str, str] = {}
    for cell in cells:
        ran |= _definitions(cell.tree, read)
    saved = _definitions(tree, read)
    differ = {name for name in ran if name in saved and saved[name] != ran[name]}
    return sorted(differ | (ran.keys() - saved.keys()) & (read | set(names)))


def _definitions(tree: ast.Module, constants: Collection[str] = ()) -> dict[str, str]:
    """Functions and classes, and such constants, each as Python understands it."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, _DEFINING):
            found[node.name] = ast.dump(node)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found |= dict.fromkeys(set(_names(node)) & set(constants), ast.dump(node))
    return found


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, _DEFINING):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
    return []


def _without_older(cell: Cell, cells: list[Cell]) -> Cell:
    later = {name for other in cells if other.number > cell.number for name in _definitions(other.tree)}
    lines = cell.text.split("\n")
    for node in cell.tree.body:
        if isinstance(node, _DEFINING) and node.name in later:
            first = min([node.lineno, *(part.lineno for part in node.decorator_list)])
            lines[first - 1 : node.end_lineno] = [""] * ((node.end_lineno or first) - first + 1)
    return Cell(cell.number, "\n".join(lines), cell.tree)
