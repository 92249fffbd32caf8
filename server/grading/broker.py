"""The broker: carries ids of what waits to workers, through Celery. RabbitMQ or Redis; what it loses is sent again.

A message is no more than a permission to look into the line: whoever gets it takes what is next there, in the line's
own fair order. So messages may come late, twice, in any order, or for what is long done.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from kombu import Connection, Queue
from kombu.exceptions import KombuError, OperationalError

from grader.errors import InfrastructureError
from server.grading.engine import QUEUES

#: the name of the one task, whose only argument is an id
TASK = "gradiente.grade"
#: seconds until a broker must have taken a message
CONFIRM_SECONDS = 10.0

#: what a broker that is away or ill raises
BROKER_ERRORS = (OperationalError, KombuError, OSError)


def queue_name(prefix: str, queue: str) -> str:
    """What a queue is called at the broker, which others may use, too."""
    return f"{prefix}.{queue}"


def make_app(url: str, prefix: str) -> Celery:
    """Celery's application. Raises InfrastructureError for an address that is none."""
    if urlsplit(url).scheme not in ("amqp", "amqps", "redis", "rediss"):
        raise InfrastructureError(
            "GRADIENTE_PORTAL_BROKER_URL cannot be used. Say amqp://user:password@host:5672/vhost for RabbitMQ or "
            "redis://:password@host:6379/0 for Redis, or leave it out: workers then look into the database.",
            "GRADIENTE_PORTAL_BROKER_URL não pode ser usado. Diga amqp://usuario:senha@host:5672/vhost para o RabbitMQ "
            "ou redis://:senha@host:6379/0 para o Redis, ou não o defina: os workers olham então no banco de dados.",
        )
    app = Celery("gradiente", broker=url, set_as_current=False)
    app.conf.update(
        task_queues=[Queue(queue_name(prefix, each), durable=True) for each in QUEUES],
        task_default_queue=queue_name(prefix, QUEUES[0]),
        task_create_missing_queues=False,
        task_ignore_result=True,
        # JSON is all that is read: a broker that is not ours must not be able to run code.
        task_serializer="json",
        accept_content=["json"],
        # A worker has as many messages as it grades at a time: the next one goes to whoever is free.
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        broker_connection_timeout=CONFIRM_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=30,
        broker_transport_options={"confirm_publish": True} if url.startswith("amqp") else {},
    )
    return app


class Broker:
    """The sender's side. Not thread-safe."""

    def __init__(self, url: str, prefix: str) -> None:
        self.app = make_app(url, prefix)
        self._prefix = prefix
        self._connection: Connection | None = None

    def send(self, queue: str, ids: Sequence[str]) -> None:
        """Send a message for each. On return the broker has them; raises one of BROKER_ERRORS."""
        with self._connected() as connection, self.app.amqp.Producer(connection, auto_declare=False) as producer:
            for id in ids:
                self.app.send_task(
                    TASK, (id,), queue=queue_name(self._prefix, queue), producer=producer, retry=False,
                    ignore_result=True, confirm_timeout=CONFIRM_SECONDS,
                )  # fmt: skip

    def count(self, queue: str) -> int:
        """How many messages wait there for a worker. Raises one of BROKER_ERRORS."""
        with self._connected() as connection:
            found: Any = connection.default_channel.queue_declare(
                queue_name(self._prefix, queue), durable=True, auto_delete=False
            )
            return int(found.message_count)

    def require(self) -> None:
        """Raise InfrastructureError unless it answers."""
        try:
            for queue in QUEUES:
                self.count(queue)
        except BROKER_ERRORS as error:
            place = self.app.connection_for_write().as_uri()  # without the password
            raise InfrastructureError(
                f"The broker {place} does not answer: {error}. Start it, or mend GRADIENTE_PORTAL_BROKER_URL.",
                f"O broker {place} não responde: {error}. Inicie-o ou corrija GRADIENTE_PORTAL_BROKER_URL.",
            ) from error

    def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*BROKER_ERRORS):
                connection.release()

    @contextlib.contextmanager
    def _connected(self) -> Any:
        """The connection; after an error the next one is new."""
        try:
            if self._connection is None:
                self._connection = self.app.connection_for_write()
                # One try: whoever sends comes back by itself.
                self._connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
            yield self._connection
        except BaseException:
            self.close()
            raise
