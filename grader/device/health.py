"""Whether a device still does what it should: takes memory, keeps what is written there, and computes rightly.

A device that does not makes correct submissions fail. So each grading on a GPU ends with a look at it, in a process of
its own: one that hangs in the driver must hold up nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grader.device.gpu import Gpu
from grader.device.nvml import Nvml

#: Megabytes that are written and read again.
_PROBED = 64
#: The side of the matrices that are multiplied: sums of so many products of small numbers are exact in float32.
_SIDE = 512


@dataclass(frozen=True)
class Finding:
    """What a look at a device brought."""

    #: empty: it is well
    fault: str = ""
    #: uncorrected memory errors since its driver was started; None: unknown
    errors: int | None = None


def examine(gpu: Gpu, nvml: Nvml, torch: Any) -> Finding:
    """Try a device, in a process that may start CUDA and that sees no other one. Whatever goes wrong is its fault."""
    told = nvml.fault(gpu.uuid) if gpu.is_real else ""
    errors = nvml.errors(gpu.uuid) if gpu.is_real else None
    if told:
        return Finding(told, errors)
    try:
        fault = _try_memory(torch, gpu.torch) or _try_computing(torch, gpu.torch)
    except Exception as error:
        fault = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    return Finding(fault, errors)


def _try_memory(torch: Any, device: str) -> str:
    """Write a pattern that no two places share, move it about, and read it."""
    count = (_PROBED << 20) // 8
    written = torch.arange(count, dtype=torch.int64, device=device)
    moved = (written ^ 0x5A5A_5A5A).flip(0).clone()
    back = moved.flip(0) ^ 0x5A5A_5A5A
    kept = bool(torch.equal(back, written)) and int(back[-1]) == count - 1
    return "" if kept else "what is written into its memory does not come back"


def _try_computing(torch: Any, device: str) -> str:
    """Multiply whole numbers, whose product every precision gives exactly, and compare with the processor's."""
    generator = torch.Generator().manual_seed(1)
    left, right = (torch.randint(-8, 9, (_SIDE, _SIDE), generator=generator) for _ in range(2))
    # In float64 on the processor: exact as well, and another piece of code.
    wanted = left.double() @ right.double()
    found = (left.float().to(device) @ right.float().to(device)).cpu()
    total = left.to(device).sum().item()
    if torch.equal(found.double(), wanted) and total == left.sum().item():
        return ""
    return "it computes wrongly"
