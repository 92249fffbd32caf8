"""``gradiente worker``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from grader.command.options import (
    catalogue_of,
    instance,
    instance_of,
    language_of,
    metrics,
    read_all,
    show_errors,
    trees,
)
from grader.settings import load_settings


class Queues(click.ParamType[tuple[str, ...]]):
    """Names of queues with commas between them."""

    name = "cpu,gpu"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Read them."""
        found = tuple(value.split(",")) if isinstance(value, str) else value
        if not found or set(found) - {"cpu", "gpu"}:
            self.fail(f"{value!r} names no queues. Say cpu, gpu or cpu,gpu.", param, ctx)
        return found


@click.command()
@instance
@click.option("--queues", type=Queues(), default="cpu,gpu", help="What is taken: cpu, gpu or both.", show_default=True)
@click.option(
    "--concurrency", "--jobs", "jobs", type=click.IntRange(1, 1000),
    help="Gradings at the same time; without it, one per processor.",
)  # fmt: skip
@click.option(
    "--idle-exit", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
    help="End when there was nothing to grade for so long, so that the machine can be given back.",
)  # fmt: skip
@metrics
@trees
def command(
    instance: Path | None,
    queues: tuple[str, ...],
    jobs: int | None,
    idle_exit: float | None,
    metrics: str,
    exercises: Path | None,
    solutions: Path | None,
) -> None:
    """Grade what a portal receives, here and on as many machines as wanted.

    Portal and workers share a PostgreSQL (GRADIENTE_PORTAL_DATABASE_URL) and the uploads (--instance, or a store). With
    a broker (GRADIENTE_PORTAL_BROKER_URL) start a scheduler, too. At SIGTERM what is being graded is graded to its end.
    """
    from server.settings import from_environment
    from server.worker import Duty, work

    settings = load_settings()
    catalogue = catalogue_of(exercises, solutions, settings)
    show_errors(read_all(catalogue)[1], language_of(None, settings))
    work(
        instance_of(instance, settings),
        Duty(jobs or settings.workers, queues, idle_exit or 0.0, metrics),
        catalogue,
        datasets=Path(settings.data),
        gpus=settings.gpus,
        **from_environment(),
    )
