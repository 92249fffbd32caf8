"""What Gradiente sets in a course's ``nbgrader_config.py``, by ``configure(c)``. Does without nbgrader itself."""

from __future__ import annotations

import importlib.util
from typing import Any

from grader.nbgrader.environment import find_alembic
from grader.nbgrader.exchange import configure as configure_exchange

#: grades in the sandbox, in place of nbgrader's kernel
AUTOGRADE = "grader.nbgrader.autograde"

#: seconds that one cell may take: those of training checks take more than nbgrader's 30
CELL_SECONDS = 600

_CODE = {
    "en": "# YOUR CODE HERE\nraise NotImplementedError()",
    "pt-BR": "# ESCREVA SEU CÓDIGO AQUI\nraise NotImplementedError()",
}
_TEXT = {"en": "YOUR ANSWER HERE", "pt-BR": "ESCREVA SUA RESPOSTA AQUI"}


def configure(config: Any, *, course: str = "", url: str = "", language: str = "en") -> None:
    """Set what exported notebooks need.

    ``url``: the portal through which assignments are handed out and in; without it nbgrader's own exchange stays.
    """
    if course:
        config.CourseDirectory.course_id = course
    if url:
        configure_exchange(config, url, course)
    config.ClearSolutions.code_stub = {"python": _CODE[language]}
    config.ClearSolutions.text_stub = _TEXT[language]
    config.Execute.timeout = CELL_SECONDS
    _grade_in_the_sandbox(config)
    find_alembic()


def _grade_in_the_sandbox(config: Any) -> None:
    """Let ``nbgrader autograde`` grade with Gradiente, where that part is installed."""
    if importlib.util.find_spec(AUTOGRADE):
        config.Autograde.autograde_preprocessors = [
            f"{AUTOGRADE}.ExternalGrade",
            "nbgrader.preprocessors.AssignLatePenalties",
            "nbgrader.preprocessors.CheckCellMetadata",
        ]
        # What a student deletes is graded all the same; without this a person would have to look.
        config.OverwriteCells.add_missing_cells = True
