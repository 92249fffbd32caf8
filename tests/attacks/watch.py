"""What a grading leaves on the host and takes from it: processes, files, memory of the grader's own processes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import threading
import time
from pathlib import Path

#: Where an attack that got out would leave its files; all of them are called gotcha.
PLACES = ("/tmp", "/dev/shm", "/var/tmp", "/run", "/", "~", ".")
#: Beyond this an examiner is ended, whatever it is worth to know how far it would have gone.
_LIMIT_MB = 3_000


def children(pid: int) -> list[int]:
    """All descendants of a process."""
    found = []
    for tasks in _read(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            for child in Path(f"/proc/{pid}/task/{tasks}/children").read_text().split():
                found += [int(child), *children(int(child))]
    return found


def private_mb(pid: int) -> float:
    """Memory of its own that a process has; 0 for one that has ended."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024
    return 0.0


def litter() -> set[str]:
    """Files on the host that only an attack can have made."""
    return {str(path) for place in PLACES for path in Path(place).expanduser().glob("gotcha*")}


def digest(folder: Path) -> str:
    """A hash of all files below a folder."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found.update(str(path).encode() + path.read_bytes())
    return found.hexdigest()


class MemoryWatch(threading.Thread):
    """Follows the memory of all descendants of one process, and ends what would endanger the host."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._is_over = threading.Event()
        self.peak_mb = 0.0

    def run(self) -> None:
        while not self._is_over.wait(0.02):
            for pid in children(self._root):
                used = private_mb(pid)
                self.peak_mb = max(self.peak_mb, used)
                if used > _LIMIT_MB:
                    os.kill(pid, signal.SIGKILL)

    def __enter__(self) -> MemoryWatch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()


def wait_until_gone(pid: int, known: set[int], seconds: float = 3.0) -> set[int]:
    """Descendants that are not among the known ones and stay."""
    end = time.monotonic() + seconds
    while (left := set(children(pid)) - known) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def wait_until_clean(known: set[str], seconds: float = 3.0) -> set[str]:
    """Litter that is not among the known and stays; controls that run at the same time clean up theirs."""
    end = time.monotonic() + seconds
    while (left := litter() - known) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def _read(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
