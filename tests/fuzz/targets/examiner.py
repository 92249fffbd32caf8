"""The examiner's side: a test that runs while the candidate says whatever it likes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from grader.exercise import GradingLimits
from grader.link import Ended, Link, Work
from grader.stranger import StrangerPeer, StrangerPolicy
from grader.wire.channel import Channel
from grader.wire.fault import RemoteFault
from grader.wire.handle import About, Handle
from grader.wire.values import FRAME, Bounds
from tests.fuzz.targets.conversation import ACTS, Player, parse, recorded

KIND = "trees"
#: what the candidate raised is raised in the test; every other end of it is an Ended
ALLOWED = (Ended, RemoteFault)
BOUNDS = Bounds(bytes=8 << 20)
MEMORY = 96 * FRAME
SEEDS = recorded("examiner")

#: of the test's own code, not of the wire's: it goes on with an answer that is not what it asked for
_OURS = (TypeError, AttributeError, ValueError, RuntimeError, KeyError, IndexError, NotImplementedError)


def run(data: bytes) -> None:
    try:
        number, frames = parse(data)
    except ValueError:
        return
    torch.manual_seed(0)
    player = Player(frames)
    try:
        with asking(player.near) as peer:
            ACTS[number](Handle(peer, 0, About("module", ()), "module"))
    except _OURS as error:
        if _comes_from_wire(error):
            raise
    finally:
        player.close()


@contextmanager
def asking(near: socket.socket) -> Iterator[StrangerPeer]:
    """The examiner's peer on one end of a socket pair."""
    nursery, other = socket.socketpair()
    # A link as it is once its candidate is there, without the nursery that would make the next one.
    link = Link(nursery, Work("fuzz", {}, GradingLimits(), classes=frozenset({"Model"})))
    link._pipe = os.open(os.devnull, os.O_RDONLY)
    link.seconds = 5.0
    channel = Channel(near, FRAME, has_maps=False)
    link.peer = peer = StrangerPeer(channel, StrangerPolicy(BOUNDS, link.work.classes, link), link)
    peer.publish(None)
    try:
        yield peer
    finally:
        if link.peer is not None:
            channel.close()
            os.close(link._pipe)
        nursery.close()
        other.close()


def _comes_from_wire(error: BaseException) -> bool:
    """Whether the exception was raised while an answer was read, and not by what the test does with one."""
    if isinstance(error, RemoteFault):
        return False
    trace, names = error.__traceback__, []
    while trace is not None:
        names.append((trace.tb_frame.f_globals.get("__name__", ""), trace.tb_frame.f_code.co_name))
        trace = trace.tb_next
    return ("grader.wire.peer", "_await") in names
