"""Counts the seconds of one training: those in which the student's code works, and none of ours."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Budget:
    """Seconds that the student's code has for one run."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._spent = 0.0
        #: since when the student's code works; None: it does not
        self._since: float | None = None
        #: what our own answers to its questions have taken
        self._answered = 0.0

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.seconds - self._spent - self._running)

    @property
    def _running(self) -> float:
        return 0.0 if self._since is None else time.monotonic() - self._since

    def refund(self, seconds: float) -> None:
        """Take back what was spent on waiting for a processor."""
        self._spent -= seconds

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count what passes while the student's code is asked; a question within a question counts once."""
        before = self._switch(counts=True)
        try:
            yield
        finally:
            self._switch(before)

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """Count nothing while our own code answers a question of the student's, but what it asks the student's in turn.

        Up to as much as there is for the run: beyond, a submission that never stops asking pays for the answers.
        """
        before, start, spent = self._switch(counts=False), time.monotonic(), self._spent
        try:
            yield
        finally:
            self._switch(before)
            took = time.monotonic() - start - (self._spent - spent)
            self._spent += max(0.0, min(took, self._answered + took - self.seconds))
            self._answered += took

    def _switch(self, counts: bool) -> bool:
        """Count from here on, or do not; returns how it was."""
        was = self._since is not None
        self._spent += self._running
        self._since = time.monotonic() if counts else None
        return was
