"""Gets what was received graded. One interface, and two implementations: in this process, and by others.

A dispatcher only wakes workers up. What there is to do stands in the database, so nothing is lost with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from server.grading.engine import Engine
from server.grading.polling import Polling
from server.grading.upkeep import Upkeep

log = logging.getLogger(__name__)


class Dispatcher(Protocol):
    """Gets what was received graded."""

    #: told of each submission that has a new result, by its id, in the transaction that records it
    listeners: list[Callable[[Session, str], None]]

    def start(self) -> None:
        """Begin, with what was left from before."""

    def wake(self) -> None:
        """Say that there is something to do."""

    def close(self) -> None:
        """Stop; what is being graded is given back."""

    def join(self, seconds: float) -> None:
        """Wait until everything has stopped, for so long at most."""


class InProcess(Engine):
    """Grades in threads of this process; each hands its work to the grader's own processes and waits.

    It needs neither a broker nor a scheduler: it looks into the line by itself, and does the upkeep.
    """

    def __init__(self, *parts: Any, **options: Any) -> None:
        """What ``Engine`` takes."""
        super().__init__(*parts, **options)
        self.upkeep = Upkeep(self.database, self.catalogue, self.lease)
        self._polling = Polling(self)

    def start(self) -> None:
        """Return to the line what the last run left in the middle, and begin."""
        # On a shared database it may run elsewhere: there the leases tell.
        self.upkeep.reap(everything=not self.database.is_shared)
        super().start()
        self._polling.start()

    def wake(self) -> None:
        """Ring for the threads."""
        self._polling.wake()

    def close(self) -> None:
        """Give back what is being graded, and stop."""
        super().close()
        self.wake()

    def look_after(self) -> None:
        """Do the upkeep."""
        try:
            if self.upkeep.look_after():
                self.wake()
        except SQLAlchemyError:
            log.exception("the line could not be looked after; trying again")


class Elsewhere:
    """The portal that grades nothing: its submissions stand in the line, where the scheduler finds them."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Session, str], None]] = []

    def start(self) -> None:
        """Nothing begins here."""

    def wake(self) -> None:
        """Nobody listens: whoever grades looks into the database."""

    def close(self) -> None:
        """Nothing runs here."""

    def join(self, seconds: float) -> None:
        """Nothing is waited for."""
