"""Changes inputs: as bytes, as text, or as the trees that msgpack bytes stand for."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgpack

#: Bytes of an input at most.
MOST = 4 << 20

_INTEGERS = (
    -1, 0, 1, 2, 3, 6, 7, 13, 16, 17, 18, 21, 63, 64, 65, 100, 127, 255, 4096, 65536, 300_000, 2**24, 2**31 - 1, 2**31,
    2**32, 2**53, 2**62, 2**63 - 1, -(2**63),
)  # fmt: skip
_NAMES = (
    "", "a", "ｘ", "é", "\0", "leaf", "graph", "own", "object", "global", "tensor", "builtins", "list", "float32",
    "bool", "complex128", "float8_e4m3fn", "uint16", "cpu", "cuda:0", "meta", "<f8", "<U9", "i4,i4", "(2)i4", "(,)i4",
    "O", "V8", "S0", "F", "gaps", "call", "get", "set", "next", "iter", "len", "truth", "backward", "train",
    "parameters", "MemoryError", "StopIteration", "ExceptionGroup", "UnicodeDecodeError", "KeyError", "ValueTooBig",
    "AcceleratorError", "torch.OutOfMemoryError", "numpy.exceptions.AxisError", "SystemExit", "x" * 300,
    "builtins.function", "torch.nn.modules.module.Module",
)  # fmt: skip
_TOKENS = (
    b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"sigmoid.py", b"../", b"/", b"\\",
    b"\xff\xff\xff\xff", b"\0\0\0\0", b'"', b"'", b"\\u0000", b"\\ud800", b"[", b"{", b"]", b"}", b",", b":", b"NaN",
    b"-Infinity", b'"cells":', b'"source":', b'"worksheets":', b"null", b"1e999", b"\n", b"\r", b"\\", b"#", b"coding:",
    b"utf-16", b"idna", b"gb2312", b"\xef\xbb\xbf", b"%%time", b"!", b"?", b"= %", b"'''", b"\\n", b"\x0c",
    b"\xdd\0\x3f\0\0",
)  # fmt: skip


def mutate(kind: str, data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """A changed input of at most MOST bytes. ``others``: what parts are borrowed from."""
    if kind == "trees" and chance.random() < 0.9:
        try:
            return _as_tree(data, others, chance)[:MOST]
        except (ValueError, TypeError, OverflowError, RecursionError, MemoryError):
            pass  # no msgpack, or nothing that it can write
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        chance.choice(_CHANGES)(changed, others, chance)
    return bytes(changed[:MOST])


# --- bytes


def _flip(data: bytearray, _: list[bytes], chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set(data: bytearray, _: list[bytes], chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice((0, 1, 0x2F, 0x7F, 0x80, 0xFF, chance.randrange(256)))


def _insert(data: bytearray, _: list[bytes], chance: random.Random) -> None:
    place = chance.randrange(len(data) + 1)
    data[place:place] = chance.choice(_TOKENS) if chance.random() < 0.7 else chance.randbytes(chance.randrange(1, 9))


def _cut(data: bytearray, _: list[bytes], chance: random.Random) -> None:
    start, end = _range(data, chance)
    del data[start:end]


def _repeat(data: bytearray, _: list[bytes], chance: random.Random) -> None:
    """What costs more than its length shows when there is much of it."""
    start, end = _range(data, chance)
    part = bytes(data[start : min(end, start + 64)])
    if len(data) < 1 << 17:
        data[start:start] = part * chance.choice((1, 2, 10, 1000))


def _borrow(data: bytearray, others: list[bytes], chance: random.Random) -> None:
    other = chance.choice(others)
    start, end = _range(other, chance)
    place = chance.randrange(len(data) + 1)
    data[place : place + chance.choice((0, end - start))] = other[start:end]


def _range(data: bytes | bytearray, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.choice((1, 4, 16, 64, 1024)))


_CHANGES: tuple[Callable[[bytearray, list[bytes], random.Random], None], ...] = (
    _flip, _set, _set, _insert, _insert, _cut, _repeat, _borrow,
)  # fmt: skip


# --- trees


def _as_tree(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    root = [_read(data)]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        places = list(_places(root))
        parent, index = chance.choice(places)
        old = parent[index]
        if isinstance(old, list) and chance.random() < 0.5:
            _change_list(old, chance)
        else:
            parent[index] = _new(old, places, others, chance)
    return msgpack.packb(root[0])


def _read(data: bytes) -> Any:
    return msgpack.unpackb(data, strict_map_key=False)


def _places(root: list[Any]) -> list[tuple[list[Any], int]]:
    found: list[tuple[list[Any], int]] = []
    waiting = [root]
    while waiting and len(found) < 5000:
        parent = waiting.pop()
        for index, child in enumerate(parent):
            found.append((parent, index))
            if isinstance(child, list):
                waiting.append(child)
    return found


def _change_list(items: list[Any], chance: random.Random) -> None:
    if not items:
        items.append(chance.choice((None, 0, [], "")))
        return
    index = chance.randrange(len(items))
    match chance.randrange(4):
        case 0:
            del items[index]
        case 1:
            items.insert(index, items[chance.randrange(len(items))])
        case 2:
            items[index:index] = [items[index]] * chance.choice((2, 70, 1000)) if len(items) < 2000 else []
        case _:
            chance.shuffle(items)


def _new(old: Any, places: list[tuple[list[Any], int]], others: list[bytes], chance: random.Random) -> Any:
    match chance.randrange(8):
        case 0 | 1:
            return chance.choice(_INTEGERS)
        case 2:
            return chance.choice(_NAMES)
        case 3:
            return chance.choice((None, True, False, [], b"", float("nan"), float("inf"), 1.5, {}, b"\0" * 8))
        case 4:
            return _nested(old, chance.choice((1, 2, 49, 60)))
        case 5:
            parent, index = chance.choice(places)
            return _read(msgpack.packb(parent[index]))
        case 6:
            parent, index = chance.choice(list(_places([_read(chance.choice(others))])))
            return parent[index]
        case _:
            return _near(old, chance)


def _near(old: Any, chance: random.Random) -> Any:
    """A neighbour of a value, of its own type."""
    if isinstance(old, bool | float):
        return -old
    if isinstance(old, int):
        return max(-(2**63), min(2**63 - 1, old + chance.choice((-1, 1, 2, 64))))
    if isinstance(old, str):
        place = chance.randrange(len(old) + 1)
        return old[:place] + chance.choice(("", "(", ",", "1", "_", ".", "\0", "ｘ", "x" * 100)) + old[place + 1 :]
    if isinstance(old, bytes):
        changed = bytearray(old)
        chance.choice(_CHANGES[:6])(changed, [], chance)
        return bytes(changed)
    return [old]


def _nested(value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = [0, [value]]  # the tag of a list
    return value
