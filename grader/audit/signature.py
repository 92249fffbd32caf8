"""Checks that stub and reference define the same names with the same parameters, and that the stub says no answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.audit.finding import Problem
from grader.audit.source import parse
from grader.exercise import Exercise

#: Special methods that a solution may add: nobody calls them by name.
_OWN_AFFAIR = ("__repr__", "__str__", "__post_init__", "__slots__", "__all__")
_ROLES = ("property", "staticmethod", "classmethod")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Definition:
    """A public name of a file: a function, a class, a method or a constant."""

    name: str
    #: how it is written, such as ``softmax(x, dim=-1)``; equal where it can be used the same way
    shape: str
    line: int
    node: ast.AST


def check_signatures(exercise: Exercise) -> Iterator[Problem]:
    """Compare stub and reference. Nothing where one of them is missing or broken: that is said elsewhere."""
    stub, reference = _definitions(exercise.stub), _definitions(exercise.reference)
    if stub is None or reference is None or exercise.reference is None:
        return
    for name, found in stub.items():
        other = reference.get(name)
        if other is None:
            yield Problem(
                exercise.stub, found.line, f"the reference does not define {name}. Define it there, or remove it."
            )
        elif other.shape != found.shape:
            yield Problem(
                exercise.stub, found.line, f"{found.shape} but the reference has {other.shape}. Make them equal."
            )
        if isinstance(found.node, Function) and not _is_hole(found.node) and not _is_given(found, other):
            text = f"{name} does something. End it with “raise NotImplementedError”, or write it as in the reference."
            yield Problem(exercise.stub, found.line, text)
    for name, found in reference.items():
        if name not in stub and name.rpartition(".")[2] not in _OWN_AFFAIR:
            text = f"the stub does not define {name}. Define it there, or let its name begin with “_”."
            yield Problem(exercise.reference, found.line, text)


def find_functions(path: Path) -> dict[str, int]:
    """The public functions and methods of a file, such as ``Net.forward``, and the lines where they begin."""
    found = (_definitions(path) or {}).values()
    return {
        each.name: each.line for each in found if isinstance(each.node, Function) and _is_called(each.name, each.node)
    }


def _is_called(name: str, node: Function) -> bool:
    """Whether tests call it by its name; ``__call__`` is, other special methods and properties are not."""
    last = name.rpartition(".")[2]
    return not _role(node) and (last == "__call__" or not last.startswith("__"))


def _definitions(path: Path | None) -> dict[str, Definition] | None:
    tree = parse(path) if path is not None and path.is_file() else None
    if not isinstance(tree, ast.Module):
        return None
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    found = list(_public(tree.body, ""))
    for node in classes.values():
        if _is_public(node.name):
            found.append(Definition(node.name, f"class {node.name}", node.lineno, node))
            for part in reversed(_with_bases(node, classes)):
                found += _public(part.body, f"{node.name}.")
    return {definition.name: definition for definition in found}


def _with_bases(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> list[ast.ClassDef]:
    """A class and its bases in the same file, nearest first."""
    bases = [classes[base.id] for base in node.bases if isinstance(base, ast.Name) and base.id in classes]
    return [node, *(part for base in bases if base is not node for part in _with_bases(base, classes))]


def _public(body: list[ast.stmt], prefix: str) -> Iterator[Definition]:
    for node in body:
        if isinstance(node, Function) and _is_public(node.name):
            name = f"{prefix}{node.name}"
            yield Definition(name, _role(node) + _signature(name, node.args), node.lineno, node)
        for target, value in _targets(node):
            if _is_public(target):
                shape = f"{prefix}{target} = {ast.unparse(value)}" if value else f"{prefix}{target}"
                yield Definition(f"{prefix}{target}", shape, node.lineno, node)


def _targets(node: ast.stmt) -> list[tuple[str, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        return [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [(node.target.id, node.value)]
    return []


def _signature(name: str, arguments: ast.arguments) -> str:
    """The parameters without their types: names, kinds and default values."""
    plain = ast.parse(f"def f({ast.unparse(arguments)}): pass").body[0]
    assert isinstance(plain, ast.FunctionDef)
    for node in ast.walk(plain.args):
        if isinstance(node, ast.arg):
            node.annotation = None
    return f"{name}({ast.unparse(plain.args)})"


def _role(node: Function) -> str:
    names = [ast.unparse(decorator) for decorator in node.decorator_list]
    return "".join(f"@{name} " for name in names if name in _ROLES)


def _is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__") and name not in _OWN_AFFAIR)


def _is_hole(node: Function) -> bool:
    """Whether a function ends in ``raise NotImplementedError`` and does nothing before but call ``super()``."""
    *before, last = node.body
    return _raises(last) and all(_is_docstring(line) or ast.unparse(line).startswith("super().") for line in before)


def _raises(node: ast.stmt) -> bool:
    raised = node.exc if isinstance(node, ast.Raise) else None
    name = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(name, ast.Name) and name.id == "NotImplementedError"


def _is_given(found: Definition, other: Definition | None) -> bool:
    """Whether the students have it from us: the reference has the same lines."""
    if other is None or not isinstance(other.node, Function) or not isinstance(found.node, Function):
        return False
    return _lines(found.node) == _lines(other.node)


def _lines(node: Function) -> list[str]:
    return [ast.dump(line) for line in node.body if not _is_docstring(line)]


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
