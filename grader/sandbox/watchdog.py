"""What a sandbox uses, measured from outside: the bound on memory where no cgroup is writable, and a second one where it is.

The warm parent asks every 50 ms or so; a candidate can write some 2 GB/s, so it may outgrow its limit by about 100 MB.
Nothing else in the sandbox can hold memory: shared anonymous maps, memfd, System V memory and huge pages are refused by
the system call filter, and pipes, sockets and inodes are bounded by limits on their numbers.
"""

import os
from dataclasses import dataclass

from grader.sandbox.limits import SandboxError

_KB, _MB = 1 << 10, 1 << 20
_SCRATCH = ("tmp", "dev/shm")


@dataclass(frozen=True)
class Usage:
    """What one sandbox uses at one moment."""

    memory_mb: float
    processes: int


def resident_mb(pid: int, *, enough_mb: float = 0.0) -> float:
    """Measure the memory of the sandbox whose PID 1 is `pid`, beyond what it shares with this process, its parent.

    While a cheap upper bound stays below `enough_mb`, that bound is given; above it, the exact sum (PSS), which takes
    milliseconds. 0 for a sandbox that has ended.
    """
    return measure(pid, enough_mb=enough_mb).memory_mb


def measure(pid: int, *, enough_mb: float = 0.0) -> Usage:
    """Measure memory as `resident_mb` does, and count processes and threads."""
    try:
        pids = _tree(pid)
        scratch = _scratch_bytes(pid)
        ours = _anonymous_bytes(os.getpid())
        anonymous = sum(_anonymous_bytes(each) for each in pids)
        # a sandbox of one process has all of our pages, shared; whatever it has beyond them is its own
        bound = max(0, anonymous - ours) + scratch
        if bound > enough_mb * _MB:
            # our pages count there too, each divided by its owners: this process and the candidate at least
            bound = max(0, sum(_proportional_bytes(each) for each in pids) - ours // 2) + scratch
        threads = sum(_count_threads(each) for each in pids)
    except PermissionError as error:
        raise SandboxError("watchdog", error.errno or 0, str(error)) from error
    return Usage(bound / _MB, threads)


def _tree(pid: int) -> list[int]:
    """List the sandbox's processes: its PID 1 adopts every orphan, so all are descendants."""
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting.extend(_children(current))
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    for task in _listing(f"/proc/{pid}/task"):
        children.extend(int(child) for child in _read(f"/proc/{pid}/task/{task}/children").split())
    return children


def _count_threads(pid: int) -> int:
    return len(_listing(f"/proc/{pid}/task"))


def _anonymous_bytes(pid: int) -> int:
    # size resident shared text lib data dt; resident - shared is anonymous memory
    fields = _read(f"/proc/{pid}/statm").split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def _proportional_bytes(pid: int) -> int:
    """Sum anonymous and swapped pages, each divided by the number of its owners, and the page tables."""
    wanted = {"Pss_Anon:", "SwapPss:"}
    lines = [line.split() for line in _read(f"/proc/{pid}/smaps_rollup").splitlines()]
    lines = [line for line in lines if line and line[0] in wanted]
    tables = [line.split() for line in _read(f"/proc/{pid}/status").splitlines() if line.startswith("VmPTE:")]
    return sum(int(line[1]) for line in (*lines, *tables)) * _KB


def _scratch_bytes(pid: int) -> int:
    """Measure what lies in the sandbox's tmpfs, unlinked files and shared tensors among it."""
    total = 0
    for place in _SCRATCH:
        try:
            found = os.statvfs(f"/proc/{pid}/root/{place}")
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += (found.f_blocks - found.f_bfree) * found.f_frsize
    return total


def _listing(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except (FileNotFoundError, ProcessLookupError):
        return []


def _read(path: str) -> str:
    """Read a file of /proc; empty for a process that has ended meanwhile."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""
