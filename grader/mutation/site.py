"""Finds the places of a solution that may be changed.

Left alone is what no test can or should pin: annotations, docstrings, imports, decorators, the words of exceptions
and of printed messages, ``__repr__``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_WORDS = ("__repr__", "__str__")
_MESSAGES = ("print", "warn", "warning", "info", "debug")


@dataclass(frozen=True)
class Site:
    """A node of the source, where it is and what it belongs to."""

    node: ast.AST
    parent: ast.AST
    statement: ast.stmt
    #: the outermost statement around it
    top: ast.stmt
    #: dotted name of the function or class around it; empty at the top of the file
    scope: str
    in_function: bool


def find_sites(tree: ast.Module) -> list[Site]:
    """List what may be changed, in the order of the source."""
    finder = _Finder()
    finder.visit_block(tree, tree.body)
    return finder.sites


class _Finder:
    def __init__(self) -> None:
        self.sites: list[Site] = []
        self._scope: list[str] = []
        self._functions = 0
        self._words: frozenset[str] = frozenset()
        self._statement: ast.stmt | None = None
        self._top: ast.stmt | None = None

    def visit_block(self, parent: ast.AST, body: list[ast.stmt]) -> None:
        for statement in body:
            if not _is_text(statement) and not _assigns(statement, self._words):
                self._statement = statement
                self._top = statement if isinstance(parent, ast.Module) else self._top
                self._visit(parent, statement)

    def _visit(self, parent: ast.AST, node: ast.AST) -> None:
        if _is_left_alone(node):
            return
        assert self._statement is not None
        assert self._top is not None
        scope = ".".join(self._scope)
        self.sites.append(Site(node, parent, self._statement, self._top, scope, self._functions > 0))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._visit_definition(node)
            return
        for child in _children(node):
            if isinstance(child, list):
                outer = self._statement
                self.visit_block(node, child)
                self._statement = outer
            else:
                self._visit(node, child)

    def _visit_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self._scope.append(node.name)
        if not isinstance(node, ast.ClassDef):
            for default in [*node.args.defaults, *node.args.kw_defaults]:
                if default is not None:
                    self._visit(node, default)
        is_function = not isinstance(node, ast.ClassDef)
        outer = self._words
        self._words = _names_of_messages(node) if is_function else frozenset()
        self._functions += is_function
        self.visit_block(node, node.body)
        self._functions -= is_function
        self._words = outer
        self._scope.pop()


def _children(node: ast.AST) -> Iterator[ast.AST | list[ast.stmt]]:
    """What lies below a node, blocks as lists, without annotations and messages."""
    if isinstance(node, ast.Raise):
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "msg", "returns", "ctx"):
            continue
        if isinstance(value, ast.AST) or (isinstance(value, list) and value and isinstance(value[0], ast.stmt)):
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, ast.AST))


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(
        node, ast.Import | ast.ImportFrom | ast.JoinedStr | ast.Global | ast.Nonlocal | ast.Pass | ast.operator
    ):
        return True
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).rpartition(".")[2] in _MESSAGES
    if isinstance(node, ast.FunctionDef):
        return node.name in _WORDS
    if isinstance(node, ast.If):
        return ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING" or "__name__" in ast.unparse(node.test)
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("__all__", "__slots__")


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str | type(...))
    )


def _assigns(statement: ast.stmt, names: frozenset[str]) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return bool(targets) and all(isinstance(target, ast.Name) and target.id in names for target in targets)


def _names_of_messages(function: ast.AST) -> frozenset[str]:
    """Local names that only exceptions read: their values are words."""
    all_names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    in_raises = {
        id(name)
        for node in ast.walk(function)
        if isinstance(node, ast.Raise)
        for name in ast.walk(node)
        if isinstance(name, ast.Name)
    }
    stored = {name.id for name in all_names if isinstance(name.ctx, ast.Store)}
    read = {name.id for name in all_names if isinstance(name.ctx, ast.Load) and id(name) not in in_raises}
    told = {name.id for name in all_names if id(name) in in_raises}
    return frozenset((stored & told) - read)
