"""A warm parent: a process that has imported what is slow to import and forks a child per request.

Importing torch costs seconds, a fork milliseconds. There are three kinds: the candidates' parent, which is started
with an empty environment and never holds a secret because its children inherit its memory; the examiners' parent; and
its children, the keepers, which have collected one exercise's tests and fork an examiner per grading.

    who asks ──control──▶ nursery ──fork──▶ child
        ▲                    │
        └────── life ────────┘      {"pid": n}, then {"ended": wait status, "reason": ""} or {"failed": text}

A request comes on the control socket with descriptors: first the child's *life*, a socket that the nursery keeps. When
the other end says "kill" or is closed, whoever closed it and why ever, the child is ended with all its processes.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from grader.sandbox import NOTHING, Omission
from grader.shared import load_shared_source
from grader.wire.channel import Channel, ChannelClosed, ChannelTimeout, MalformedFrame

_REQUEST = 1 << 16
_DESCRIPTORS = 8
#: How often the memory of the children is looked at, in milliseconds.
_WATCH = 50


class Greeting(msgspec.Struct, frozen=True):
    """What a warm parent is told before it warms up."""

    #: the source of the shared conftest
    conftest: bytes
    #: layers that its candidates go without while attacks are tried
    omission: Omission = NOTHING


def ask_nursery(control: socket.socket, order: dict[str, Any], descriptors: list[int]) -> None:
    """Send one request; the first descriptor is the nursery's end of the child's life."""
    socket.send_fds(control, [msgspec.msgpack.encode(order)], descriptors)


class Child(Protocol):
    """A forked process and how to end it."""

    pid: int

    def excess(self) -> str:
        """What it takes more of than it may, in a word; empty: nothing."""

    def end(self) -> tuple[int, str]:
        """Kill what is left of it, wait for it, and say with which status and for which reason it ended."""


class Brood(Protocol):
    """What a nursery raises."""

    def warm(self) -> None:
        """Import everything that the children need."""

    def fork(self, order: dict[str, Any], descriptors: list[int]) -> Child:
        """Fork one child. Raise an exception with a text for the operator when that fails."""


@dataclass
class _Charge:
    child: Child
    life: Channel
    pidfd: int


class Nursery:
    """The loop of a warm parent. No thread is ever started here: a fork would lose it."""

    def __init__(self, control: socket.socket, brood: Brood) -> None:
        self._control = control
        self._brood = brood
        self._poll = select.poll()
        self._charges: dict[int, _Charge] = {}
        self._next_watch = 0.0

    def run(self) -> None:
        """Warm up, say so, and serve until nobody holds the other end of the control socket."""
        self._brood.warm()
        # Tests and students' files are compiled for this process alone.
        sys.dont_write_bytecode = True
        # A full collection would touch, and so copy, every page that the children share. None is made before, either:
        # it would free little, and take longer than a fork.
        gc.freeze()
        gc.enable()
        self._control.send(b"ready")
        self._poll.register(self._control, select.POLLIN)
        try:
            while self._turn():
                pass
        finally:
            for charge in self._children():
                self._bury(charge)

    def _turn(self) -> bool:
        ready = self._poll.poll(_WATCH if self._charges else None)
        for fd, _ in ready:
            if fd == self._control.fileno():
                if not self._accept():
                    return False
            elif fd in self._charges:
                self._tend(self._charges[fd], fd)
        self._watch()
        return True

    def _children(self) -> list[_Charge]:
        """Each charge once; it is filed under its life and under its process."""
        return [charge for fd, charge in self._charges.items() if fd == charge.pidfd]

    def _watch(self) -> None:
        now = time.monotonic()
        if now < self._next_watch:
            return
        self._next_watch = now + _WATCH / 1000
        for charge in self._children():
            if found := charge.child.excess():
                self._bury(charge, found)

    def _tend(self, charge: _Charge, fd: int) -> None:
        """Either the child has ended, or its keeper wants it to."""
        if fd == charge.pidfd:
            self._bury(charge)
            return
        with contextlib.suppress(ChannelClosed, ChannelTimeout, MalformedFrame):
            charge.life.receive(time.monotonic() + 1.0)
        self._bury(charge)

    def _accept(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, _REQUEST, _DESCRIPTORS)
        except ConnectionError:
            return False
        if not data:
            return False
        life = Channel(socket.socket(fileno=descriptors[0]), 1 << 16)
        try:
            child = self._brood.fork(msgspec.msgpack.decode(data), descriptors[1:])
        except Exception as error:  # reported to who asked; the nursery serves others
            self._tell(life, {"failed": f"{type(error).__name__}: {error}"})
            life.close()
            return True
        finally:
            for fd in descriptors[1:]:
                os.close(fd)
        charge = _Charge(child, life, os.pidfd_open(child.pid))
        for fd in (charge.pidfd, life.fileno()):
            self._charges[fd] = charge
            self._poll.register(fd, select.POLLIN)
        self._tell(life, {"pid": child.pid})
        return True

    def _bury(self, charge: _Charge, reason: str = "") -> None:
        for fd in (charge.pidfd, charge.life.fileno()):
            self._poll.unregister(fd)
            del self._charges[fd]
        status, cause = charge.child.end()
        self._tell(charge.life, {"ended": status, "reason": reason or cause})
        os.close(charge.pidfd)
        charge.life.close()

    @staticmethod
    def _tell(life: Channel, message: dict[str, Any]) -> None:
        with contextlib.suppress(ChannelClosed, ChannelTimeout):
            life.send(message, timeout=1.0)


@dataclass
class ForkedChild:
    """A child that is a plain fork of ours and trusted: an examiner."""

    pid: int

    def excess(self) -> str:
        """Examiners run our own code."""
        return ""

    def end(self) -> tuple[int, str]:
        """Kill and wait."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return os.waitpid(self.pid, 0)[1], ""


def fork_plain(keep: list[int], run: Callable[[], None]) -> ForkedChild:
    """Fork a trusted child that has no descriptors but the standard ones and ``keep``."""
    pid = os.fork()
    if pid:
        return ForkedChild(pid)
    try:
        low = 3
        for fd in [*sorted(keep), os.sysconf("SC_OPEN_MAX")]:
            os.closerange(low, fd)
            low = fd + 1
        run()
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


def main() -> None:
    """``python -m grader.nursery candidates|examiners CONTROL``: started by the pool, never by hand.

    What it needs comes over the control socket: a path on the command line could be read by candidates.
    """
    # While torch is imported almost nothing can be collected, and looking for it takes a fifth of the time.
    gc.disable()
    kind, control = sys.argv[1], socket.socket(fileno=int(sys.argv[2]))
    greeting = msgspec.msgpack.decode(control.recv(_REQUEST), type=Greeting)
    if greeting.omission.layers:
        sys.stderr.write(f"gradiente: WITHOUT {', '.join(sorted(greeting.omission.layers))}: for attacks alone\n")
    load_shared_source(greeting.conftest)
    brood: Brood
    if kind == "candidates":
        from grader.brood import CandidateBrood

        brood = CandidateBrood(omission=greeting.omission)
    else:
        from grader.suite import SuiteBrood

        brood = SuiteBrood()
    Nursery(control, brood).run()
    # Taking torch to pieces takes long, and there is nothing left to write.
    os._exit(0)


if __name__ == "__main__":
    main()
