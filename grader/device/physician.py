"""Has GPUs examined by forks of the candidates' warm parent, which have torch and need not import it."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from typing import TYPE_CHECKING

import msgspec

from grader.device.gpu import Gpu
from grader.device.health import Finding

if TYPE_CHECKING:
    from grader.parent import WarmParent

#: Seconds for starting CUDA and for the little that is computed; a GPU that takes longer is not well.
_PATIENCE = 60.0


class Physician:
    """Examines one GPU at a time in each thread that asks."""

    def __init__(self, candidates: WarmParent, patience: float = _PATIENCE) -> None:
        self._candidates = candidates
        self._patience = patience

    def examine(self, gpu: Gpu) -> Finding:
        """Look whether it is well. A process that hangs in the driver is left to itself: not even a kill ends it.

        Raises InfrastructureError when there is no warm parent any more, which says nothing about the GPU.
        """
        from grader.parent import Branch, ask

        # A parent of its own: who waits for a process that cannot be killed must not be the parent of all candidates.
        branch = Branch(self._candidates.control, {"branch": True})
        reader, writer = os.pipe()
        ours, its_life = socket.socketpair()
        try:
            branch.expect_ready()
            with contextlib.closing(its_life):
                ask(branch.control, {"examine": msgspec.to_builtins(gpu)}, [its_life.fileno(), writer])
            os.close(writer)
            writer = -1
            return self._read(reader)
        finally:
            ours.close()
            branch.close()
            for descriptor in (reader, writer):
                if descriptor >= 0:
                    os.close(descriptor)

    def _read(self, reader: int) -> Finding:
        told, end = b"", time.monotonic() + self._patience
        while True:
            ready, _, _ = select.select([reader], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                return Finding(f"it did not answer within {self._patience:g} s")
            data = os.read(reader, 1 << 16)
            if not data:
                break
            told += data
        try:
            return msgspec.json.decode(told, type=Finding)
        except msgspec.DecodeError:
            return Finding("the process that examined it died")
