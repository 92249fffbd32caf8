"""A source as bytes, cut and patched at the positions that ``ast`` gives (lines from 1, columns in UTF-8 bytes)."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class Patch:
    """Put ``text`` in place of the bytes from ``start`` to ``end``."""

    start: int
    end: int
    text: str


class SourceText:
    """The text of one file."""

    def __init__(self, source: str) -> None:
        self._raw = source.encode()
        self._lines = [0, *accumulate(len(line) for line in self._raw.splitlines(keepends=True))]

    def start(self, node: ast.AST) -> int:
        """Where a node begins."""
        return self._position(node, "lineno", "col_offset")

    def end(self, node: ast.AST) -> int:
        """Where a node ends."""
        return self._position(node, "end_lineno", "end_col_offset")

    def _position(self, node: ast.AST, line: str, column: str) -> int:
        return self._lines[int(getattr(node, line)) - 1] + int(getattr(node, column))

    def between(self, start: int, end: int) -> str:
        """The text from one position to another."""
        return self._raw[start:end].decode()

    def of(self, node: ast.AST) -> str:
        """The text of a node."""
        return self.between(self.start(node), self.end(node))

    def over(self, node: ast.AST, text: str) -> Patch:
        """A patch that replaces a whole node."""
        return Patch(self.start(node), self.end(node), text)

    def within(self, before: ast.AST, after: ast.AST, old: str, new: str) -> Patch | None:
        """A patch that replaces ``old`` where it stands once between two nodes; None where that is not clear."""
        start, end = self.end(before), self.start(after)
        gap = self.between(start, end)
        if "#" in gap or gap.count(old) != 1:
            return None
        return Patch(start, end, gap.replace(old, new))

    def patched(self, patch: Patch) -> str:
        """The whole source with one patch."""
        return (self._raw[: patch.start] + patch.text.encode() + self._raw[patch.end :]).decode()

    def patched_within(self, top: ast.stmt, patch: Patch) -> str:
        """The text of one outermost statement, with a patch that lies inside it."""
        first = min([top, *getattr(top, "decorator_list", [])], key=lambda node: int(node.lineno))
        start = self._lines[first.lineno - 1]
        parts = (self._raw[start : patch.start], patch.text.encode(), self._raw[patch.end : self.end(top)])
        return b"".join(parts).decode()
