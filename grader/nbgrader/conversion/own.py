"""Cells of tests of notebooks that ``gradiente nbgrader export`` has written: they hold pytest functions already."""

from __future__ import annotations

import ast

from grader.nbgrader.conversion import region
from grader.nbgrader.conversion.config_file import CourseSettings

_MAGIC = "%%tests "
_SETUP = "%load_ext gradiente_tests"


def is_own(text: str) -> bool:
    """Whether an export has written a cell of code."""
    return text.startswith(_MAGIC) or _SETUP in text.split("\n")


class OwnTests:
    """The tests of such a notebook, by suite."""

    def __init__(self) -> None:
        #: what the tests read from the student's module
        self.student: set[str] = set()
        self._helpers: dict[str, str] = {}
        self._tests: dict[str, list[str]] = {"public": [], "hidden": []}

    def take(self, text: str, settings: CourseSettings) -> list[str]:
        """Take in a cell and return the names of its tests. Raises SyntaxError."""
        if not text.startswith(_MAGIC):
            return []
        first, _, rest = text.partition("\n")
        suite = first.removeprefix(_MAGIC).strip()
        parts = region.split(rest, settings.begin_hidden, settings.end_hidden)
        inner = [part for part in parts if isinstance(part, region.Region)]
        source = "\n".join(line for part in inner for line in part.lines) if inner else region.full(parts)
        tree = ast.parse(source)
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]
        attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
        self.student |= {each.attr for each in attributes if ast.unparse(each.value) == "student"}
        if names:
            self._tests.setdefault(suite, []).append(source.strip("\n"))
        else:
            self._helpers[suite] = source.strip("\n")
        return names

    def parts(self, suite: str) -> list[str]:
        """The file of a suite, in parts; empty where there are no tests."""
        tests = self._tests.get(suite, [])
        return ["\n\n\n".join([*([self._helpers[suite]] if suite in self._helpers else []), *tests])] if tests else []
