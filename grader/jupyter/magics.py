"""``%check sigmoid`` and ``%submit sigmoid``, after ``%load_ext grader``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grader
from grader.jupyter.trouble import NotebookError, language_of

_USAGE = {
    "en": "Expected the exercise's name: %{name} sigmoid. Found: %{name} {line}",
    "pt-BR": "Esperado o nome do exercício: %{name} sigmoid. Encontrado: %{name} {line}",
}


def register(shell: Any) -> None:
    """Define the magics."""
    shell.register_magic_function(_magic("check", grader.check), "line", "check")
    shell.register_magic_function(_magic("submit", grader.submit), "line", "submit")


def _magic(name: str, act: Callable[[str], None]) -> Callable[[str], None]:
    def run(line: str) -> None:
        slug = line.strip().strip("\"'")
        if not slug or len(slug.split()) > 1:
            raise NotebookError(_USAGE[language_of(None)].format(name=name, line=line.strip()))
        act(slug)

    run.__doc__ = act.__doc__
    return run
