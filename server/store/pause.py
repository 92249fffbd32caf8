"""Leaves a store alone for a moment that did not answer: else every request would wait for it anew."""

from __future__ import annotations

import threading
import time

from server.store.contract import StoreUnavailable

#: between two tries at a store that does not answer
SECONDS = 5.0


class Pause:
    """Shared by all threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: StoreUnavailable | None = None
        self._until = 0.0

    def check(self) -> None:
        """Raise what was the matter, while it is not time to try again. Then one caller tries for all."""
        with self._lock:
            if self._last is None:
                return
            if time.monotonic() < self._until:
                raise StoreUnavailable(*self._last.text.values())
            self._until = time.monotonic() + SECONDS

    def begin(self, error: StoreUnavailable) -> None:
        """It did not answer."""
        with self._lock:
            self._last, self._until = error, time.monotonic() + SECONDS

    def end(self) -> None:
        """It answers."""
        with self._lock:
            self._last = None
