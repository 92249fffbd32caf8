"""What `gradiente doctor` says about isolation: every layer is tried for real on this host, in throw-away sandboxes."""

import errno
import json
import mmap
import os
import socket
import sys
import threading
from collections.abc import Callable

from grader.sandbox import cgroup, watchdog
from grader.sandbox.kernel import call
from grader.sandbox.limits import MENDS, Layer, Limits, SandboxError
from grader.sandbox.plan import Plan, prepare
from grader.sandbox.spawn import kill, spawn

_LIMITS = Limits(memory_mb=256, processes=16, tmp_mb=8, shm_mb=8)
_OPTIONAL = ("proc", "landlock", "cgroup")
#: name of a layer -> the step of the set-up that makes it
_STEP = {
    "identity": "identity", "processes": "namespaces", "network": "namespaces", "files": "root", "scratch": "root",
    "proc": "proc", "descriptors": "descriptors", "rlimits": "rlimits", "capabilities": "capabilities",
    "landlock": "landlock", "seccomp": "seccomp",
}  # fmt: skip
#: without the filter these succeed, or fail for another reason: no program, no name, no memory to write to, no key
_REFUSED_CALLS: dict[str, tuple[bytes | int, ...]] = {
    "execve": (b"", 0, 0), "unshare": (0,), "ptrace": (0, 0, 0, 0), "personality": (0xFFFF_FFFF,),
    "process_vm_readv": (1, 0, 0, 0, 0, 0), "memfd_create": (0, 0), "keyctl": (0, -3, 0), "io_uring_setup": (1, 0),
}  # fmt: skip

Answer = tuple[bool, str]


def probe() -> list[Layer]:
    """Try every layer and say which hold; the first required one that does not is why candidates are refused."""
    if sys.platform != "linux":
        return [_missing("system", f"{sys.platform} has no namespaces")]
    if threading.active_count() > 1:
        raise RuntimeError("probe() forks: call it from a process without threads")
    try:
        plan = prepare()
        inside = _ask_inside(plan)
    except SandboxError as error:
        known = [_missing(name, f"not reached: {error.detail}") for name in _STEP if _STEP[name] != error.step]
        return [Layer(error.step, False, True, error.detail, error.mend), *known]
    layers = [_layer(name, *inside.get(name, (False, "the sandbox died before it answered"))) for name in _STEP]
    return [*layers, _probe_cgroup(), _probe_watchdog(plan)]


def _layer(name: str, holds: bool, detail: str) -> Layer:
    mend = "" if holds else MENDS.get(_STEP.get(name, name), "")
    return Layer(name, holds, name not in _OPTIONAL, detail, mend)


def _missing(name: str, detail: str) -> Layer:
    return _layer(name, False, detail)


def _ask_inside(plan: Plan) -> dict[str, Answer]:
    """Run the acts in a sandbox and read what came of them."""
    reader, writer = os.pipe()
    try:
        pid = spawn(_LIMITS, [writer], lambda: _answer(writer, reader, plan), plan=plan)
    finally:
        os.close(writer)
    with open(reader, "rb") as answers:
        found = answers.read()
    kill(pid)
    return {name: (bool(holds), str(detail)) for name, (holds, detail) in json.loads(found or b"{}").items()}


def _answer(writer: int, foreign: int, plan: Plan) -> None:
    acts: dict[str, Callable[[], Answer]] = {
        "identity": _try_identity,
        "processes": _try_processes,
        "network": _try_network,
        "files": _try_files,
        "scratch": _try_scratch,
        "proc": _try_proc,
        "descriptors": lambda: _refused("use of a descriptor of the caller", lambda: os.fstat(foreign)),
        "rlimits": _try_rlimits,
        "capabilities": _try_capabilities,
        "landlock": lambda: (plan.landlock > 0, f"version {plan.landlock}" if plan.landlock else "not in this kernel"),
        "seccomp": _try_seccomp,
    }
    answers = {name: act() for name, act in acts.items()}
    os.write(writer, json.dumps(answers).encode())


