"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from grader.errors import ExerciseError
from grader.exercise import Catalogue, Exercise, default_catalogue
from grader.language import system_language
from grader.report import LANGUAGES
from grader.settings import Settings, load_settings

Command = TypeVar("Command", bound=Callable[..., Any])

_folder = click.Path(exists=True, file_okay=False, path_type=Path)


def trees(command: Command) -> Command:
    """``--exercises`` and ``--solutions``."""
    command = click.option("--solutions", type=_folder, help="Folder of solutions.")(command)
    return click.option("--exercises", type=_folder, help="Folder of exercises.")(command)


def language(command: Command) -> Command:
    """``--lang``."""
    return click.option("--lang", type=click.Choice(LANGUAGES), help="Language of texts (default: the system's).")(
        command
    )


def jobs(command: Command) -> Command:
    """``--jobs``."""
    return click.option("--jobs", type=click.IntRange(1, 256), help="Gradings at the same time.")(command)


def json_output(command: Command) -> Command:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")(command)


def catalogue_of(exercises: Path | None, solutions: Path | None, settings: Settings | None = None) -> Catalogue:
    """The trees that the options or the settings name."""
    chosen = settings or load_settings()
    return default_catalogue(
        exercises or (Path(chosen.exercises) if chosen.exercises else None),
        solutions or (Path(chosen.solutions) if chosen.solutions else None),
    )


def exercise_of(catalogue: Catalogue, slug: str) -> Exercise:
    """One exercise; a wrong slug is wrong usage."""
    try:
        return catalogue.find(slug)
    except ExerciseError as error:
        if slug in catalogue.slugs():
            raise
        raise click.UsageError(str(error)) from error


def language_of(lang: str | None, settings: Settings | None = None) -> str:
    """``en`` or ``pt-BR``: the option, the setting, or the system's language."""
    return lang or (settings or load_settings()).lang or system_language()
