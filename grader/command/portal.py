"""``gradiente portal``."""

from __future__ import annotations

from pathlib import Path

import click

from grader.command.options import (
    catalogue_of,
    instance,
    instance_of,
    language_of,
    read_all,
    show_errors,
    trees,
)
from grader.errors import InfrastructureError
from grader.settings import load_settings


@click.command()
@click.option("--bind", metavar="HOST:PORT", help="Address to listen on, or unix:PATH (default: host and port set).")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes that answer.")
@instance
@trees
def command(
    bind: str | None, workers: int, instance: Path | None, exercises: Path | None, solutions: Path | None
) -> None:
    """Serve the pages and the API in several processes; gradiente worker grades.

    It needs PostgreSQL, with its tables made by gradiente migrate, and neither torch nor the solutions.
    """
    try:
        from server.wsgi import Place, serve
    except ModuleNotFoundError as error:
        raise InfrastructureError(
            f"{error.name} is missing. Install it with pip install 'gradiente[portal]'.",
            f"Falta {error.name}. Instale com pip install 'gradiente[portal]'.",
        ) from error
    from server.settings import from_environment

    settings = load_settings()
    catalogue = catalogue_of(exercises, solutions, settings)
    # The portal leaves them out and serves the others.
    show_errors(read_all(catalogue)[1], language_of(None, settings))
    place = Place(bind or f"{settings.host}:{settings.port}", workers)
    serve(place, instance_of(instance, settings), catalogue, **from_environment())
