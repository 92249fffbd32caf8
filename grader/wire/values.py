"""Turns values into plain trees for the wire and back: numbers, strings, containers, tensors, arrays.

A tree holds what msgpack knows (None, bool, int, float, str, bytes, list); everything else is a list whose first
element is a tag. Buffers of a mebibyte and more lie in the frame's blob and the tree holds their offset. Whatever is
not plain data goes to the ``reference`` function of the packer and comes back through that of the unpacker.

Both sides number the mutable things of a value (lists, dicts, tensors, arrays) in order of appearance: its slots. A
callee reports changes of its arguments by slot, and a result that *is* an argument travels as the slot's number.

The unpacker trusts nothing: kinds, sizes, depth and counts are checked before memory is taken.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from grader.wire.blob import Blob

#: Buffers from this size on go into the blob.
LARGE = 1 << 20

Tree = Any

LIST, TUPLE, DICT, SET, FROZENSET, SLICE, TENSOR, ARRAY, COMPLEX, BIG_INT, ELLIPSIS, RANGE = range(12)
SCALAR, DTYPE, DEVICE, SIZE, NAMED, SLOT, REFERENCE, BYTEARRAY = range(12, 20)

DTYPES: dict[str, torch.dtype] = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16,
        torch.float32, torch.float64, torch.complex64, torch.complex128,
    )
}  # fmt: skip
_DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}


class ValueTooBig(Exception):
    """A value that is larger, deeper or has more parts than the wire takes."""


class MalformedValue(Exception):
    """A tree that no honest packer writes."""


@dataclass(frozen=True)
class Bounds:
    """How large a value may be."""

    depth: int = 50
    parts: int = 1_000_000
    bytes: int = 256 << 20


@dataclass
class Slot:
    """A mutable part of a value that was received, with what is needed to see whether it was changed."""

    value: Any
    original: Any
    #: a leaf tensor, whose changes mirror.py reports
    is_shared: bool = False


@dataclass
class Packer:
    """Writes values of one frame as trees. ``reference`` packs what is not plain data."""

    reference: Callable[[Any], Tree]
    blob: Blob = field(default_factory=Blob)
    bounds: Bounds = field(default_factory=Bounds)
    #: identity -> slot number of the arguments that this frame answers
    known: dict[int, int] = field(default_factory=dict)
    slots: list[Any] = field(default_factory=list)
    #: tensors that the other side may differentiate through, with their references
    inputs: list[tuple[torch.Tensor, Tree]] = field(default_factory=list)
    _parts: int = 0
    _bytes: int = 0
    _depth: int = 0

    def pack(self, value: Any) -> Tree:
        """The tree of one value. Raises ValueTooBig."""
        kind = type(value)
        if kind in _ATOMS:
            return self._atom(value)
        self._count()
        if id(value) in self.known:
            return [SLOT, self.known[id(value)]]
        self._depth += 1
        if self._depth > self.bounds.depth:
            raise ValueTooBig(f"nested more than {self.bounds.depth} levels deep")
        try:
            return self._structure(value)
        finally:
            self._depth -= 1

    def _structure(self, value: Any) -> Tree:
        for kind, pack in _PACKERS:
            if isinstance(value, kind):
                return pack(self, value)
        return [REFERENCE, self.reference(value)]

    def items(self, values: Any) -> list[Tree]:
        """The trees of many values."""
        return [self.pack(value) for value in values]

    def slot(self, value: Any) -> int:
        """Number a mutable value."""
        self.slots.append(value)
        return len(self.slots) - 1

    def buffer(self, data: memoryview) -> Tree:
        """Bytes in the tree, or their offset in the blob."""
        self._bytes += data.nbytes
        if self._bytes > self.bounds.bytes:
            raise ValueTooBig(f"more than {self.bounds.bytes >> 20} MiB")
        if data.nbytes < LARGE:
            return bytes(data)
        return self.blob.write(data)

    def _count(self, parts: int = 1) -> None:
        self._parts += parts
        if self._parts > self.bounds.parts:
            raise ValueTooBig(f"more than {self.bounds.parts:,} parts")

    def _atom(self, value: Any) -> Tree:
        self._count()
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            return [BIG_INT, value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)]
        if isinstance(value, str | bytes):
            self._bytes += len(value)
            if self._bytes > self.bounds.bytes:
                raise ValueTooBig(f"more than {self.bounds.bytes >> 20} MiB")
        if isinstance(value, str) and not value.isascii():
            return value.encode("utf-8", "replace").decode()  # lone surrogates have no bytes
        return value


_ATOMS = frozenset({type(None), bool, int, float, str, bytes})


def _pack_list(packer: Packer, value: list[Any]) -> Tree:
    packer.slot(value)
    return [LIST, packer.items(list.__iter__(value))]


def _pack_dict(packer: Packer, value: dict[Any, Any]) -> Tree:
    packer.slot(value)
    return [DICT, [[packer.pack(key), packer.pack(item)] for key, item in dict.items(value)]]


def _pack_tuple(packer: Packer, value: tuple[Any, ...]) -> Tree:
    fields = getattr(type(value), "_fields", None)
    items = packer.items(tuple.__iter__(value))
    if isinstance(fields, tuple) and len(fields) == len(items):
        return [NAMED, type(value).__name__, [str(name) for name in fields], items]
    return [SIZE if isinstance(value, torch.Size) else TUPLE, items]


def _pack_tensor(packer: Packer, value: torch.Tensor) -> Tree:
    with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
        name = _DTYPE_NAMES.get(value.dtype)
        if value.layout is not torch.strided or name is None or value.is_meta:
            raise TypeError(f"a tensor of layout {value.layout} and type {value.dtype} cannot leave the process")
        role = _role(value)
        extra = packer.reference(value) if role else None
        if extra is not None:
            packer.inputs.append((value, extra))
            if extra[0] == "own":
                return [REFERENCE, extra]
        slot = packer.slot(value)
        plain = value.detach().as_subclass(torch.Tensor)
        # The buffer is taken first: an expanded tensor of a billion elements must fail on its size, not on memory.
        if plain.numel() * plain.element_size() > packer.bounds.bytes:
            raise ValueTooBig(f"more than {packer.bounds.bytes >> 20} MiB")
        strides = None if plain.is_contiguous() else list(plain.stride())
        data = view_bytes(flat_bytes(plain).numpy())
        return [TENSOR, slot, name, list(plain.shape), strides, str(plain.device), role, packer.buffer(data), extra]


def flat_bytes(tensor: torch.Tensor) -> torch.Tensor:
    """The elements of a detached tensor as contiguous bytes; no copy where they lie so already."""
    flat = tensor.cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
    if flat.numel() == 1:  # contiguous whatever its stride, which view does not accept
        flat = flat.clone(memory_format=torch.contiguous_format)
    return flat.view(torch.uint8)


def _role(value: torch.Tensor) -> str:
    """How a tensor takes part in autograd: it does not, as a leaf, or as a result."""
    if not value.requires_grad:
        return ""
    return "leaf" if value.is_leaf else "graph"


def _pack_array(packer: Packer, value: np.ndarray[Any, Any]) -> Tree:
    if value.dtype.kind not in "biufcUS":
        return [REFERENCE, packer.reference(value)]
    slot = packer.slot(value)
    plain = np.asarray(value).view(np.ndarray)
    layout = "C" if plain.flags.c_contiguous else "F" if plain.flags.f_contiguous else "gaps"
    data = np.ascontiguousarray(plain).reshape(-1)
    return [ARRAY, slot, plain.dtype.str, list(plain.shape), layout, packer.buffer(view_bytes(data))]


def view_bytes(array: np.ndarray[Any, Any]) -> memoryview:
    """The memory of a contiguous flat array."""
    if not array.nbytes:
        return memoryview(b"")
    return memoryview(array.view(np.uint8))  # type: ignore[arg-type]  # numpy's stubs know no Buffer on 3.11


def _pack_scalar(packer: Packer, value: np.generic) -> Tree:
    array = np.asarray(value)
    return [SCALAR, array.dtype.str, array.tobytes()] if array.dtype.kind in "biufcUS" else packer.reference(value)


#: In order: numpy's float64 is a float, a named tuple is a tuple.
_PACKERS: tuple[tuple[Any, Callable[[Packer, Any], Tree]], ...] = (
    (torch.Tensor, _pack_tensor),
    (list, _pack_list),
    (tuple, _pack_tuple),
    (dict, _pack_dict),
    (np.ndarray, _pack_array),
    (np.generic, _pack_scalar),
    (torch.dtype, lambda _, value: [DTYPE, str(value).removeprefix("torch.")]),
    (torch.device, lambda _, value: [DEVICE, str(value)]),
    (bool, lambda _, value: bool(value)),
    (int, lambda packer, value: packer.pack(int.__add__(value, 0))),
    (float, lambda _, value: float.__add__(value, 0.0)),
    (str, lambda packer, value: packer.pack(str.__str__(value)[:])),
    (complex, lambda _, value: [COMPLEX, value.real, value.imag]),
    (set, lambda packer, value: [SET, packer.items(set.__iter__(value))]),
    (frozenset, lambda packer, value: [FROZENSET, packer.items(frozenset.__iter__(value))]),
    (slice, lambda packer, value: [SLICE, *packer.items((value.start, value.stop, value.step))]),
    (range, lambda packer, value: [RANGE, *packer.items((value.start, value.stop, value.step))]),
    (bytearray, lambda _, value: [BYTEARRAY, bytes(value)]),
    (type(Ellipsis), lambda _, value: [ELLIPSIS]),
)


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
    _parts: int = 0
    _bytes: int = 0
    _depth: int = 0

    def unpack(self, tree: Tree) -> Any:
        """The value of a tree. Raises ValueTooBig and MalformedValue."""
        self._parts += 1
        if self._parts > self.bounds.parts:
            raise ValueTooBig(f"more than {self.bounds.parts:,} parts")
        if type(tree) in _ATOMS:
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
            return reader(self, *tree[1:])
        except (TypeError, ValueError, LookupError, OverflowError, AttributeError, RuntimeError) as error:
            raise MalformedValue(f"tag {tree[0]}: {error}") from error
        finally:
            self._depth -= 1

    def items(self, trees: list[Tree]) -> list[Any]:
        """The values of many trees."""
        if type(trees) is not list:
            raise MalformedValue("items that are not a list")
        return [self.unpack(tree) for tree in trees]

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
    for key, item in pairs:
        value[unpacker.unpack(key)] = unpacker.unpack(item)
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
    if device.startswith("cuda") and torch.cuda.is_available():
        value = value.to(device)
    slot.value = value
    if role:
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
    if len(fields) > 100 or not all(type(field) is str and len(field) < 100 for field in [name, *fields]):
        raise MalformedValue("a named tuple with odd names")
    items = unpacker.items(trees)
    if any(callable(item) for item in items):
        return tuple(items)  # a field called allclose that is a function would judge in a tensor's place
    return namedtuple(name, fields)(*items)


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
    LIST: _read_list,
    TUPLE: lambda unpacker, trees: tuple(unpacker.items(trees)),
    DICT: _read_dict,
    SET: lambda unpacker, trees: set(unpacker.items(trees)),
    FROZENSET: lambda unpacker, trees: frozenset(unpacker.items(trees)),
    SLICE: lambda unpacker, *trees: slice(*unpacker.items(list(trees))),
    TENSOR: _read_tensor,
    ARRAY: _read_array,
    COMPLEX: lambda _, real, imag: complex(float(real), float(imag)),
    BIG_INT: _read_integer,
    ELLIPSIS: lambda _: ...,
    RANGE: lambda unpacker, *trees: range(*unpacker.items(list(trees))),
    SCALAR: lambda _, dtype, data: np.frombuffer(data, _numpy_dtype(dtype), 1)[0],
    DTYPE: _read_dtype,
    DEVICE: lambda _, name: torch.device(name),
    SIZE: lambda unpacker, trees: torch.Size(unpacker.items(trees)),
    NAMED: _read_named,
    SLOT: _read_slot,
    REFERENCE: lambda unpacker, tree: unpacker.reference(tree),
    BYTEARRAY: lambda _, data: bytearray(data),
}
