"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from grader.device.gpu import AUTO, is_device
from grader.errors import ExerciseError
from grader.exercise import Catalogue, Exercise, UnknownExercise, default_catalogue
from grader.language import system_language
from grader.report import LANGUAGES
from grader.settings import Settings, load_settings

if TYPE_CHECKING:
    from grader.pool import Grader

Command = TypeVar("Command", bound=Callable[..., Any])

#: the chosen language in the meta data of a click context
LANGUAGE = "gradiente.language"

_folder = click.Path(exists=True, file_okay=False, path_type=Path)


def trees(command: Command) -> Command:
    """``--exercises`` and ``--solutions``."""
    command = click.option("--solutions", type=_folder, help="Folder of solutions.")(command)
    return click.option("--exercises", type=_folder, help="Folder of exercises.")(command)


def language(command: Command) -> Command:
    """``--lang``."""
    return click.option(
        "--lang", type=click.Choice(LANGUAGES), callback=_note, help="Language of texts (default: the system's)."
    )(command)


def _note(context: click.Context, option: click.Parameter, lang: str | None) -> str | None:
    """Let the group know, too: it shows the errors that end a command."""
    context.meta[LANGUAGE] = lang
    return lang


def jobs(command: Command) -> Command:
    """``--jobs``."""
    return click.option("--jobs", type=click.IntRange(1, 256), help="Gradings at the same time.")(command)


class _Device(click.ParamType[str]):
    """``auto``, ``cpu``, ``cuda`` or ``cuda:1``. Whether it is there is found out later."""

    name = "device"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what is the name of no device anywhere."""
        if not is_device(value):
            self.fail(f"{value!r} is no device. Say auto, cpu, cuda, or cuda and a number such as cuda:1.", param, ctx)
        return value


def device(text: str) -> Callable[[Command], Command]:
    """``--device``."""
    return click.option("--device", type=_Device(), default=AUTO, show_default=True, help=text)


@contextmanager
def started(catalogue: Catalogue, settings: Settings, jobs: int, device: str = AUTO) -> Iterator[Grader]:
    """A grader with the GPUs that the settings leave to it; ``device``: what it is started for."""
    from grader.pool import Grader

    data = Path(settings.data)
    with Grader.on_this_host(catalogue, jobs=jobs, data=data, gpus=settings.gpus, device=device) as grader:
        yield grader


def instance(command: Command) -> Command:
    """``--instance``."""
    folder = click.Path(file_okay=False, path_type=Path)
    return click.option("--instance", type=folder, help="Folder of database and uploads.")(command)


def metrics(command: Command) -> Command:
    """``--metrics``."""
    text = "Show /metrics, /healthz and /readyz there: an address that only the monitoring reaches."
    return click.option("--metrics", default="", metavar="HOST:PORT", help=text)(command)


def instance_of(chosen: Path | None, settings: Settings) -> Path:
    """The portal's folder: the option or the setting."""
    return (chosen or Path(settings.instance)).resolve()


def public_address(settings: Settings, portal: Mapping[str, Any]) -> str:
    """The beginning of links to the portal: its public address, or where it listens on this machine."""
    return str(portal.get("PUBLIC_URL") or f"http://{settings.host}:{settings.port}").rstrip("/")


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
    """One exercise; a wrong slug is wrong usage. Raises ExerciseError for a broken ``exercise.toml``."""
    try:
        return catalogue.find(slug)
    except UnknownExercise as error:
        raise click.UsageError(str(error)) from error


def read_all(catalogue: Catalogue) -> tuple[list[Exercise], list[ExerciseError]]:
    """All exercises that can be read, and what is wrong with the others: one must not hide the rest."""
    exercises, errors = [], []
    for slug in catalogue.slugs():
        try:
            exercise = catalogue.find(slug)
            exercise.statement("en")
        except ExerciseError as error:
            errors.append(error)
        else:
            exercises.append(exercise)
    return exercises, errors


def show_errors(errors: list[ExerciseError], lang: str) -> None:
    """One line each on standard error."""
    for error in errors:
        click.echo(f"gradiente: {error.text[lang]}", err=True)


def language_of(lang: str | None, settings: Settings | None = None) -> str:
    """``en`` or ``pt-BR``: the option, the setting, or the system's language."""
    return lang or (settings or load_settings()).lang or system_language()
