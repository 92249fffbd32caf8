"""``gradiente assign``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.command.options import catalogue_of, exercise_of, trees
from grader.settings import load_settings

if TYPE_CHECKING:
    from server.models import Assignment

#: takes a term away
NONE = "none"


class _Time(click.ParamType[str]):
    """A moment as ISO writes it, or ``none``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value != NONE:
            try:
                datetime.fromisoformat(value)
            except ValueError:
                self.fail(
                    f"{value!r} is no time. Write 2026-03-10T18:00, 2026-03-10T18:00-03:00 or {NONE}.", param, ctx
                )
        return str(value)


class _Attempts(click.ParamType[int | str]):
    """A number from 1 on, or ``none`` for no limit."""

    name = "attempts"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        if value == NONE:
            return NONE
        return click.IntRange(1, 10_000).convert(value, param, ctx)


@click.command()
@click.argument("slug")
@click.option("--opens", type=_Time(), help="Nothing is taken in before it.")
@click.option("--due", type=_Time(), help="What comes later costs what --late says.")
@click.option("--closes", type=_Time(), help="Nothing is taken in after it.")
@click.option("--attempts", type=_Attempts(), help="Attempts of each student; none: any number.")
@click.option("--grace", type=click.IntRange(0, 100_000), help="Minutes after the due date that cost nothing yet.")
@click.option("--late", type=click.FloatRange(0, 100), help="Percent of the score that each day begun costs.")
@click.option("--clear", is_flag=True, help="Take all terms away first.")
@click.option("--instance", type=click.Path(file_okay=False, path_type=Path), help="Folder of database and uploads.")
@trees
def command(
    slug: str, clear: bool, instance: Path | None, exercises: Path | None, solutions: Path | None, **terms: Any
) -> None:
    """Set an exercise's dates, attempts and cost of being late in the portal, and print them.

    Times are ISO (2026-03-10T18:00), in the portal's time zone where they name none; `none` takes a date or the limit
    of attempts away. What is not named stays as it is.
    """
    settings = load_settings()
    exercise_of(catalogue_of(exercises, solutions, settings), slug)
    _change(slug, terms, clear, instance or Path(settings.instance))


def _change(slug: str, terms: dict[str, Any], clear: bool, instance: Path) -> None:
    # Imported here: `gradiente --help` need not wait for the database's libraries.
    from server.course.assignment import Wrong, clear_terms, read_time, set_terms
    from server.db import Database
    from server.settings import from_environment, read_settings
    from server.submission.intake import find_assignment

    portal = read_settings({**from_environment(), "DATA_DIR": instance})
    if not portal.database_url and not (instance / "portal.sqlite").is_file():
        raise click.UsageError(f"There is no portal in {instance}. Start it once, or name its folder with --instance.")
    zone = portal.time_zone
    values = {column: value for option, column in _COLUMNS.items() if (value := terms[option]) is not None}
    values = {column: None if value == NONE else value for column, value in values.items()}
    now = datetime.now(UTC)
    try:
        values = {n: read_time(value, zone, now) if isinstance(value, str) else value for n, value in values.items()}
    except Wrong as error:
        raise click.UsageError(str(error)) from error
    database = Database(portal.database)
    try:
        with database.write() as session:
            if clear:
                clear_terms(session, slug)
                session.flush()
            if values:
                set_terms(session, slug, values)
            session.flush()
            _show(slug, find_assignment(session, slug), zone)
    except Wrong as error:
        raise click.UsageError(str(error)) from error
    finally:
        database.close()


_COLUMNS = {
    "opens": "opens_at",
    "due": "due_at",
    "closes": "closes_at",
    "attempts": "max_attempts",
    "grace": "grace_minutes",
    "late": "late_percent",
}


def _show(slug: str, assignment: Assignment | None, zone: str) -> None:
    click.echo(slug)
    if assignment is None:
        click.echo("  always open, any number of attempts")
        return
    for option, column in _COLUMNS.items():
        click.echo(f"  {option:<9}{_word(getattr(assignment, column), zone)}")


def _word(value: Any, zone: str) -> str:
    from zoneinfo import ZoneInfo

    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).isoformat(sep=" ", timespec="minutes") + f" ({zone})"
    return NONE if value is None else f"{value:g}"
