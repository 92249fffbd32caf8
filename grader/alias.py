"""What the names in a source stand for: follows imports, assignments, attributes, ``getattr`` and the like.

It reads and never runs. Order is ignored: a name stands for everything that its scope ever binds it to. Values are
pairs: ``("path", "torch.nn.functional")``, ``("text", "softmax")``, ``("getter", "nn.functional")`` for
``operator.attrgetter``, ``("own", "3")`` for a function or class of this source.

Standard library only: it runs in the candidate, beside the student's code.
"""

from __future__ import annotations

import ast

from grader.scope import MOST, NOTHING, Bindings, Scope, Value, Values

#: Signs of one text, parts of one dotted name, names standing for names: an end for sources made to explode.
_LONGEST = 200
_DEEPEST = 12
_ROUNDS = 12

#: Dictionaries of names: reading one by key is reading an attribute.
_SPACE = "<names>"
_TABLES = (_SPACE, "sys.modules")
_HERE: Values = frozenset({("path", _SPACE)})

_ATTRIBUTE = ("getattr", "object.__getattribute__", "inspect.getattr_static", "type.__getattribute__")
#: These give back what they were given, or something that acts like it.
_PASSING = ("functools.partial", "copy.copy", "iter", "next", "list", "tuple", "staticmethod", "importlib.reload")


