"""``gradiente worker``: grades what a portal on the same database receives. There may be many, on many machines."""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import click

from grader.device.discover import find_gpus
from grader.device.gpu import allow, threads_of
from grader.errors import InfrastructureError
from grader.exercise import Catalogue
from grader.pool import Grader
from server import log
from server.db import Database
from server.grading.dispatch import InProcess
from server.settings import Settings, read_settings
from server.store import Store

_log = logging.getLogger(__name__)

#: A training check may take minutes; what is still running then is given back, and costs its student nothing.
DRAIN_SECONDS = 300.0


def warm_up(catalogue: Catalogue, jobs: int, datasets: Path | None, gpus: str) -> Grader:
    """Start the grader's warm processes with the GPUs that a setting leaves to them, before any thread runs.

    A fork copies only the thread that calls it, with the locks of the others as they are.
    """
    found = find_gpus()
    allowed = allow(found.gpus, gpus)
    return Grader(catalogue, data=datasets, gpus=allowed, problem=found.problem, threads=threads_of(jobs))


def work(
    data_dir: Path, jobs: int, catalogue: Catalogue, *, datasets: Path | None = None, gpus: str = "all", **settings: Any
) -> None:
    """Grade until SIGTERM or an interrupt; what is being graded then is graded to its end. A second one ends at once.

    ``data_dir`` holds the portal's uploads. Raises InfrastructureError where the database is not shared or does not
    have this version's tables, and when this host cannot grade.
    """
    log.set_up()
    chosen = read_settings({**settings, "DATA_DIR": data_dir.resolve(), "JOBS": jobs})
    database = find_shared(chosen)
    database.close()  # no connection may be open while warm processes fork
    grader = warm_up(catalogue, jobs, datasets, gpus)
    try:
        store = Store(chosen.uploads, chosen.max_upload)
        engine = InProcess(
            database, store, catalogue, grader.grade,
            jobs=jobs, lease_seconds=chosen.lease_seconds, gpus=grader.ledger,
        )  # fmt: skip
        _run(engine, grader)
    finally:
        grader.close()
        database.close()


def require_shared(settings: Settings) -> None:
    """Raise InfrastructureError where the settings name no database that portal and workers can share."""
    if not settings.database.startswith("postgresql"):
        raise InfrastructureError(
            "Workers of their own need a database that they share with the portal, and none is set. Set "
            "GRADIENTE_PORTAL_DATABASE_URL to the portal's PostgreSQL, such as "
            "postgresql+psycopg://user:password@host/gradiente. With SQLite, gradiente serve grades by itself.",
            "Workers à parte precisam de um banco de dados em comum com o portal, e nenhum está definido. Defina "
            "GRADIENTE_PORTAL_DATABASE_URL com o PostgreSQL do portal, como "
            "postgresql+psycopg://usuario:senha@host/gradiente. Com SQLite, o próprio gradiente serve corrige.",
        )


def find_shared(settings: Settings) -> Database:
    """The database that the settings name, with this version's tables in it. Raises InfrastructureError."""
    require_shared(settings)
    database = Database(settings.database)
    database.require_tables()
    return database


def _run(engine: InProcess, grader: Grader) -> None:
    asked = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    engine.start()
    click.echo(f"Grading {engine.jobs} at a time. Stop with Ctrl+C.")
    try:
        asked.wait()
        _log.info("no more is taken; what is being graded is graded to its end")
        engine.drain(DRAIN_SECONDS)
    except KeyboardInterrupt:
        _log.info("what is being graded is given back")
    finally:
        engine.close()
        # Ends the gradings that the threads still wait for; what comes of them is no longer recorded.
        grader.close()
        engine.join(5)
