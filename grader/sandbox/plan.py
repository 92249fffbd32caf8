"""Everything about the host that isolation needs to know, found out once before any fork."""

from dataclasses import dataclass
from functools import cache

from grader.sandbox import kernel, landlock, mounts, privileges, root, seccomp, syscalls
from grader.sandbox.limits import SandboxError
from grader.sandbox.mounts import View
from grader.sandbox.seccomp import Filter

#: "nobody": the user whom root becomes for a candidate
NOBODY = 65534


@dataclass(frozen=True)
class Plan:
    """How to isolate a candidate on this host."""

    view: View
    filter: Filter
    landlock: int
    last_capability: int
    #: the user that a root grader becomes; it should own no file and no other process
    uid: int
    #: nodes to which a candidate may speak by ioctl
    devices: tuple[str, ...] = ()


@cache
def prepare(uid: int = NOBODY) -> Plan:
    """Find out what isolation needs; call it in the warm parent after its imports, since libraries are read from it."""
    architecture = syscalls.machine()
    if architecture not in syscalls.ARCHITECTURES:
        raise SandboxError("system", 0, f"no table of system calls for {architecture}")
    try:
        kernel.prepare()
        view = mounts.find(root.DEVICES)
        program = seccomp.compile_filter(architecture)
        return Plan(view, program, landlock.version(), privileges.last_capability(), uid)
    except (OSError, AttributeError, TypeError) as error:
        raise SandboxError("system", getattr(error, "errno", None) or 0, str(error)) from error
