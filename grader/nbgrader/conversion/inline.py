"""Puts the source of modules that lie beside a notebook in place of their imports: an exercise has one file."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path

from grader.nbgrader.conversion.statement import Names
from grader.nbgrader.segment import cut


class Inliner:
    """Knows the modules beside a notebook; each is put in once, where it is imported first."""

    def __init__(self, sources: Mapping[str, str], done: Iterable[str] = ()) -> None:
        self._sources = sources
        self._done = set(done)

    @classmethod
    def of(cls, folder: Path) -> Inliner:
        """Read the modules in a folder."""
        return cls({path.stem: _read(path) for path in sorted(folder.glob("*.py"))})

    def copy(self) -> Inliner:
        """Another one, that goes on from here."""
        return Inliner(self._sources, self._done)

    def expand(self, source: str) -> str:
        """Replace the imports at top level. Raises SyntaxError for source, or a module, that Python cannot read."""
        lines = source.split("\n")
        for segment in reversed(cut(source)):
            node = segment.nodes[0]
            text = self._expand(node) if len(segment.nodes) == 1 else None
            if text is not None:
                first = node.lineno - 1
                lines[first : node.end_lineno] = text.split("\n")
        return "\n".join(lines)

    def _expand(self, node: ast.stmt) -> str | None:
        if isinstance(node, ast.ImportFrom) and node.module and node.module in self._sources and not node.level:
            renamed = [f"{alias.asname} = {alias.name}" for alias in node.names if alias.asname]
            return "\n\n".join([*self._source(node.module), *renamed]) or "pass"
        if isinstance(node, ast.Import) and all(alias.name in self._sources for alias in node.names):
            return "\n\n".join(part for alias in node.names for part in self._whole(alias))
        return None

    def _whole(self, alias: ast.alias) -> list[str]:
        """A module under a name of its own."""
        names = sorted(Names(self._sources[alias.name]).binds)
        values = ", ".join(f"{name}={name}" for name in names)
        return [
            *self._source(alias.name),
            "import types",
            f"{alias.asname or alias.name} = types.SimpleNamespace({values})",
        ]

    def _source(self, name: str) -> list[str]:
        if name in self._done:
            return []
        self._done.add(name)
        source = self.expand(self._sources[name])
        kept = [each.text for each in cut(source) if not each.is_docstring and not _is_main(each.nodes[0])]
        return ["\n\n".join(kept)]


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
