"""``gradiente serve``."""

from __future__ import annotations

from pathlib import Path

import click

from grader.command.options import catalogue_of, jobs, trees
from grader.settings import load_settings


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--instance", type=click.Path(file_okay=False, path_type=Path), help="Folder of database and uploads.")
@jobs
@trees
def command(
    host: str | None,
    port: int | None,
    instance: Path | None,
    jobs: int | None,
    exercises: Path | None,
    solutions: Path | None,
) -> None:
    """Start the portal and its workers: SQLite, no broker, a demo course on first start."""
    from server.serve import serve

    settings = load_settings()
    serve(
        host=host or settings.host,
        port=settings.port if port is None else port,
        data_dir=instance or Path(settings.instance),
        jobs=jobs or settings.workers,
        catalogue=catalogue_of(exercises, solutions, settings),
        datasets=Path(settings.data),
    )
