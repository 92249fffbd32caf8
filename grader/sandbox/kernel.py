"""Raw system calls through ctypes: the few that Python's `os` has no function for."""

import ctypes
import os
from functools import cache
from typing import Any

from grader.sandbox import syscalls

AT_FDCWD = -100


@cache
def _libc() -> ctypes.CDLL:
    # not at import: Windows must be able to import the package
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


@cache
def _numbers() -> dict[str, int]:
    return syscalls.numbers(syscalls.machine())


def prepare() -> None:
    """Load what calls need, so that it is paid for before the fork."""
    _libc()
    _numbers()


def call(name: str, *arguments: Any) -> int:
    """Make a system call and give its result; integers go as longs, bytes as strings, ctypes objects as they are."""
    # syscall(2) is variadic: an int would go as 32 bits, with rubbish in the upper half of the register
    passed = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = int(_libc().syscall(ctypes.c_long(_numbers()[name]), *passed))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def prctl(option: int, *arguments: int) -> int:
    """Call prctl with the missing arguments zero, as newer options insist on."""
    padded = (*arguments, 0, 0, 0, 0)[:4]
    return call("prctl", option, *padded)
