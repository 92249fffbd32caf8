"""What must be done for the line from time to time, by whoever: what the dead left behind, and what time has made due.

Each step is one transaction that looks and changes, so two who do it at once do it once.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from grader.exercise import Catalogue
from server.db import Database, moment
from server.grading import calendar, devices, queue

log = logging.getLogger(__name__)

#: between two looks at deadlines
CALENDAR_SECONDS = 15.0


class Upkeep:
    """The reaper, and the calendar."""

    def __init__(self, database: Database, catalogue: Catalogue, lease: timedelta) -> None:
        self._database = database
        self._catalogue = catalogue
        self._lease = lease
        self._next_look = 0.0

    def look_after(self) -> bool:
        """Do what is to be done by now, and say whether there is more to grade for it."""
        count = self.reap()
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + CALENDAR_SECONDS
            count += self.order_finals() + self.order_for_gpus()
        return count > 0

    def reap(self, *, everything: bool = False) -> int:
        """Return to the line what dead workers held; ``everything``, whatever their leases say, at a first start."""
        with self._database.write() as session:
            now = moment(session)
            count = queue.requeue(session, now, everything=everything)
            is_released = queue.release(session, now)
        if count:
            log.info("%s gradings were left behind by workers that are gone", count)
        return count + is_released

    def order_finals(self) -> int:
        """Order the final gradings of submissions whose deadline is past."""
        with self._database.write() as session:
            count = calendar.order_finals(session, moment(session))
        if count:
            log.info("%s final gradings are ordered", count)
        return count

    def order_for_gpus(self) -> int:
        """Order what awaits a GPU now that there is one, and give up what has waited for too long."""
        with self._database.write() as session:
            now = moment(session)
            can_run = devices.counted_on(session, self._catalogue, now, self._lease)
            devices.give_up(session, now, can_run)
            count = devices.follow(session, now, can_run)
        if count:
            log.info("%s gradings on GPUs are ordered", count)
        return count
