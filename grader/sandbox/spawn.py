"""Starting and ending a sandbox, from the outside."""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from grader.sandbox import handshake, privileges
from grader.sandbox.handshake import ChildEnd, ParentEnd
from grader.sandbox.limits import Limits, SandboxError
from grader.sandbox.namespaces import Isolation, isolate
from grader.sandbox.plan import Plan, prepare


class Group(Protocol):
    """What accounts for the sandbox's processes together: a `Cgroup`."""

    def add(self, pid: int) -> None:
        """Put a process, and all that it will fork, into the group."""


def spawn(
    limits: Limits,
    keep: Sequence[int],
    run: Callable[[], None],
    *,
    without: frozenset[str] = frozenset(),
    group: Group | None = None,
    plan: Plan | None = None,
    start: Callable[[], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Fork an isolated process that calls `run` and give its pid, which is the caller's child to wait for.

    It is PID 1 of its own namespace: when it ends, everything in the sandbox has ended. `keep` are the descriptors,
    next to the standard three, that stay open: pipes, sockets, plain files. `start` starts a device, in the new root
    and before the limits and the filter; it may take a while. `without` leaves layers out (`omission`), for the
    corpus of attacks and the controls of tests. Raises SandboxError when any layer cannot be set up, and then `run`
    has not been called.
    """
    isolation = Isolation(plan or prepare(), limits, keep, run, without, start, environment or {})
    # The candidate, a grandchild, must become our child. Said each time: a fork does not inherit it.
    privileges.adopt_orphans()
    ours, theirs = handshake.pair()
    for stream in (sys.stdout, sys.stderr):
        # what waits in our buffers would be written a second time by the child
        if stream is not None and not stream.closed:
            stream.flush()
    try:
        outer = os.fork()
    except OSError as error:
        ours.close()
        theirs.close()
        raise SandboxError("fork", error.errno or 0, str(error)) from error
    if outer == 0:
        try:
            ours.close()
            isolate(isolation, ChildEnd(theirs))
        finally:
            os._exit(1)
    theirs.close()
    return _supervise(outer, ParentEnd(ours, handshake.DEVICE_S if start else handshake.PATIENCE_S), group)


def _supervise(outer: int, wire: ParentEnd, group: Group | None) -> int:
    """Lead the fork through its isolation; on any failure nothing of it is left."""
    inner = None
    try:
        if group is not None:
            group.add(outer)
        wire.go()
        inner = wire.pid()
        handshake.reap(outer)
        wire.go()
        wire.expect_ready()
    except BaseException:
        if inner is None:
            kill(outer)
        else:
            kill(inner)
        raise
    finally:
        wire.close()
    return inner


def kill(pid: int) -> int | None:
    """End a sandbox with everything in it and give its wait status; None when it was waited for before.

    When this returns, no process of the sandbox is left: the kernel lets PID 1 of a namespace end only after the rest.
    """
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return None
    return handshake.reap(pid)
