"""Classic BPF by hand: the few instructions that a system call filter is made of.

An instruction is `struct sock_filter { u16 code; u8 jt; u8 jf; u32 k; }`; jumps count the instructions to skip.
"""

import struct
from collections.abc import Sequence
from typing import Literal, NamedTuple

ALLOW, KILL_PROCESS, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000

_LOAD, _RETURN = 0x20, 0x06
_EQUAL, _AT_LEAST, _ANY_BIT, _AND = 0x15, 0x35, 0x45, 0x54
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

Instructions = list[bytes]


class Check(NamedTuple):
    """When a call is refused for one of its arguments, and with which error.

    "not one of" lets pass, besides its values, whatever is one of ``alike`` under the mask that comes with them.

    All but "not zero" look at the lower 32 bits: they are for arguments that the kernel itself takes as 32 bits, or
    whose upper bits mean nothing.
    """

    argument: int
    when: Literal["any bit", "all bits", "not one of", "not zero"]
    values: Sequence[int]
    error: int
    alike: tuple[int, Sequence[int]] = (0, ())


def refuse(error: int) -> int:
    """Give the return value that makes a call fail with this error."""
    return _ERRNO | error


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def give(result: int) -> Instructions:
    """End with this result."""
    return [_step(_RETURN, result)]


def require_architecture(audit: int, otherwise: int) -> Instructions:
    """End with `otherwise` for a call in another architecture's convention (32 bits on a 64-bit machine)."""
    return [_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, audit, 1, 0), *give(otherwise)]


def load_number() -> Instructions:
    """Put the number of the call where comparisons look."""
    return [_step(_LOAD, _NUMBER)]


def equal(number: int, result: int) -> Instructions:
    """End with `result` for one number."""
    return [_step(_EQUAL, number, 0, 1), *give(result)]


def at_least(number: int, result: int) -> Instructions:
    """End with `result` from one number on."""
    return [_step(_AT_LEAST, number, 0, 1), *give(result)]


def checked(number: int, checks: Sequence[Check]) -> Instructions:
    """Allow one call unless one of the checks refuses it."""
    body = [step for check in checks for step in _refusal(check)] + give(ALLOW)
    return [_step(_EQUAL, number, 0, len(body)), *body]


def _refusal(check: Check) -> Instructions:
    low = _ARGUMENTS + 8 * check.argument
    load, refusal = _step(_LOAD, low), _step(_RETURN, refuse(check.error))
    if check.when == "any bit":
        return [load, _step(_ANY_BIT, check.values[0], 0, 1), refusal]
    if check.when == "all bits":
        return [load, _step(_AND, check.values[0]), _step(_EQUAL, check.values[0], 0, 1), refusal]
    if check.when == "not zero":
        high = _step(_LOAD, low + 4)
        return [load, _step(_EQUAL, 0, 0, 2), high, _step(_EQUAL, 0, 1, 0), refusal]
    mask, alike = check.alike
    masking = [_step(_AND, mask)] if alike else []
    # each match jumps over the remaining comparisons, the masking among them, and the refusal
    total = len(check.values) + len(masking) + len(alike)
    whole = [_step(_EQUAL, value, total - index, 0) for index, value in enumerate(check.values)]
    parts = [_step(_EQUAL, value, len(alike) - index, 0) for index, value in enumerate(alike)]
    return [load, *whole, *masking, *parts, refusal]
