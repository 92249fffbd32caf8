"""Passes on what happens in a grading: the values of a training in batches, and not without end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]

#: seconds between two batches: each is a transaction that reaches the disk
BATCH_SECONDS = 0.5
#: values of trainings that are passed on in one grading
MAX_METRICS = 1000
#: after each so many, only every second one of what was taken before
STAGE = MAX_METRICS // 4


class Recorder:
    """Hears one grading. Everything but a training's values is passed on at once, and in order."""

    def __init__(self, write: Callable[[list[Event]], None]) -> None:
        self._write = write
        self._pending: list[Event] = []
        self._written_at = -BATCH_SECONDS
        self._heard = 0
        self._kept = 0

    def hear(self, event: Event) -> None:
        """Take an event."""
        is_metric = event.get("event") == "metric"
        if not is_metric or self._is_wanted():
            self._pending.append(event)
        if not is_metric or time.monotonic() - self._written_at >= BATCH_SECONDS:
            self._flush()

    def _is_wanted(self) -> bool:
        """Whether the next value is kept: a long training is told less and less finely, but told to its end."""
        stride = 1 << (self._kept // STAGE)
        is_wanted = self._heard % stride == 0 and self._kept < MAX_METRICS
        self._heard += 1
        self._kept += is_wanted
        return is_wanted

    def _flush(self) -> None:
        if not self._pending:
            return
        events, self._pending = self._pending, []
        self._write(events)
        self._written_at = time.monotonic()
