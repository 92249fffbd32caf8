"""Records the seeds of the wire's two sides: ``python -m tests.fuzz.record`` after a change of the protocol."""

from __future__ import annotations

import os
import socket

import msgpack
import torch

from grader.candidate import CandidatePolicy
from grader.exercise import GradingLimits
from grader.link import Link, Work
from grader.stranger import StrangerPolicy
from grader.wire.channel import ChannelClosed
from grader.wire.handle import About, Handle
from grader.wire.peer import Peer
from grader.wire.values import Bounds
from tests.fuzz.targets.conversation import ACTS, SEEDS, Recorder, make_module


def record(number: int) -> None:
    """Play one act between two processes and keep what each of them hears."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _serve(theirs, number)
    theirs.close()
    nursery, other = socket.socketpair()
    link = Link(nursery, Work("fuzz", {}, GradingLimits(), classes=frozenset({"Model"})))
    channel = Recorder(ours)
    channel.heard = []
    peer = Peer(channel, StrangerPolicy(Bounds(), link.work.classes, link))
    peer.publish(None)
    torch.manual_seed(0)
    link.start_test(20.0, float("inf"), 0)
    ACTS[number](Handle(peer, 0, About("module", ()), "module"))
    channel.close()
    nursery.close()
    other.close()
    os.waitpid(pid, 0)
    _write("examiner", number, channel)


def _serve(sock: socket.socket, number: int) -> None:
    channel = Recorder(sock)
    channel.heard = []
    peer = Peer(channel, CandidatePolicy(Bounds()))
    peer.publish(make_module())
    try:
        peer.serve()
    except ChannelClosed:
        _write("candidate", number, channel)
    finally:
        os._exit(0)


def _write(side: str, number: int, channel: Recorder) -> None:
    folder = SEEDS / side
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{ACTS[number].__name__}.msgpack").write_bytes(msgpack.packb([number, channel.heard]))


if __name__ == "__main__":
    torch.set_num_threads(1)
    for act in range(len(ACTS)):
        record(act)
