"""``gradiente scheduler``: sends workers word of what waits, and takes back what the dead among them held.

It grades nothing and keeps nothing: there may be two of it, and without it workers still find what waits, only later.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy.exc import SQLAlchemyError

from grader.exercise import Catalogue
from server import log
from server.db import Database, find_shared
from server.grading.messages import open_relay
from server.grading.upkeep import Upkeep
from server.health.beside import scheduler_shown
from server.running import until_asked
from server.settings import read_settings

if TYPE_CHECKING:
    from server.grading.relay import Relay

_log = logging.getLogger(__name__)

#: between two looks at what is to be sent: about as long as a page takes
RELAY_SECONDS = 0.3


class Scheduler:
    """Relay and reaper, each in a thread: a broker that hangs must not keep leases from being taken back."""

    def __init__(self, database: Database, catalogue: Catalogue, relay: Relay | None, lease_seconds: float) -> None:
        """Without a relay, workers look for themselves."""
        self._upkeep = Upkeep(database, catalogue, timedelta(seconds=lease_seconds))
        self._between = lease_seconds / 3
        self._relay = relay
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin."""
        self._begin("reaper", self._between, self._upkeep.look_after)
        if self._relay is not None:
            self._begin("relay", RELAY_SECONDS, self._relay.tick)

    def close(self) -> None:
        """Stop, after what is being done just now."""
        self._closing.set()
        for thread in self._threads:
            thread.join(30)
        if self._relay is not None:
            self._relay.close()

    def _begin(self, name: str, seconds: float, step: Callable[[], object]) -> None:
        def work() -> None:
            while not self._closing.wait(seconds):
                try:
                    step()
                except SQLAlchemyError:
                    _log.exception("the database does not answer; trying again")
                except Exception:
                    # A mistake of ours in one step must not end the others.
                    _log.exception("%s failed; trying again", name)

        self._threads.append(threading.Thread(target=work, name=name, daemon=True))
        self._threads[-1].start()


def schedule(data_dir: Path, catalogue: Catalogue, *, metrics: str = "", **settings: Any) -> None:
    """Schedule until SIGTERM or an interrupt; ``metrics``: where it shows metrics and checks, if anywhere.

    Raises InfrastructureError for a database or a broker of no use.
    """
    chosen = read_settings({**settings, "DATA_DIR": data_dir.resolve()})
    log.set_up(chosen.log_format)
    database = find_shared(chosen.database)
    relay = open_relay(database, chosen) if chosen.broker_url else None
    scheduler = Scheduler(database, catalogue, relay, chosen.lease_seconds)
    scheduler.start()
    click.echo("Scheduling. Stop with Ctrl+C.")
    try:
        with scheduler_shown(metrics, database, chosen):
            until_asked()
    finally:
        scheduler.close()
        database.close()
