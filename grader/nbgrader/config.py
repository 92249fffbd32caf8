"""What Gradiente sets in a course's ``nbgrader_config.py``, by ``configure(c)``. Does without nbgrader itself."""

from __future__ import annotations

from typing import Any, Literal

from grader.nbgrader.environment import find_alembic
from grader.nbgrader.exchange import configure as configure_exchange

#: grades in the sandbox, in place of nbgrader's kernel
AUTOGRADE = "grader.nbgrader.autograde"

#: who grades cells of tests that Gradiente cannot take
Rest = Literal["person", "kernel"]

#: seconds that one cell may take: those of training checks take more than nbgrader's 30
CELL_SECONDS = 600

_CODE = {
    "en": "# YOUR CODE HERE\nraise NotImplementedError()",
    "pt-BR": "# ESCREVA SEU CÓDIGO AQUI\nraise NotImplementedError()",
}
_TEXT = {"en": "YOUR ANSWER HERE", "pt-BR": "ESCREVA SUA RESPOSTA AQUI"}


def configure(
    config: Any,
    *,
    course: str = "",
    url: str = "",
    language: str = "en",
    rest: Rest = "person",
    review: bool = True,
    hide_tests: bool = True,
) -> None:
    """Set what exported notebooks need.

    ``url``: the portal through which assignments are handed out and in; without it nbgrader's own exchange stays.

    ``rest``: who grades cells of tests that Gradiente cannot take. "kernel": nbgrader's own rule, in a sandboxed
    kernel; answers can forge these points, so they wait for a person's look, unless ``review`` is False.

    ``hide_tests``: keep the text of hidden tests out of the feedback.
    """
    if course:
        config.CourseDirectory.course_id = course
    if url:
        configure_exchange(config, url, course)
    config.ClearSolutions.code_stub = {"python": _CODE[language]}
    config.ClearSolutions.text_stub = _TEXT[language]
    config.Execute.timeout = CELL_SECONDS
    _grade_in_the_sandbox(config, rest, review)
    _show_nothing_active(config)
    if hide_tests:
        _hide_tests(config, language)
    find_alembic()


def _grade_in_the_sandbox(config: Any, rest: Rest, review: bool) -> None:
    """Let ``nbgrader autograde`` grade with Gradiente."""
    config.Autograde.exporter_class = f"{AUTOGRADE}.exporter.Exporter"
    config.Autograde.sanitize_preprocessors = [
        f"{AUTOGRADE}.links.RefuseLinks",
        "nbgrader.preprocessors.ClearOutput",
        f"{AUTOGRADE}.marks.RestoreMarks",
        f"{AUTOGRADE}.overwrite.OverwriteKernelspec",
        f"{AUTOGRADE}.overwrite.OverwriteCells",
    ]
    config.Autograde.autograde_preprocessors = [
        f"{AUTOGRADE}.preprocessor.ExternalGrade",
        "nbgrader.preprocessors.AssignLatePenalties",
    ]
    config.ExternalGrade.rest = rest
    config.ExternalGrade.review = review
    # What a student deletes is graded all the same; without this a person would have to look.
    config.OverwriteCells.add_missing_cells = True


def _show_nothing_active(config: Any) -> None:
    """Of what students wrote, in the feedback and in the formgrader."""
    config.HTMLExporter.preprocessors = ["grader.nbgrader.feedback.Inert"]
    config.HTMLExporter.filters = {"markdown2html": "grader.nbgrader.feedback.markdown"}


def _hide_tests(config: Any, language: str) -> None:
    config.GenerateFeedback.preprocessors = [
        "nbgrader.preprocessors.GetGrades",
        "grader.nbgrader.feedback.HideTests",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
    config.HideTests.language = language
