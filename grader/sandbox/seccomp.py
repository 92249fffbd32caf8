"""The system call filter: what Python, torch, numpy, threads and fork need is allowed, everything else is refused.

A refused call fails with EPERM, or ENOSYS where libc then falls back on an older one, and does nothing. A call in the
convention of another architecture, whose numbers mean other calls, ends the process with SIGSYS.

The filter is a classic BPF program over `struct seccomp_data` { int nr; u32 arch; u64 ip; u64 args[6]; }. It is made
once, before any fork, and loaded as the last act of isolation.
"""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Iterable
from dataclasses import dataclass

from grader.sandbox import bpf, syscalls
from grader.sandbox.bpf import ALLOW, KILL_PROCESS, Check, refuse
from grader.sandbox.kernel import call

_SET_MODE_FILTER, _FLAG_TSYNC = 1, 1

#: what candidates call while every exercise is graded (`python -m benchmarks.syscalls`), without those of `CHECKED`
MEASURED = frozenset(
    """
brk chdir close dup2 fcntl futex getdents64 getsockname getsockopt lseek madvise mkdir munmap newfstatat openat poll
read recvfrom recvmsg sendto write
""".split()
)


@dataclass(frozen=True)
class Group:
    """Calls that no exercise needs today, and why a submission may make them all the same."""

    why: str
    calls: frozenset[str]


def _group(why: str, calls: str) -> Group:
    return Group(why, frozenset(calls.split()))


#: a call is either measured or here, once
GROUPS = (
    _group(
        "io, shutil, numpy.memmap and sqlite3 read and write files in parts; fcntl and sqlite3 lock them",
        """
readv writev pread64 pwrite64 preadv pwritev pwritev2 flock fsync fdatasync fallocate truncate
ftruncate sendfile copy_file_range
""",
    ),
    _group(
        "os, pathlib, tempfile, shutil and sqlite3 look at files and folders in scratch, make, rename and remove them",
        """
stat fstat lstat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getcwd fchdir rename renameat
renameat2 rmdir unlink unlinkat link linkat symlink symlinkat chmod fchmod fchmodat umask utime utimes
utimensat futimesat getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr
""",
    ),
    _group(
        "other versions of libc, and aarch64, ask otherwise for what the measured calls do",
        "open creat getdents dup dup3 close_range mkdirat ppoll",
    ),
    _group(
        "multiprocessing, asyncio, selectors and ZeroMQ wait for pipes, sockets and clocks",
        """
pipe pipe2 select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd
eventfd2 timerfd_create timerfd_settime timerfd_gettime
""",
    ),
    _group(
        "memory: malloc's mprotect for each thread's arena, mremap of large tensors and lists, msync of numpy.memmap",
        "mprotect mremap msync",
    ),
    _group(
        "libc registers each thread and fork; OpenMP, MKL and oneDNN ask on which processors and nodes they run",
        """
set_robust_list set_tid_address rseq sched_yield sched_getaffinity sched_setaffinity sched_getparam
sched_getscheduler sched_get_priority_max sched_get_priority_min getcpu get_mempolicy
""",
    ),
    _group(
        "os.fork and multiprocessing start, await and end processes of the sandbox, whose number rlimits bound",
        """
fork vfork exit exit_group wait4 waitid kill tgkill tkill setpgid setsid getpid getppid gettid getpgrp getpgid getsid
""",
    ),
    _group(
        "os, getpass and platform ask who and where the process is, and resource what it uses and may use",
        """
getuid geteuid getgid getegid getresuid getresgid getgroups getpriority getrlimit getrusage times sysinfo uname
""",
    ),
    _group(
        "random, secrets, hashing and torch.seed draw from the kernel",
        "getrandom",
    ),
    _group(
        "Python, faulthandler and threading handle signals; what a signal interrupted goes on",
        """
rt_sigaction rt_sigprocmask rt_sigpending rt_sigreturn rt_sigtimedwait sigaltstack pause
restart_syscall
""",
    ),
    _group(
        "time, timeit and signal sleep, set alarms, and read clocks where the vDSO leaves it to the kernel",
        """
alarm getitimer setitimer nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time
""",
    ),
    _group(
        "nothing known in Python, torch or numpy; libcap, libuv, liburcu and glibc's resolver may be loaded",
        "capget membarrier recvmmsg rt_sigsuspend sendmmsg signalfd4",
    ),
    _group(
        "multiprocessing's pools and managers talk over sockets; of AF_UNIX alone: see `socket` below",
        "bind connect listen accept accept4 getpeername sendmsg shutdown",
    ),
)
ALLOWED = MEASURED.union(*(group.calls for group in GROUPS))

