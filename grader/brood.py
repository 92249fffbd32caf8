"""The candidates' warm parent: forks sandboxed processes that have torch and nothing else."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass
from typing import Any

from grader import sandbox
from grader.sandbox import cgroup
from grader.shared import loaded_shared
from grader.wire.values import Bounds


@dataclass
class SandboxedChild:
    """A candidate."""

    pid: int
    limits: sandbox.Limits
    group: sandbox.Cgroup | None

    def is_too_big(self) -> bool:
        """Look at what its whole process tree uses; a cgroup, where there is one, is exact and acts by itself."""
        limit = float(self.limits.memory_mb)
        return sandbox.resident_mb(self.pid, enough_mb=limit) > limit

    def end(self) -> tuple[int, str]:
        """End every process of the sandbox before anything is believed of it."""
        status = sandbox.kill(self.pid)
        reason = "memory" if self.group is not None and self.group.was_out_of_memory() else ""
        if self.group is not None:
            self.group.remove()
        return signal.SIGKILL if status is None else status, reason


class CandidateBrood:
    """Forks candidates."""

    def __init__(self) -> None:
        self._hierarchy: cgroup.Hierarchy | None = None

    def warm(self) -> None:
        """Import what student code needs, start no thread, and find out how this host isolates."""
        import torch

        torch.set_num_threads(1)
        loaded_shared().mend_torchvision()
        import torchvision  # noqa: F401

        import grader.candidate  # noqa: F401
        from grader import blocks

        blocks.prepare()

        # Reads /proc/cpuinfo once, which candidates do not have.
        torch.cpu._is_avx2_supported()

        os.environ.clear()
        sandbox.prepare()
        self._hierarchy = cgroup.find()
        if self._hierarchy is not None:
            cgroup.sweep(self._hierarchy)

    def fork(self, order: dict[str, Any], descriptors: list[int]) -> SandboxedChild:
        """Fork one candidate into a sandbox of its own."""
        from grader import blocks
        from grader.candidate import run

        blocks.prepare(order["forbid"])
        wire, output = descriptors
        limits = sandbox.Limits(
            memory_mb=order["memory_mb"], shm_mb=order["answer_mb"] + 64, file_mb=order["answer_mb"] + 64
        )

        def start() -> None:
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.close(output)
            bounds = Bounds(bytes=order["answer_mb"] << 20)
            run(socket.socket(fileno=wire), order["slug"], bounds, loaded_shared())

        group = None if self._hierarchy is None else sandbox.Cgroup(limits, self._hierarchy)
        try:
            pid = sandbox.spawn(limits, [wire, output], start, group=group)
        except BaseException:
            if group is not None:
                group.remove()
            raise
        return SandboxedChild(pid, limits, group)
