"""What a grading leaves on the host and takes from it: processes, files, memory of the grader's own processes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

#: Where an attack that got out would leave its files; all of them are called gotcha.
PLACES = ("/tmp", "/dev/shm", "/var/tmp", "/run", "/", "~", ".")
#: Beyond this a process is ended, whatever it is worth to know how far it would have gone.
_LIMIT_MB = 3_000


def children(pid: int, *, deep: bool = True) -> list[int]:
    """All descendants of a process, or its own children alone."""
    found = []
    for tasks in _read(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            for child in Path(f"/proc/{pid}/task/{tasks}/children").read_text().split():
                found += [int(child), *(children(int(child)) if deep else [])]
    return found


def strangers(candidates: int, examiners: int) -> set[int]:
    """What gradings have left: of the candidates' warm parent whatever is in a sandbox, and all examiners.

    Their other forks are warm parents too, which stay.
    """
    ours = _user_namespace(candidates)
    keepers = children(examiners, deep=False)
    left = {pid for pid in children(candidates) if _user_namespace(pid) not in (ours, "")}
    return left | {pid for keeper in keepers for pid in children(keeper)}


def _user_namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/user")
    except FileNotFoundError:
        return ""
    except PermissionError:
        return "another one"


def private_mb(pid: int) -> float:
    """Memory of its own that a process has; 0 for one that has ended."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024
    return 0.0


def proportional_mb(pid: int) -> float:
    """Memory that a process has, each page divided by the number of its owners; 0 for one that has ended."""
    with contextlib.suppress(OSError):
        lines = [line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
        return sum(int(line[1]) for line in lines if line[0] in ("Pss_Anon:", "Pss_Shmem:")) / 1024
    return 0.0


def litter() -> set[str]:
    """Files on the host that only an attack can have made."""
    return {str(path) for place in PLACES for path in Path(place).expanduser().glob("gotcha*")}


def remove_litter(known: set[str]) -> None:
    """Remove what an attack left, so that the next one is not blamed for it."""
    for path in litter() - known:
        with contextlib.suppress(OSError):
            os.unlink(path)


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
        """Look every 20 ms."""
        while not self._is_over.wait(0.02):
            for pid in children(self._root):
                used = private_mb(pid)
                self.peak_mb = max(self.peak_mb, used)
                if used > _LIMIT_MB:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    def __enter__(self) -> MemoryWatch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()


def wait_until_gone(parents: tuple[int, int], known: Collection[int] = (), seconds: float = 3.0) -> set[int]:
    """What gradings have left that stays."""
    return _settle(lambda: strangers(*parents) - set(known), seconds)


def wait_until_clean(known: set[str], seconds: float = 3.0) -> set[str]:
    """Litter that is not among the known and stays; what runs at the same time cleans up its own."""
    return _settle(lambda: litter() - known, seconds)


def _settle(look: Callable[[], set[T]], seconds: float) -> set[T]:
    end = time.monotonic() + seconds
    while (left := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def _read(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
