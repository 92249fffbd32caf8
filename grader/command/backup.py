"""``gradiente backup``."""

from __future__ import annotations

from pathlib import Path

import click

from grader.command.options import instance, instance_of
from grader.settings import load_settings


@click.command()
@click.argument("target")
@instance
@click.pass_context
def command(context: click.Context, target: str, instance: Path | None) -> None:
    """Write database, uploads and signing key of the portal into TARGET, also while it runs.

    TARGET is a new file, compressed where its name ends with .gz, or - for the standard output. Keep it where only you
    read it: it opens accounts. Exit status 1: there is a backup, and contents were missing or damaged in the store.
    """
    from server.backup.command import back_up
    from server.settings import from_environment

    made = back_up(instance_of(instance, load_settings()), from_environment(), target)
    rows = sum(made.tables.values())
    click.echo(f"{rows} rows of {len(made.tables)} tables, {made.contents} contents of {made.size} bytes.", err=True)
    if made.gone:
        click.echo(f"Deleted meanwhile, with what referred to them: {made.gone} contents.", err=True)
    for problem, keys in (("missing", made.missing), ("damaged", made.damaged)):
        for key in keys:
            click.echo(f"{problem} in the store, and so not in the backup: {key}", err=True)
    if made.missing or made.damaged:
        context.exit(1)
