"""The outer safety of runs in which a layer of the sandbox is missing: as much of an own machine as Linux gives.

User, mount, PID, network, IPC and host name namespaces around the whole grader; every file system read-only, and in
the place of the folders that everybody may write, small ones in memory; bounds on processes and on memory, by a
control group where one is writable. Whatever an attack does in there ends with the cell's first process.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from grader.attack.watch import children, private_mb, proportional_mb
from grader.errors import InfrastructureError
from grader.sandbox import cgroup, kernel, privileges
from grader.sandbox.kernel import AT_FDCWD, call

_NEW = {
    "user": 0x1000_0000, "mount": 0x0002_0000, "pid": 0x2000_0000, "network": 0x4000_0000, "ipc": 0x0800_0000,
    "uts": 0x0400_0000,
}  # fmt: skip
_PRIVATE, _TMPFS_FLAGS, _PROC_FLAGS = 1 << 14 | 1 << 18, 2 | 4, 2 | 4 | 8
_READ_ONLY, _RECURSIVE, _EMPTY_PATH = 1, 0x8000, 0x1000
_CLONE_TREE, _FROM_EMPTY_PATH = 1, 4
#: folders that everybody may write, each replaced by one in memory
_COVERED = ("/tmp", "/var/tmp", "/dev/shm", "/run")
_JOIN_SESSION_KEYRING = 1
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _UP = 0x8913, 0x8914, 1
#: what all that runs in a cell may take: twice what a grading and its two warm parents use
MEMORY_MB, PROCESSES, FILES_MB = 6_000, 1_000, 512


def enter(needed: list[Path]) -> None:
    """Put this process, which must have one thread, into a cell; ``needed`` are the paths that must stay visible.

    Only the cell's process returns: the caller's waits for its end and ends with its status. Raises
    InfrastructureError where this host gives no cell.
    """
    kernel.prepare()
    try:
        group = _bound()
        ids = _maps()
        ready, go = os.pipe(), os.pipe()
        outer = os.fork()
        if outer:
            os.write(go[1], _serve(outer, ready, ids))
            _wait(outer, group)
        os.close(ready[0])
        privileges.die_with_parent()
        call("unshare", sum(_NEW.values()))
        os.write(ready[1], b".")
        os.read(go[0], 1)
        inner = os.fork()
        if inner:
            os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]) & 0xFF)
        privileges.die_with_parent()
        _furnish(sorted({path.resolve() for path in needed if path.exists()}))
    except OSError as error:
        raise InfrastructureError(
            f"Without a layer, attacks are run in namespaces of their own alone, and this host refuses them: {error}. "
            "Run this as root, outside of a container, or on a machine that allows user namespaces and a fresh /proc.",
            "Sem uma camada, os ataques só são executados em namespaces próprios, e este computador os recusa: "
            f"{error}. "
            "Execute como root, fora de um contêiner, ou em uma máquina que permita user namespaces e um /proc novo.",
        ) from error


def _maps() -> dict[str, str]:
    """All users of this host for root, who is one of them in there too; for others themselves."""
    if os.geteuid() == 0:
        return {"uid_map": "0 0 4294967295", "gid_map": "0 0 4294967295"}
    uid, gid = os.geteuid(), os.getegid()
    return {"uid_map": f"{uid} {uid} 1", "setgroups": "deny", "gid_map": f"{gid} {gid} 1"}


def _serve(outer: int, ready: tuple[int, int], ids: dict[str, str]) -> bytes:
    os.close(ready[1])
    if os.read(ready[0], 1):
        for name, text in ids.items():
            Path(f"/proc/{outer}/{name}").write_text(text, encoding="ascii")
    return b"."


def _bound() -> list[Path]:
    """Bound processes and memory of this process and all that it starts; the groups made, which are to be removed."""
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    # root is not counted; the users that candidates become are, in the cell's own account
    bound = PROCESSES if hard == resource.RLIM_INFINITY else min(PROCESSES, hard)
    if os.geteuid() == 0:
        resource.setrlimit(resource.RLIMIT_NPROC, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hierarchy = cgroup.find()
    if hierarchy is None:
        return []
    name = f"gradiente-{os.getpid()}-cell"
    memory, pids = hierarchy.memory / name, hierarchy.pids / name
    for folder in {memory, pids}:
        folder.mkdir()
    limit = "memory.max" if hierarchy.version == 2 else "memory.limit_in_bytes"
    (memory / limit).write_text(str(MEMORY_MB << 20))
    (pids / "pids.max").write_text(str(PROCESSES))
    for folder in {memory, pids}:
        (folder / "cgroup.procs").write_text(str(os.getpid()))
    return [memory, pids]


def _wait(outer: int, groups: list[Path]) -> None:
    """Be the process outside: watch the cell, end with it; never returns."""
    guard = threading.Thread(target=_guard, args=(outer,), daemon=True)
    guard.start()
    status = os.waitpid(outer, 0)[1]
    for folder in set(groups):
        with contextlib.suppress(OSError):
            (folder.parent / "cgroup.procs").write_text(str(os.getpid()))
        _remove(folder)
    sys.stdout.flush()
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _remove(folder: Path, patience: float = 20.0) -> None:
    """Remove the cell's group, after those of candidates that nobody was left to remove; the dying take a moment."""
    end = time.monotonic() + patience
    while folder.exists() and time.monotonic() < end:
        for group in sorted([folder, *folder.rglob("gradiente-*")], reverse=True):
            cgroup.remove(group)


