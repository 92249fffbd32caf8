"""Passes on what happens in a grading: in batches, and a training's values not without end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]

#: Seconds between two batches: each is a transaction that reaches the disk. A grading that is over sooner leaves the
#: telling to its report.
BATCH_SECONDS = 0.5
#: values of trainings that are passed on in one grading
MAX_METRICS = 1000
#: after each so many, only every second one of what was taken before
STAGE = MAX_METRICS // 4


class Recorder:
    """Hears one grading, and passes on in order. Thread-safe."""

    def __init__(self, write: Callable[[list[Event]], None]) -> None:
        self._write = write
        self._pending: list[Event] = []
        self._written_at = time.monotonic()
        self._heard = 0
        self._kept = 0
        self._is_closed = False
        self._lock = threading.Lock()

    def hear(self, event: Event) -> None:
        """Take an event."""
        with self._lock:
            if event.get("event") != "metric" or self._is_wanted():
                self._pending.append(event)
        self.tick()

    def tick(self) -> None:
        """Pass on what has been heard, if the last batch was a while ago."""
        with self._lock:
            if self._is_closed or not self._pending or time.monotonic() - self._written_at < BATCH_SECONDS:
                return
            events, self._pending = self._pending, []
            self._write(events)
            self._written_at = time.monotonic()

    def close(self) -> None:
        """The grading is over: nothing more is passed on."""
        with self._lock:
            self._is_closed = True

    def _is_wanted(self) -> bool:
        """Whether the next value is kept: a long training is told less and less finely, but told to its end."""
        stride = 1 << (self._kept // STAGE)
        is_wanted = self._heard % stride == 0 and self._kept < MAX_METRICS
        self._heard += 1
        self._kept += is_wanted
        return is_wanted