#: allowed with some arguments only, which `_checks` gives, and why
CHECKED = {
    "clone": "threads and fork; no new namespaces",
    "mmap": "measured; what escapes the limits on memory is refused",
    "ioctl": "measured: whether a stream is a terminal",
    "prctl": "names of threads and of memory; nothing that hides or outlives",
    "preadv2": "os.preadv; not to ask whether a page of a file is in memory, which tells what others have read",
    "arch_prctl": "oneDNN's tile registers",
    "prlimit64": "resource.getrlimit and the size of a thread's stack; its own limits, to be read alone",
    "sched_setscheduler": "ZeroMQ's threads ask for the ordinary policy",
    "socket": "of AF_UNIX, for multiprocessing and asyncio",
    "socketpair": "of AF_UNIX, for multiprocessing and asyncio",
    "setsockopt": "multiprocessing's and asyncio's sockets; no programs attached to one",
}

#: for these, and for every call newer than our table, libc and Python fall back on older ones when told ENOSYS
_ABSENT = ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register", "openat2")

#: TCGETS, TIOCGWINSZ (is it a terminal, how wide), FIONREAD, FIONBIO, FIONCLEX, FIOCLEX. TIOCSTI and TIOCLINUX, which
#: type into the operator's terminal, are thus out. Those of a GPU's nodes are in ``gpu``, for candidates with one.
IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
#: PDEATHSIG and DUMPABLE may be read only (3, 2): a candidate must not outlive its parent nor hide from the watchdog.
#: 15, 16 name; 23, 27, 39 capabilities and no_new_privs read; 29, 30 timer slack; 41, 42 huge pages; then names of maps
_PRCTLS = (2, 3, 15, 16, 23, 27, 29, 30, 39, 41, 42, 0x53564D41)
#: oneDNN asks with these for the tile registers (AMX) that newer Xeons have
_ARCH_PRCTLS = (0x1021, 0x1022, 0x1023)
_AF_UNIX, _SOL_SOCKET = 1, 1
_SCHED_OTHER = 0
#: REUSEADDR, SNDBUF, RCVBUF, KEEPALIVE, PASSCRED, RCVTIMEO, SNDTIMEO; not ATTACH_FILTER and ATTACH_BPF
_SOCKET_OPTIONS = (2, 7, 8, 9, 16, 20, 21)
#: CLONE_NEWTIME shares its bit with the exit signal of clone(2), which therefore cannot ask for it
_CLONE_NEW = 0x0002_0000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000
#: MAP_SHARED with MAP_ANONYMOUS; MAP_HUGETLB; MAP_GROWSDOWN, which counts as stack and not as data
_SHARED_ANONYMOUS, _HUGE_PAGES, _GROWS_DOWN = 0x21, 0x4_0000, 0x100
#: RWF_NOWAIT, RWF_DONTCACHE: with them, and with fadvise64, files that sandboxes share would carry bits from one to the
#: next, read and cleared at will
_PAGE_CACHE = 0x08 | 0x80
_X32 = 0x4000_0000


