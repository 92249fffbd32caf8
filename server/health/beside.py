"""What a worker or a scheduler shows of itself: it has no pages, so a listener stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from grader.errors import InfrastructureError
from server.db import Database
from server.health.census import Census
from server.health.checks import Checks, parts_of
from server.health.exposition import Disk, Exposition, Warm
from server.health.listener import Listener
from server.health.metrics import Metrics
from server.settings import Settings

if TYPE_CHECKING:
    from grader.pool import Grader
    from server.grading.engine import Engine


class Running(Collector):
    """What an engine does now."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterable[Metric]:
        """How many gradings, of how many."""
        yield GaugeMetricFamily("gradiente_gradings_running", "Gradings that run here.", self._engine.count_held)
        yield GaugeMetricFamily("gradiente_jobs", "Gradings that may run here at a time.", self._engine.jobs)


def show_grader(exposition: Exposition, engine: Engine, grader: Grader) -> None:
    """Have the process that grades tell of itself, too."""
    exposition.add(Warm(grader))
    exposition.add(Running(engine))


@contextmanager
def worker_shown(address: str, engine: Engine, grader: Grader, settings: Settings) -> Iterator[None]:
    """Show a worker at an address meanwhile; empty: nowhere."""

    def warm() -> None:
        if gone := [name for name, is_there in grader.warmth().parents.items() if not is_there]:
            raise InfrastructureError(f"the warm parent of {', '.join(gone)} is gone")

    engine.observer.metrics.expect(engine.catalogue.slugs(), grades=True)
    readable = partial(engine.store.check, keeps=False)
    checks = Checks({**parts_of(engine.database, readable), "grader": warm}, lambda: engine.is_closing)
    exposition = Exposition(engine.observer.metrics, (checks, Disk(Path(settings.data_dir))))
    show_grader(exposition, engine, grader)
    with _listening(address, exposition, checks):
        yield


@contextmanager
def scheduler_shown(
    address: str, database: Database, settings: Settings, is_closing: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Show a scheduler at an address meanwhile; empty: nowhere."""
    checks = Checks(parts_of(database), is_closing)
    census = Census(database, settings.lease_seconds, has_broker=bool(settings.broker_url))
    with _listening(address, Exposition(Metrics(), (checks, census)), checks):
        yield


@contextmanager
def _listening(address: str, exposition: Exposition, checks: Checks) -> Iterator[None]:
    if not address:
        yield
        return
    listener = Listener(address, exposition, checks)
    listener.start()
    try:
        yield
    finally:
        listener.close()
