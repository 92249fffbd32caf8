"""``gradiente new``."""

from __future__ import annotations

from pathlib import Path

import click

from grader.command.options import catalogue_of, trees
from grader.errors import ExerciseError
from grader.paths import shown
from grader.skeleton import write_skeleton


@click.command()
@click.argument("slug")
@trees
def command(slug: str, exercises: Path | None, solutions: Path | None) -> None:
    """Start an exercise: both folders, with a passing skeleton to write over."""
    try:
        written = write_skeleton(catalogue_of(exercises, solutions), slug)
    except ExerciseError as error:
        raise click.UsageError(str(error)) from error
    for path in written:
        click.echo(shown(path))
    click.echo(f"\nNext: write the statement, the tests and the solutions, then `gradiente audit {slug}`.")