class Reading:
    """One source: its ``nodes`` with their scopes, its classes' ``methods``, and what every expression stands for."""

    def __init__(self, tree: ast.Module) -> None:
        self._bindings = Bindings(tree)
        self.nodes = self._bindings.nodes
        self.methods = self._bindings.methods
        self._values: dict[int, Values] = {}
        self._members: dict[str, Values] = {}
        for _ in range(_ROUNDS):
            if not self._settle():
                break

    def value(self, node: ast.AST | None) -> Values:
        """What an expression may stand for."""
        return self._values.get(id(node), NOTHING)

    def paths(self, node: ast.AST | None) -> list[str]:
        """The dotted names of libraries that an expression may stand for."""
        return [text for kind, text in self.value(node) if kind == "path"]

    def texts(self, node: ast.AST | None) -> list[str]:
        """The strings that an expression may be."""
        return [text for kind, text in self.value(node) if kind == "text"]

    # --- what everything stands for

    def _settle(self) -> bool:
        """Work out every expression once more, inner ones first. Returns whether a name has learned something."""
        for node, scope in reversed(self.nodes):
            found = self._evaluate(node, scope)
            if found:
                self._values[id(node)] = found if len(found) <= MOST else frozenset(sorted(found)[:MOST])
        is_news = False
        for scope, name, value in self._bindings.bindings:
            is_news |= scope.bind(name, self.value(value))
        for name, value in self._bindings.stored:
            before = self._members.get(name, NOTHING)
            self._members[name] = before | self.value(value)
            is_news |= self._members[name] != before
        return is_news

    def _evaluate(self, node: ast.AST, scope: Scope) -> Values:
        match node:
            case ast.Name():
                return scope.find(node.id)
            case ast.Attribute():
                return self._member(node.value, node.attr)
            case ast.Constant() if isinstance(node.value, str) and len(node.value) <= _LONGEST:
                return frozenset({("text", node.value)})
            case ast.BinOp() if isinstance(node.op, ast.Add):
                return self._joined([node.left, node.right])
            case ast.JoinedStr():
                return self._joined(node.values)
            case ast.Subscript():
                return self._item(node, scope)
            case ast.Call():
                return self._call(node, scope)
        return self._bindings.own.get(id(node)) or self._passed(node)

    def _passed(self, node: ast.AST) -> Values:
        """What is only handed on: by a container, a choice, a comprehension, brackets of any kind."""
        match node:
            case ast.IfExp():
                return self.value(node.body) | self.value(node.orelse)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self.value(node.elt)
            case ast.NamedExpr() | ast.Starred() | ast.Await() | ast.FormattedValue():
                return self.value(node.value)
            case ast.BoolOp() | ast.Dict():
                return self._any(node.values)
            case ast.List() | ast.Tuple() | ast.Set():
                # A container stands for what is in it: whoever takes something out gets one of them.
                return self._any(node.elts)
        return NOTHING

    def _any(self, nodes: list[ast.expr]) -> Values:
        return NOTHING.union(*(self.value(node) for node in nodes))

    def _member(self, base: ast.expr, name: str) -> Values:
        paths = self.paths(base)
        if name == "__dict__":
            return frozenset(("path", f"{path}.{_SPACE}") for path in paths)
        found = frozenset(("path", f"{path}.{name}") for path in paths if path.count(".") < _DEEPEST)
        return found or self._members.get(name, NOTHING)

    def _joined(self, parts: list[ast.expr]) -> Values:
        texts = [""]
        for part in parts:
            texts = [left + right for left in texts for right in self.texts(part)][:MOST]
        return frozenset(("text", text) for text in texts if len(text) <= _LONGEST)

    def _item(self, node: ast.Subscript, scope: Scope) -> Values:
        tables = [path for path in self.paths(node.value) if path.endswith(_TABLES)]
        looked_up = NOTHING.union(*(_look_up(path, key, scope) for path in tables for key in self.texts(node.slice)))
        return looked_up | frozenset(pair for pair in self.value(node.value) if pair[1] not in tables)

    def _call(self, node: ast.Call, scope: Scope) -> Values:
        found: set[Value] = set()
        for kind, text in self.value(node.func):
            if kind == "getter":
                found |= {("path", f"{path}.{text}") for path in self._argument_paths(node, 0)}
            elif kind == "own":
                found |= self._any(self._bindings.returned.get(text, []))
            elif kind == "path":
                found |= self._library_call(text.removeprefix("builtins."), node, scope)
        return frozenset(found)

    def _library_call(self, function: str, node: ast.Call, scope: Scope) -> Values:
        """What the few library functions return that find something by its name."""
        base, _, method = function.rpartition(".")
        if function in _ATTRIBUTE:
            return self._getattr(node)
        if function in ("vars", "globals", "locals"):
            return frozenset(("path", f"{path}.{_SPACE}") for path in self._argument_paths(node, 0)) or _HERE
        if function in ("__import__", "importlib.__import__"):
            texts = self._argument_texts(node, 0)
            return frozenset(("path", path) for text in texts for path in (text, text.partition(".")[0]))
        if function in ("importlib.import_module", "pkgutil.resolve_name", "pydoc.locate"):
            packages = self._argument_texts(node, 1) or [""]
            texts = [text.replace(":", ".") for text in self._argument_texts(node, 0)]
            return frozenset(("path", _absolute(text, package)) for text in texts for package in packages)
        if function in ("operator.attrgetter", "operator.methodcaller"):
            return frozenset(("getter", text) for text in self._argument_texts(node, 0))
        if method in ("get", "pop", "__getitem__", "setdefault") and base.endswith(_TABLES):
            return NOTHING.union(*(_look_up(base, key, scope) for key in self._argument_texts(node, 0)))
        if method in ("__getattribute__", "__getattr__"):
            return frozenset(("path", f"{base}.{name}") for name in self._argument_texts(node, 0))
        return self.value(node.args[0]) if function in _PASSING and node.args else NOTHING

    def _getattr(self, node: ast.Call) -> Values:
        if not node.args:
            return NOTHING
        found = NOTHING.union(*(self._member(node.args[0], name) for name in self._argument_texts(node, 1)))
        return found | (self.value(node.args[2]) if len(node.args) > 2 else NOTHING)

    def _argument_paths(self, node: ast.Call, index: int) -> list[str]:
        return self.paths(node.args[index]) if index < len(node.args) else []

    def _argument_texts(self, node: ast.Call, index: int) -> list[str]:
        if index < len(node.args):
            return self.texts(node.args[index])
        expected = ("name", "package")[index : index + 1]
        return [text for keyword in node.keywords if keyword.arg in expected for text in self.texts(keyword.value)]


def _look_up(table: str, key: str, scope: Scope) -> Values:
    if table == _SPACE:
        return scope.find(key)
    path = key if table.endswith("sys.modules") else f"{table.removesuffix(_SPACE)}{key}"
    return frozenset({("path", path)})


def _absolute(module: str, package: str) -> str:
    if not module.startswith("."):
        return module
    parts = package.split(".")
    above = len(module) - len(module.lstrip(".")) - 1
    return ".".join([*parts[: len(parts) - above], module.lstrip(".")])
