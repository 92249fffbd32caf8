"""``gradiente worker``."""

from __future__ import annotations

from pathlib import Path

import click

from grader.command.options import (
    catalogue_of,
    instance,
    instance_of,
    jobs,
    language_of,
    read_all,
    show_errors,
    trees,
)
from grader.settings import load_settings


@click.command()
@instance
@jobs
@trees
def command(instance: Path | None, jobs: int | None, exercises: Path | None, solutions: Path | None) -> None:
    """Grade what a portal receives, here and on as many machines as wanted.

    Portal and workers share a PostgreSQL (GRADIENTE_PORTAL_DATABASE_URL) and the folder of uploads (--instance). At
    SIGTERM what is being graded is graded to its end.
    """
    from server.settings import from_environment
    from server.worker import work

    settings = load_settings()
    catalogue = catalogue_of(exercises, solutions, settings)
    show_errors(read_all(catalogue)[1], language_of(None, settings))
    work(
        instance_of(instance, settings),
        jobs or settings.workers,
        catalogue,
        datasets=Path(settings.data),
        gpus=settings.gpus,
        **from_environment(),
    )
