"""This process's warm parent of kernels, started with the first kernel and ended with this process."""

from __future__ import annotations

import atexit
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from grader.errors import InfrastructureError
from grader.nursery import ask_nursery
from grader.sandbox import NO_GPU
from grader.sandbox.limits import MENDS
from grader.wire.channel import Channel, ChannelClosed, ChannelTimeout

#: Seconds until it must be ready: importing torch from a cold disk takes its time.
_START_S = 180.0
#: Seconds until a kernel must be isolated, which takes milliseconds.
_ISOLATE_S = 60.0


class _Parent:
    """A process that has nothing of this one but a socket."""

    def __init__(self) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", **NO_GPU}
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-m", "grader.nbgrader.kernel.brood", str(theirs.fileno())],
                env=environment,
                stdin=subprocess.DEVNULL,
                cwd="/",
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C in a terminal is ours to handle
            )
        self.control.settimeout(_START_S)
        try:
            ready = self.control.recv(16)
        except TimeoutError:
            ready = b""
        if ready != b"ready":
            self.close()
            raise InfrastructureError(
                f"The kernels' warm parent did not start (status {self.process.returncode}). Run `gradiente doctor`.",
                f"O processo que gera os kernels não começou (status {self.process.returncode}). Rode `gradiente "
                "doctor`.",
            )
        self.control.settimeout(None)

    def close(self) -> None:
        """End it, and with it its kernels."""
        self.control.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


_lock = threading.Lock()
_parents: list[_Parent] = []


def start_kernel(order: dict[str, Any], descriptors: list[int]) -> Channel:
    """Have a kernel forked; what is returned tells of its end. Raises InfrastructureError where there is no sandbox."""
    if sys.platform != "linux":
        raise _refuse(f"system: {sys.platform} has no namespaces. {MENDS['system']}")
    ours, theirs = socket.socketpair()
    with theirs:
        ask_nursery(_warm().control, order, [theirs.fileno(), *descriptors])
    life = Channel(ours, 1 << 16)
    try:
        told, _ = life.receive(time.monotonic() + _ISOLATE_S)
    except (ChannelClosed, ChannelTimeout):
        told = {"failed": "the kernels' warm parent is gone"}
    if "failed" in told:
        life.close()
        raise _refuse(told["failed"].removeprefix("SandboxError: "))
    return life


def _warm() -> _Parent:
    with _lock:
        if _parents and _parents[0].process.poll() is not None:
            _parents.pop().close()
        if not _parents:
            _parents.append(_Parent())
            atexit.register(_close)
        return _parents[0]


def _close() -> None:
    with _lock:
        while _parents:
            _parents.pop().close()


def _refuse(why: str) -> InfrastructureError:
    return InfrastructureError(
        f"This host has no sandbox for a kernel, so none was started and no notebook was run. {why} `gradiente doctor` "
        "tries each layer.",
        f"Este computador não tem sandbox para um kernel; por isso nenhum começou e nenhum notebook rodou. {why} "
        "`gradiente doctor` testa cada camada.",
    )
