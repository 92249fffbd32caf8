"""Makes the two files of an exercise out of a notebook's code: the stub that students get, and the reference."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from grader.nbgrader.conversion.region import Region
from grader.nbgrader.conversion.statement import Names, Owner, Statement
from grader.nbgrader.segment import Definition, Segment, cut, first_line, is_text

HOLE = "raise NotImplementedError"

_FUTURE = "from __future__ import "


@dataclass(frozen=True)
class CodeCell:
    """A cell whose code belongs into the student's file."""

    number: int
    owner: Owner
    #: with the solution in it
    reference: str
    #: what students see of it; None: an empty cell
    stub: str | None
    #: whether it only belongs there if something else needs it
    is_optional: bool = False


def stub_text(parts: list[str | Region]) -> str:
    """What students see of a solution cell. At the margin a hole would end a file, so there values are None."""
    return "\n".join(_hole(part) if isinstance(part, Region) else part for part in parts)


def _hole(region: Region) -> str:
    if region.indent:
        return f"{region.indent}{HOLE}"
    return "\n\n".join(text for segment in cut("\n".join(region.lines)) if (text := hollow(segment)))


@dataclass(frozen=True)
class Module:
    """The two files, and what was left out of them."""

    stub: str
    reference: str
    left_out: tuple[Statement, ...]


def build(cells: list[CodeCell], names: Collection[str]) -> Module:
    """Join the cells. ``names``: what tests read from the student's file."""
    statements = [
        statement
        for cell in cells
        for statement in (Statement(cell.number, cell.owner, segment) for segment in cut(cell.reference))
    ]
    optional = {cell.number for cell in cells if cell.is_optional}
    kept = _choose(statements, set(names), optional)
    chosen = [each for number, each in enumerate(statements) if number in kept]
    bound = {name for each in chosen for name in each.names.binds}
    wanted = {name for each in chosen for name in each.names.reads} | set(names)
    stub = [(cell, text) for cell in cells for text in _stub_segments(cell, chosen, bound, wanted)]
    return Module(
        _file([text for _, text in stub]),
        _file([each.text for each in chosen]),
        tuple(each for number, each in enumerate(statements) if number not in kept and not each.segment.is_docstring),
    )


def _choose(statements: list[Statement], names: set[str], optional: set[int]) -> set[int]:
    """What a file needs: definitions, imports and constants, and what those and the tests read. No experiments."""
    kept = {
        number
        for number, each in enumerate(statements)
        if each.cell not in optional and (each.is_definition or each.is_import or _is_constant(each))
    }
    kept |= {0} if statements and statements[0].segment.is_docstring else set()
    waiting = names | {name for number in kept for name in statements[number].names.reads}
    done: set[str] = set()
    while waiting:
        name = waiting.pop()
        done.add(name)
        for number, each in enumerate(statements):
            if number not in kept and name in each.names.binds | each.names.stores:
                kept.add(number)
                waiting |= each.names.reads - done
    plain = {each.cell for number, each in enumerate(statements) if number in kept and not each.is_definition}
    return kept | {number for number, each in enumerate(statements) if each.is_seed and each.cell in plain}


def _is_constant(statement: Statement) -> bool:
    """An assignment that calls nothing."""
    nodes = statement.segment.nodes
    is_assigned = all(isinstance(node, ast.Assign | ast.AnnAssign) for node in nodes)
    return is_assigned and not any(
        isinstance(part, ast.Call | ast.Await | ast.comprehension) for node in nodes for part in ast.walk(node)
    )


def _stub_segments(cell: CodeCell, chosen: list[Statement], bound: set[str], wanted: set[str]) -> list[str]:
    """What the stub has of a cell: what the reference keeps, with holes."""
    own = [each for each in chosen if each.cell == cell.number]
    if cell.owner is Owner.GIVEN:
        return [each.text for each in own]
    if cell.stub is not None:
        return [each.text for each in cut(cell.stub) if _is_kept(each, own, bound)]
    asked = [each for each in own if each.is_import or each.names.binds & wanted]
    return [text for each in (asked or own) if (text := hollow(each.segment))]


def _is_kept(segment: Segment, own: list[Statement], bound: set[str]) -> bool:
    names = Names(segment.text)
    is_same = any(each.text == segment.text for each in own)
    return is_same or bool(names.binds & bound and (segment.definition or _is_import(segment) or not names.loads))


def _is_import(segment: Segment) -> bool:
    return all(isinstance(node, ast.Import | ast.ImportFrom) for node in segment.nodes)


def hollow(segment: Segment) -> str:
    """A segment without its answer: functions end in a hole, values are None; empty where nothing is left of it."""
    node = segment.nodes[0]
    if isinstance(node, Definition):
        return "\n".join(_hollow_definition(node, segment.text.split("\n"), segment.line))
    if _is_import(segment):
        return segment.text
    names = sorted(Names(segment.text).binds)
    return "\n".join(f"{name} = None" for name in names)


def _hollow_definition(node: Definition, lines: list[str], offset: int) -> list[str]:
    """``lines`` begin with line ``offset`` of the source."""
    body = [part for part in node.body if not is_text(part)] or node.body
    start = first_line(body[0]) - offset
    if body[0].lineno == node.lineno:  # all on one line
        header = lines[start].encode()[: body[0].col_offset].decode().rstrip()
        return [*lines[:start], header, f"{' ' * (node.col_offset + 4)}{HOLE}"]
    while start > 0 and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    head, indent = lines[:start], " " * body[0].col_offset
    if not isinstance(node, ast.ClassDef):
        return [*head, f"{indent}{HOLE}"]
    methods = [part for part in node.body if isinstance(part, Definition)]
    inner: list[str] = []
    for method in methods:
        own = lines[first_line(method) - offset : (method.end_lineno or 0) - offset + 1]
        inner += [*([""] if inner else []), *_hollow_definition(method, own, first_line(method))]
    return [*head, *(inner or [f"{indent}pass"])]


def _file(texts: list[str]) -> str:
    """A file: what comes from the future first, then imports close together, then the rest."""
    docstring = [texts[0]] if texts and texts[0].startswith(('"""', "'''", '"', "'")) else []
    texts = texts[len(docstring) :]
    future = sorted({line for text in texts for line in text.split("\n") if line.startswith(_FUTURE)})
    imports: list[str] = []
    rest: list[str] = []
    for text in texts:
        if text.startswith(_FUTURE):
            continue
        is_import = text.startswith(("import ", "from ")) and not rest
        if text not in (imports if is_import else rest):
            (imports if is_import else rest).append(text)
    parts = [*docstring, "\n".join(future), "\n".join(imports), *_spaced(rest)]
    return "\n\n".join(part for part in parts if part).strip("\n") + "\n"


def _spaced(texts: list[str]) -> list[str]:
    """Two empty lines around definitions, none between values of one line."""
    spaced = ""
    for before, text in pairwise(["", *texts]):
        if not spaced:
            gap = ""
        elif _is_definition(text) or _is_definition(before):
            gap = "\n\n\n"
        else:
            gap = "\n" if "\n" not in before + text else "\n\n"
        spaced += gap + text
    return [f"\n{spaced}" if _is_definition(texts[0]) else spaced] if texts else []


def _is_definition(text: str) -> bool:
    return any(isinstance(node, Definition) for node in ast.parse(text).body)
