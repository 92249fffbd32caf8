"""``gradiente worker``: grades what a portal on the same database receives. There may be many, on many machines."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.exercise import Catalogue
from grader.pool import Grader
from grader.sandbox import probe
from server import log
from server.db import find_shared
from server.grading.abilities import find_abilities
from server.grading.dispatch import InProcess
from server.grading.engine import QUEUES, Engine
from server.grading.messages import open_consumer
from server.grading.polling import try_once
from server.health import traces
from server.health.beside import worker_shown
from server.health.observer import Observer
from server.running import until_asked
from server.settings import read_settings
from server.store import open_store

if TYPE_CHECKING:
    from server.grading.consumer import Consumer

_log = logging.getLogger(__name__)

#: A training check may take minutes; what is still running then is given back, and costs its student nothing.
DRAIN_SECONDS = 300.0


@dataclass(frozen=True)
class Duty:
    """What a worker is to do."""

    #: gradings at a time
    jobs: int
    queues: Collection[str] = QUEUES
    #: it ends when there was nothing to grade for so long; 0: never
    idle_seconds: float = 0.0
    #: where it shows metrics and checks; empty: nowhere
    metrics: str = ""


def work(
    data_dir: Path,
    duty: Duty,
    catalogue: Catalogue,
    *,
    datasets: Path | None = None,
    gpus: str = "all",
    **settings: Any,
) -> None:
    """Grade until SIGTERM or an interrupt; what is being graded then is graded to its end. A second one ends at once.

    With a broker in the settings, messages say when there is something, and a scheduler does the upkeep; without one
    the worker looks into the database, and does it itself. ``data_dir`` holds the portal's uploads. Raises
    InfrastructureError where the database is not shared or does not have this version's tables, and when this host
    cannot grade.
    """
    chosen = read_settings({**settings, "DATA_DIR": data_dir.resolve(), "JOBS": duty.jobs})
    log.set_up(chosen.log_format)
    database = find_shared(chosen.database)
    database.close()  # no connection may be open while warm processes fork
    able = find_abilities(catalogue, datasets, [layer.name for layer in probe() if layer.holds])
    grader = Grader.on_this_host(
        catalogue, jobs=duty.jobs, data=datasets, gpus=gpus if "gpu" in duty.queues else "none"
    )  # fmt: skip
    try:
        kind = Engine if chosen.broker_url else InProcess
        engine = kind(
            database, open_store(chosen), catalogue, grader.grade,
            jobs=duty.jobs, lease_seconds=chosen.lease_seconds, gpus=grader.ledger, queues=duty.queues, able=able,
            observer=Observer(traces=traces.set_up("gradiente-worker")),
        )  # fmt: skip
        consumer = open_consumer(engine, chosen) if chosen.broker_url else None
        with worker_shown(duty.metrics, engine, grader, chosen):
            _run(engine, consumer, grader, duty)
    finally:
        grader.close()
        database.close()


def _run(engine: Engine, consumer: Consumer | None, grader: Grader, duty: Duty) -> None:
    engine.start()
    if consumer:
        consumer.start()
    click.echo(f"Grading {engine.jobs} at a time. Stop with Ctrl+C.")
    is_over = threading.Event()
    if duty.idle_seconds:
        engine.begin("idle", _watch, engine, duty.idle_seconds, is_over)
    try:
        until_asked(is_over)
        _log.info("no more is taken; what is being graded is graded to its end")
        if consumer:
            consumer.stop()
        engine.drain(DRAIN_SECONDS)
    except KeyboardInterrupt:
        _log.info("what is being graded is given back")
    finally:
        if consumer:
            consumer.stop()
        engine.close()
        # Ends the gradings that the threads still wait for; what comes of them is no longer recorded.
        grader.close()
        engine.join(5)


def _watch(engine: Engine, seconds: float, is_over: threading.Event) -> None:
    """Say that it is over when nothing was graded for so long."""
    while not engine.is_closing and not is_over.wait(min(0.5, seconds / 4)):
        if not engine.count_held and time.monotonic() - engine.busy_at >= seconds:
            # No message has come; that does not mean that nothing waits.
            if try_once(engine.run_next):
                continue
            _log.info("nothing to grade for %g seconds", seconds)
            is_over.set()
