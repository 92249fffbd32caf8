"""In-place changes of arguments: found by the callee, repeated by the caller, as if both had the same objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from grader.wire.blob import Blob
from grader.wire.channel import MalformedFrame
from grader.wire.packer import Packer, flat_bytes, view_bytes
from grader.wire.unpacker import Unpacker, refusing
from grader.wire.values import Slot, Tree


def find_changes(slots: list[Slot], packer: Packer, blob: Blob) -> list[Tree]:
    """What the callee changed in the arguments that it received: ``[slot number, new content]`` each."""
    # Of a request that could not be read to its end, the last slots hold nothing.
    whole = (
        (number, slot) for number, slot in enumerate(slots) if slot.value is not None and slot.original is not None
    )
    changes = ([number, _change(slot, packer, blob)] for number, slot in whole if not slot.is_shared)
    return [change for change in changes if change[1] is not None]


def _change(slot: Slot, packer: Packer, blob: Blob) -> Tree:
    value = slot.value
    if isinstance(value, list):
        return None if _same_items(value, slot.original) else packer.items(value)
    if isinstance(value, dict):
        if list(value) == list(slot.original) and _same_items(list(value.values()), list(slot.original.values())):
            return None
        return [[packer.pack(key), packer.pack(item)] for key, item in value.items()]
    raw = _bytes_of(value)
    original = slot.original
    data = view_bytes(raw.numpy())
    # Large ones are compared with the blob that they came in. What a candidate changes there is its own answer.
    in_blob = isinstance(original, int)
    same = torch.equal(raw, blob.original(original, raw.numel())) if in_blob else data == original
    return None if same else packer.buffer(data)


def _same_items(now: list[Any], before: list[Any]) -> bool:
    return len(now) == len(before) and all(left is right for left, right in zip(now, before, strict=True))


def _bytes_of(value: Any) -> torch.Tensor:
    """The elements as contiguous bytes; no copy where they lie so already."""
    if isinstance(value, np.ndarray):
        flat = np.ascontiguousarray(value).reshape(-1)
        return torch.from_numpy(flat.view(np.uint8)) if flat.nbytes else torch.empty(0, dtype=torch.uint8)
    return flat_bytes(value.detach())


def apply_changes(sent: list[Any], changes: Any, unpacker: Unpacker) -> None:
    """Repeat the callee's changes on the arguments that were sent."""
    for change in changes if type(changes) is list else [changes]:
        if type(change) is not list or len(change) != 2 or type(change[0]) is not int:
            raise MalformedFrame("a change that names no slot")
        if not 0 <= change[0] < len(sent):
            raise MalformedFrame(f"slot {change[0]} was never sent")
        with refusing(f"changes of slot {change[0]}"):
            _apply(sent[change[0]], change[1], unpacker)


def _apply(target: Any, content: Any, unpacker: Unpacker) -> None:
    if isinstance(target, list):
        target[:] = unpacker.items(content)
    elif isinstance(target, dict):
        pairs = unpacker.pairs(content)
        target.clear()
        target.update(pairs)
    elif isinstance(target, np.ndarray):
        raw = unpacker.buffer(content, target.nbytes).numpy()
        np.copyto(target, raw.view(target.dtype).reshape(target.shape))
    else:
        raw_tensor = unpacker.buffer(content, target.numel() * target.element_size())
        with torch.no_grad():
            target.copy_(raw_tensor.view(target.dtype).reshape(target.shape))
