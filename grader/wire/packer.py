"""Writes values as trees (values.py): the side that sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from grader.wire import tag
from grader.wire.blob import Blob
from grader.wire.values import ATOMS, DTYPES, INLINE, SHORT, Bounds, Tree, ValueTooBig

_DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}


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
    _inline: int = 0
    _depth: int = 0

    def pack(self, value: Any) -> Tree:
        """The tree of one value. Raises ValueTooBig."""
        kind = type(value)
        if kind in ATOMS:
            return self._atom(value)
        self._count()
        if id(value) in self.known:
            return [tag.SLOT, self.known[id(value)]]
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
        return [tag.REFERENCE, self.reference(value)]

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
        self._inline += data.nbytes
        if self._inline <= INLINE:
            return bytes(data)
        self._inline -= data.nbytes
        return self.blob.write(data)

    def _count(self, parts: int = 1) -> None:
        self._parts += parts
        if self._parts > self.bounds.parts:
            raise ValueTooBig(f"more than {self.bounds.parts:,} parts")

    def _atom(self, value: Any) -> Tree:
        self._count()
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            return [tag.BIG_INT, value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)]
        if isinstance(value, str) and not value.isascii():
            value = value.encode("utf-8", "replace").decode()  # lone surrogates have no bytes
        if isinstance(value, str | bytes) and len(value) > SHORT:
            return self._text(value)
        return value

    def _text(self, value: str | bytes) -> Tree:
        data = value.encode() if isinstance(value, str) else value
        return [tag.TEXT if isinstance(value, str) else tag.BYTES, self.buffer(memoryview(data)), len(data)]


def _pack_list(packer: Packer, value: list[Any]) -> Tree:
    packer.slot(value)
    return [tag.LIST, packer.items(list.__iter__(value))]


def _pack_dict(packer: Packer, value: dict[Any, Any]) -> Tree:
    packer.slot(value)
    return [tag.DICT, [[packer.pack(key), packer.pack(item)] for key, item in dict.items(value)]]


def _pack_tuple(packer: Packer, value: tuple[Any, ...]) -> Tree:
    fields = getattr(type(value), "_fields", None)
    items = packer.items(tuple.__iter__(value))
    if isinstance(fields, tuple) and len(fields) == len(items):
        return [tag.NAMED, type(value).__name__, [str(name) for name in fields], items]
    return [tag.SIZE if isinstance(value, torch.Size) else tag.TUPLE, items]


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
                return [tag.REFERENCE, extra]
        slot = packer.slot(value)
        plain = value.detach().as_subclass(torch.Tensor)
        # The buffer is taken first: an expanded tensor of a billion elements must fail on its size, not on memory.
        if plain.numel() * plain.element_size() > packer.bounds.bytes:
            raise ValueTooBig(f"more than {packer.bounds.bytes >> 20} MiB")
        strides = None if plain.is_contiguous() else list(plain.stride())
        data = view_bytes(flat_bytes(plain).numpy())
        return [tag.TENSOR, slot, name, list(plain.shape), strides, str(plain.device), role, packer.buffer(data), extra]


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
        return [tag.REFERENCE, packer.reference(value)]
    slot = packer.slot(value)
    plain = np.asarray(value).view(np.ndarray)
    layout = "C" if plain.flags.c_contiguous else "F" if plain.flags.f_contiguous else "gaps"
    data = np.ascontiguousarray(plain).reshape(-1)
    return [tag.ARRAY, slot, plain.dtype.str, list(plain.shape), layout, packer.buffer(view_bytes(data))]


def view_bytes(array: np.ndarray[Any, Any]) -> memoryview:
    """The memory of a contiguous flat array."""
    if not array.nbytes:
        return memoryview(b"")
    return memoryview(array.view(np.uint8))  # type: ignore[arg-type]  # numpy's stubs know no Buffer on 3.11


def _pack_scalar(packer: Packer, value: np.generic) -> Tree:
    array = np.asarray(value)
    return [tag.SCALAR, array.dtype.str, array.tobytes()] if array.dtype.kind in "biufcUS" else packer.reference(value)


#: In order: numpy's float64 is a float, a named tuple is a tuple.
_PACKERS: tuple[tuple[Any, Callable[[Packer, Any], Tree]], ...] = (
    (torch.Tensor, _pack_tensor),
    (list, _pack_list),
    (tuple, _pack_tuple),
    (dict, _pack_dict),
    (np.ndarray, _pack_array),
    (np.generic, _pack_scalar),
    (torch.dtype, lambda _, value: [tag.DTYPE, str(value).removeprefix("torch.")]),
    (torch.device, lambda _, value: [tag.DEVICE, str(value)]),
    (bool, lambda _, value: bool(value)),
    (int, lambda packer, value: packer.pack(int.__add__(value, 0))),
    (float, lambda _, value: float.__add__(value, 0.0)),
    (str, lambda packer, value: packer.pack(str.__str__(value)[:])),
    (complex, lambda _, value: [tag.COMPLEX, value.real, value.imag]),
    (set, lambda packer, value: [tag.SET, packer.items(set.__iter__(value))]),
    (frozenset, lambda packer, value: [tag.FROZENSET, packer.items(frozenset.__iter__(value))]),
    (slice, lambda packer, value: [tag.SLICE, *packer.items((value.start, value.stop, value.step))]),
    (range, lambda packer, value: [tag.RANGE, *packer.items((value.start, value.stop, value.step))]),
    (bytearray, lambda packer, value: [tag.BYTEARRAY, packer.buffer(memoryview(bytes(value))), len(value)]),
    (type(Ellipsis), lambda _, value: [tag.ELLIPSIS]),
)
