"""Watches a candidate's GPU from outside: what it takes of the memory, and whether the driver has trouble with it.

The bound that torch keeps inside the candidate is the student's to lift; this one is not. It needs the driver's word
on each process; where the driver has none for us, the grading has the GPU for itself, and the whole GPU is measured.
"""

from __future__ import annotations

import time
from pathlib import Path

from grader.device.gpu import Share
from grader.device.nvml import HARDWARE, Nvml

#: Seconds between two looks: each costs the driver a millisecond.
_PAUSE = 0.2
#: Megabytes beyond the share: what kernels take that are loaded when they are first used.
_SLACK_MB = 768

#: How a candidate's end is told: it took too much of the GPU, or the GPU is at fault.
GPU_MEMORY, GPU_FAULT = "gpu_memory", "gpu_fault"


class Guard:
    """One candidate's."""

    def __init__(self, share: Share, nvml: Nvml | None = None) -> None:
        self._share = share
        self._nvml = nvml or Nvml()
        self._base = 0.0
        self._next_look = 0.0
        self._hear = self._nvml.listen(share.gpu.uuid) if share.gpu.is_real else list

    def settle(self, pid: int) -> None:
        """Leave out of account what is taken now."""
        self._base = self._used(pid) or 0.0

    def excess(self, pid: int) -> str:
        """What it takes too much of; empty: nothing."""
        now = time.monotonic()
        if now < self._next_look or not self._share.gpu.is_real:
            return ""
        self._next_look = now + _PAUSE
        used = self._used(pid)
        is_over = used is not None and used > self._base + self._share.memory_mb + _SLACK_MB
        return GPU_MEMORY if is_over else self.trouble()

    def trouble(self) -> str:
        """Whether the driver has told of a fault of the GPU itself."""
        return GPU_FAULT if HARDWARE.intersection(self._hear()) else ""

    def _used(self, pid: int) -> float | None:
        uuid = self._share.gpu.uuid
        if not self._share.gpu.accounts:
            return self._nvml.used(uuid)
        return self._nvml.used_by(uuid, _tree(pid))


def _tree(pid: int) -> set[int]:
    """A process and all that it has started."""
    found, waiting = set(), [pid]
    while waiting:
        current = waiting.pop()
        found.add(current)
        for task in Path(f"/proc/{current}/task").glob("*/children"):
            try:
                waiting.extend(int(child) for child in task.read_text(encoding="ascii").split())
            except OSError:  # it has ended meanwhile
                continue
    return found
