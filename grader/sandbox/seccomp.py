"""The system call filter: what Python, torch, numpy, threads and fork need is allowed, everything else is refused.

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

_FILES = """
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close close_range dup dup2 dup3 fcntl
flock pipe pipe2 poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
eventfd eventfd2 timerfd_create timerfd_settime timerfd_gettime signalfd4 open openat creat stat fstat lstat newfstatat
statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getdents getdents64 getcwd chdir fchdir rename
renameat renameat2 mkdir mkdirat rmdir unlink unlinkat link linkat symlink symlinkat truncate ftruncate fallocate fsync
fdatasync fadvise64 chmod fchmod fchmodat umask utime utimes utimensat futimesat sendfile copy_file_range getxattr
lgetxattr fgetxattr listxattr llistxattr flistxattr
"""
_MEMORY_AND_THREADS = """
munmap mprotect mremap brk madvise msync membarrier futex set_robust_list set_tid_address rseq sched_yield
sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
getcpu get_mempolicy
"""
_PROCESSES = """
fork vfork exit exit_group wait4 waitid getpid getppid gettid getpgrp getpgid setpgid getsid setsid getuid geteuid
getgid getegid getresuid getresgid getgroups capget getpriority getrlimit getrusage times sysinfo uname getrandom
rt_sigaction rt_sigprocmask rt_sigpending rt_sigreturn rt_sigsuspend rt_sigtimedwait sigaltstack pause restart_syscall
kill tgkill tkill alarm getitimer setitimer nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time
"""
#: of AF_UNIX sockets only: see `socket` below
_SOCKETS = """
bind connect listen accept accept4 getsockname getpeername getsockopt sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg
shutdown
"""
ALLOWED = frozenset(f"{_FILES} {_MEMORY_AND_THREADS} {_PROCESSES} {_SOCKETS}".split())

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
