"""``gradiente migrate``."""

from __future__ import annotations

import click

from grader.command.options import public_address
from grader.settings import load_settings


@click.command()
@click.option(
    "--wait", type=click.FloatRange(min=0), default=120, show_default=True, metavar="SECONDS",
    help="How long the database may take to answer.",
)  # fmt: skip
def command(wait: float) -> None:
    """Make the portal's tables on PostgreSQL, or bring them to this version. For each start, before the rest.

    Where there is no account at all, it prints an invitation for an administrator.
    """
    from server.migration import DAYS, migrate
    from server.settings import from_environment, read_settings

    settings, portal = load_settings(), from_environment()
    path = migrate(read_settings(portal).database, wait)
    click.echo("The tables are up to date.")
    if path:
        link = public_address(settings, portal) + path
        click.echo(f"Nobody has an account yet. Make yours, an administrator's, within {DAYS} days:\n\n    {link}\n")
