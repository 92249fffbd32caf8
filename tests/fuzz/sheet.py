"""Memory that a run and its watcher share: the input that is being read, and since when."""

from __future__ import annotations

import mmap
import struct
import time
from pathlib import Path

from tests.fuzz.mutate import MOST

#: inputs done, processor time when this one began or 0, its length
_HEAD = struct.Struct("<QdQ")


class Sheet:
    """A file of fixed size, mapped by both."""

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            file.truncate(_HEAD.size + 2 * MOST)
            self._map = mmap.mmap(file.fileno(), 0)
        self.done = 0

    def begin(self, data: bytes) -> None:
        self._map[_HEAD.size : _HEAD.size + len(data)] = data
        _HEAD.pack_into(self._map, 0, self.done, time.process_time(), len(data))

    def end(self) -> None:
        self.done += 1
        _HEAD.pack_into(self._map, 0, self.done, 0.0, 0)

    def look(self) -> tuple[int, float, bytes]:
        """How many inputs were read, the processor time at which the present one was begun, and this input."""
        done, began, length = _HEAD.unpack_from(self._map)
        return done, began, self._map[_HEAD.size : _HEAD.size + length]
