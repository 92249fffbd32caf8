"""Cuts Python source into its top-level statements, each with its text, decorators and the comment above it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Segment:
    """One top-level statement, or several on one line."""

    nodes: tuple[ast.stmt, ...]
    text: str
    #: its first line in the source, from 1, with decorators and comment
    line: int

    @property
    def definition(self) -> Definition | None:
        """The function or class that it is."""
        return self.nodes[0] if isinstance(self.nodes[0], Definition) else None

    @property
    def is_docstring(self) -> bool:
        """Whether it is a text that stands alone."""
        return len(self.nodes) == 1 and is_text(self.nodes[0])

    @property
    def is_test(self) -> bool:
        """Whether pytest would run it."""
        return isinstance(self.nodes[0], ast.FunctionDef) and self.nodes[0].name.startswith("test")


def cut(source: str) -> list[Segment]:
    """Cut source into segments. Comments that stand alone are dropped. Raises SyntaxError."""
    lines = source.split("\n")
    segments: list[Segment] = []
    end = 0
    for node in ast.parse(source).body:
        start, last = first_line(node), node.end_lineno or node.lineno
        if segments and start <= end:  # on a line with the one before
            before = segments.pop()
            end = max(end, last)
            text = "\n".join(lines[before.line - 1 : end])
            segments.append(Segment((*before.nodes, node), text, before.line))
            continue
        while start - 2 >= end and lines[start - 2].startswith("#"):
            start -= 1
        end = last
        segments.append(Segment((node,), "\n".join(lines[start - 1 : end]), start))
    return segments


def first_line(node: ast.stmt) -> int:
    """The line on which a statement begins, decorators included."""
    decorators = node.decorator_list if isinstance(node, Definition) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def is_text(node: ast.stmt) -> bool:
    """Whether a statement is a string alone, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
