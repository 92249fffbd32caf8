"""``gradiente store``."""

from __future__ import annotations

from pathlib import Path

import click

from grader.command.options import instance, instance_of
from grader.settings import load_settings


@click.group()
def command() -> None:
    """What was handed in: whether it is all there, and what nobody needs any more."""


@command.command()
@instance
@click.pass_context
def check(context: click.Context, instance: Path | None) -> None:
    """Read all contents that the database refers to. Exit status 1: one is missing or damaged."""
    from server.account.office import open_database
    from server.settings import from_environment, read_settings
    from server.store import audit, open_store

    data_dir, portal = instance_of(instance, load_settings()), from_environment()
    store = open_store(read_settings({**portal, "DATA_DIR": data_dir}))
    with open_database(data_dir, portal) as database:
        found = audit.check(database, store)
    for problem, keys in (("missing", found.missing), ("damaged", found.damaged)):
        for key in keys:
            click.echo(f"{problem}: {key}")
    click.echo(f"{found.sound} sound, {len(found.missing)} missing, {len(found.damaged)} damaged.")
    if not found.is_sound:
        context.exit(1)


@command.command()
@click.option("--delete", is_flag=True, help="Delete them. Without it they are only listed.")
@instance
def collect(delete: bool, instance: Path | None) -> None:
    """Find contents that no row refers to, such as those of uploads that failed half-way.

    What was handed in within the last minute stays: its row may be on the way.
    """
    from server.account.office import open_database
    from server.settings import from_environment, read_settings
    from server.store import audit, open_store

    data_dir, portal = instance_of(instance, load_settings()), from_environment()
    store = open_store(read_settings({**portal, "DATA_DIR": data_dir}))
    with open_database(data_dir, portal) as database:
        found = audit.collect(database, store, delete=delete, tell=click.echo)
    if delete:
        click.echo(f"{found.found} without a row, {found.deleted} deleted.")
    else:
        click.echo(f"{found.found} without a row. To delete them: gradiente store collect --delete")
