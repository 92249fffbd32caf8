"""Sends submissions to grading. One interface; here the implementation inside the portal's own process.

A dispatcher only wakes workers up. What there is to do stands in the database, so nothing is lost with it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.exc import SQLAlchemyError

from grader.errors import GraderError
from grader.exercise import Catalogue, Exercise
from grader.report import Owner, Report
from grader.submission import Upload
from server import queue
from server.db import Database
from server.store import Store, StoreError

log = logging.getLogger(__name__)

Event = dict[str, Any]


class Grade(Protocol):
    """Grades one upload; ``grader.pool.Grader.grade`` is one of these."""

    def __call__(
        self,
        exercise: Exercise,
        upload: Upload,
        /,
        *,
        seed: str | None = None,
        device: str = "auto",
        submission: str = "",
        on_event: Callable[[Event], None] | None = None,
    ) -> Report:
        """Return the report. Raises GraderError for what is no verdict."""


class Dispatcher(Protocol):
    """Gets what was received graded."""

    def start(self) -> None:
        """Begin, with what was left from before."""

    def wake(self) -> None:
        """Say that there is something to do."""

    def close(self) -> None:
        """Stop; what is being graded is given back."""

    def join(self, seconds: float) -> None:
        """Wait until everything has stopped, for so long at most."""


class InProcess:
    """Grades in threads of this process; each hands its work to the grader's own processes and waits."""

    def __init__(
        self,
        database: Database,
        store: Store,
        catalogue: Catalogue,
        grade: Grade,
        *,
        jobs: int = 2,
        lease_seconds: float = 30.0,
    ) -> None:
        self.database = database
        self.store = store
        self.catalogue = catalogue
        self.grade = grade
        self.jobs = jobs
        self.lease = timedelta(seconds=lease_seconds)
        self._held: dict[str, queue.Lease] = {}
        #: held while claiming: after ``close`` nothing is claimed any more
        self._gate = threading.Lock()
        self._bell = threading.Condition()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Return to the line what the last run left in the middle, and begin."""
        with self.database.write() as session:
            queue.requeue(session, _now(), everything=True)
        work = [(f"grading-{number}", self._work) for number in range(self.jobs)]
        for name, target in [*work, ("leases", self._keep_leases)]:
            thread = threading.Thread(target=target, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def wake(self) -> None:
        """Ring for the workers."""
        with self._bell:
            self._bell.notify_all()

    def close(self) -> None:
        """Give back what is being graded, and stop. The grader may be closed afterwards."""
        with self._gate:
            self._closing.set()
        self.wake()
        with self.database.write() as session:
            for lease in list(self._held.values()):
                queue.give_back(session, lease)

    def join(self, seconds: float) -> None:
        """Wait for the threads to end, each for so long at most."""
        for thread in self._threads:
            thread.join(seconds)

    def run_once(self) -> bool:
        """Grade the submission whose turn it is; False: there was none."""
        lease = self._claim()
        if lease is None:
            return False
        try:
            self._record(lease, *self._outcome(lease))
        finally:
            del self._held[lease.token]
        return True

    def _claim(self) -> queue.Lease | None:
        with self._gate:
            if self._closing.is_set():
                return None
            with self.database.write() as session:
                lease = queue.claim(session, _now(), self.lease)
            if lease is not None:
                self._held[lease.token] = lease
            return lease

    def _outcome(self, lease: queue.Lease) -> tuple[Report | None, Owner, str]:
        """Grade. Gives the report, or the owner of the fault and what it was."""
        try:
            upload = Upload(lease.file_name, self.store.get(lease.blob))
            report = self.grade(
                self.catalogue.find(lease.slug),
                upload,
                submission=lease.submission,
                on_event=lambda event: self._note(lease, event),
            )
        except GraderError as error:
            log.warning("submission %s: %s: %s", lease.submission, error.owner, error)
            return None, error.owner, str(error)
        except StoreError as error:
            log.error("submission %s: %s", lease.submission, error)
            return None, Owner.INFRASTRUCTURE, str(error)
        except Exception as error:
            # The outermost loop: a mistake of ours must neither end the worker nor cost the student anything.
            log.exception("submission %s", lease.submission)
            return None, Owner.INFRASTRUCTURE, f"{type(error).__name__}: {error}"
        if report.owner in (Owner.EXERCISE, Owner.INFRASTRUCTURE):
            return None, report.owner, report.message.get("en", "")
        return report, Owner.STUDENT, ""

    def _record(self, lease: queue.Lease, report: Report | None, owner: Owner, fault: str) -> None:
        with self.database.write() as session:
            if report is not None:
                is_recorded = queue.finish(session, lease, report, _now())
            else:
                is_recorded = queue.fail(session, lease, owner, fault, _now())
        if not is_recorded:
            log.warning("submission %s: the lease was lost, so this result is not recorded", lease.submission)

    def _note(self, lease: queue.Lease, event: Event) -> None:
        try:
            with self.database.write() as session:
                queue.note(session, lease, event, _now(), self.lease)
        except SQLAlchemyError:
            # Progress is only for show; the grading goes on without it.
            log.exception("submission %s: progress was not recorded", lease.submission)

    def _work(self) -> None:
        while not self._closing.is_set():
            try:
                was_busy = self.run_once()
            except SQLAlchemyError:
                log.exception("the database does not answer; trying again")
                was_busy = False
            if not was_busy:
                self._rest()

    def _rest(self) -> None:
        with self._bell:
            if not self._closing.is_set():
                # A second at most: the waiting time of a submission ends without a ring.
                self._bell.wait(1.0)

    def _keep_leases(self) -> None:
        """Renew what is held, and take back what others have lost."""
        while not self._closing.wait(self.lease.total_seconds() / 3):
            try:
                with self.database.write() as session:
                    for lease in list(self._held.values()):
                        queue.renew(session, lease, _now(), self.lease)
                    queue.requeue(session, _now())
            except SQLAlchemyError:
                log.exception("the leases could not be renewed; trying again")


def _now() -> datetime:
    return datetime.now(UTC)