def _guard(outer: int) -> None:
    """End a cell that takes too much: the bound where there is no control group, and a second one elsewhere."""
    while True:
        pids = children(outer)
        # the first sum counts pages that several share once for each of them, and costs little
        is_large = sum(private_mb(pid) for pid in pids) > MEMORY_MB
        if len(pids) > PROCESSES or (is_large and sum(proportional_mb(pid) for pid in pids) > MEMORY_MB):
            with contextlib.suppress(ProcessLookupError):
                os.kill(outer, signal.SIGKILL)
        time.sleep(0.2)


@dataclass(frozen=True)
class _Tree:
    """What lies in a folder that is covered, and is needed all the same."""

    descriptor: int
    path: Path
    is_folder: bool

    def put_back(self) -> None:
        if not self.path.exists():  # it is there where it lies in another one
            (self.path if self.is_folder else self.path.parent).mkdir(parents=True, exist_ok=True)
            if not self.is_folder:
                self.path.touch()
            call("move_mount", self.descriptor, b"", AT_FDCWD, os.fsencode(self.path), _FROM_EMPTY_PATH)
        os.close(self.descriptor)


def _take(path: Path) -> _Tree:
    tree = call("open_tree", AT_FDCWD, os.fsencode(path), _CLONE_TREE | _RECURSIVE)
    _change_tree(tree, _READ_ONLY)
    return _Tree(tree, path, path.is_dir())


def _furnish(needed: list[Path]) -> None:
    """Make the cell's view of the host: everything to read, nothing to write but folders of its own."""
    groups = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines() if " - cgroup" in line]
    call("mount", None, b"/", None, _PRIVATE, None)
    hidden = [_take(path) for path in needed if str(path).startswith(tuple(f"{place}/" for place in _COVERED))]
    _change("/", _READ_ONLY, 0)
    for place in filter(os.path.isdir, _COVERED):
        options = f"size={FILES_MB}m,mode=1777".encode()
        call("mount", b"tmpfs", os.fsencode(os.path.realpath(place)), b"tmpfs", _TMPFS_FLAGS, options)
    for tree in hidden:
        tree.put_back()
    call("mount", b"proc", b"/proc", b"proc", _PROC_FLAGS, None)
    for place in groups:  # the sandbox's own groups are made there
        with contextlib.suppress(OSError):
            _change(place, 0, _READ_ONLY)
    with contextlib.suppress(OSError):
        # as every log-in and every service of systemd has one: what inherits it shares its keys
        call("keyctl", _JOIN_SESSION_KEYRING, None)
    tempfile.tempdir = None
    os.environ.pop("TMPDIR", None)
    os.chdir("/tmp")
    _raise_loopback()


def _change(path: str, on: int, off: int) -> None:
    _set(AT_FDCWD, path, _RECURSIVE, on, off)


def _change_tree(tree: int, on: int) -> None:
    _set(tree, "", _RECURSIVE | _EMPTY_PATH, on, 0)


def _set(folder: int, path: str, flags: int, on: int, off: int) -> None:
    # struct mount_attr: attr_set, attr_clr, propagation, userns_fd
    wanted = (ctypes.c_uint64 * 4)(on, off, 0, 0)
    call("mount_setattr", folder, os.fsencode(path), flags, ctypes.byref(wanted), ctypes.sizeof(wanted))


def _raise_loopback() -> None:
    """Give the cell the network that every host has, so that a sandbox without one of its own reaches something."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        flags = struct.unpack("16xh6x", fcntl.ioctl(sock, _SIOCGIFFLAGS, struct.pack("16s8x", b"lo")))[0]
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh6x", b"lo", flags | _UP))
