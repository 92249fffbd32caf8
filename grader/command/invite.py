"""``gradiente invite``."""

from __future__ import annotations

from pathlib import Path

import click

from grader.command.options import instance, instance_of, public_address
from grader.settings import load_settings

ROLES = ("student", "assistant", "instructor", "administrator")


@click.command()
@click.option("--role", type=click.Choice(ROLES), default="student", show_default=True, help="Role of the accounts.")
@click.option("--uses", type=click.IntRange(1), help="Accounts (default: of students any number, else 1).")
@click.option("--days", type=click.IntRange(1, 3650), default=14, show_default=True, help="Days for which it works.")
@click.option("--note", default="", help="For whom it is; staff sees it.")
@instance
def command(role: str, uses: int | None, days: int, note: str, instance: Path | None) -> None:
    """Print a link by which accounts are made, also where registration is closed."""
    from server.account.office import invite, open_database
    from server.settings import from_environment

    settings, portal = load_settings(), from_environment()
    # A link that gets into the wrong hands must not make any number of instructors.
    places = uses if uses or role == "student" else 1
    with open_database(instance_of(instance, settings), portal) as database:
        click.echo(public_address(settings, portal) + invite(database, role, days, places, note))
