"""What a notebook shows in place of a traceback: one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from grader.command.show import printable
from grader.errors import GraderError
from grader.language import system_language
from grader.report import LANGUAGES

_LONGEST = 2_000
_LOG_IN = {
    "en": 'In a notebook: grader.login("{url}"), which asks for the token.',
    "pt-BR": 'Em um notebook: grader.login("{url}"), que pede o token.',
}


class NotebookError(Exception):
    """Ends a cell. IPython shows the sentence, and not where it was raised."""

    def _render_traceback_(self) -> list[str]:
        return str(self).split("\n")


class Interrupted(KeyboardInterrupt):
    """The same for a cell that was stopped."""

    def _render_traceback_(self) -> list[str]:
        return str(self).split("\n")


@contextmanager
def plainly(language: str) -> Iterator[None]:
    """Turn errors of ours into sentences in the student's language."""
    try:
        yield
    except GraderError as error:
        raise NotebookError(_say(error.text[language], language)) from None


def language_of(chosen: str | None) -> str:
    """The language that was asked for, of the settings, or of the system. Raises NotebookError for an unknown one."""
    from grader.settings import load_settings

    if chosen is not None and chosen not in LANGUAGES:
        raise NotebookError(f"lang={chosen!r}: expected / esperado: {', '.join(LANGUAGES)}")
    try:
        return chosen or load_settings().lang or system_language()
    except GraderError as error:
        raise NotebookError(error.text[system_language()]) from None


def _say(text: str, language: str) -> str:
    shown = printable(text)[:_LONGEST]
    _, found, rest = shown.partition("gradiente login ")
    if not found:
        return shown
    url = rest.split()[0] if rest.split() else "https://…"
    return f"{shown}\n{_LOG_IN[language].format(url=url)}"
