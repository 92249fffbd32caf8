"""What a sandbox uses, measured from outside: the bound on memory where no cgroup is writable, a second one elsewhere.

The warm parent asks every 50 ms or so; a candidate can write some 2 GB/s, so it may outgrow its limit by about 100 MB.
Nothing else in the sandbox can hold memory: shared anonymous maps, memfd, System V memory and huge pages are refused by
the system call filter; pipes and inodes are bounded by limits on their numbers. With a GPU, shared anonymous maps are
allowed, and the driver can be asked for memory of the host; both are counted then.
"""

import os
import re
from dataclasses import dataclass
from typing import NamedTuple

from grader.sandbox.limits import SandboxError

_KB, _MB = 1 << 10, 1 << 20
#: net.core.wmem_default of every common kernel; more needs SO_SNDBUF, which wmem_max bounds to the same
_SOCKET_BUFFER = 212_992
_SCRATCH = ("tmp", "dev/shm")
#: a line of /proc/<pid>/maps that maps a GPU's node: its first and last address
_MAPPED_NODE = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) \S+ .* /dev/nvidia", re.MULTILINE)
#: what /proc/<pid>/smaps calls shared memory without a name
_NAMELESS = "/dev/zero (deleted)"


@dataclass(frozen=True)
class Usage:
    """What one sandbox uses at one moment."""

    memory_mb: float
    processes: int


def resident_mb(pid: int, *, enough_mb: float = 0.0, has_gpu: bool = False) -> float:
    """Measure the memory of the sandbox whose PID 1 is `pid`, beyond what it shares with this process, its parent.

    While a cheap upper bound stays below `enough_mb`, that bound is given; above it, the exact sum (PSS), which takes
    milliseconds. 0 for a sandbox that has ended.
    """
    return measure(pid, enough_mb=enough_mb, has_gpu=has_gpu).memory_mb


def measure(pid: int, *, enough_mb: float = 0.0, has_gpu: bool = False) -> Usage:
    """Measure memory as `resident_mb` does, and count processes and threads."""
    try:
        pids = _tree(pid)
        ours = _Status.read(os.getpid())
        theirs = [_Status.read(each) for each in pids]
        elsewhere = _scratch_bytes(pid) + _socket_bytes(pid) + max(0, sum(each.tables for each in theirs) - ours.tables)
        # a sandbox of one process has all of our pages, shared; whatever it has beyond them is its own
        own = sum(each.anonymous for each in theirs) - ours.anonymous
        shared = sum(each.shared for each in theirs) if has_gpu else 0
        if has_gpu:
            elsewhere += sum(_node_bytes(each) for each in pids)
        if own + shared + elsewhere > enough_mb * _MB:
            # our pages count there too, each divided by its owners: this process and the candidate at least
            own = sum(_proportional_bytes(each) for each in pids) - ours.anonymous // 2
            shared = sum(_nameless_bytes(each) for each in pids) if has_gpu else 0
    except PermissionError as error:
        raise SandboxError("watchdog", error.errno or 0, str(error)) from error
    return Usage((max(0, own) + shared + elsewhere) / _MB, sum(each.threads for each in theirs))


class _Status(NamedTuple):
    """What /proc/<pid>/status tells for little; zeros for a process that has ended."""

    anonymous: int
    tables: int
    threads: int
    #: of files in memory, those that it was given among them
    shared: int

    @classmethod
    def read(cls, pid: int) -> "_Status":
        fields = dict(line.split(":", 1) for line in _read(f"/proc/{pid}/status").splitlines() if ":" in line)
        anonymous, swapped, tables, threads, shared = (
            int(fields.get(name, "0").split()[0]) for name in ("RssAnon", "VmSwap", "VmPTE", "Threads", "RssShmem")
        )
        return cls((anonymous + swapped) * _KB, tables * _KB, threads, shared * _KB)


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


def _proportional_bytes(pid: int) -> int:
    """Sum anonymous and swapped pages, each divided by the number of its owners."""
    lines = [line.split() for line in _read(f"/proc/{pid}/smaps_rollup").splitlines()]
    return sum(int(line[1]) for line in lines if line and line[0] in {"Pss_Anon:", "SwapPss:"}) * _KB


def _nameless_bytes(pid: int) -> int:
    """Sum shared memory without a name, each page divided by the number of its owners."""
    total, is_nameless = 0, False
    for line in _read(f"/proc/{pid}/smaps").splitlines():
        first = line.split(maxsplit=1)[0]
        if not first.endswith(":"):  # the heading of a map
            is_nameless = line.endswith(_NAMELESS)
        elif is_nameless and first == "Pss:":
            total += int(line.split()[1]) * _KB
    return total


def _node_bytes(pid: int) -> int:
    """Sum what is mapped of a GPU's nodes: memory of the host that the driver has taken is seen nowhere else."""
    found = _MAPPED_NODE.finditer(_read(f"/proc/{pid}/maps"))
    return sum(int(match[2], 16) - int(match[1], 16) for match in found)


def _socket_bytes(pid: int) -> int:
    """Bound what the sockets of the sandbox hold: the kernel counts their buffers for nobody but a cgroup."""
    lines = _read(f"/proc/{pid}/net/unix").count("\n")
    return max(0, lines - 1) * _SOCKET_BUFFER


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
