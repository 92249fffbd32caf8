"""How a process that is no web server runs: until it is asked to stop, once kindly and twice at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType


def until_asked(is_over: threading.Event | None = None) -> None:
    """Wait for SIGTERM or an interrupt, or until it is over anyway. The next signal raises KeyboardInterrupt."""
    asked = is_over or threading.Event()
    was_asked = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if was_asked.is_set():
            raise KeyboardInterrupt
        was_asked.set()
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    asked.wait()
