"""Keeps of a notebook's code what it defines, and leaves out what it tries: plots, prints, training at top level.

This parses a student's source, so it runs in the sandboxed candidate and nowhere else.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from grader.bundle import list_left_out

#: Stands above each cell in the file made of a notebook.
CELL = "# %% cell {}"

_CELL_LINE = re.compile(re.escape(CELL).replace(r"\{\}", r"(\d+)"))

_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_COMPOUND = (ast.If, ast.Try, ast.With)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def definitions_only(source: str, names: Collection[str] = ()) -> tuple[str, list[str]]:
    """Return the source without its experiments, every line in its place, and what was left out, by cell.

    Kept: imports, functions, classes, and blocks around them; assignments that one of those reads or that bind one of
    ``names``, with whatever they need in turn; constants, that is, assignments that call nothing. Left out: everything
    else. Source that cannot be parsed comes back as it is: loading it says what is wrong.
    """
    try:
        tree = ast.parse(source)
        wanted = _globals_read(source) | set(names)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source, []
    statements = [_Statement.of(node) for node in tree.body]
    kept = _choose(statements, wanted)
    dropped = [statement.node for number, statement in enumerate(statements) if number not in kept]
    text = source.split("\n")
    lines = [line.encode() for line in text]
    late = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    if lines[1:2] != [b""]:
        late = []
    for node in sorted([*dropped, *late], key=lambda node: (node.lineno, node.col_offset), reverse=True):
        _blank(lines, node)
    if late:
        # In a notebook this may stand in any cell; in a file only at the top, where line 2 is free.
        features = ", ".join(sorted({alias.name for node in late for alias in node.names}))
        lines[1] = f"from __future__ import {features}".encode()
    return b"\n".join(lines).decode(), _describe(dropped, text)


@dataclass(frozen=True)
class _Statement:
    """One statement at top level: the names that it binds or changes, and those that it reads."""

    node: ast.stmt
    binds: frozenset[str]
    reads: frozenset[str]
    is_definition: bool
    is_plain: bool

    @staticmethod
    def of(node: ast.stmt) -> _Statement:
        inner = list(_walk_level(node))
        is_block = isinstance(node, _COMPOUND) and any(isinstance(part, _DEFINING) for part in inner)
        calls = any(isinstance(part, ast.Call | ast.Await | ast.comprehension) for part in inner)
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) else None
        loaded = {part.id for part in inner if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}
        binds = {name for part in inner for name in _bound_by(part)}
        return _Statement(
            node,
            frozenset(binds),
            frozenset(loaded | binds if isinstance(node, ast.AugAssign) else loaded),
            isinstance(node, _DEFINING) or is_block or isinstance(value, ast.Lambda) or _is_text(node),
            value is not None and not calls,
        )


def _walk_level(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs at top level: of functions and classes only what stands outside their bodies."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        for field, value in ast.iter_fields(part):
            items = value if isinstance(value, list) else [value]
            if not (field == "body" and isinstance(part, _SCOPES)):
                waiting += [item for item in items if isinstance(item, ast.AST)]


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif changed := _changed(node):
        yield changed


def _changed(node: ast.AST) -> str | None:
    """The variable that ``x.append(1)``, ``x[0] = 1`` or ``x.size = 1`` changes."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func
    elif not (isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store)):
        return None
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _globals_read(source: str) -> set[str]:
    """The global names that functions and classes read, at whatever depth."""
    found: set[str] = set()
    # Comprehensions at top level are scopes too, but they belong to the experiments.
    waiting = [
        table
        for table in symtable.symtable(source, "notebook", "exec").get_children()
        if table.get_name() not in ("listcomp", "setcomp", "dictcomp", "genexpr")
    ]
    while waiting:
        table = waiting.pop()
        found |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
        waiting += table.get_children()
    return found


def _choose(statements: list[_Statement], wanted: set[str]) -> set[int]:
    """The numbers of the statements that stay."""
    kept = {number for number, statement in enumerate(statements) if statement.is_definition}
    tools = {name for number in kept for name in statements[number].binds}
    for number in kept:
        wanted |= statements[number].reads
    _add_needed(statements, kept, wanted - tools, tools)
    bound = {name for number in kept for name in statements[number].binds} | set(dir(builtins))
    if "*" in bound:
        # Whatever no other statement binds comes from there.
        bound |= {name for one in statements for name in one.reads} - {name for one in statements for name in one.binds}
    for number, statement in enumerate(statements):
        # A constant may rest on an experiment that is not run.
        if number not in kept and statement.is_plain and statement.reads <= bound:
            kept.add(number)
            bound |= statement.binds
    return kept


def _add_needed(statements: list[_Statement], kept: set[int], wanted: set[str], tools: set[str]) -> None:
    """Add to ``kept`` the statements that bind or change a wanted name, and what those need in turn.

    ``tools`` are there already: ``torch.manual_seed(0)`` is no reason to run a statement that names torch.
    """
    by_name: dict[str, list[int]] = {}
    for number, statement in enumerate(statements):
        for name in statement.binds:
            by_name.setdefault(name, []).append(number)
    waiting = list(wanted)
    done = wanted | tools
    while waiting:
        for number in by_name.get(waiting.pop(), ()):
            if number not in kept:
                kept.add(number)
                new = statements[number].reads - done
                done |= new
                waiting += new


def _blank(lines: list[bytes], node: ast.stmt) -> None:
    """Put ``pass`` in a statement's place. Only statements at top level come here: they have no indentation."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    rest = lines[last][node.end_col_offset or 0 :]
    before = lines[first][: node.col_offset]
    for number in range(first, last):
        lines[number] = b""
    if first == last:
        lines[first] = before + b"pass" + rest
    else:
        lines[first] = before
        lines[last] = b"pass" + rest


def _is_text(node: ast.stmt) -> bool:
    """Whether it is a docstring, a text in place of a comment, or ``pass``: it costs nothing and is no news."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _describe(nodes: list[ast.stmt], lines: list[str]) -> list[str]:
    cells = [(number, found[1]) for number, line in enumerate(lines, 1) if (found := _CELL_LINE.fullmatch(line))]
    described = []
    for node in nodes:
        above = bisect_right(cells, node.lineno, key=lambda cell: cell[0])
        where = f"cell {cells[above - 1][1]}" if above else f"line {node.lineno}"
        described.append(f"{where}: {lines[node.lineno - 1].strip()}")
    return list(list_left_out(described))
