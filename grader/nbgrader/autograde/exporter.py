"""What takes a notebook through nbgrader's two passes, without doing for each student what is the same for all."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
from nbconvert import exporters
from nbformat import validator
from nbformat.v4 import rwbase
from traitlets.utils.importstring import import_item

from grader.errors import GraderError
from grader.nbgrader.autograde.desk import open_desk

# half of its methods have no types
_Base: Any = exporters.NotebookExporter


class Exporter(_Base):
    """For ``Autograde.exporter_class``.

    nbgrader makes its preprocessors anew for each pass of each notebook, and nbconvert copies and checks the notebook
    before and after each of them. Here they are made once, and a notebook is checked when all have seen it.
    """

    def __init__(self, **more: Any) -> None:
        self._made: dict[type, Any] = {}
        super().__init__(**more)
        if _has_work(self.parent):
            # Starting the grader takes seconds, in which there is enough to do here. What is wrong is told later.
            with contextlib.suppress(GraderError):
                open_desk()

    def register_preprocessor(self, preprocessor: Any, enabled: bool = False) -> Any:
        """Add a preprocessor: a class, the name of one, or what can be called."""
        kind = import_item(preprocessor) if isinstance(preprocessor, str) else preprocessor
        if not isinstance(kind, type):
            return super().register_preprocessor(kind, enabled)
        if kind not in self._made:
            super().register_preprocessor(kind, enabled)
            self._made[kind] = self._preprocessors[-1]
        else:
            self._preprocessors.append(self._made[kind])
        return None

    def from_notebook_node(self, nb: Any, resources: Any = None, **more: Any) -> tuple[str, Any]:
        """Convert a notebook that nobody else holds."""
        resources = self._init_resources(resources)
        _, nb = validator.normalize(nb)
        for preprocessor in self._preprocessors:
            nb, resources = preprocessor(nb, resources)
        if self._preprocessors:
            self._validate_preprocessor(nb, self._preprocessors[-1])
        return _write(nb), resources


def _write(nb: Any) -> str:
    """The text that ``nbformat.writes`` makes of a valid notebook, which may be changed here: no copy is needed."""
    # json.dumps does without its C code when it is to indent.
    plain = json.dumps(rwbase.strip_transient(rwbase.split_lines(nb)), sort_keys=True, ensure_ascii=False)
    return msgspec.json.format(plain, indent=1) + "\n"


def _has_work(converter: Any) -> bool:
    """Whether there is anything that was not graded before."""
    directory = converter.coursedir
    graded = (
        Path(directory.root, folder.replace(directory.submitted_directory, directory.autograded_directory))
        for folder in getattr(converter, "assignments", ())
    )
    return bool(converter.force) or not all(folder.exists() for folder in graded)
