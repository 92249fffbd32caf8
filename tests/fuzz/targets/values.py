"""The unpacker: a msgpack body as the tree of one value."""

from __future__ import annotations

from collections import namedtuple

import msgpack
import numpy as np
import torch

from grader.wire.packer import Packer
from grader.wire.unpacker import Unpacker
from grader.wire.values import FRAME, Bounds, MalformedValue, Tree, ValueTooBig

KIND = "trees"
ALLOWED = (MalformedValue, ValueTooBig)
BOUNDS = Bounds(bytes=8 << 20)
#: three copies of what a value may have, and its parts as objects
MEMORY = 3 * BOUNDS.bytes + 96 * FRAME

_Point = namedtuple("_Point", "x y")


def pack(value: object) -> bytes:
    return msgpack.packb(Packer(_refuse, bounds=BOUNDS).pack(value))


def _refuse(value: object) -> Tree:
    raise MalformedValue(f"a reference {value!r:.40}")


SEEDS = [
    pack(value)
    for value in (
        [1, [2.5, ("x", b"y")], {"a": 1, 2: [3]}, {1, 2}, frozenset({"a"}), 2**200, "é" * 300],
        [slice(1, None, 2), range(0, 10, 3), ..., 3 + 4j, bytearray(b"ab"), torch.float64, torch.device("cpu")],
        [torch.arange(6.0).reshape(2, 3).t(), torch.ones(3, 1).expand(3, 4), torch.empty(0, 3), torch.tensor([True])],
        [np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(12.0)[::2], np.array(["a", "çã"]), np.float32(1)],
        [_Point(1, 2), torch.Size([2, 3]), torch.tensor([1 + 2j]), torch.tensor([1.5], dtype=torch.bfloat16)],
    )
]


def run(data: bytes) -> None:
    try:
        tree = msgpack.unpackb(data, strict_map_key=False, max_map_len=0, max_ext_len=0)
    except (ValueError, TypeError):
        return  # the channel's matter
    Unpacker(_refuse, bounds=BOUNDS).unpack(tree)
