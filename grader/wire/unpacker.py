"""Reads trees (values.py) as values: the side that receives.

The unpacker trusts nothing: kinds, sizes, depth and counts are checked before memory is taken, and what is hashed is
looked at first, so that no answer costs more time than its size allows.
"""

from __future__ import annotations

import math
from collections import Counter, namedtuple
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from grader.wire import tag
from grader.wire.blob import Blob
from grader.wire.values import ATOMS, DTYPES, Bounds, MalformedValue, Slot, Tree, ValueTooBig

#: What reading a tree that nobody would write raises, in Python, numpy and torch.
_SENSELESS = (TypeError, ValueError, LookupError, OverflowError, AttributeError, RuntimeError, SyntaxError)
#: Different values with one hash that a set or dict may hold: each is compared with all the others.
_COLLISIONS = 64
#: Whether this process has started CUDA; if not, what comes from a GPU is kept where it computes.
_uses_cuda: Callable[[], bool] = torch.cuda.is_initialized

#: Kinds of named tuples in one frame: each makes a class.
_NAMED_TUPLES = 100


@dataclass
class Unpacker:
    """Reads the trees of one frame. ``reference`` resolves what is not plain data."""

    reference: Callable[[Tree], Any]
    blob: Blob | None = None
    bounds: Bounds = field(default_factory=Bounds)
    #: what slot numbers of the other side's packer mean: the arguments that were sent
    sent: list[Any] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    #: for an answer: the tensors of ours that its results may depend on; None for a request
    inputs: list[tuple[torch.Tensor, Tree]] | None = None
    _named: dict[tuple[str, ...], Any] = field(default_factory=dict)
    _parts: int = 0
    _bytes: int = 0
    _depth: int = 0

    def unpack(self, tree: Tree) -> Any:
        """The value of a tree. Raises ValueTooBig and MalformedValue."""
        self._parts += 1
        if self._parts > self.bounds.parts:
            raise ValueTooBig(f"more than {self.bounds.parts:,} parts")
        if type(tree) in ATOMS:
            return tree
        if type(tree) is not list or not tree or type(tree[0]) is not int:
            raise MalformedValue(f"a {type(tree).__name__} without a tag")
        reader = _READERS.get(tree[0])
        if reader is None:
            raise MalformedValue(f"unknown tag {tree[0]}")
        self._depth += 1
        if self._depth > self.bounds.depth:
            raise ValueTooBig(f"nested more than {self.bounds.depth} levels deep")
        try:
            with refusing(f"tag {tree[0]}"):
                return reader(self, *tree[1:])
        finally:
            self._depth -= 1

    def items(self, trees: list[Tree]) -> list[Any]:
        """The values of many trees."""
        if type(trees) is not list:
            raise MalformedValue("items that are not a list")
        return [self.unpack(tree) for tree in trees]

    def pairs(self, trees: list[Tree]) -> list[tuple[Any, Any]]:
        """The keys and values of a dict, in the order in which they were packed."""
        found = [(self.unpack(key), self.unpack(item)) for key, item in trees]
        _check_hashes(key for key, _ in found)
        return found

    def named(self, name: str, fields: list[str]) -> Any:
        """The class of a named tuple: the same one for the same names."""
        if len(fields) > 100 or not all(type(field) is str and len(field) < 100 for field in [name, *fields]):
            raise MalformedValue("a named tuple with odd names")
        key = (name, *fields)
        if key not in self._named:
            if len(self._named) == _NAMED_TUPLES:
                raise ValueTooBig(f"more than {_NAMED_TUPLES} kinds of named tuples")
            self._named[key] = namedtuple(name, fields)
        return self._named[key]

    def count(self, nbytes: int) -> None:
        """Account for memory that is about to be taken. Raises ValueTooBig."""
        self._bytes += nbytes
        if self._bytes > self.bounds.bytes:
            raise ValueTooBig(f"more than {self.bounds.bytes >> 20} MiB")

    def buffer(self, source: Tree, nbytes: int) -> torch.Tensor:
        """``nbytes`` writable bytes as a uint8 tensor of our own."""
        self.count(nbytes)
        if type(source) is bytes:
            if len(source) != nbytes:
                raise MalformedValue(f"{len(source)} bytes where {nbytes} belong")
            return torch.frombuffer(bytearray(source or b"\0"), dtype=torch.uint8)[:nbytes]
        if self.blob is None or type(source) is not int:
            raise MalformedValue("an offset without a blob")
        return self.blob.read(source, nbytes)


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Take for malformed what makes no sense where it is used. Raises MalformedValue and MemoryError."""
    try:
        yield
    except _SENSELESS as error:
        if "allocate memory" in str(error):  # torch has no exception of its own for it
            raise MemoryError(str(error)) from error
        raise MalformedValue(f"{what}: {error}") from error


def _check_hashes(values: Iterable[Any]) -> list[Any]:
    """Refuse values made to have one hash: a set of n of them costs n² comparisons."""
    found = list(values)
    if len(found) > _COLLISIONS and max(Counter(map(hash, found)).values()) > _COLLISIONS:
        raise MalformedValue("values that all have one hash")
    return found


def _read_bytes(unpacker: Unpacker, source: Tree, nbytes: int) -> bytes:
    if type(nbytes) is not int or nbytes < 0:
        raise MalformedValue(f"{nbytes!r:.20} bytes")
    return unpacker.buffer(source, nbytes).numpy().tobytes()


def _read_list(unpacker: Unpacker, trees: list[Tree]) -> list[Any]:
    value: list[Any] = []
    slot = Slot(value, None)
    unpacker.slots.append(slot)
    value.extend(unpacker.items(trees))
    slot.original = list(value)
    return value


def _read_dict(unpacker: Unpacker, pairs: list[Tree]) -> dict[Any, Any]:
    value: dict[Any, Any] = {}
    slot = Slot(value, None)
    unpacker.slots.append(slot)
    value.update(unpacker.pairs(pairs))
    slot.original = dict(value)
    return value


def _read_tensor(
    unpacker: Unpacker, _slot: int, name: str, shape: list[int], strides: list[int] | None, *rest: Tree
) -> torch.Tensor:
    device, role, source, extra = rest
    slot = Slot(None, source)
    unpacker.slots.append(slot)
    dtype = DTYPES[name]
    flat = unpacker.buffer(source, _volume(shape) * dtype.itemsize)
    value = (flat.view(dtype) if flat.numel() else torch.empty(0, dtype=dtype)).reshape(shape)
    if strides is not None:
        value = _spread(value, strides, unpacker)
    if device.startswith("cuda") and _uses_cuda():
        value = value.to(device)
    slot.value = value
    if role:
        # A reference to anything else would be called in its place.
        if type(extra) is not list or not extra or extra[0] != "tensor":
            raise MalformedValue("a tensor of the other side without its number")
        value = slot.value = unpacker.reference(extra)(value, role, unpacker.inputs)
        slot.is_shared = role == "leaf"
    return value


def _volume(shape: list[int]) -> int:
    if type(shape) is not list or len(shape) > 64 or any(type(size) is not int or size < 0 for size in shape):
        raise MalformedValue(f"shape {shape!r:.80}")
    return math.prod(shape)


def _spread(value: torch.Tensor, strides: list[int], unpacker: Unpacker) -> torch.Tensor:
    """Lay a contiguous tensor out with the given strides; memory between its elements is zero."""
    if len(strides) != value.dim() or any(type(stride) is not int or stride < 0 for stride in strides):
        raise MalformedValue(f"strides {strides!r:.80}")
    extent = 1 + sum((size - 1) * stride for size, stride in zip(value.shape, strides, strict=True) if size)
    size = extent * value.element_size()
    if size > 64 * value.numel() * value.element_size() + 4096:
        return value  # a view far into a large tensor: its values matter, its layout does not
    unpacker.count(size)
    base = torch.zeros(extent if value.numel() else 0, dtype=value.dtype)
    spread = base.as_strided(value.shape, strides)
    target = spread
    for dim, (size, stride) in enumerate(zip(value.shape, strides, strict=True)):
        if stride == 0 and size > 1:  # expanded: all copies share memory, and copy_ refuses to write them twice
            target, value = target.narrow(dim, 0, 1), value.narrow(dim, 0, 1)
    target.copy_(value)
    return spread


def _read_array(
    unpacker: Unpacker, _slot: int, dtype: str, shape: list[int], layout: str, source: Tree
) -> np.ndarray[Any, Any]:
    slot = Slot(None, source)
    unpacker.slots.append(slot)
    kind = _numpy_dtype(dtype)
    raw = unpacker.buffer(source, _volume(shape) * kind.itemsize).numpy()
    value = raw.view(kind).reshape(shape) if raw.size else np.zeros(shape, kind)
    if layout == "F":
        value = np.asfortranarray(value)
    elif layout == "gaps" and value.ndim:
        base = np.zeros((*value.shape[:-1], 2 * value.shape[-1]), kind)
        base[..., ::2] = value
        value = base[..., ::2]
    slot.value = value
    return value


def _numpy_dtype(name: str) -> np.dtype[Any]:
    if type(name) is not str or len(name) > 12:
        raise MalformedValue("not the name of an array type")
    dtype = np.dtype(name)
    if dtype.kind not in "biufcUS" or not 0 < dtype.itemsize <= 4096:
        raise MalformedValue(f"array type {name}")
    return dtype


def _read_named(unpacker: Unpacker, name: str, fields: list[str], trees: list[Tree]) -> Any:
    items = unpacker.items(trees)
    if any(callable(item) for item in items):
        return tuple(items)  # a field called allclose that is a function would judge in a tensor's place
    return unpacker.named(name, fields)(*items)


def _read_slot(unpacker: Unpacker, number: int) -> Any:
    if type(number) is not int or not 0 <= number < len(unpacker.sent):
        raise MalformedValue(f"slot {number!r:.20} was never sent")
    return unpacker.sent[number]


def _read_dtype(unpacker: Unpacker, name: str) -> torch.dtype:
    found = getattr(torch, name) if name in DTYPES or name.startswith(("float8", "uint")) else None
    if not isinstance(found, torch.dtype):
        raise MalformedValue(f"tensor type {name!r:.40}")
    return found


def _read_integer(unpacker: Unpacker, data: bytes) -> int:
    if len(data) > 4096:
        raise ValueTooBig("an integer of more than 4,096 bytes")
    return int.from_bytes(data, "little", signed=True)


_READERS: dict[int, Callable[..., Any]] = {
    tag.LIST: _read_list,
    tag.TUPLE: lambda unpacker, trees: tuple(unpacker.items(trees)),
    tag.DICT: _read_dict,
    tag.SET: lambda unpacker, trees: set(_check_hashes(unpacker.items(trees))),
    tag.FROZENSET: lambda unpacker, trees: frozenset(_check_hashes(unpacker.items(trees))),
    tag.SLICE: lambda unpacker, *trees: slice(*unpacker.items(list(trees))),
    tag.TENSOR: _read_tensor,
    tag.ARRAY: _read_array,
    tag.COMPLEX: lambda _, real, imag: complex(float(real), float(imag)),
    tag.BIG_INT: _read_integer,
    tag.ELLIPSIS: lambda _: ...,
    tag.RANGE: lambda unpacker, *trees: range(*unpacker.items(list(trees))),
    tag.SCALAR: lambda _, dtype, data: np.frombuffer(data, _numpy_dtype(dtype), 1)[0],
    tag.DTYPE: _read_dtype,
    tag.DEVICE: lambda _, name: torch.device(name),
    tag.SIZE: lambda unpacker, trees: torch.Size(unpacker.items(trees)),
    tag.NAMED: _read_named,
    tag.SLOT: _read_slot,
    tag.REFERENCE: lambda unpacker, tree: unpacker.reference(tree),
    tag.BYTEARRAY: lambda unpacker, *source: bytearray(_read_bytes(unpacker, *source)),
    tag.BYTES: _read_bytes,
    tag.TEXT: lambda unpacker, *source: _read_bytes(unpacker, *source).decode(),
}
