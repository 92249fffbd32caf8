"""Landlock: a second guard of the file system and of TCP that does not depend on the namespaces.

Everything in the new root may be read, nothing may be executed, and only the scratch folders may be written.
"""

import ctypes
import errno
import os
from collections.abc import Iterable

from grader.sandbox.kernel import call

_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_WRITE_FILE, _TRUNCATE, _REFER = 1 << 1, 1 << 14, 1 << 13
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG, _MAKE_SOCK, _MAKE_FIFO, _MAKE_SYM = 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 12
_READ = _READ_FILE | _READ_DIR
_IOCTL_DEVICE = 1 << 15
_SCRATCH = (
    _READ | _WRITE_FILE | _TRUNCATE | _REFER | _REMOVE_DIR | _REMOVE_FILE
    | _MAKE_DIR | _MAKE_REG | _MAKE_SOCK | _MAKE_FIFO | _MAKE_SYM
)  # fmt: skip
#: version of Landlock -> how many file system rights it knows; later versions know as many as the last one here
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_TCP_BIND_AND_CONNECT, _SCOPE_SOCKETS_AND_SIGNALS = 0b11, 0b11


def version() -> int:
    """Ask the kernel which version of Landlock it has; 0 for none."""
    try:
        return call("landlock_create_ruleset", None, 0, _VERSION_FLAG)
    except OSError as error:
        # ENOSYS: not built in; EOPNOTSUPP: switched off at boot; EPERM: a container's own filter
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def apply(abi: int, devices: Iterable[str] = ()) -> None:
    """Confine this process with everything that version `abi` has; the new root must be in place.

    To these devices it may speak; to all others, where the version knows of it (5), it may not.
    """
    handled = (1 << _FILE_RIGHTS[min(abi, 5)]) - 1
    network = _TCP_BIND_AND_CONNECT if abi >= 4 else 0
    scoped = _SCOPE_SOCKETS_AND_SIGNALS if abi >= 6 else 0
    # struct landlock_ruleset_attr grew with the versions: an older kernel takes a longer one if the rest is zero
    attributes = (ctypes.c_uint64 * 3)(handled, network, scoped)
    ruleset = call("landlock_create_ruleset", ctypes.byref(attributes), ctypes.sizeof(attributes), 0)
    _allow(ruleset, "/", _READ & handled)
    _allow(ruleset, "/tmp", _SCRATCH & handled)
    _allow(ruleset, "/dev/shm", _SCRATCH & handled)
    for device in ("/dev/null", "/dev/full"):
        if os.path.exists(device):
            _allow(ruleset, device, (_READ_FILE | _WRITE_FILE | _TRUNCATE) & handled)
    for device in devices:
        _allow(ruleset, device, (_READ_FILE | _WRITE_FILE | _IOCTL_DEVICE) & handled)
    call("landlock_restrict_self", ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    # struct landlock_path_beneath_attr is packed: 8 bytes of rights, 4 of descriptor
    rule = rights.to_bytes(8, "little") + descriptor.to_bytes(4, "little")
    call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, rule, 0)
    os.close(descriptor)
