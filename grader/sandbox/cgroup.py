"""Control groups, where one is writable: an exact bound on memory and processes, and the cause of death.

v2   <parent>/gradiente-<pid>-<n>       memory.max, memory.swap.max, pids.max, memory.events
v1   /sys/fs/cgroup/{memory,pids}/<own>/gradiente-<pid>-<n>   memory.limit_in_bytes, memory.oom_control, pids.max
"""

import os
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from grader.sandbox.limits import Limits, SandboxError

_MB = 1 << 20
_PREFIX = "gradiente-"
#: page tables, kernel stacks and what the outer fork touches are charged too, and are not the student's
_OVERHEAD_MB = 64
_SERIAL = count()


@dataclass(frozen=True)
class Hierarchy:
    """Where groups are made: one folder in v2; one for memory and one for processes in v1."""

    version: int
    memory: Path
    pids: Path

    @property
    def folders(self) -> list[Path]:
        """List the folders without repetition."""
        return list(dict.fromkeys([self.memory, self.pids]))


def find(proc: Path = Path("/proc/self")) -> Hierarchy | None:
    """Find a place where this process may make groups with both controllers; None where there is none."""
    own = {}
    for line in (proc / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            own[controller] = path
    return _find_v2(own.get(""), proc) or _find_v1(own, proc)


def _mounted(proc: Path) -> dict[str, Path]:
    """Map "" to the mount of v2 and each controller of v1 to its own."""
    places = {}
    for line in (proc / "mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        place = Path(before.split()[4])
        if kind == "cgroup2":
            places[""] = place
        if kind == "cgroup":
            places.update(dict.fromkeys(options.split(","), place))
    return places


def _find_v2(own: str | None, proc: Path) -> Hierarchy | None:
    mount = _mounted(proc).get("")
    if own is None or mount is None:
        return None
    here = mount / own.lstrip("/")
    # a group that has processes cannot give memory to its children: ours is a leaf then, and its parent is the place
    for place in (here, here.parent):
        try:
            given = (place / "cgroup.subtree_control").read_text().split()
        except OSError:
            continue
        # moving a process needs the common ancestor's cgroup.procs
        if {"memory", "pids"} <= set(given) and os.access(place / "cgroup.procs", os.W_OK) and _can_make(place):
            return Hierarchy(2, place, place)
    return None


def _find_v1(own: dict[str, str], proc: Path) -> Hierarchy | None:
    mounts = _mounted(proc)
    if not {"memory", "pids"} <= own.keys() & mounts.keys():
        return None
    memory, pids = (mounts[name] / own[name].lstrip("/") for name in ("memory", "pids"))
    return Hierarchy(1, memory, pids) if _can_make(memory) and _can_make(pids) else None


def _can_make(folder: Path) -> bool:
    """Try for real: a read-only mount or a container's policy shows only then."""
    trial = folder / f"{_PREFIX}{os.getpid()}-trial"
    try:
        trial.mkdir()
        trial.rmdir()
    except OSError:
        return False
    return True


def sweep(hierarchy: Hierarchy) -> None:
    """Remove the groups that graders left which are no longer there."""
    for folder in hierarchy.folders:
        for group in folder.glob(f"{_PREFIX}*-*"):
            owner = group.name.removeprefix(_PREFIX).split("-")[0]
            if owner.isdigit() and not Path("/proc", owner).exists():
                remove(group)


def remove(group: Path) -> None:
    """Remove one group, as soon as the kernel lets it go."""
    # an ended process may stay charged for a moment
    for _ in range(20):
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.005)
        else:
            return


class Cgroup:
    """The group of one candidate: made before it, given to `spawn`, removed after it."""

    def __init__(self, limits: Limits, hierarchy: Hierarchy, device_mb: int = 0) -> None:
        """Make it; ``device_mb`` is what starting a device may take besides, until `settle`."""
        name = f"{_PREFIX}{os.getpid()}-{next(_SERIAL)}"
        self._version = hierarchy.version
        self._memory, self._pids = hierarchy.memory / name, hierarchy.pids / name
        self._limit_mb = limits.memory_mb + limits.tmp_mb + limits.shm_mb + _OVERHEAD_MB
        try:
            self._make(limits, self._limit_mb + device_mb)
        except OSError as error:
            self.remove()
            raise SandboxError("cgroup", error.errno or 0, str(error)) from error

    def _make(self, limits: Limits, memory_mb: int) -> None:
        for folder in {self._memory, self._pids}:
            folder.mkdir()
        # one more than the limit: the outer fork is still there when it makes the inner one
        (self._pids / "pids.max").write_text(str(limits.processes + 1))
        self._bound(memory_mb)
        if self._version == 2:
            _write_if_there(self._memory / "memory.swap.max", "0")
            _write_if_there(self._memory / "memory.oom.group", "1")

    def _bound(self, memory_mb: int) -> None:
        memory = str(memory_mb * _MB)
        if self._version == 2:
            (self._memory / "memory.max").write_text(memory)
            return
        # in this order, for bounds only ever become lower: the second must never be below the first
        (self._memory / "memory.limit_in_bytes").write_text(memory)
        _write_if_there(self._memory / "memory.memsw.limit_in_bytes", memory)

    def settle(self) -> None:
        """Lower the bound to the limit beyond what is used now, which starting a device took."""
        self._bound(int(self.used_mb()) + self._limit_mb)

    def add(self, pid: int) -> None:
        """Put a process, and all that it will fork, into the group."""
        try:
            for folder in {self._memory, self._pids}:
                (folder / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            raise SandboxError("cgroup", error.errno or 0, str(error)) from error

    def was_out_of_memory(self) -> bool:
        """Tell whether the kernel killed a process of the group for its memory."""
        name = "memory.events" if self._version == 2 else "memory.oom_control"
        counters = dict(line.split() for line in (self._memory / name).read_text().splitlines())
        return int(counters.get("oom_kill", 0)) > 0

    def used_mb(self) -> float:
        """Measure what the kernel charges the group for."""
        name = "memory.current" if self._version == 2 else "memory.usage_in_bytes"
        return int((self._memory / name).read_text()) / _MB

    def remove(self) -> None:
        """Remove the group; its processes must have ended (`kill`)."""
        for folder in {self._memory, self._pids}:
            remove(folder)


def _write_if_there(file: Path, text: str) -> None:
    """Set what a kernel may lack: without swap accounting there is no such file."""
    if file.exists():
        file.write_text(text)
