"""The scopes of a source and what its names are bound to: functions, classes, imports, assignments, parameters.

Python's own ``symtable`` tells the scopes too, but not the values. Standard library only: this runs in the candidate,
beside the student's code.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field

#: See ``alias`` for the kinds.
Value = tuple[str, str]
Values = frozenset[Value]

NOTHING: Values = frozenset()

#: Values that a name may stand for: enough for people, and an end for sources made to explode.
MOST = 48

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_RUNS_TEXT = ("eval", "exec", "compile")

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


@dataclass(eq=False)
class Scope:
    """A function, class, comprehension or the whole module."""

    parent: Scope | None
    is_class: bool = False
    names: dict[str, Values] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    elsewhere: dict[str, Scope] = field(default_factory=dict)

    def bind(self, name: str, values: Values) -> bool:
        """Let a name stand for more. Returns whether that was news."""
        scope = self.elsewhere.get(name, self)
        before = scope.names.get(name)
        if before is not None and (values <= before or len(before) >= MOST):
            return False
        scope.names[name] = (before or NOTHING) | values
        return True

    def find(self, name: str) -> Values:
        """What a name stands for here."""
        scope: Scope | None = self.elsewhere.get(name, self)
        is_here = True
        stars: list[str] = []
        while scope is not None:
            # The names of a class are not seen by its methods.
            if name in scope.names and (is_here or not scope.is_class):
                return scope.names[name]
            stars += scope.stars
            is_here, scope = False, scope.parent
        found = {("path", f"{module}.{name}") for module in stars}
        return frozenset(found | ({("path", name)} if hasattr(builtins, name) else set()))


class Bindings:
    """One source taken apart: ``nodes`` with their scopes, parents first, and every binding of a name."""

    def __init__(self, tree: ast.Module) -> None:
        self.nodes: list[tuple[ast.AST, Scope]] = []
        #: methods that classes of this source define
        self.methods: set[str] = set()
        #: functions and classes of this source, by the identity of their nodes
        self.own: dict[int, Values] = {}
        #: what a function gives back, by the number in its value
        self.returned: dict[str, list[ast.expr]] = {}
        self.bindings: list[tuple[Scope, str, ast.expr | None]] = []
        #: values that become attributes of something
        self.stored: list[tuple[str, ast.expr]] = []
        self._known: list[tuple[Scope, str, Values]] = []
        self._build(tree)
        # All at once, after every ``global`` has been seen; and a parameter hides what is outside from the beginning.
        for scope, name, values in self._known:
            scope.bind(name, values)
        for scope, name, _ in self.bindings:
            scope.bind(name, NOTHING)

    def _build(self, tree: ast.Module) -> None:
        waiting: list[tuple[ast.AST, Scope]] = [(tree, Scope(None))]
        while waiting:
            node, scope = waiting.pop()
            self.nodes.append((node, scope))
            inner = _enter(node, scope)
            self._bind(node, scope, inner)
            if isinstance(node, ast.Return) and node.value is not None:
                self.returned.setdefault(str(id(scope)), []).append(node.value)
            waiting += [(child, inner if is_inside else scope) for child, is_inside in _children(node)]
            if isinstance(node, ast.Call):
                waiting += [(part, scope) for part in _quoted(node)]

    def _bind(self, node: ast.AST, scope: Scope, inner: Scope) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                self._bind_definition(node, scope, inner)
            case ast.Import() | ast.ImportFrom():
                self._bind_import(node, scope)
            case ast.Global() | ast.Nonlocal():
                outer = _outer(scope, is_global=isinstance(node, ast.Global))
                scope.elsewhere |= dict.fromkeys(node.names, outer)
            case ast.Assign():
                for assigned in node.targets:
                    self._bind_target(assigned, node.value, scope)
            case ast.AnnAssign() | ast.AugAssign() | ast.NamedExpr():
                self._bind_target(node.target, node.value, scope)
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                self._bind_target(node.target, node.iter, scope)
            case ast.withitem() if node.optional_vars is not None:
                self._bind_target(node.optional_vars, node.context_expr, scope)
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar() if node.name:
                self.bindings.append((scope, node.name, None))

    def _bind_definition(self, node: _Definition, scope: Scope, inner: Scope) -> None:
        own = frozenset({("own", str(id(inner)))})
        self.own[id(node)] = own
        if not isinstance(node, ast.Lambda):
            self._known.append((scope, node.name, own))
            if scope.is_class and not isinstance(node, ast.ClassDef):
                self.methods.add(node.name)
        if isinstance(node, ast.ClassDef):
            return
        if isinstance(node, ast.Lambda):
            self.returned[str(id(inner))] = [node.body]
        positional = [*node.args.posonlyargs, *node.args.args]
        given: list[tuple[ast.arg, ast.expr | None]] = [(one, None) for one in positional]
        first = len(positional) - len(node.args.defaults)
        given += zip(positional[first:], node.args.defaults, strict=True)
        given += zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        given += [(one, None) for one in (node.args.vararg, node.args.kwarg) if one is not None]
        self.bindings += [(inner, argument.arg, default) for argument, default in given]

    def _bind_import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                top = alias.name.partition(".")[0]
                path, name = (alias.name, alias.asname) if alias.asname else (top, top)
            elif alias.name == "*":
                scope.stars.append("." * node.level + (node.module or ""))
                continue
            else:
                path, name = f"{'.' * node.level}{node.module or ''}.{alias.name}", alias.asname or alias.name
            self._known.append((scope, name, frozenset({("path", path)})))

    def _bind_target(self, target: ast.expr, value: ast.expr | None, scope: Scope) -> None:
        waiting = [(target, value)]
        while waiting:
            target, value = waiting.pop()
            if isinstance(target, ast.Name):
                self.bindings.append((scope, target.id, value))
                if scope.is_class and value is not None:
                    self.stored.append((target.id, value))
            elif isinstance(target, ast.Attribute) and value is not None:
                self.stored.append((target.attr, value))
            elif isinstance(target, ast.Starred):
                waiting.append((target.value, value))
            elif isinstance(target, ast.Tuple | ast.List):
                waiting += _pairs(target, value)


def _enter(node: ast.AST, scope: Scope) -> Scope:
    """The scope that a node opens for what is in it, or the one around it."""
    if isinstance(node, ast.ClassDef):
        return Scope(scope, is_class=True)
    return Scope(scope) if isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS)) else scope


def _outer(scope: Scope, *, is_global: bool) -> Scope:
    outer = scope.parent or scope
    while outer.parent is not None and (is_global or outer.is_class):
        outer = outer.parent
    return outer


def _children(node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """The parts of a node, each with whether it lies in the scope that the node opens."""
    for name, content in ast.iter_fields(node):
        for child in content if isinstance(content, list) else [content]:
            if isinstance(child, ast.AST):
                # Decorators, defaults and base classes are read outside; the parameters' names are bound already.
                outside = isinstance(node, (*_FUNCTIONS, ast.ClassDef)) and name != "body"
                yield child, not outside


def _pairs(target: ast.Tuple | ast.List, value: ast.expr | None) -> list[tuple[ast.expr, ast.expr | None]]:
    """Targets with their values: one by one where both sides show them, otherwise each with everything."""
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    if len(parts) == len(target.elts) and not any(isinstance(part, ast.Starred) for part in (*target.elts, *parts)):
        return list(zip(target.elts, parts, strict=True))
    return [(part, value) for part in target.elts]


def _quoted(call: ast.Call) -> list[ast.AST]:
    """The code in ``eval("...")``, ``exec("...")`` and ``compile("...")``, as if it stood on that line."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name not in _RUNS_TEXT or not call.args or len(_constant(call.args[0])) > 10_000:
        return []
    try:
        tree = ast.parse(_constant(call.args[0]).strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt):
            node.lineno, node.end_lineno = call.lineno, call.end_lineno
            node.col_offset, node.end_col_offset = call.col_offset, call.end_col_offset
    return list(tree.body)


def _constant(node: ast.expr) -> str:
    """A string that is written out, in one piece or in several joined by ``+``."""
    pieces: list[str] = []
    waiting: list[ast.expr] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add):
            waiting += [part.right, part.left]
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            pieces.append(part.value)
        elif isinstance(part, ast.Constant) and isinstance(part.value, bytes):
            pieces.append(part.value.decode("utf-8", "replace"))
        else:
            return ""
    return "".join(pieces)
