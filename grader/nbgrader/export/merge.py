"""Joins a stub and its reference into cells of an nbgrader notebook.

Of each function students see what the stub has, and nbgrader takes out what lies between the markers:

    def sigmoid(x):
        \"\"\"...\"\"\"
        ### BEGIN SOLUTION
        x = _floating(x)
        ...


    def _floating(x):           what only the reference has follows the function before it
        ...
    ### END SOLUTION
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from grader.nbgrader.segment import Segment, cut, first_line, is_text

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Piece:
    """One code cell."""

    text: str
    #: the function or class that students write in it; empty: it is given to them
    name: str = ""
    #: what students see of it above the cell, where they get an empty cell
    shown: str = ""


@dataclass
class _Part:
    """A segment of the stub, and what the reference puts into it."""

    segment: Segment
    #: replacements of the segment's lines: from, to (from 0, without the end), and what stands there instead
    edits: list[tuple[int, int, list[str]]] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    #: what stands in place of all of it, where stub and reference are not written alike
    whole: str = ""

    @property
    def is_open(self) -> bool:
        return bool(self.edits or self.whole)

    @property
    def takes_tail(self) -> bool:
        """Whether it ends in a hole: what stands at the margin must not end a class in its middle."""
        last = max((end for _, end, _ in self.edits), default=0)
        return bool(self.whole) or last == self.segment.text.count("\n") + 1


def merge(stub: str, reference: str) -> list[Piece]:
    """Join the two. Raises ValueError where the stub leaves nothing to write. Raises SyntaxError."""
    parts = [_Part(segment) for segment in cut(stub)]
    by_name = {part.segment.definition.name: part for part in parts if part.segment.definition}
    given = {ast.dump(node) for part in parts for node in part.segment.nodes}
    extras: list[tuple[_Part | None, Segment]] = []
    last: _Part | None = None
    for segment in cut(reference):
        definition = segment.definition
        part = by_name.get(definition.name) if definition else None
        if part is not None:
            _fill(part, segment, reference)
            last = part if part.is_open else last
        elif not _is_known(segment, given):
            extras.append((last, segment))
    holes = [part for part in parts if part.is_open]
    if not holes:
        raise ValueError("the stub leaves nothing to write")
    for part, segment in extras:
        places = [place for place in (part, *holes) if place is not None and place.takes_tail]
        _append((places[0] if places else _closed(holes[0], reference)).tail, segment)
    return _group(parts)


def _closed(part: _Part, reference: str) -> _Part:
    """Put the reference's definition in place of all of the stub's: after it there is room."""
    name = part.segment.definition.name if part.segment.definition else ""
    part.whole = next(each.text for each in cut(reference) if each.definition and each.definition.name == name)
    return part


def _append(tail: list[str], segment: Segment) -> None:
    """Add a segment; imports stand close together."""
    is_import = isinstance(segment.nodes[0], ast.Import | ast.ImportFrom)
    if is_import and tail and tail[-1].startswith(("import ", "from ")):
        tail[-1] += f"\n{segment.text}"
    else:
        tail.append(segment.text)


def _is_known(segment: Segment, given: set[str]) -> bool:
    """Whether students have it already, or nobody needs it."""
    return segment.is_docstring or all(ast.dump(node) in given for node in segment.nodes)


def _fill(part: _Part, segment: Segment, reference: str) -> None:
    """Put the reference of a definition into the stub's, or in its place where they are written differently."""
    mine, other = part.segment.definition, segment.definition
    if ast.dump(ast.Module(list(part.segment.nodes), [])) == ast.dump(ast.Module(list(segment.nodes), [])):
        return
    try:
        part.edits = _compare(_Pair(part.segment, segment, reference.split("\n")), mine, other)
    except _NotAlike:
        part.whole = segment.text


class _NotAlike(Exception):
    """Stub and reference do not have the same form."""


@dataclass(frozen=True)
class _Pair:
    stub: Segment
    reference: Segment
    #: the lines of the reference's file
    theirs: list[str]


def _compare(pair: _Pair, mine: ast.AST | None, other: ast.AST | None) -> list[tuple[int, int, list[str]]]:
    if isinstance(mine, Function) and isinstance(other, Function) and type(mine) is type(other):
        return _open_function(pair, mine, other, [])
    if isinstance(mine, ast.ClassDef) and isinstance(other, ast.ClassDef):
        return _open_class(pair, mine, other)
    raise _NotAlike


