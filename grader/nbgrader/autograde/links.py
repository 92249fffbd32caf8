"""Symbolic links among what a student handed in: nbgrader follows them with the instructor's rights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor


class RefuseLinks(NbGraderPreprocessor):
    """The first of ``Autograde.sanitize_preprocessors``.

    A notebook that is a link is not graded: it may be the solution, or somebody else's work. What nbgrader has copied
    of other links is removed again, but for files that the instructor's folder has as well.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Look through the folder of a submission. Raises NbGraderException for a notebook that is a link."""
        marks = resources["nbgrader"]
        directory = self.parent.parent.coursedir
        submitted, copied, source = (
            Path(directory.root, directory.format_path(folder, student, marks["assignment"]))
            for folder, student in (
                (directory.submitted_directory, marks["student"]),
                (directory.autograded_directory, marks["student"]),
                (directory.source_directory, "."),
            )
        )
        for name in _links(submitted):
            if name == f"{marks['notebook']}.ipynb":
                raise NbGraderException(
                    f"{submitted / name} is a symbolic link, which students do not hand in. Look where it leads; to "
                    "have it graded, put a file in its place."
                )
            copy = copied / name
            if copy.exists() and not (source / name).is_file():
                copy.unlink()
                self.log.warning("%s is a symbolic link: it was left out", submitted / name)
        return nb, resources


def _links(folder: Path) -> Iterator[str]:
    """The links in a folder. nbgrader does not look into folders that are links."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if path.is_symlink():
                yield str(path.relative_to(folder))
