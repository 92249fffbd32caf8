"""``gradiente serve``."""

from __future__ import annotations

from pathlib import Path

import click

from grader.command.options import catalogue_of, jobs, language_of, read_all, show_errors, trees
from grader.settings import load_settings


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--instance", type=click.Path(file_okay=False, path_type=Path), help="Folder of database and uploads.")
@click.option("--demo", is_flag=True, help="At the first start, make a course with 40 students and their submissions.")
@click.option("--no-workers", is_flag=True, help="Grade nothing here: gradiente worker does. Needs PostgreSQL.")
@jobs
@trees
def command(
    host: str | None,
    port: int | None,
    instance: Path | None,
    demo: bool,
    no_workers: bool,
    jobs: int | None,
    exercises: Path | None,
    solutions: Path | None,
) -> None:
    """Start the portal and its workers: SQLite, no broker, a demo student on first start."""
    from server.serve import serve
    from server.settings import from_environment

    settings = load_settings()
    catalogue = catalogue_of(exercises, solutions, settings)
    # The portal leaves them out and serves the others.
    show_errors(read_all(catalogue)[1], language_of(None, settings))
    serve(
        host=host or settings.host,
        port=settings.port if port is None else port,
        data_dir=instance or Path(settings.instance),
        jobs=jobs or settings.workers,
        catalogue=catalogue,
        datasets=Path(settings.data),
        gpus=settings.gpus,
        demo=demo,
        grades=not no_workers,
        **from_environment(),
    )
