"""Threads that look into the line by themselves, without a broker: at once when somebody rings, else every second."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from server.grading.engine import JOBS_PER_GPU, Engine

log = logging.getLogger(__name__)

#: the waiting time of a submission ends without a ring
LOOK_SECONDS = 1.0


class Polling:
    """Drives an engine by looking."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._bell = threading.Condition()

    def start(self) -> None:
        """Begin with as many threads as the engine may grade at a time."""
        queues, gpus = self._engine.queues, len(self._engine.devices.gpus)
        if "cpu" in queues:
            for number in range(self._engine.jobs):
                self._engine.begin(f"grading-{number}", self._work, self._engine.run_once)
        if "gpu" in queues:
            for number in range(JOBS_PER_GPU * gpus):
                self._engine.begin(f"gpu-{number}", self._work, lambda: self._engine.run_once(on_gpu=True))

    def wake(self) -> None:
        """Ring for the threads."""
        with self._bell:
            self._bell.notify_all()

    def _work(self, run_once: Callable[[], bool]) -> None:
        while not self._engine.is_closing:
            if not try_once(run_once):
                self._rest()

    def _rest(self) -> None:
        with self._bell:
            if not self._engine.is_closing:
                self._bell.wait(LOOK_SECONDS)


def try_once(run_once: Callable[[], bool]) -> bool:
    """Grade what is next, and say whether there was anything; a database that does not answer is nothing, for now."""
    try:
        return run_once()
    except SQLAlchemyError:
        log.exception("the database does not answer; trying again")
        return False
