"""What values look like on the wire: plain trees of numbers, strings, containers, tensors and arrays.

A tree holds what msgpack knows (None, bool, int, float, str, bytes, list); everything else is a list whose first
element is a tag (tag.py). The first mebibyte of buffers lies in the tree; whatever comes after it lies in the frame's
blob, and the tree holds its offset: a frame stays small whatever it carries. What is not plain data goes to the
``reference`` function of the packer (packer.py) and comes back through that of the unpacker (unpacker.py).

Both sides number the mutable things of a value (lists, dicts, tensors, arrays) in order of appearance: its slots. A
callee reports changes of its arguments by slot, and a result that *is* an argument travels as the slot's number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

#: Bytes of a frame without its blob. A byte of it can become an object of 64 bytes in the reader's memory.
FRAME = 4 << 20
#: Bytes of buffers that may lie in a tree.
INLINE = 1 << 20
#: Texts up to this many characters lie in the tree in any case.
SHORT = 256

Tree = Any

#: What a tree holds as it is.
ATOMS = frozenset({type(None), bool, int, float, str, bytes})

DTYPES: dict[str, torch.dtype] = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16,
        torch.float32, torch.float64, torch.complex64, torch.complex128,
    )
}  # fmt: skip


class ValueTooBig(Exception):
    """A value that is larger, deeper or has more parts than the wire takes."""


class MalformedValue(Exception):
    """A tree that no honest packer writes."""


@dataclass(frozen=True)
class Bounds:
    """How large a value may be."""

    depth: int = 50
    parts: int = 300_000
    bytes: int = 256 << 20


@dataclass
class Slot:
    """A mutable part of a value that was received, with what is needed to see whether it was changed."""

    value: Any
    original: Any
    #: a leaf tensor, whose changes mirror.py reports
    is_shared: bool = False
