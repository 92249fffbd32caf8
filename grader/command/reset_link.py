"""``gradiente reset-link``."""

from __future__ import annotations

from pathlib import Path

import click

from grader.command.options import instance, instance_of, public_address
from grader.settings import load_settings


@click.command()
@click.argument("login")
@instance
def command(login: str, instance: Path | None) -> None:
    """Print a link by which LOGIN (user name or e-mail address) chooses a new password: once, for one day.

    For portals that send no letters. Make sure that whoever asks is whom the account belongs to.
    """
    from server.account.office import open_database, reset
    from server.settings import from_environment

    settings, portal = load_settings(), from_environment()
    with open_database(instance_of(instance, settings), portal) as database:
        path = reset(database, login)
    if path is None:
        raise click.UsageError(f"There is no account {login}.")
    click.echo(public_address(settings, portal) + path)
