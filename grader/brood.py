"""The candidates' warm parent: forks sandboxed processes that have torch and nothing else."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from grader import libraries, sandbox
from grader.device.gpu import Share
from grader.device.guard import Guard
from grader.device.start import environment_of, load_libraries, show_only, start
from grader.nursery import Child, Nursery, fork_plain
from grader.sandbox import cgroup
from grader.shared import loaded_shared
from grader.wire.values import Bounds

#: Seconds between two looks at what a candidate with a GPU uses: there is a lot to read of its memory.
_GPU_PAUSE = 0.2
#: Megabytes of the host's memory that starting CUDA may take; what it really took is then left out of account.
_CUDA_MB = 8192


@dataclass
class SandboxedChild:
    """A candidate."""

    pid: int
    limits: sandbox.Limits
    group: sandbox.Cgroup | None
    #: megabytes that it had before any of the student's code
    base: float = 0.0
    #: watches its GPU; None: it has none
    guard: Guard | None = None
    next_look: float = 0.0
    #: whether its memory is looked at
    is_watched: bool = True

    def excess(self) -> str:
        """Look at what its whole process tree uses; a cgroup, where there is one, is exact and acts by itself."""
        now = time.monotonic()
        if now < self.next_look or not self.is_watched:
            return ""
        self.next_look = now + (_GPU_PAUSE if self.guard else 0.0)
        limit = self.base + self.limits.memory_mb
        if sandbox.resident_mb(self.pid, enough_mb=limit, has_gpu=self.guard is not None) > limit:
            return "memory"
        return self.guard.excess(self.pid) if self.guard else ""

    def end(self) -> tuple[int, str]:
        """End every process of the sandbox before anything is believed of it."""
        status = sandbox.kill(self.pid)
        reason = "memory" if self.group is not None and self.group.was_out_of_memory() else ""
        if self.group is not None:
            self.group.remove()
        if self.guard is not None:
            reason = self.guard.trouble() or reason
        return signal.SIGKILL if status is None else status, reason


@dataclass
class _Way:
    """How one candidate is isolated beyond the limits that all have."""

    plan: sandbox.Plan | None = None
    start: Callable[[], None] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    share: Share | None = None


class CandidateBrood:
    """Forks candidates."""

    def __init__(self, hierarchy: cgroup.Hierarchy | None = None, omission: sandbox.Omission = sandbox.NOTHING) -> None:
        self._hierarchy = hierarchy
        self._omission = omission

    def warm(self) -> None:
        """Import what student code needs, start no thread, and find out how this host isolates."""
        import torch

        torch.set_num_threads(1)
        loaded_shared().mend_torchvision()
        # What seeding and the first gradient import.
        import numpy.random  # noqa: F401
        import torch.fx.experimental.symbolic_shapes

        import grader.candidate
        import grader.device.health  # noqa: F401

        # Reads /proc/cpuinfo once, which candidates do not have.
        torch.cpu._is_avx2_supported()

        os.environ.clear()
        os.environ.update(sandbox.NO_GPU)
        sandbox.prepare()
        self._hierarchy = None if "cgroup" in self._omission.layers else cgroup.find()
        if self._hierarchy is not None:
            cgroup.sweep(self._hierarchy)

    def fork(self, order: dict[str, Any], descriptors: list[int]) -> Child:
        """Fork one candidate into a sandbox of its own, or what ``order`` names in its place."""
        if "block" in order or "branch" in order:
            (control,) = descriptors
            has_libraries = bool(order.get("libraries"))
            brood = _Branch(order.get("block", []), self._hierarchy, self._omission, has_libraries=has_libraries)
            return fork_plain(descriptors, lambda: Nursery(socket.socket(fileno=control), brood).run())
        if "examine" in order:
            (answer,) = descriptors
            return fork_plain(descriptors, lambda: _examine(order["examine"], answer))
        return self._fork_candidate(order, *descriptors)

    def _fork_candidate(self, order: dict[str, Any], wire: int, output: int) -> SandboxedChild:
        from grader.candidate import run

        self._omission.check(order["slug"])
        way = self._way(order.get("share"))
        limits = sandbox.Limits(
            memory_mb=order["memory_mb"],
            shm_mb=order["answer_mb"] + 64,
            file_mb=order["answer_mb"] + 64,
            threads=order["threads"],
            reserves=way.start is not None,
        )

        def begin() -> None:
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.close(output)
            bounds = Bounds(bytes=order["answer_mb"] << 20)
            run(socket.socket(fileno=wire), order["slug"], bounds, loaded_shared(), order["threads"])

        group = None if self._hierarchy is None else sandbox.Cgroup(limits, self._hierarchy, _CUDA_MB * bool(way.start))
        try:
            pid = sandbox.spawn(
                limits,
                [wire, output],
                begin,
                without=self._omission.parts,
                group=group,
                plan=way.plan,
                start=way.start,
                environment=way.environment,
            )
            guard = Guard(way.share) if way.share else None
            is_watched = "watchdog" not in self._omission.layers
            child = SandboxedChild(pid, limits, group, guard=guard, is_watched=is_watched)
            if way.share is not None:
                _settle(child)
        except BaseException:
            if group is not None:
                group.remove()
            raise
        return child

    def _way(self, asked: Any) -> _Way:
        """What a candidate needs for its GPU, if it has one."""
        if asked is None:
            return _Way()
        share = msgspec.convert(asked, Share)
        load_libraries(share.gpu.libraries)
        plan = sandbox.with_gpu(sandbox.prepare(), share.gpu.minor, share.gpu.libraries)
        return _Way(plan, lambda: start(share), environment_of(share.gpu), share)


def _settle(child: SandboxedChild) -> None:
    """Leave out of account what starting CUDA took: from here on the student's code runs."""
    child.base = sandbox.resident_mb(child.pid, has_gpu=True)
    if child.group is not None:
        child.group.settle()
    if child.guard is not None:
        child.guard.settle(child.pid)


class _Branch(CandidateBrood):
    """A parent of candidates that go without some names: what is forbidden is replaced once, for that takes long.

    Without names: one for a single grading on a GPU. Starting CUDA takes seconds, in which a parent watches nobody.
    Or one that has imported what most candidates do without.
    """

    def __init__(
        self,
        names: list[str],
        hierarchy: cgroup.Hierarchy | None,
        omission: sandbox.Omission,
        *,
        has_libraries: bool = False,
    ) -> None:
        super().__init__(hierarchy, omission)
        self._names = names
        self._has_libraries = has_libraries

    def warm(self) -> None:
        """Import what is asked for, and replace the names."""
        if self._has_libraries:
            libraries.load()
        if self._names:
            from grader import blocks

            blocks.block(self._names)


def _examine(asked: Any, answer: int) -> None:
    """Look whether a GPU is well, in a process that is used for nothing else."""
    import torch

    from grader.device.gpu import Gpu
    from grader.device.health import examine
    from grader.device.nvml import Nvml

    gpu = msgspec.convert(asked, Gpu)
    show_only(gpu)
    os.write(answer, msgspec.json.encode(examine(gpu, Nvml(), torch)))