def _open_class(pair: _Pair, mine: ast.ClassDef, other: ast.ClassDef) -> list[tuple[int, int, list[str]]]:
    """Method by method; what else the reference has follows the method before it."""
    if [_last(base) for base in mine.bases] != [_last(base) for base in other.bases]:
        raise _NotAlike
    holes = {node.name: node for node in mine.body if isinstance(node, Function)}
    given = {ast.dump(node) for node in mine.body}
    opened: dict[str, list[str]] = {}
    matched: dict[str, Function] = {}
    early: list[str] = []
    end = other.body[0].lineno - 1
    for node in other.body:
        start, end = end + 1, node.end_lineno or node.lineno
        if isinstance(node, Function) and node.name in holes and ast.dump(node) not in given:
            matched[node.name], opened[node.name] = node, []
        elif not is_text(node) and ast.dump(node) not in given:
            lines = pair.theirs[max(start, first_line(node) - _comment_above(pair.theirs, node)) - 1 : end]
            (opened[next(reversed(opened))] if opened else early).extend(["", *lines])
    wanted = {name for name, node in holes.items() if _is_hole(node)}
    if not opened or wanted - set(matched):
        raise _NotAlike
    opened[next(iter(opened))][:0] = early
    return [
        edit for name, node in matched.items() for edit in _open_function(pair, holes[name], node, opened[name])
    ]  # fmt: skip


def _comment_above(lines: list[str], node: ast.stmt) -> int:
    """How many lines of comment stand above a statement."""
    above = reversed(lines[: first_line(node) - 1])
    return next((count for count, line in enumerate(above) if not line.lstrip().startswith("#")), 0)


def _open_function(pair: _Pair, mine: Function, other: Function, tail: list[str]) -> list[tuple[int, int, list[str]]]:
    """Replace the stub's hole by the reference's lines, between the markers."""
    mine_body, other_body = _without_docstring(mine), _without_docstring(other)
    is_alike = (
        [ast.dump(node) for node in mine.decorator_list] == [ast.dump(node) for node in other.decorator_list]
        and mine_body
        and other_body
        and mine_body[0].col_offset == other_body[0].col_offset
        and mine_body[0].lineno > _header_end(mine)
        and other_body[0].lineno > _header_end(other)
    )
    if not is_alike:
        raise _NotAlike
    same = 0
    while same < min(len(mine_body), len(other_body)) - 1 and _is_same(mine_body[same], other_body[same]):
        same += 1
    hole = mine_body[same]
    before = other_body[same - 1].end_lineno if same else _before_body(other, pair.theirs)
    theirs = pair.theirs[before or other.lineno : other.end_lineno]
    indent = " " * hole.col_offset
    region = [f"{indent}{BEGIN}", *_trimmed(theirs), *tail, f"{indent}{END}"]
    return [(first_line(hole) - pair.stub.line, (mine.end_lineno or 0) - pair.stub.line + 1, region)]


def _header_end(node: Function) -> int:
    """The line on which the signature ends."""
    arguments = [part.end_lineno or 0 for part in ast.walk(node.args) if isinstance(part, ast.arg | ast.expr)]
    return max([node.lineno, *arguments, (node.returns.end_lineno or 0) if node.returns else 0])


def _before_body(node: Function, lines: list[str]) -> int:
    """The last line before the body: of the docstring, or of the signature."""
    first = node.body[0]
    if is_text(first):
        return first.end_lineno or 0
    return first.lineno - 1 - _comment_above(lines, first)


def _without_docstring(node: Function) -> list[ast.stmt]:
    return node.body[1:] if is_text(node.body[0]) else node.body


def _is_hole(node: Function) -> bool:
    last = node.body[-1]
    return isinstance(last, ast.Raise) and "NotImplementedError" in ast.unparse(last)


def _is_same(mine: ast.stmt, other: ast.stmt) -> bool:
    return ast.dump(mine) == ast.dump(other)


def _last(base: ast.expr) -> str:
    """``Module`` of ``torch.nn.Module``: both files may have imported it in their own way."""
    return ast.unparse(base).rpartition(".")[2]


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[0].strip():
        lines = lines[1:]
    return lines


def _group(parts: list[_Part]) -> list[Piece]:
    """One cell for each definition; what lies between them stays together."""
    pieces: list[Piece] = []
    end = 0
    for part in parts:
        text = _render(part)
        definition = part.segment.definition
        if part.is_open and definition:
            shown = part.segment.text if part.whole else ""
            pieces.append(Piece(text, definition.name, shown))
        elif pieces and not pieces[-1].name:
            gap = "\n" * min(3, part.segment.line - end)
            pieces[-1] = Piece(pieces[-1].text + gap + text)
        else:
            pieces.append(Piece(text))
        end = part.segment.line + part.segment.text.count("\n")
    return pieces


def _render(part: _Part) -> str:
    after = ["", "", *"\n\n\n".join(part.tail).split("\n")] if part.tail else []
    if part.whole:
        return "\n".join([BEGIN, part.whole, *after, END])
    lines = part.segment.text.split("\n")
    edits = sorted(part.edits)
    for number, (start, end, region) in reversed(list(enumerate(edits))):
        if number == len(edits) - 1 and after:
            # Markers are comments: at the margin, too, the last one is no end of the function.
            region = [*region[:-1], *after, END]
        lines[start:end] = region
    return "\n".join(lines)
