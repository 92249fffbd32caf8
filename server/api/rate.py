"""How often one caller may ask: an allowance that fills up again as time passes."""

from __future__ import annotations

import threading
import time

#: callers that are remembered before those whose allowance is full again are forgotten
MANY = 5000


class Brake:
    """Counts requests in memory: what is lost with a restart is worth nothing."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._lock = threading.Lock()
        #: by caller: requests that are left, and when that was counted
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, caller: str, share: float = 1.0, now: float | None = None) -> float:
        """Count a request and return 0, or the seconds to wait. ``share``: of the usual allowance."""
        moment = time.monotonic() if now is None else now
        most = self.per_minute * share
        with self._lock:
            left = self._refill(caller, most, moment)
            if left < 1:
                return (1 - left) * 60 / most
            self._left[caller] = (left - 1, moment)
            if len(self._left) > MANY:
                self._forget(moment)
        return 0.0

    def _refill(self, caller: str, most: float, now: float) -> float:
        left, at = self._left.get(caller, (most, now))
        return min(most, left + (now - at) * most / 60)

    def _forget(self, now: float) -> None:
        # After a minute every allowance is full.
        self._left = {caller: (left, at) for caller, (left, at) in self._left.items() if now - at < 60}
