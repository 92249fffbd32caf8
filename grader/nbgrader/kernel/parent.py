"""This process's warm parent of kernels, started with the first kernel and ended with this process."""

from __future__ import annotations

import atexit
import socket
import sys
import threading
import time
from typing import Any

from grader.errors import InfrastructureError
from grader.nursery import ask_nursery
from grader.parent import WarmProcess
from grader.sandbox.limits import MENDS
from grader.wire.channel import Channel, ChannelClosed, ChannelTimeout

#: Seconds until a kernel must be isolated, which takes milliseconds.
_ISOLATE_S = 60.0


_lock = threading.Lock()
_parents: list[WarmProcess] = []


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


def _warm() -> WarmProcess:
    with _lock:
        if _parents and _parents[0].status is not None:
            _parents.pop().close()
        if not _parents:
            _parents.append(_start())
            atexit.register(_close)
        return _parents[0]


def _start() -> WarmProcess:
    parent = WarmProcess("kernels", "grader.nbgrader.kernel.brood")
    try:
        parent.expect_ready()
    except InfrastructureError as error:
        parent.close()
        raise InfrastructureError(
            f"The kernels' warm parent did not start (status {parent.status}). Run `gradiente doctor`.",
            f"O processo que gera os kernels não começou (status {parent.status}). Rode `gradiente doctor`.",
        ) from error
    return parent


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
