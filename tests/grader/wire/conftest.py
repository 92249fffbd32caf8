"""A pair of processes on one wire, without a sandbox: what the wire itself does is tested here."""

from __future__ import annotations

import os
import socket
import textwrap
import time
from types import ModuleType

import pytest
import torch

from grader.candidate import CandidatePolicy
from grader.stranger import StrangerPolicy
from grader.wire.channel import Channel
from grader.wire.handle import About, Handle
from grader.wire.peer import Peer
from grader.wire.values import Bounds


class FakeLink:
    """As much of a link as the policy asks for: a generous deadline."""

    def deadline(self) -> float:
        return time.monotonic() + 20


@pytest.fixture
def student():
    """A function that puts source code behind a wire and returns the stand-in for its module."""
    started = []

    def start(source: str, *, classes: tuple[str, ...] = (), bounds: Bounds | None = None) -> Handle:
        bounds = bounds or Bounds()
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            _serve(theirs, source)
        theirs.close()
        channel = Channel(ours)
        started.append((pid, channel))
        peer = Peer(channel, StrangerPolicy(bounds, frozenset(classes), FakeLink()))
        return Handle(peer, 0, About("module", ()), "module")

    yield start
    for pid, channel in started:
        channel.close()
        os.waitpid(pid, 0)


def _serve(sock: socket.socket, source: str) -> None:
    # Nothing else may be within its reach: under pytest-xdist, descriptor 3 and others belong to the test run.
    keep = sock.fileno()
    os.closerange(3, keep)
    os.closerange(keep + 1, 256)
    torch.set_num_threads(1)
    module = ModuleType("student")
    exec(textwrap.dedent(source), module.__dict__)
    peer = Peer(Channel(sock), CandidatePolicy(Bounds()))
    peer.publish(module)
    try:
        peer.serve()
    finally:
        os._exit(0)
