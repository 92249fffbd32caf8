"""The kernels' warm parent: has imported torch and ipykernel, has no secret, and forks sandboxed kernels."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

from grader import sandbox
from grader.brood import SandboxedChild
from grader.nursery import Nursery
from grader.sandbox import cgroup

#: where a notebook is and works
_HERE = Path("/tmp/work")


class KernelBrood:
    """Forks kernels."""

    def __init__(self) -> None:
        self._hierarchy: cgroup.Hierarchy | None = None

    def warm(self) -> None:
        """Import what kernels and most notebooks need; start no thread."""
        import torch

        import grader.nbgrader.kernel.application
        import grader.nbgrader.kernel.files  # noqa: F401

        torch.set_num_threads(1)
        # Reads /proc/cpuinfo once, which kernels do not have.
        torch.cpu._is_avx2_supported()
        os.environ.clear()
        os.environ.update(sandbox.NO_GPU)
        self._hierarchy = cgroup.find() if sys.platform == "linux" else None
        if self._hierarchy is not None:
            cgroup.sweep(self._hierarchy)

    def fork(self, order: dict[str, Any], descriptors: list[int]) -> SandboxedChild:
        """Fork one kernel. ``descriptors``: the archive of its files, then its sockets."""
        from grader.nbgrader.kernel.application import run
        from grader.nbgrader.kernel.files import unpack

        archive, *listeners = descriptors
        limits = sandbox.Limits(**order["limits"])

        def begin() -> None:
            nothing = os.open("/dev/null", os.O_RDWR)
            for stream in range(3):
                os.dup2(nothing, stream)
            with open(archive, "rb") as files:
                unpack(files, _HERE)
            os.chdir(_HERE)
            run(order["connection"], listeners, order["arguments"])

        group = None if self._hierarchy is None else sandbox.Cgroup(limits, self._hierarchy)
        try:
            pid = sandbox.spawn(
                limits, descriptors, begin, group=group, plan=sandbox.prepare(), environment=order["environment"]
            )
        except BaseException:
            if group is not None:
                group.remove()
            raise
        # What its files take of the memory is none of the student's.
        return SandboxedChild(pid, limits, group, base=os.fstat(archive).st_size / (1 << 20))


if __name__ == "__main__":  # started by ``parent``, never by hand
    Nursery(socket.socket(fileno=int(sys.argv[1])), KernelBrood()).run()
