"""Brings what waits in the line to the broker: each row once at first, and again what a broker has lost."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from server.db import Database, moment
from server.grading import outbox
from server.grading.broker import BROKER_ERRORS, Broker
from server.grading.engine import QUEUES
from server.grading.outbox import Entry

log = logging.getLogger(__name__)

#: messages that are sent in one go
BATCH = 500
#: between two looks at what the broker has
COMPARE_SECONDS = 15.0


class Relay:
    """Sends. Two of them may run at once: what both send is looked for twice, and found once."""

    def __init__(self, database: Database, broker: Broker, *, compare_seconds: float = COMPARE_SECONDS) -> None:
        self._database = database
        self._broker = broker
        self._compare = timedelta(seconds=compare_seconds)
        self._next_comparison = time.monotonic() + compare_seconds
        #: whether the broker has answered when it was last asked
        self.is_connected = True

    def tick(self) -> int:
        """Send what is to be sent by now, and say how much that was. A broker that is away is tried again next time."""
        try:
            if not self.is_connected:
                self._broker.count(QUEUES[0])  # where nothing is to be sent, nobody else would ask
            count = sum(self._send_new(queue) for queue in QUEUES)
            if time.monotonic() >= self._next_comparison:
                self._next_comparison = time.monotonic() + self._compare.total_seconds()
                count += sum(self._send_again(queue) for queue in QUEUES)
        except BROKER_ERRORS as error:
            if self.is_connected:
                log.error("the broker does not answer, workers look for themselves meanwhile: %s", error)
            self.is_connected = False
            return 0
        if not self.is_connected:
            log.info("the broker is there again")
        self.is_connected = True
        return count

    def close(self) -> None:
        """Hang up."""
        self._broker.close()

    def _send_new(self, queue: str) -> int:
        with self._database.reader() as session:
            if not outbox.has_unsent(session, queue, moment(session)):
                return 0
        with self._database.write() as session:
            entries = outbox.take(session, queue, moment(session), BATCH)
        return self._send(queue, entries)

    def _send_again(self, queue: str) -> int:
        """Send as many as the broker has too few; which ones does not matter, for a message is a permission to look."""
        with self._database.reader() as session:
            now = moment(session)
            before = now - self._compare / 3  # what was sent just now may be on its way
            sent = outbox.count_sent(session, queue, now, before)
        missing = sent - self._broker.count(queue) if sent else 0
        if missing <= 0:
            return 0
        with self._database.write() as session:
            entries = outbox.take(session, queue, moment(session), min(missing, BATCH), before)
        log.info("%s messages of queue %s are sent again", len(entries), queue)
        return self._send(queue, entries)

    def _send(self, queue: str, entries: list[Entry]) -> int:
        # Outside of the transaction: nobody waits for the database because a broker is slow.
        try:
            self._broker.send(queue, [entry.id for entry in entries])
        except BaseException:
            with self._database.write() as session:
                outbox.put_back(session, entries)
            raise
        return len(entries)
