"""Resource limits of each process in the sandbox; what all of them use together is for the cgroup or the watchdog."""

import os
import sys

from grader.sandbox.limits import Limits

if sys.platform == "linux":
    import resource

_MB = 1 << 20
#: what libc reserves for a thread's stack, which counts as data whether it is used or not
_STACK = 8 * _MB
#: libc reserves 64 MB of addresses per thread, which cost nothing. A bound there must be: every 2 MB of addresses that
#: are merely read cost a page table of 4 kB. CUDA reserves terabytes: with a GPU this limit goes, and page tables are
#: left to the cgroup or the watchdog, which count them.
_RESERVED = 16 << 30


def apply(limits: Limits) -> None:
    """Set the limits for good; the caller is in its own user namespace already, so that NPROC counts only itself."""
    for kind, value in _values(limits).items():
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(kind, (value, value))


def _values(limits: Limits) -> dict[int, int]:
    size, data = _now()
    values = {
        resource.RLIMIT_DATA: data + limits.memory_mb * _MB + (limits.threads - 1) * _STACK,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_NOFILE: limits.files,
        resource.RLIMIT_FSIZE: limits.file_mb * _MB,
        # 1, not 0: with 0 a core_pattern that names a program still gets the dump; 1 is how the kernel says "never"
        resource.RLIMIT_CORE: 1,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 1024,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_RTPRIO: 0,
    }
    if not limits.reserves:
        values[resource.RLIMIT_AS] = size + 4 * limits.memory_mb * _MB + _RESERVED
    if limits.cpu_seconds is not None:
        values[resource.RLIMIT_CPU] = limits.cpu_seconds
    return values


def _now() -> tuple[int, int]:
    """Measure the address space and, in it, the private writable memory; most of both is the warm parent's."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        fields = statm.read().split()
    page = os.sysconf("SC_PAGE_SIZE")
    return int(fields[0]) * page, int(fields[5]) * page
