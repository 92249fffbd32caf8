"""One change of a source's tree, and its smallest change of the text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from grader.mutation.text import Patch, SourceText

Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True)
class Edit:
    """``old`` becomes ``new``; ``patch`` is a small way to write it, where the rule knows one."""

    operator: str
    old: ast.AST
    new: ast.AST
    patch: Patch | None = None


@dataclass(frozen=True)
class Written:
    """A changed source; equal ``structure`` means an equal change of the same outermost statement."""

    operator: str
    source: str
    structure: str


def substitute(tree: Node, old: ast.AST, new: ast.AST) -> Node:
    """A copy of the tree with one node replaced; what lies off the path is shared."""
    if tree is old:
        return new  # type: ignore[return-value]
    fields = dict(ast.iter_fields(tree))
    changed = {name: _field(value, old, new) for name, value in fields.items()}
    if all(changed[name] is fields[name] for name in fields):
        return tree
    copy = type(tree)(**changed)
    return ast.copy_location(copy, tree) if hasattr(tree, "lineno") else copy


def _field(value: object, old: ast.AST, new: ast.AST) -> object:
    if isinstance(value, ast.AST):
        return substitute(value, old, new)
    if isinstance(value, list):
        items = [_field(item, old, new) for item in value]
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    return value


def write(text: SourceText, edit: Edit, statement: ast.stmt, top: ast.stmt) -> Written | None:
    """Change the source with as little other change as possible; None where it cannot be written.

    Only the outermost statement is parsed again: the rest of the file is the same text.
    """
    structure = ast.dump(substitute(top, edit.old, edit.new))
    for patch in _patches(text, edit, statement):
        try:
            if ast.dump(ast.parse(text.patched_within(top, patch)).body[0]) == structure:
                return Written(edit.operator, text.patched(patch), structure)
        except SyntaxError:
            continue
    return None


def _patches(text: SourceText, edit: Edit, statement: ast.stmt) -> Iterator[Patch]:
    """From the smallest change to the whole statement, which loses its layout."""
    if edit.patch is not None:
        yield edit.patch
    if hasattr(edit.old, "lineno"):
        plain = ast.unparse(ast.fix_missing_locations(edit.new))
        yield text.over(edit.old, plain)
        yield text.over(edit.old, f"({plain})")
    rewritten = ast.unparse(ast.fix_missing_locations(substitute(statement, edit.old, edit.new)))
    indent = " " * statement.col_offset
    yield text.over(statement, rewritten.replace("\n", f"\n{indent}"))