def _refused(what: str, act: Callable[[], object]) -> Answer:
    """Do what must not work."""
    try:
        act()
    except OSError as error:
        return True, f"{what}: {errno.errorcode.get(error.errno or 0, 'refused')}"
    return False, f"{what} was possible"


def _try_identity() -> Answer:
    return os.getuid() != 0, f"uid {os.getuid()} inside"


def _try_processes() -> Answer:
    return os.getpid() == 1, f"pid {os.getpid()} of its namespace"


def _try_network() -> Answer:
    return _refused("an internet socket", lambda: socket.socket(socket.AF_INET).connect(("127.0.0.1", 9)))


def _try_files() -> Answer:
    holds, detail = _refused("reading /etc/passwd", lambda: open("/etc/passwd").close())
    # os.__file__ lies in the standard library, which must be visible and must not be writable
    written, more = _refused("writing the standard library", lambda: open(os.__file__, "a").close())
    return holds and written and os.path.exists(os.__file__), f"{detail}; {more}"


def _try_scratch() -> Answer:
    def fill() -> None:
        with open("/tmp/full", "wb", buffering=0) as file:
            for _ in range(_LIMITS.tmp_mb + 1):
                file.write(bytes(1 << 20))
        with open("/tmp/full", "rb") as file:
            if len(file.read()) <= _LIMITS.tmp_mb << 20:
                raise OSError(errno.ENOSPC, "cut short")

    return _refused(f"more than {_LIMITS.tmp_mb} MB in /tmp", fill)


def _try_proc() -> Answer:
    try:
        entries = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError as error:
        return False, str(error)
    return entries == ["1"], f"a /proc of its own shows {len(entries)} process(es)"


def _try_rlimits() -> Answer:
    return _refused(f"more than {_LIMITS.memory_mb} MB in one process", lambda: _map(_LIMITS.memory_mb + 64).close())


def _map(megabytes: int) -> mmap.mmap:
    """Map memory that is new for certain: malloc would first use up what the caller's heap has freed but kept."""
    return mmap.mmap(-1, megabytes << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def _try_capabilities() -> Answer:
    return _refused("a new host name", lambda: socket.sethostname("escaped"))


def _try_seccomp() -> Answer:
    """Make calls that would harm nobody, and name those that something other than a refusal came of."""
    passed = [
        f"{name} ({answer})" for name, arguments in _REFUSED_CALLS.items() if (answer := _answer_to(name, *arguments))
    ]
    if passed:
        return False, f"not refused: {', '.join(passed)}"
    return True, f"refused: {', '.join(_REFUSED_CALLS)}"


def _answer_to(name: str, *arguments: bytes | int) -> str:
    """What the kernel says to a call; empty where it is refused, as a filter does."""
    try:
        call(name, *arguments)
    except OSError as error:
        return "" if error.errno in {errno.EPERM, errno.ENOSYS} else errno.errorcode.get(error.errno or 0, "?")
    return "done"


def _probe_cgroup() -> Layer:
    hierarchy = cgroup.find()
    if hierarchy is None:
        return _missing("cgroup", "no writable cgroup with memory and pids; the watchdog bounds memory instead")
    try:
        group = cgroup.Cgroup(_LIMITS, hierarchy)
        try:
            kill(spawn(_LIMITS, [], lambda: None, group=group))
        finally:
            group.remove()
    except SandboxError as error:
        return _missing("cgroup", error.detail)
    return _layer("cgroup", True, f"version {hierarchy.version}, in {hierarchy.memory}")


def _probe_watchdog(plan: Plan) -> Layer:
    """Have a sandbox take 64 MB and look whether that is seen."""
    reader, writer = os.pipe()

    def take() -> None:
        taken = _map(64)
        taken.write(os.urandom(1 << 20) * 64)
        os.write(writer, b".")
        threading.Event().wait(20)

    try:
        pid = spawn(_LIMITS, [writer], take, plan=plan)
        os.close(writer)
        os.read(reader, 1)
        found = watchdog.resident_mb(pid)
        kill(pid)
    except SandboxError as error:
        return _missing("watchdog", error.detail)
    finally:
        os.close(reader)
    return _layer("watchdog", 60 <= found <= 200, f"a sandbox with 64 MB is measured at {found:.0f} MB")
