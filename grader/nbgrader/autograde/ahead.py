"""Grades the notebooks that ``nbgrader autograde`` will come to, while it is busy with the one before.

nbgrader takes one notebook after the other. The cells that it restores in each of them are restored here as well, so
that what is graded ahead is what nbgrader will ask for; what turns out not to be the same is graded when it is asked.
"""

from __future__ import annotations

import json
import logging
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat

from grader.exercise import Exercise
from grader.nbgrader.autograde.desk import Desk
from grader.notebook import read_notebook
from grader.report import Report

#: parts of nbgrader's first pass that change no source; what they refuse nbgrader refuses itself, a moment later
_NO_SOURCE = ("ClearOutput", "OverwriteKernelspec", "CheckCellMetadata")
#: nbgrader tells what it restores when it comes to a notebook itself
_SILENT = logging.getLogger("grader.nbgrader.autograde.silent")
_SILENT.disabled = True


class Ahead:
    """The notebooks of one run of ``nbgrader autograde``, one name after the other."""

    def __init__(self, converter: Any, desk: Desk, exercise: Exercise, assignment: str, notebook: str) -> None:
        self._converter, self._desk, self._exercise = converter, desk, exercise
        self._names = (assignment, notebook)
        self._waiting = deque(self._find())
        self._begun: dict[str, Future[Report]] = {}

    def ask(self, student: str, content: bytes) -> Future[Report]:
        """The grading of a notebook as nbgrader has it now, and a look further ahead."""
        # What nbgrader has come to needs no look ahead any more.
        self._waiting = deque(each for each in self._waiting if each[0] != student)
        source = read_notebook(content, self._names[1]).source
        found = self._begun.pop(source, None) or self._desk.grade(self._exercise, self._names[1], content)
        while self._waiting and len(self._begun) < 2 * self._desk.jobs:
            self._begin(*self._waiting.popleft())
        return found

    def _find(self) -> Iterator[tuple[str, Path]]:
        """The other notebooks that nbgrader will come to, in its order."""
        directory = self._converter.coursedir
        assignment, notebook = self._names
        pattern = directory.format_path(
            directory.submitted_directory, "(?P<student>.*)", re.escape(assignment), escape=True
        )
        for folder in sorted(self._converter.assignments):
            found = re.match(pattern, folder)
            path = Path(directory.root, folder, f"{notebook}.ipynb")
            if found and path.is_file() and self._is_due(found["student"]):
                yield found["student"], path

    def _is_due(self, student: str) -> bool:
        directory = self._converter.coursedir
        done = directory.format_path(directory.autograded_directory, student, self._names[0])
        return bool(self._converter.force) or not Path(directory.root, done).exists()

    def _begin(self, student: str, path: Path) -> None:
        """Start a grading. What cannot be read is left to nbgrader, which says what is wrong with it."""
        try:
            content = self._sanitized(student, path)
            source = read_notebook(content, self._names[1]).source
        except Exception:
            return
        # Copies are graded each by itself: their seeds differ.
        if source not in self._begun:
            self._begun[source] = self._desk.grade(self._exercise, self._names[1], content)

    @cached_property
    def _sanitizers(self) -> list[Any]:
        """The parts of nbgrader's first pass that change sources."""
        converter = self._converter
        exporter = converter.exporter_class(parent=converter, config=converter.config)
        exporter._preprocessors = []
        for each in converter.sanitize_preprocessors:
            if str(each).rpartition(".")[2] not in _NO_SOURCE:
                exporter.register_preprocessor(each)
        for each in exporter._preprocessors:
            each.log = _SILENT
        return list(exporter._preprocessors)

    def _sanitized(self, student: str, path: Path) -> bytes:
        """The notebook after nbgrader's first pass, as far as that changes sources."""
        assignment, notebook = self._names
        marks = {"student": student, "assignment": assignment, "notebook": notebook}
        marks["db_url"] = self._converter.coursedir.db_url
        nb, resources = nbformat.read(str(path), as_version=4), {"unique_key": notebook, "nbgrader": marks}
        for each in self._sanitizers:
            nb, resources = each(nb, resources)
        return json.dumps(nb).encode()
