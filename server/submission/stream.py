"""Server-sent events: the state of a grading as it changes, and how many may be watched that way at a time.

Every message is the whole state, with a digest of it as its id. So nothing can be missed, whatever was lost on the way
or started over, and a browser that comes back with the id of what it has seen is told nothing twice.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

#: seconds between two looks at the database, and at most between two signs of life
PAUSE, HEARTBEAT = 0.4, 5.0
#: what a browser waits before it comes back: after a stream that was open, and where there was no room for one
RETRY_MS, BUSY_RETRY_MS = 300, 2000
#: streams that one account may have open
PER_ACCOUNT = 2


class Streams:
    """The streams that are open. Each holds a thread of the server, so their number is limited."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        #: set when the portal stops: its threads have to end
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._open: Counter[int] = Counter()

    def enter(self, account: int) -> bool:
        """Take a place; False: there is none for this account now."""
        with self._lock:
            if self._open.total() >= self.limit or self._open[account] >= PER_ACCOUNT:
                return False
            self._open[account] += 1
            return True

    def leave(self, account: int) -> None:
        """Give a place back."""
        with self._lock:
            self._open[account] -= 1
            # Without its zeros: the counter would grow with everybody who ever watched.
            self._open = +self._open


def follow(
    look: Callable[[], dict[str, Any] | None], last: str, seconds: float, closing: threading.Event
) -> Iterator[str]:
    """Tell the state whenever it has changed, for so many seconds or until there is nothing more to come.

    ``last`` is the id of what the browser has seen. With 0 seconds the state is told once: the browser comes back by
    itself, later where the state says so, and until there is room for a stream that is a poll in the same clothes.
    """
    end = spoken_at = time.monotonic()
    end += seconds
    begun = False
    while state := look():
        if not begun:
            begun = True
            yield f"retry: {RETRY_MS if seconds else max(BUSY_RETRY_MS, 1000 * state['pause'])}\n\n"
        text = json.dumps(state)
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        if key != last:
            yield f"id: {key}\ndata: {text}\n\n"
            last, spoken_at = key, time.monotonic()
        elif time.monotonic() - spoken_at >= HEARTBEAT:
            # Also how the server notices that nobody listens any more.
            yield ": still here\n\n"
            spoken_at = time.monotonic()
        if not state["is_open"] or time.monotonic() >= end or closing.wait(PAUSE):
            return
