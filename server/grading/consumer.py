"""Drives an engine by the broker's messages, with Celery's worker inside this process.

While there is no connection to the broker, and now and then in any case, the line itself is looked at: the broker makes
grading prompt, and is never needed for it.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.exceptions import Reject
from celery.worker import WorkController, state
from celery.worker.consumer import Consumer as Receiver
from sqlalchemy.exc import SQLAlchemyError

from server.grading.broker import TASK, queue_name
from server.grading.engine import Engine
from server.grading.polling import LOOK_SECONDS, try_once

log = logging.getLogger(__name__)

#: after which a row that was passed over is free again
SKIPPED_SECONDS = 0.1
#: between two looks while messages come
SELDOM_SECONDS = 30.0
#: until a message that cannot be served here goes back to the broker, which may send it here again
HAND_BACK_SECONDS = 0.5
#: until Celery's worker is begun anew where it has ended by itself
RESTART_SECONDS = 5.0


class OnlyOurs(Receiver):  # type: ignore[misc]  # Celery has no types
    """Celery's receiver, which drops what is no message of ours. None may end it: the next worker would get it then."""

    def create_task_handler(self, *options: Any, **more: Any) -> Callable[[Any], None]:
        """What is called with each message."""
        handle = super().create_task_handler(*options, **more)
        # With Redis, Celery takes a KeyError for a lost connection. In here it is a message that lacks something.
        lost = tuple({*self.connection_errors, *self.channel_errors} - {KeyError})

        def receive(message: Any) -> None:
            try:
                headers = message.headers
                # Ours are for now. Celery would keep those for later, and drop what has the id of one that is too late.
                if headers.get("task") != TASK or headers.get("eta") or headers.get("expires"):
                    raise ValueError("it is none of ours")
                handle(message)
            except lost:
                raise
            except Exception as error:
                log.error("a message was dropped: %s: %s: %.200r", type(error).__name__, error, message.body)
                message.reject_log_error(log, self.connection_errors)

        return receive


class Consumer:
    """Takes messages for as many gradings at a time as the engine may do. One in each process."""

    def __init__(self, engine: Engine, app: Celery, prefix: str, *, seldom: float = SELDOM_SECONDS) -> None:
        self._engine = engine
        self._seldom = seldom
        #: one for each grading that runs, whoever has begun it
        self._slots = threading.BoundedSemaphore(engine.jobs)
        self._stopping = threading.Event()
        app.task(name=TASK, acks_late=True, ignore_result=True)(self._take)
        self._app, self._prefix = app, prefix
        self._celery = self._make()
        for name in ("celery.worker.strategy", "celery.app.trace"):
            logging.getLogger(name).setLevel(logging.WARNING)

    def start(self) -> None:
        """Begin."""
        state.should_stop = None
        self._engine.begin("messages", self._receive)
        for number in range(self._engine.jobs):
            self._engine.begin(f"look-{number}", self._look, number)

    @property
    def is_connected(self) -> bool:
        """Whether messages can come."""
        consumer: Any = self._celery.consumer
        connection = consumer.connection if consumer is not None else None
        return bool(connection is not None and connection.connected)

    def stop(self) -> None:
        """Take no more messages; those that are in work are put back with the broker when their gradings end."""
        self._stopping.set()
        state.should_stop = 0

    def _make(self) -> WorkController:
        # No event loop: it would be the process's, and expects signals of its own.
        return WorkController(
            app=self._app,
            queues=[queue_name(self._prefix, each) for each in sorted(self._engine.queues)],
            concurrency=self._engine.jobs,
            pool_cls="threads",
            consumer_cls=OnlyOurs,
            hostname=f"gradiente@{socket.gethostname()}",
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
            use_eventloop=False,
            loglevel=logging.WARNING,
        )

    def _receive(self) -> None:
        """Receive messages until the end, whatever becomes of Celery's worker."""
        while True:
            self._celery.start()
            if self._stopping.wait(RESTART_SECONDS):
                return
            log.error("receiving messages has ended by itself, and begins again")
            self._celery = self._make()

    def _take(self, id: str) -> None:
        """Celery's task. Which row the message was for does not matter: the line has the order."""
        try:
            with self._slots:
                if not self._stopping.is_set() and not self._engine.is_closing:
                    if not self._engine.run_next():
                        # It may be that somebody is just writing the row, and whoever takes skips what others hold.
                        time.sleep(SKIPPED_SECONDS)
                        self._engine.run_next()
                    return
        except SQLAlchemyError:
            log.exception("the database does not answer; the message goes back")
        # What waits keeps its message: others may be able to serve it.
        time.sleep(HAND_BACK_SECONDS)
        raise Reject(requeue=True)

    def _look(self, number: int) -> None:
        """Look without a message: all threads while there is no broker, the first one seldom in any case."""
        next_look = time.monotonic() + self._seldom
        while not self._stopping.wait(LOOK_SECONDS):
            if self.is_connected and (number or time.monotonic() < next_look):
                continue
            next_look = time.monotonic() + self._seldom
            while not self._stopping.is_set() and self._look_once():
                pass

    def _look_once(self) -> bool:
        """Grade what is next, unless as much is graded as may be, and say whether to go on."""
        if not self._slots.acquire(blocking=False):
            return False
        try:
            return try_once(self._engine.run_next)
        finally:
            self._slots.release()
