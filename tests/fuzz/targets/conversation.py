"""A small submission, what a test does with it, and both sides' frames: recorded as seeds, and played back changed."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgpack
import numpy as np
import torch

from grader.wire.channel import Channel
from grader.wire.handle import Handle

SEEDS = Path(__file__).parents[1] / "seeds"

#: bytes of a blob that is played back
_BLOB = 32 << 20

SOURCE = """
import torch

def extend(items, table):
    items.append(3.5)
    table["sum"] = sum(items)
    return items, table

def scale(array, tensor):
    array *= 2
    tensor += 1
    return {"array": array, "shape": tensor.shape, 2: [tensor.t(), array[::2], 2**80, {1, 2}]}

def apply(function, tensor):
    return function(tensor) + function(tensor * 2)

def fail(kind):
    raise kind("a message")

def count(n):
    yield from range(n)

def large(n):
    return torch.ones(n)

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, x):
        return self.layer(x) ** 2
"""


def extend(module: Handle) -> None:
    module.extend([1.0, 2.0], {"sum": 0.0, "text": "é" * 300})


def scale(module: Handle) -> None:
    module.scale(np.arange(6.0).reshape(2, 3), torch.arange(6.0).reshape(2, 3))


def apply(module: Handle) -> None:
    module.apply(lambda x: x * 3, torch.arange(4.0))


def large(module: Handle) -> None:
    module.apply(lambda x: x.sum(), torch.ones(300_000))
    module.large(300_000)


def fail(module: Handle) -> None:
    with contextlib.suppress(ValueError):
        module.fail(ValueError)


def count(module: Handle) -> None:
    sum(module.count(3))


def train(module: Handle) -> None:
    model = module.Model()
    optimiser = torch.optim.SGD(list(model.parameters()), 0.1)
    x = torch.ones(3, 2, requires_grad=True)
    model(x).sum().backward()
    optimiser.step()
    model(x)


ACTS: tuple[Callable[[Handle], None], ...] = (extend, scale, apply, large, fail, count, train)


class Recorder(Channel):
    """A channel that keeps what it receives: frames with the contents of their blobs."""

    heard: list[list[Any]]

    def receive(self, deadline: float | None = None) -> tuple[Any, int]:
        frame, fd = super().receive(deadline)
        content = os.pread(fd, os.fstat(fd).st_size, 0) if fd >= 0 else None
        self.heard.append([frame, _short(content)])
        return frame, fd


def _short(content: bytes | None) -> bytes | list[Any] | None:
    """A blob of one number, over and over, as its length and the number's bytes: seeds are to be small."""
    if content and content[:4] * (len(content) // 4) == content:
        return [len(content), content[:4]]
    return content


def _whole(content: Any) -> bytes | None:
    if type(content) is list and len(content) == 2 and type(content[0]) is int and type(content[1]) is bytes:
        return content[1] * (min(content[0], _BLOB) // max(1, len(content[1]))) if content[0] > 0 else b""
    return content if type(content) is bytes else None


def make_module() -> ModuleType:
    module = ModuleType("student")
    exec(SOURCE, module.__dict__)
    return module


def recorded(side: str) -> list[bytes]:
    """The conversations as one side heard them: ``[number of the act, [[frame, blob or None], ...]]``."""
    return [path.read_bytes() for path in sorted((SEEDS / side).glob("*.msgpack"))]


def parse(data: bytes) -> tuple[int, list[list[Any]]]:
    """Read an input. Raises ValueError for bytes that are none."""
    try:
        act, frames = msgpack.unpackb(data, strict_map_key=False, max_map_len=0, max_ext_len=0)
    except (ValueError, TypeError) as error:
        raise ValueError("no conversation") from error
    if type(act) is not int or type(frames) is not list:
        raise ValueError("no conversation")
    return act % len(ACTS), [frame for frame in frames if type(frame) is list and len(frame) == 2]


class Player:
    """Says at the far end of a socket what was recorded, and listens to nothing."""

    def __init__(self, frames: list[list[Any]]) -> None:
        self.near, self._far = socket.socketpair()
        self._threads = [
            threading.Thread(target=part, args=argument)
            for part, argument in ((self._say, (frames,)), (self._hear, ()))
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._far.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._far.close()

    def _say(self, frames: list[list[Any]]) -> None:
        channel = Channel(self._far)
        for frame, short in frames:
            content = _whole(short)
            blob = os.memfd_create("fuzz") if content is not None else -1
            try:
                if content is not None:
                    os.write(blob, content)
                channel.send(frame, blob)
            except Exception:  # the near side has had enough
                return
            finally:
                if blob >= 0:
                    os.close(blob)
        with contextlib.suppress(OSError):
            self._far.shutdown(socket.SHUT_WR)

    def _hear(self) -> None:
        with contextlib.suppress(OSError):
            while self._far.recv(1 << 20):
                pass