def _checks(commands: Commands | None) -> dict[str, list[Check]]:
    """Give the calls that are allowed with some arguments only; ``commands`` are those of a device."""
    denied = errno.EPERM
    found = {
        "clone": [Check(0, "any bit", (_CLONE_NEW,), denied)],
        # these kinds of memory escape RLIMIT_DATA, and the first two the watchdog
        "mmap": [
            Check(3, "all bits", (_SHARED_ANONYMOUS,), denied),
            Check(3, "any bit", (_HUGE_PAGES | _GROWS_DOWN,), errno.ENOMEM),
        ],
        "ioctl": [Check(1, "not one of", IOCTLS, errno.ENOTTY)],
        "prctl": [Check(0, "not one of", _PRCTLS, denied)],
        "preadv2": [Check(5, "any bit", (_PAGE_CACHE,), errno.EOPNOTSUPP)],
        "arch_prctl": [Check(0, "not one of", _ARCH_PRCTLS, errno.EINVAL)],
        # its own limits, and only to read them: a raised RLIMIT_CORE would call the host's crash handler
        "prlimit64": [Check(0, "not one of", (0,), denied), Check(2, "not zero", (), denied)],
        # the ordinary policy, as ZeroMQ asks for in each of its threads; none that is preferred to others
        "sched_setscheduler": [Check(1, "not one of", (_SCHED_OTHER,), denied)],
        "socket": [Check(0, "not one of", (_AF_UNIX,), errno.EPERM)],
        "socketpair": [Check(0, "not one of", (_AF_UNIX,), errno.EPERM)],
        "setsockopt": [Check(1, "not one of", (_SOL_SOCKET,), denied), Check(2, "not one of", _SOCKET_OPTIONS, denied)],
    }
    if commands is not None:
        alike = (commands.mask, commands.alike)
        found["ioctl"] = [Check(1, "not one of", (*IOCTLS, *commands.exact), errno.ENOTTY, alike)]
        # What CUDA shares with the device it maps so; the watchdog counts it (``watchdog``).
        found["mmap"] = [check for check in found["mmap"] if check.values != (_SHARED_ANONYMOUS,)]
    return found


@dataclass(frozen=True)
class Commands:
    """What may be asked of a device's nodes by ``ioctl``."""

    #: whole commands
    exact: tuple[int, ...] = ()
    #: commands of which only some bits tell what they do: the rest is the size of their argument
    alike: tuple[int, ...] = ()
    mask: int = 0


@dataclass(frozen=True)
class Filter:
    """A finished program, kept in memory that the kernel can read it from."""

    program: bytes

    def load(self) -> None:
        """Put every thread of this process under the filter, for good; no_new_privs must be set."""
        buffer = ctypes.create_string_buffer(self.program, len(self.program))
        # struct sock_fprog { unsigned short len; struct sock_filter *filter; }, padded to 16 bytes
        size = (len(self.program) // 8).to_bytes(8, "little")
        program = size + ctypes.addressof(buffer).to_bytes(8, "little")
        result = call("seccomp", _SET_MODE_FILTER, _FLAG_TSYNC, program)
        if result != 0:
            raise OSError(errno.EBUSY, f"seccomp: thread {result} could not be put under the filter")


def compile_filter(architecture: str, absent: Iterable[str] = _ABSENT, commands: Commands | None = None) -> Filter:
    """Write the filter for one architecture, with or without a device."""
    numbers = syscalls.numbers(architecture)
    program = bpf.require_architecture(syscalls.ARCHITECTURES[architecture], KILL_PROCESS)
    program += bpf.load_number()
    if architecture == "x86_64":
        program += bpf.at_least(_X32, refuse(errno.EPERM))
    for name, checks in _checks(commands).items():
        if name in numbers:
            program += bpf.checked(numbers[name], checks)
    for name in sorted(ALLOWED & numbers.keys()):
        program += bpf.equal(numbers[name], ALLOW)
    for name in absent:
        program += bpf.equal(numbers[name], refuse(errno.ENOSYS))
    program += bpf.at_least(numbers["clone3"], refuse(errno.ENOSYS))
    program += bpf.give(refuse(errno.EPERM))
    return Filter(b"".join(program))
