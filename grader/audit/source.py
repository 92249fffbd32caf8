"""The test functions of a suite, as their source says."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from grader.audit.finding import Problem


@dataclass(frozen=True)
class TestFunction:
    """One test of a suite, before it is run."""

    __test__ = False  # pytest: this is a value, not a test class

    name: str
    path: Path
    line: int
    docstring: str
    #: tests that must pass before it
    needs: tuple[str, ...]
    #: longest call it allows, where it says so
    seconds: float | None
    #: the class of devices on which it checks a training; empty: it checks none
    trains: str = ""
    #: whether it says what it is worth
    has_points: bool = False
    #: the data sets that it asks for by their names
    datasets: tuple[str, ...] = ()


def parse(path: Path) -> ast.Module | Problem:
    """The tree of a file, or what is wrong with it."""
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        return Problem(path, error.lineno, f"Python cannot read this line ({error.msg}). Mend it.")
    except (UnicodeDecodeError, ValueError):
        return Problem(path, None, "this is not a text in UTF-8. Save it as one.")


def find_tests(path: Path) -> list[TestFunction]:
    """The test functions of one file; none where it is missing or broken."""
    tree = parse(path) if path.is_file() else None
    body = tree.body if isinstance(tree, ast.Module) else []
    return [
        TestFunction(
            node.name,
            path,
            node.lineno,
            ast.get_docstring(node) or "",
            _needs(node),
            _seconds(node),
            _trains(node),
            bool(_marks(node, "points")),
            _datasets(node),
        )
        for node in body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
    ]


def _marks(function: ast.FunctionDef, name: str) -> list[ast.Call]:
    calls = [node for node in function.decorator_list if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) == f"pytest.mark.{name}"]


def _trains(function: ast.FunctionDef) -> str:
    if "training" not in [argument.arg for argument in function.args.args]:
        return ""
    return "gpu" if "pytest.mark.gpu" in map(ast.unparse, function.decorator_list) else "cpu"


def _datasets(function: ast.FunctionDef) -> tuple[str, ...]:
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and ast.unparse(node.func) == "task"]
    names = [node.value for call in calls for node in call.args[:1] if isinstance(node, ast.Constant)]
    return tuple(str(name) for name in names)


def _needs(function: ast.FunctionDef) -> tuple[str, ...]:
    arguments = [argument for call in _marks(function, "needs") for argument in call.args]
    return tuple(str(node.value) for node in arguments if isinstance(node, ast.Constant))


def _seconds(function: ast.FunctionDef) -> float | None:
    for call in _marks(function, "seconds"):
        for node in call.args[:1]:
            if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
                return float(node.value)
    return None
