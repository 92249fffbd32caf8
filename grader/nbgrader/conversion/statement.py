"""Statements of a notebook: who wrote each, which names it binds and changes, and which it reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from grader.nbgrader.segment import Definition, Segment, cut
from grader.scope import Bindings, Scope


class Owner(StrEnum):
    """Who has written a statement."""

    GIVEN = "given"
    STUDENT = "student"
    TEST = "test"


@dataclass(frozen=True)
class Statement:
    """One top-level statement of a cell."""

    cell: int
    owner: Owner
    segment: Segment

    @cached_property
    def names(self) -> Names:
        """What it does with names."""
        return Names(self.segment.text)

    @property
    def text(self) -> str:
        """Its source."""
        return self.segment.text

    @property
    def is_import(self) -> bool:
        """Whether it imports, and nothing else."""
        return all(isinstance(node, ast.Import | ast.ImportFrom) for node in self.segment.nodes)

    @property
    def is_star(self) -> bool:
        """Whether it imports all names of a module."""
        imports = (node for node in self.segment.nodes if isinstance(node, ast.ImportFrom))
        return any(alias.name == "*" for node in imports for alias in node.names)

    @property
    def is_definition(self) -> bool:
        """Whether it is a function or a class."""
        return isinstance(self.segment.nodes[0], Definition)

    @property
    def is_seed(self) -> bool:
        """Whether it starts a generator of random numbers."""
        node = self.segment.nodes[0]
        call = node.value if isinstance(node, ast.Expr) else None
        return isinstance(call, ast.Call) and ast.unparse(call.func).endswith(("seed", "manual_seed", "set_seed"))


def cut_statements(text: str, cell: int, owner: Owner) -> list[Statement]:
    """The statements of a cell. Raises SyntaxError."""
    return [Statement(cell, owner, segment) for segment in cut(text)]


class Names:
    """What a piece of source does with the names of its notebook. Raises SyntaxError."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        bindings = Bindings(self.tree)
        self._scopes = bindings.nodes
        self._module = bindings.nodes[0][1]

    @cached_property
    def binds(self) -> frozenset[str]:
        """Names that get a value, as by an assignment, a definition or an import."""
        return frozenset(self._module.names)

    @cached_property
    def stores(self) -> frozenset[str]:
        """Names whose value is replaced or taken to pieces: ``x += 1``, ``x[0] = 1``, ``x.size = 1``, ``del x``."""
        return frozenset(name for node, _ in self._scopes for name in _stored_by(node))

    @cached_property
    def touches(self) -> frozenset[str]:
        """Names of which a method is called: that may change them, ``x.append(1)``."""
        calls = (node.func for node, _ in self._scopes if isinstance(node, ast.Call))
        return frozenset(name for call in calls if isinstance(call, ast.Attribute) and (name := _root(call)))

    @cached_property
    def reads(self) -> frozenset[str]:
        """Global names that are read, at whatever depth."""
        return frozenset(node.id for node in self.global_reads())

    @cached_property
    def loads(self) -> frozenset[str]:
        """Global names that are read when the source runs, and not only when a function of it is called."""
        inner = {id(part) for part in self._inside_functions()}
        return frozenset(node.id for node in self.global_reads() if id(node) not in inner)

    def global_reads(self) -> list[ast.Name]:
        """Where global names are read."""
        return [
            node
            for node, scope in self._scopes
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and self._is_global(node.id, scope)
        ]

    def in_text(self) -> set[str]:
        """Names that are read within f-strings, whose places in a line Python does not tell right before 3.12."""
        quoted = (node for node, _ in self._scopes if isinstance(node, ast.JoinedStr))
        return {part.id for node in quoted for part in ast.walk(node) if isinstance(part, ast.Name)}

    def reads_first(self, name: str) -> bool:
        """Whether the source needs a name to be there: it reads or changes it before it gives it a value."""
        for node in self.tree.body:
            found = Names(ast.unparse(node))
            if name in found.reads or name in found.stores:
                return _is_read_before_bound(node, name)
            if name in found.binds:
                return False
        return False

    def declares_global(self) -> bool:
        """Whether a function of it writes the notebook's names."""
        return any(isinstance(node, ast.Global) for node, _ in self._scopes)

    def _is_global(self, name: str, scope: Scope) -> bool:
        if name in scope.elsewhere:
            return scope.elsewhere[name].parent is None
        here: Scope | None = scope
        while here is not None and here.parent is not None:
            if name in here.names and (here is scope or not here.is_class):
                return False
            here = here.parent
        return True

    def _inside_functions(self) -> Iterator[ast.AST]:
        for node, _ in self._scopes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from (part for line in node.body for part in ast.walk(line))
            elif isinstance(node, ast.Lambda):
                yield from ast.walk(node.body)


def _is_read_before_bound(node: ast.stmt, name: str) -> bool:
    """Within one statement. The value of an assignment runs first; elsewhere the text has the order of running."""
    places = [part for part in ast.walk(node) if isinstance(part, ast.Name) and part.id == name]
    loads = [part for part in places if isinstance(part.ctx, ast.Load | ast.Del)]
    binds = [part for part in places if isinstance(part.ctx, ast.Store)]
    if isinstance(node, Definition) and node.name == name:
        return False  # it calls itself
    if isinstance(node, ast.AugAssign) or not binds:
        return True
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return bool(loads)
    first = min((part.lineno, part.col_offset) for part in binds)
    return any((part.lineno, part.col_offset) < first for part in loads)


def _stored_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.AugAssign | ast.Delete):
        targets = node.targets if isinstance(node, ast.Delete) else [node.target]
        yield from (name for target in targets if (name := _root(target)))
    elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store) and (name := _root(node)):
        yield name


def _root(node: ast.AST) -> str:
    """``x`` of ``x.a[0].b``; empty where it begins with something else."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
