"""What an examiner writes to standard error: heard by the pool, in the grading that it belongs to, and logged there.

A traceback of an examiner, or a warning of a library, may quote what a student wrote. It comes through a pipe of its
own for each grading, so a log can say which submission it is about, and nothing in it can pass for a line of the log.
Candidates do not have this pipe: what they print goes into the report.
"""

from __future__ import annotations

import logging
import os
import select
import time

from grader.wire.channel import Channel

log = logging.getLogger(__name__)

#: bytes of one grading that are kept; more is read, so that nobody has to wait, and left out
MOST = 16_000


class Complaint:
    """The reading end, and until it is handed on the writing end."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._heard = bytearray()
        self._left_out = 0

    def listen(self, channel: Channel) -> None:
        """Hear whenever somebody waits for ``channel``."""

        def hear() -> None:
            if not self.hear():
                channel.ignore(self._reading)

        channel.listen(self._reading, hear)

    def hear(self) -> bool:
        """Take what there is; False: nobody holds the other end any more."""
        for _ in range(16):  # a flood must not keep us from the channel
            try:
                data = os.read(self._reading, 1 << 16)
            except BlockingIOError:
                return True
            if not data:
                return False
            kept = data[: MOST - len(self._heard)]
            self._heard += kept
            self._left_out += len(data) - len(kept)
        return True

    def wait(self, seconds: float) -> None:
        """Hear an examiner out that is about to end, for so long at most."""
        end = time.monotonic() + seconds
        while self.hear() and (left := end - time.monotonic()) > 0:
            select.select([self._reading], [], [], left)

    def hand_over(self) -> None:
        """The writing end is somebody else's now."""
        os.close(self.writing)
        self.writing = -1

    def close(self) -> None:
        """Log what was heard."""
        self.hear()
        os.close(self._reading)
        if self.writing >= 0:
            self.hand_over()
        if text := self._heard.decode("utf-8", "replace").rstrip():
            more = f"\n[... {self._left_out:,} bytes]" if self._left_out else ""
            log.warning("an examiner wrote to standard error:\n%s%s", text, more)
