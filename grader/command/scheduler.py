"""``gradiente scheduler``."""

from __future__ import annotations

from pathlib import Path

import click

from grader.command.options import catalogue_of, instance, instance_of, metrics, trees
from grader.settings import load_settings


@click.command()
@instance
@metrics
@trees
def command(instance: Path | None, metrics: str, exercises: Path | None, solutions: Path | None) -> None:
    """Send workers word of what waits, and take back what dead ones held. There may be two of it.

    It needs the portal's PostgreSQL (GRADIENTE_PORTAL_DATABASE_URL) and the broker (GRADIENTE_PORTAL_BROKER_URL).
    """
    from server.scheduler import schedule
    from server.settings import from_environment

    settings = load_settings()
    catalogue = catalogue_of(exercises, solutions, settings)
    schedule(instance_of(instance, settings), catalogue, metrics=metrics, **from_environment())
