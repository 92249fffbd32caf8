"""Changes source text at single names, and moves it into a function; comments and line breaks stay as they are."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Collection, Mapping

from grader.nbgrader.conversion.statement import Names


def through_student(source: str, names: Collection[str]) -> tuple[str, list[str]]:
    """Write ``student.f`` for each global name ``f`` of ``names``; return also those that need an alias instead."""
    read = Names(source)
    aliases = sorted((read.in_text() | read.binds) & set(names) & read.reads)
    places = [node for node in read.global_reads() if node.id in names and node.id not in aliases]
    return _insert(source, {(node.lineno, node.col_offset): "student." for node in places}), aliases


def with_data(source: str, files: Mapping[str, str]) -> str:
    """Write ``str(DATA / "x.csv")`` for each text that is the name of a file beside the notebook."""
    tree = ast.parse(source)
    quoted = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.removeprefix("./") in files
        if id(node) not in quoted and node.lineno == node.end_lineno
    ]
    edits: dict[tuple[int, int], str] = {}
    for node in found:
        edits[node.lineno, node.col_offset] = "str(DATA / "
        edits[node.lineno, node.end_col_offset or 0] = ")"
    return _insert(source, edits)


def _insert(source: str, edits: Mapping[tuple[int, int], str]) -> str:
    """Insert texts at places: lines from 1, columns in bytes."""
    lines = [line.encode() for line in source.split("\n")]
    for (line, column), text in sorted(edits.items(), reverse=True):
        lines[line - 1] = lines[line - 1][:column] + text.encode() + lines[line - 1][column:]
    return b"\n".join(lines).decode()


def indented(source: str, by: str = "    ") -> str:
    """Indent source, except for lines within a text of several lines: their spaces mean something."""
    within: set[int] = set()
    starts: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(source + "\n").readline):
        if token.type == tokenize.STRING:
            within |= set(range(token.start[0] + 1, token.end[0] + 1))
        elif token.type == getattr(tokenize, "FSTRING_START", None):
            starts.append(token.start[0])
        elif token.type == getattr(tokenize, "FSTRING_END", None):
            within |= set(range(starts.pop() + 1, token.end[0] + 1))
    lines = source.split("\n")
    return "\n".join(
        line if number in within or not line.strip() else by + line for number, line in enumerate(lines, 1)
    )


def without_first(source: str) -> str:
    """The source without its first statement, a text that has become the docstring."""
    node = ast.parse(source).body[0]
    lines = source.encode().split(b"\n")
    rest = lines[(node.end_lineno or 1) - 1][node.end_col_offset :].lstrip(b" ;")
    after = b"\n".join([*([rest] if rest else []), *lines[node.end_lineno or 1 :]])
    return after.decode().strip("\n")
