"""The pool's side of the warm parents: started as processes of their own, asked over a socket, ended by closing it."""

from __future__ import annotations

import contextlib
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grader.errors import ExerciseError, InfrastructureError
from grader.exercise import Exercise
from grader.nursery import ask_nursery

#: Seconds until a warm parent must be ready: importing torch from a cold disk takes its time.
_START = 180.0


class WarmParent:
    """A nursery in a process that has nothing of this one but a socket."""

    def __init__(self, kind: str, conftest: Path) -> None:
        self._kind = kind
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # One thread each: gradings run side by side, and a thread pool does not survive a fork. Hashes are fixed so
        # that sets iterate in the same order and the same seed gives the same report.
        environment = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-m", "grader.nursery", kind, str(theirs.fileno())],
            env=environment,
            stdin=subprocess.DEVNULL,
            cwd="/",
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C in a terminal is ours to handle
        )
        theirs.close()
        self.control.send(conftest.read_bytes())

    def expect_ready(self) -> None:
        """Wait until everything is imported. Raises InfrastructureError."""
        self.control.settimeout(_START)
        try:
            ready = self.control.recv(16)
        except TimeoutError:
            raise InfrastructureError(f"the {self._kind}' warm parent did not start within {_START:g} s") from None
        if ready != b"ready":
            raise InfrastructureError(f"the {self._kind}' warm parent ended at its start: {self._process.wait()}")
        self.control.settimeout(None)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def close(self) -> None:
        """End it; it ends its children."""
        self.control.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Keeper:
    """A nursery that holds one exercise's collected tests, forked by the examiners' parent."""

    def __init__(self, examiners: WarmParent, exercise: Exercise) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._life, its_life = socket.socketpair()
        self._lock = threading.Lock()
        self._is_ready = False
        self._gradings = 0
        self._is_retired = False
        suites = [str(path) for path in (exercise.public_tests, exercise.hidden_tests) if path is not None]
        order = {"slug": exercise.slug, "suites": suites}
        with contextlib.closing(theirs), contextlib.closing(its_life):
            _ask(examiners.control, order, [its_life.fileno(), theirs.fileno()])

    def expect_ready(self) -> None:
        """Wait until the tests are collected. Raises ExerciseError when they cannot be."""
        with self._lock:
            if self._is_ready:
                return
            self._control.settimeout(_START)
            try:
                told = self._control.recv(1 << 16)
            except (TimeoutError, OSError):
                told = b""
            if told == b"ready":
                self._control.settimeout(None)
                self._is_ready = True
                return
        self.close()
        if told:
            raise ExerciseError(told.decode("utf-8", "replace"))
        raise InfrastructureError("the examiners' warm parent is gone")

    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        if self._control.fileno() < 0:
            return False
        # Its first word may wait to be read; after that, what can be read is its end.
        has_word = bool(select.select([self._control], [], [], 0)[0])
        return not (has_word and self._is_ready)

    @contextmanager
    def order(self, channel: socket.socket, candidates: socket.socket) -> Iterator[None]:
        """Have an examiner forked that takes its job from ``channel``; leaving the context ends it."""
        ours, its_life = socket.socketpair()
        try:
            with contextlib.closing(channel), contextlib.closing(its_life):
                _ask(self._control, {}, [its_life.fileno(), channel.fileno(), candidates.fileno()])
            yield
        finally:
            ours.close()

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
        """End the keeper with its examiners."""
        self._control.close()
        self._life.close()


def _ask(control: socket.socket, order: dict[str, Any], descriptors: list[int]) -> None:
    try:
        ask_nursery(control, order, descriptors)
    except OSError as error:
        raise InfrastructureError(f"a warm parent is gone: {error}") from error
