"""``gradiente restore``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from grader.command.options import instance, instance_of
from grader.settings import load_settings


@click.command()
@click.argument("source")
@click.option("--check", is_flag=True, help="Only read the backup to its end, and say what is in it.")
@instance
def command(source: str, check: bool, instance: Path | None) -> None:
    """Restore SOURCE, which gradiente backup has written, into an empty installation.

    SOURCE is a file, or - for the standard input. Database and store may be of other kinds than those of the backup:
    the settings say which. The portal must not run.
    """
    from server.backup.command import bring_back
    from server.backup.reader import Reader
    from server.backup.restoring import examine
    from server.settings import from_environment

    with _file_of(source) as path:
        if check:
            whole = examine(Reader(path))
        else:
            whole = bring_back(instance_of(instance, load_settings()), from_environment(), path)
    made, head = whole.manifest, whole.head
    click.echo(f"{'Whole' if check else 'Restored'}: {source}, of {head.made_at:%Y-%m-%d %H:%M} UTC, ", nl=False)
    click.echo(f"Gradiente {head.version}, revision {head.revision}, ", nl=False)
    click.echo(f"{sum(made.tables.values())} rows of {len(made.tables)} tables, {made.contents} contents.")
    lost = len(made.missing) + len(made.damaged)
    if lost:
        click.echo(f"{lost} contents were missing or damaged when it was made: gradiente store check names them.")


@contextmanager
def _file_of(source: str) -> Iterator[Path]:
    """A path that can be read again and again."""
    if source != "-":
        yield Path(source)
        return
    with tempfile.NamedTemporaryFile(prefix="gradiente-", suffix=".tar") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield Path(file.name)
