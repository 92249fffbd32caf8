"""Questions to services that may not answer: whoever asks gets an answer in time, or none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")

#: a question that has hung for so many seconds is given up, and asked anew: the service may be back
GIVE_UP = 30.0


class Unanswered(Exception):
    """Nothing came within the time."""


class Question(Generic[T]):
    """Asked in a thread of its own, one at a time; its answer is good for a while.

    However often and by however many it is asked, one that hangs costs one thread.
    """

    def __init__(self, name: str, ask: Callable[[], T], *, patience: float, keep: float) -> None:
        """``patience``: seconds that whoever asks waits; ``keep``: seconds that an answer is good for."""
        self.name = name
        self._ask = ask
        self._patience = patience
        self._keep = keep
        self._lock = threading.Lock()
        self._running: Future[T] | None = None
        self._began_at = self._done_at = 0.0

    def begin(self) -> Future[T]:
        """Ask, unless somebody just has."""
        with self._lock:
            if self._running is None or self._is_over(self._running):
                self._running, self._began_at = Future(), time.monotonic()
                threading.Thread(target=self._work, args=(self._running,), name=self.name, daemon=True).start()
            return self._running

    def _is_over(self, running: Future[T]) -> bool:
        """Whether its answer is too old, or is not to come."""
        now = time.monotonic()
        return now - self._done_at > self._keep if running.done() else now - self._began_at > GIVE_UP

    def answer(self) -> T:
        """The answer. Raises Unanswered, or what the question itself has raised."""
        running = self.begin()
        try:
            return running.result(self._patience)
        except TimeoutError:
            if running.done():  # it is the service's own
                raise
            raise Unanswered(f"{self.name}: no answer within {self._patience:g} s") from None

    def _work(self, told: Future[T]) -> None:
        try:
            found = self._ask()
        except BaseException as error:
            self._done_at = time.monotonic()
            told.set_exception(error)
        else:
            self._done_at = time.monotonic()
            told.set_result(found)
