"""What nbgrader's own settings say of the course."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nbgrader.apps import NbGrader

from grader import access
from grader.errors import SubmissionError


@dataclass(frozen=True)
class Course:
    """A course of nbgrader that is on a portal, too."""

    #: on the portal, and nbgrader's ``course_id``
    code: str
    access: access.Access
    #: of the gradebook
    db_url: str
    #: of nbgrader's assignments, as instructors write them: ``source/NAME``
    sources: dict[str, Path]

    def has_source(self, assignment: str) -> bool:
        """Whether there are notebooks from which nbgrader makes this assignment."""
        folder = self.sources.get(assignment)
        return folder is not None and any(folder.glob("*.ipynb"))


def read_course() -> Course:
    """Read the settings as nbgrader's commands do where they are called. Raises SubmissionError."""
    app = NbGrader()
    app.raise_config_file_errors = True
    try:
        app.initialize([])
    except (Exception, SystemExit) as error:  # whatever a configuration file, which is a program, may raise
        # Of a wrong value nbgrader says itself what is wrong, and ends.
        reason = "" if isinstance(error, SystemExit) else f" ({type(error).__name__}: {error})"
        raise SubmissionError(
            f"nbgrader_config.py cannot be read{reason}. Mend it: `nbgrader list` reads it, too.",
            f"Não é possível ler nbgrader_config.py{reason}. Corrija-o: `nbgrader list` também o lê.",
        ) from error
    directory = app.coursedir
    if not directory.course_id:
        raise SubmissionError(
            "There is no course here. Run this in the folder of nbgrader_config.py, and set "
            "c.CourseDirectory.course_id to the course's code on the portal.",
            "Não há um curso aqui. Execute isto na pasta de nbgrader_config.py e ponha em "
            "c.CourseDirectory.course_id o código do curso no portal.",
        )
    exchange = app.config.Exchange
    chosen = {access.URL: exchange.get("url"), access.TOKEN: exchange.get("token")}
    found = access.find({**os.environ, **{name: str(value) for name, value in chosen.items() if value}})
    folder = Path(directory.format_path(directory.source_directory, ".", "."))
    sources = {each.name: each for each in folder.iterdir() if each.is_dir()} if folder.is_dir() else {}
    return Course(directory.course_id, found, directory.db_url, sources)
