"""The pool's side of the warm parents: started as processes of their own, asked over a socket, ended by closing it."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from grader.complaint import Complaint
from grader.errors import ExerciseError, InfrastructureError
from grader.exercise import Exercise
from grader.nursery import Greeting, ask_nursery
from grader.sandbox import NO_GPU, NOTHING, Omission

#: What is said here of compiled files counts there, too; nothing else of this environment does.
_BYTECODE = {name: value for name, value in os.environ.items() if name == "PYTHONDONTWRITEBYTECODE"}
#: What malloc gets comes in huge pages: a fork has less to copy of the tables that name the pages. Without glibc's
#: malloc it is a word that nobody reads.
_HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
#: Seconds until a warm parent must be ready: importing torch from a cold disk takes its time.
_START = 180.0


class WarmProcess:
    """A process that has nothing of this one but a socket: it imports much, says that it is ready, and then forks."""

    def __init__(self, name: str, module: str, *arguments: str, **environment: str) -> None:
        self.name = name
        self._what = (module, *arguments)
        self._environment = environment
        self._start()

    def _start(self) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # One thread each: gradings run side by side, and a thread pool does not survive a fork.
        # None sees a GPU: what forks must not start CUDA.
        usual = {"OMP_NUM_THREADS": "1", **_HUGE_PAGES, **_BYTECODE, **NO_GPU}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-m", *self._what, str(theirs.fileno())],
                env={**usual, **self._environment},
                stdin=subprocess.DEVNULL,
                cwd="/",
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C in a terminal is ours to handle
            )

    def expect_ready(self) -> None:
        """Wait until everything is imported. Raises InfrastructureError."""
        self.control.settimeout(_START)
        try:
            ready = self.control.recv(16)
        except TimeoutError:
            raise InfrastructureError(f"the {self.name}' warm parent did not start within {_START:g} s") from None
        if ready != b"ready":
            raise InfrastructureError(f"the {self.name}' warm parent ended at its start: {self._process.wait()}")
        self.control.settimeout(None)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """With what it ended; None: it is there."""
        return self._process.poll()

    def close(self) -> None:
        """End it; it ends its children."""
        self.control.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class WarmParent(WarmProcess):
    """A nursery of candidates or of examiners."""

    def __init__(self, kind: str, conftest: Path, omission: Omission = NOTHING) -> None:
        # Hashes are fixed so that sets iterate in the same order and the same seed gives the same report.
        self._greeting = msgspec.msgpack.encode(Greeting(conftest.read_bytes(), omission))
        super().__init__(kind, "grader.nursery", kind, PYTHONHASHSEED="0")

    def _start(self) -> None:
        super()._start()
        self.control.send(self._greeting)

    def restart(self) -> None:
        """Start it anew; what its predecessor has forked is gone or has no use any more. Raises InfrastructureError."""
        self.close()
        self._start()
        self.expect_ready()


class Branch:
    """A nursery that a warm parent forked: it shares the parent's memory and has prepared something more."""

    def __init__(self, parent: socket.socket, order: dict[str, Any]) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._life, its_life = socket.socketpair()
        self._lock = threading.Lock()
        self._is_ready = False
        try:
            with contextlib.closing(theirs), contextlib.closing(its_life):
                ask(parent, order, [its_life.fileno(), theirs.fileno()])
        except BaseException:
            self.close()
            raise

    def expect_ready(self) -> None:
        """Wait until it is prepared. Raises ExerciseError when the exercise does not allow it."""
        with self._lock:
            if self._is_ready:
                return
            self.control.settimeout(_START)
            try:
                told = self.control.recv(1 << 16)
            except (TimeoutError, OSError):
                told = b""
            if told == b"ready":
                self.control.settimeout(None)
                self._is_ready = True
                return
        self.close()
        if told:
            raise ExerciseError(told.decode("utf-8", "replace"))
        raise InfrastructureError("a warm parent is gone")

    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        if self.control.fileno() < 0:
            return False
        # Its first word may wait to be read; after that, what can be read is its end.
        has_word = bool(select.select([self.control], [], [], 0)[0])
        return not (has_word and self._is_ready)

    def close(self) -> None:
        """End it with its children."""
        self.control.close()
        self._life.close()


class Keeper:
    """What one exercise has ready: its tests collected, and candidates without what it forbids."""

    def __init__(self, examiners: WarmParent, candidates: socket.socket, exercise: Exercise) -> None:
        self._lock = threading.Lock()
        self._gradings = 0
        self._is_retired = False
        suites = [str(path) for path in (exercise.public_tests, exercise.hidden_tests) if path is not None]
        self._suite = Branch(examiners.control, {"slug": exercise.slug, "suites": suites})
        self._branches = [self._suite]
        #: whose forks its candidates are, and where they are ordered
        self.parent = self.candidates = candidates
        if exercise.config.forbid:
            self._branches.append(Branch(candidates, {"block": exercise.config.forbid}))
            self.candidates = self._branches[-1].control

    def expect_ready(self) -> None:
        """Wait until the tests are collected. Raises ExerciseError when they cannot be."""
        for branch in self._branches:
            branch.expect_ready()

    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        return all(branch.is_alive() for branch in self._branches)

    @contextmanager
    def order(self, channel: socket.socket, complaint: Complaint, *, apart: bool = False) -> Iterator[None]:
        """Have an examiner forked that takes its job from ``channel``; leaving the context ends it.

        What it writes to standard error goes to ``complaint``. ``apart``: its candidates get a parent of their own,
        which nobody else waits for.
        """
        ours, its_life = socket.socketpair()
        try:
            with self._parent(apart) as candidates:
                with contextlib.closing(channel), contextlib.closing(its_life):
                    mine = [its_life.fileno(), channel.fileno(), candidates.fileno(), complaint.writing]
                    ask(self._suite.control, {}, mine)
                    complaint.hand_over()
                yield
        finally:
            ours.close()

    @contextmanager
    def _parent(self, apart: bool) -> Iterator[socket.socket]:
        """Where the candidates of one grading are ordered."""
        if not apart:
            yield self.candidates
            return
        branch = Branch(self.candidates, {"branch": True})
        try:
            branch.expect_ready()
            yield branch.control
        finally:
            branch.close()

    def reserve(self) -> None:
        """Count a grading that is about to be ordered, so that it is not retired meanwhile."""
        with self._lock:
            self._gradings += 1

    def release(self) -> None:
        """A reserved grading is over."""
        with self._lock:
            self._gradings -= 1
            is_over = self._is_retired and not self._gradings
        if is_over:
            self.close()

    def retire(self) -> None:
        """Close as soon as the last grading is done."""
        with self._lock:
            self._is_retired = True
            is_over = not self._gradings
        if is_over:
            self.close()

    def close(self) -> None:
        """End it with its examiners and candidates."""
        for branch in self._branches:
            branch.close()


def ask(control: socket.socket, order: dict[str, Any], descriptors: list[int]) -> None:
    """Send a nursery one request. Raises InfrastructureError where it is gone."""
    try:
        ask_nursery(control, order, descriptors)
    except OSError as error:
        raise InfrastructureError(f"a warm parent is gone: {error}") from error
