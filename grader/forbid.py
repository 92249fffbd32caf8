"""Finds forbidden names in a student's source, before any of it runs. Runs in the sandbox: the source is hostile.

Names are followed through imports, aliases, attribute chains and ``getattr`` with literals. An exercise that forbids
anything also forbids the ways around reading: ``eval``, computed attribute names of libraries, ``ctypes``, ``gc``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: Ways to reach a function without naming it. They are forbidden along with whatever an exercise forbids.
WAYS_AROUND = (
    "builtins.eval", "builtins.exec", "builtins.compile", "builtins.__import__", "builtins.globals", "ctypes", "gc",
    "grader", "importlib", "inspect", "sys.modules", "sys._getframe", "torch._C", "torch.ops", "pkgutil", "runpy",
)  # fmt: skip

_BUILTINS = frozenset({"eval", "exec", "compile", "__import__", "globals", "getattr", "vars", "__builtins__"})
_METHODS = "torch.Tensor."


@dataclass(frozen=True)
class Use:
    """A forbidden name in the source: its line, its full name and how it was come by."""

    line: int
    name: str
    how: str


def find_forbidden(source: str, forbidden: Sequence[str]) -> list[Use]:
    """Every use of a forbidden name, in order of lines; a name covers everything below it.

    ``torch.Tensor.backward`` means the method on any object. Source that does not parse has no uses: it cannot run.
    """
    if not forbidden:
        return []
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    reader = _Reader([*forbidden, *WAYS_AROUND], tree)
    uses = sorted(set(reader.read()), key=lambda use: (use.line, -len(use.name)))
    seen: set[int] = set()
    return [use for use in uses if use.line not in seen and not seen.add(use.line)]  # type: ignore[func-returns-value]


class _Reader:
    """One reading of one file. Aliases are collected first, over the whole file, whatever the order of execution."""

    def __init__(self, forbidden: Sequence[str], tree: ast.Module) -> None:
        self._names = [name for name in forbidden if not name.startswith(_METHODS)]
        self._methods = {name.removeprefix(_METHODS) for name in forbidden if name.startswith(_METHODS)}
        self._tree = tree
        self._own_methods = {
            item.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for item in node.body
            if isinstance(item, ast.FunctionDef)
        }
        # A function of the student's own that is called compile is not Python's.
        own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        self._aliases: dict[str, set[str]] = {name: {f"builtins.{name}"} for name in _BUILTINS - own}
        self._collect_all()

    def _collect_all(self) -> None:
        """An alias of an alias needs another round; twenty follow any chain that a person writes."""
        for _ in range(20):
            before = sum(map(len, self._aliases.values()))
            for node in ast.walk(self._tree):
                self._collect(node)
            if sum(map(len, self._aliases.values())) == before:
                return

    def read(self) -> Iterator[Use]:
        """All uses, some of them twice."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield from self._imported(node)
            elif isinstance(node, ast.Attribute | ast.Name | ast.Call | ast.Subscript):
                yield from self._used(node)
            elif isinstance(node, ast.keyword) and node.arg in self._methods:
                yield Use(node.value.lineno, f"{_METHODS}{node.arg}", "keyword")

    # --- aliases

    def _collect(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for name in node.names:
                top = name.name.partition(".")[0]
                self._bind(name.asname or top, name.name if name.asname else top)
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                self._bind(name.asname or name.name, f"{node.module}.{name.name}")
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value)
        elif isinstance(node, ast.NamedExpr | ast.AnnAssign) and node.value is not None:
            self._assign(node.target, node.value)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            for path in self._paths(value):
                self._bind(target.id, path)
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            for left, right in zip(target.elts, value.elts, strict=False):
                self._assign(left, right)

    def _bind(self, name: str, path: str) -> None:
        known = self._aliases.setdefault(name, set())
        if len(known) < 20 and path.count(".") < 12:
            known.add(path)

    # --- what an expression stands for

    def _paths(self, node: ast.expr) -> set[str]:
        """The dotted names that an expression may stand for."""
        if isinstance(node, ast.Name):
            return self._aliases.get(node.id, set())
        if isinstance(node, ast.Attribute):
            return {f"{path}.{node.attr}" for path in self._paths(node.value)}
        if isinstance(node, ast.Subscript):
            return self._item_paths(node)
        if isinstance(node, ast.Call):
            return self._call_paths(node)
        if isinstance(node, ast.IfExp):
            return self._paths(node.body) | self._paths(node.orelse)
        return set()

    def _item_paths(self, node: ast.Subscript) -> set[str]:
        """``vars(F)["cross_entropy"]`` and ``F.__dict__["cross_entropy"]``."""
        key = _literal(node.slice)
        owners = {path.removesuffix(".__dict__") for path in self._paths(node.value) if path.endswith(".__dict__")}
        return {f"{owner}.{key}" for owner in owners} if key else set()

    def _call_paths(self, node: ast.Call) -> set[str]:
        called = self._paths(node.func)
        if "builtins.vars" in called and len(node.args) == 1:
            return {f"{path}.__dict__" for path in self._paths(node.args[0])}
        if "builtins.getattr" in called and len(node.args) >= 2:
            name = _literal(node.args[1])
            return {f"{path}.{name}" for path in self._paths(node.args[0])} if name else set()
        if "functools.partial" in called and node.args:
            return self._paths(node.args[0])
        return set()

    # --- uses

    def _imported(self, node: ast.Import | ast.ImportFrom) -> Iterator[Use]:
        if isinstance(node, ast.Import):
            paths = [name.name for name in node.names]
        else:
            paths = [f"{node.module}.{name.name}" for name in node.names if name.name != "*"]
            if len(paths) < len(node.names):
                hidden = (name for name in self._names if name.startswith(f"{node.module}."))
                yield from (Use(node.lineno, name, "import *") for name in list(hidden)[:1])
        yield from (Use(node.lineno, name, "import") for path in paths if (name := self._match(path)))

    def _used(self, node: ast.Attribute | ast.Name | ast.Call | ast.Subscript) -> Iterator[Use]:
        for path in self._paths(node):
            if name := self._match(path):
                yield Use(node.lineno, name, "name")
        if isinstance(node, ast.Attribute) and self._is_method(node):
            yield Use(node.lineno, f"{_METHODS}{node.attr}", "method")
        if isinstance(node, ast.Call) and "builtins.getattr" in self._paths(node.func) and len(node.args) >= 2:
            yield from self._looked_up(node)

    def _is_method(self, node: ast.Attribute) -> bool:
        if node.attr not in self._methods:
            return False
        # The student's own method of that name, on their own object.
        on_self = isinstance(node.value, ast.Name) and node.value.id == "self"
        return not (on_self and node.attr in self._own_methods) and not self._is_library(node.value)

    def _is_library(self, node: ast.expr) -> bool:
        """Whether an expression is a module or function of a library, so that its attributes are no methods."""
        return bool(self._paths(node)) and not any(path.startswith("torch.Tensor") for path in self._paths(node))

    def _looked_up(self, node: ast.Call) -> Iterator[Use]:
        name = _literal(node.args[1])
        if name in self._methods:
            yield Use(node.lineno, f"{_METHODS}{name}", "getattr")
        elif name is None and self._paths(node.args[0]):
            yield Use(node.lineno, "getattr", "computed name")

    def _match(self, path: str) -> str | None:
        return next((name for name in self._names if path == name or path.startswith(f"{name}.")), None)


def _literal(node: ast.expr) -> str | None:
    """The string that an expression of literals stands for."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left), _literal(node.right)
        return left + right if left is not None and right is not None else None
    if isinstance(node, ast.FormattedValue):
        return _literal(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [_literal(part) for part in node.values]
        return "".join(part for part in parts if part is not None) if None not in parts else None
    return None
