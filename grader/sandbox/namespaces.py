"""The isolated process, from the inside: what it does between fork and the first line of student code.

    caller ── fork ── A: drop root, unshare, write the uid map ── fork ── B: PID 1 of the sandbox, builds the rest, runs

Every step may fail, and any failure ends the process before student code is reached.
"""

import os
import stat
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from grader.sandbox import landlock, privileges, rlimits, root
from grader.sandbox.handshake import ChildEnd
from grader.sandbox.kernel import call
from grader.sandbox.limits import Limits
from grader.sandbox.plan import Plan
from grader.sandbox.root import Tree

_CLONE_NEW = {
    "user": 0x1000_0000,
    "root": 0x0002_0000,
    "pid": 0x2000_0000,
    "network": 0x4000_0000,
    "ipc": 0x0800_0000,
    "uts": 0x0400_0000,
    "cgroup namespace": 0x0200_0000,
}
#: who the candidate believes to be; outside it is the grader's user, or nobody
_INSIDE = 1000
_LAST_DESCRIPTOR = 2**31 - 1
#: with these torch says that there is no GPU without asking the driver, whose answer takes time and would keep every
#: fork of the process from starting CUDA
NO_GPU = {"CUDA_VISIBLE_DEVICES": "", "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
_ENVIRONMENT = {"HOME": "/tmp", "TMPDIR": "/tmp", "USER": "student", **NO_GPU}


@dataclass(frozen=True)
class Isolation:
    """One sandbox to be: what it may use, what it keeps, what it runs, and which layers a control leaves out."""

    plan: Plan
    limits: Limits
    keep: Sequence[int]
    run: Callable[[], None]
    without: frozenset[str]
    #: what starts a device, with code of ours and the driver's alone: before the limits and the filter, which follow
    start: Callable[[], None] | None = None
    #: variables besides the usual ones, or in their place
    environment: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def _step(name: str, wire: ChildEnd) -> Iterator[None]:
    """Report a failure of this step to the caller and end the process: there is no way on from here."""
    try:
        yield
    except BaseException as error:  # whatever it is, the process must not go on half isolated
        wire.fail(name, getattr(error, "errno", None) or 0, f"{type(error).__name__}: {error}")
        os._exit(1)


def isolate(isolation: Isolation, wire: ChildEnd) -> None:
    """Be process A; never returns."""
    without = isolation.without
    with _step("handshake", wire):
        wire.wait()
    with _step("threads", wire):
        # a library's at-fork handler may have started some in this very process
        if len(os.listdir("/proc/self/task")) > 1:
            raise RuntimeError("the forked process has more than one thread")
    with _step("root", wire):
        trees = _open_as_root(isolation)
    with _step("identity", wire):
        uid, gid = os.getuid(), os.getgid()
        if os.geteuid() == 0 and "identity" not in without:
            uid = gid = isolation.plan.uid
            privileges.drop_root(uid)
    with _step("namespaces", wire):
        call("unshare", sum(flag for name, flag in _CLONE_NEW.items() if name not in without))
    with _step("uid map", wire):
        if "user" not in without:
            _map_user(uid, gid)
    with _step("fork", wire):
        child = os.fork()
    if child:
        wire.announce(child)
        os._exit(0)
    wire.inherit()
    _confine(isolation, trees, wire)
    _run(isolation.run)


def _open_as_root(isolation: Isolation) -> list[Tree] | None:
    """Take the trees while this is root: nobody may not be able to reach a Python that lies in /root."""
    if os.geteuid() != 0 or "root" in isolation.without:
        return None
    try:
        return root.open_trees(isolation.plan.view)
    except PermissionError:
        # root of a container, without CAP_SYS_ADMIN: try again as the owner of the new namespaces
        return None


def _map_user(uid: int, gid: int) -> None:
    for name, text in (("uid_map", f"{_INSIDE} {uid} 1"), ("setgroups", "deny"), ("gid_map", f"{_INSIDE} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def _confine(isolation: Isolation, trees: list[Tree] | None, wire: ChildEnd) -> None:
    """Be process B: put every remaining layer around this process, the system call filter last."""
    plan, without = isolation.plan, isolation.without
    with _step("rlimits", wire):
        os.setsid()
        os.umask(0o022)
        _prefer_as_victim()
        if "rlimits" not in without and isolation.start is None:
            rlimits.apply(isolation.limits)
    with _step("root", wire):
        if "uts" not in without:
            call("sethostname", b"sandbox", 7)
        if "root" not in without:
            root.build(plan.view, trees or root.open_trees(plan.view), isolation.limits, without)
    with _step("descriptors", wire):
        if "descriptors" not in without:
            _close_others([*isolation.keep, wire.fileno()])
    with _step("capabilities", wire):
        if "capabilities" not in without:
            privileges.drop_capabilities(plan.last_capability)
        privileges.refuse_new()
    with _step("landlock", wire):
        if plan.landlock and "landlock" not in without:
            landlock.apply(plan.landlock, plan.devices)
    with _step("handshake", wire):
        # process A, the parent until now, must be gone: its end would be taken for the caller's
        wire.wait()
        privileges.die_with_parent()
        os.environ.clear()
        os.environ.update({**_ENVIRONMENT, **isolation.environment})
    if isolation.start is not None:
        _start(isolation.start, isolation, wire)
    with _step("seccomp", wire):
        if "seccomp" not in without:
            plan.filter.load()
    with _step("handshake", wire):
        wire.ready()


def _start(start: Callable[[], None], isolation: Isolation, wire: ChildEnd) -> None:
    """Start a device; what that took of memory is no use of the student's, so the limits are set afterwards."""
    with _step("device", wire):
        start()
    with _step("rlimits", wire):
        if "rlimits" not in isolation.without:
            rlimits.apply(isolation.limits)


def _prefer_as_victim() -> None:
    """Have the kernel take this process, not the grader, when the whole host runs out of memory."""
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")
    except OSError:
        # a courtesy to the host, not a layer: some containers have it read-only
        return


def _close_others(keep: Collection[int]) -> None:
    """Close everything but the standard three and `keep`; refuse folders, which would lead out of the new root."""
    kept = sorted({0, 1, 2, *keep})
    # not SC_OPEN_MAX: that is the limit just lowered, and descriptors above it may be open
    for before, after in pairwise([-1, *kept, _LAST_DESCRIPTOR]):
        # os.closerange takes an empty range that starts at 0 for everything
        if before + 1 < after:
            os.closerange(before + 1, after)
    for descriptor in kept:
        if _is_folder(descriptor):
            raise ValueError(f"descriptor {descriptor} is a folder outside the sandbox")


def _is_folder(descriptor: int) -> bool:
    try:
        return stat.S_ISDIR(os.fstat(descriptor).st_mode)
    except OSError:
        # a standard stream that the caller had closed
        return False


def _run(run: Callable[[], None]) -> None:
    """Run the candidate and end the process; nothing of the caller's stack is ever returned to."""
    status = 1
    try:
        run()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # the caller's code below us must not see it
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            _flush(stream)
        os._exit(status & 0xFF)


def _flush(stream: object) -> None:
    try:
        stream.flush()  # type: ignore[attr-defined]
    except Exception:  # the student's code may have replaced or closed it
        return
