"""Who the candidate is: never the host's root, without capabilities, without a way to get any."""

import ctypes
import os

from grader.sandbox.kernel import call, prctl

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 4, 24
_PR_SET_SECUREBITS, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 28, 36, 38, 47
_AMBIENT_CLEAR_ALL = 4
#: NOROOT, NO_SETUID_FIXUP, KEEP_CAPS off, NO_CAP_AMBIENT_RAISE, each with its lock
_SECUREBITS = 0b11101111
_CAPABILITY_VERSION_3 = 0x20080522
_SIGKILL = 9


def drop_root(uid: int) -> None:
    """Become `uid` where this is root, so that a hole in the namespaces leads to nobody."""
    if os.geteuid() != 0:
        return
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # changing the uid made /proc/self root's, and uid_map could not be written
    prctl(_PR_SET_DUMPABLE, 1)


def drop_capabilities(last: int) -> None:
    """Give up every capability in every set, and the right to regain one."""
    prctl(_PR_SET_SECUREBITS, _SECUREBITS)
    for capability in range(last + 1):
        prctl(_PR_CAPBSET_DROP, capability)
    prctl(_PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    call("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def refuse_new() -> None:
    """Set no_new_privs, without which neither Landlock nor seccomp may be used."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def last_capability() -> int:
    """Read the highest capability that this kernel knows."""
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        return int(file.read())


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends; credentials must not change afterwards."""
    prctl(_PR_SET_PDEATHSIG, _SIGKILL)


def adopt_orphans() -> None:
    """Make this process the parent of what its children leave behind."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
