"""What one run of ``nbgrader autograde`` needs for all its notebooks, read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.errors import ExerciseError
from grader.nbgrader.autograde.ahead import Ahead
from grader.nbgrader.autograde.book import Book
from grader.nbgrader.autograde.cells import Cells, read_cells
from grader.nbgrader.autograde.desk import Desk, open_desk
from grader.nbgrader.autograde.paper import Paper, find_source, write_paper


@dataclass(frozen=True)
class Run:
    """One notebook of the assignment, by its name, as all students of a run have it."""

    converter: Any
    assignment: str
    notebook: str

    @cached_property
    def cells(self) -> Cells:
        """What the gradebook says of its cells. Raises nbgrader's MissingEntry where it says nothing."""
        with Book(self.converter.coursedir.db_url) as book:
            return read_cells(book, self.assignment, self.notebook)

    @cached_property
    def desk(self) -> Desk:
        """Where it is graded. Raises GraderError for settings that are no settings."""
        return open_desk()

    @cached_property
    def paper(self) -> Paper:
        """What it is graded by. Raises ExerciseError where the source is missing or cannot be read."""
        directory = self.converter.coursedir
        root = Path(directory.root)
        source = find_source(root / directory.format_path(directory.source_directory, ".", self.assignment))
        return write_paper(root, source, self.notebook, self.desk.shared)

    @cached_property
    def ahead(self) -> Ahead:
        """The gradings of those who come next."""
        if self.paper.exercise is None:
            raise ExerciseError(self.paper.refusal["en"], self.paper.refusal["pt-BR"])
        return Ahead(self.converter, self.desk, self.paper.exercise, self.assignment, self.notebook)


def run_of(converter: Any, marks: dict[str, str]) -> Run:
    """The run that a notebook is part of; ``marks``: what nbgrader says of the notebook."""
    # Kept with the converter, and no longer.
    runs: dict[tuple[str, str], Run] = vars(converter).setdefault("_gradiente_runs", {})
    names = marks["assignment"], marks["notebook"]
    if names not in runs:
        runs[names] = Run(converter, *names)
    return runs[names]
