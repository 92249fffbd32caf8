"""Reads what an existing ``nbgrader_config.py`` sets, without running it: lines as ``c.ClearSolutions.x = "y"``."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.nbgrader.course import CONFIG, SOURCE


@dataclass(frozen=True)
class CourseSettings:
    """What of a course's settings decides how its notebooks are read."""

    source: str = SOURCE
    begin_solution: str = "BEGIN SOLUTION"
    end_solution: str = "END SOLUTION"
    begin_hidden: str = "BEGIN HIDDEN TESTS"
    end_hidden: str = "END HIDDEN TESTS"
    begin_scheme: str = "BEGIN MARK SCHEME"
    end_scheme: str = "END MARK SCHEME"
    autotest: str = "AUTOTEST"


_NAMES = {
    "CourseDirectory.source_directory": "source",
    "ClearSolutions.begin_solution_delimeter": "begin_solution",
    "ClearSolutions.end_solution_delimeter": "end_solution",
    "ClearHiddenTests.begin_test_delimeter": "begin_hidden",
    "ClearHiddenTests.end_test_delimeter": "end_hidden",
    "ClearMarkScheme.begin_mark_scheme_delimeter": "begin_scheme",
    "ClearMarkScheme.end_mark_scheme_delimeter": "end_scheme",
    "InstantiateTests.autotest_delimiter": "autotest",
}


def read_course_settings(folder: Path) -> CourseSettings:
    """The settings in a course directory; nbgrader's defaults for what is not there or not written out."""
    path = folder / CONFIG
    if not path.is_file():
        return CourseSettings()
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):
        return CourseSettings()
    found: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            name = ast.unparse(node.targets[0]).partition(".")[2]
            if name in _NAMES:
                found[_NAMES[name]] = node.value.value
    return CourseSettings(**found)
