"""Sends submissions to grading. One interface; here the implementation inside the portal's own process.

A dispatcher only wakes workers up. What there is to do stands in the database, so nothing is lost with it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from grader.errors import GraderError, InfrastructureError
from grader.exercise import Catalogue
from grader.report import Owner, Report
from grader.submission import Upload
from server.db import Database
from server.grading import calendar, devices, queue, settlement
from server.grading.contract import Devices, Event, Grade, NoDevices
from server.grading.heartbeat import Heartbeat
from server.grading.recorder import Recorder
from server.models import Grading, GradingKind, Submission
from server.store import Store, StoreError
from server.submission import veil

log = logging.getLogger(__name__)

#: between two looks at deadlines
CALENDAR_SECONDS = 15.0
#: between two looks at GPUs that are out of service
RECHECK_SECONDS = 60.0
#: gradings on one GPU at the same time, at most; their memory must fit
JOBS_PER_GPU = 4
#: whoever was not heard of for so many lengths of a lease has no GPU that is counted on
SILENT_AFTER = 2


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
        gpus: Devices | None = None,
    ) -> None:
        self.database = database
        self.devices: Devices = gpus or NoDevices()
        self.store = store
        self.catalogue = catalogue
        self.grade = grade
        self.jobs = jobs
        self.lease = timedelta(seconds=lease_seconds)
        self.listeners: list[Callable[[Session, str], None]] = []
        self._held: dict[str, queue.Lease] = {}
        self._heartbeat = Heartbeat(jobs, self.devices.standings)
        #: held while claiming: after ``close`` nothing is claimed any more
        self._gate = threading.Lock()
        self._bell = threading.Condition()
        self._closing = threading.Event()
        self._is_draining = False
        self._threads: list[threading.Thread] = []
        self._next_look = 0.0

    def start(self) -> None:
        """Return to the line what the last run left in the middle, and begin."""
        with self.database.write() as session:
            # On a shared database it may run elsewhere: there the leases tell.
            queue.requeue(session, _now(), everything=not self.database.is_shared)
            self._heartbeat.beat(session, 0, _now())
        count = len(self.devices.gpus)
        work = [(f"grading-{number}", self._work, (False,)) for number in range(self.jobs)]
        work += [(f"gpu-{number}", self._work, (True,)) for number in range(JOBS_PER_GPU * count)]
        for name, target, arguments in work:
            self._begin(name, target, *arguments)
        self._begin("leases", self._keep_leases)
        if count:
            self._begin("devices", self._look_after_gpus)

    def _begin(self, name: str, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, name=name, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)

    def wake(self) -> None:
        """Ring for the workers."""
        with self._bell:
            self._bell.notify_all()

    def drain(self, seconds: float) -> None:
        """Take nothing more, and wait for what is being graded, for so long at most. Then ``close``."""
        with self._gate:
            self._is_draining = True
        deadline = time.monotonic() + seconds
        while self._held and time.monotonic() < deadline:
            time.sleep(0.1)

    def close(self) -> None:
        """Give back what is being graded, and stop. The grader may be closed afterwards."""
        with self._gate:
            self._closing.set()
        self.wake()
        with self.database.write() as session:
            for lease in list(self._held.values()):
                queue.give_back(session, lease)
            self._heartbeat.stop(session)

    def join(self, seconds: float) -> None:
        """Wait for the threads to end, each for so long at most."""
        for thread in self._threads:
            thread.join(seconds)

    def run_once(self, *, on_gpu: bool = False) -> bool:
        """Grade what is next in line, for processors or for GPUs; False: nothing waits."""
        lease = self._claim_for_gpu() if on_gpu else self._claim(queue.claim)
        if lease is None:
            return False
        try:
            self._record(lease, *self._outcome(lease))
        finally:
            del self._held[lease.token]
        return True

    def _claim_for_gpu(self) -> queue.Lease | None:
        """Claim what this process could begin now: what does not fit is left to others, or until it does."""
        with self.database.reader() as session:
            waiting = queue.slugs_for_gpu(session, _now())
        fitting = {slug for slug in waiting if self.devices.has_room(self._memory_of(slug))}
        return self._claim(partial(queue.claim_for_gpu, slugs=fitting)) if fitting else None

    def _memory_of(self, slug: str) -> int:
        """Megabytes of a GPU that an exercise may take; of one that cannot be read the grading will say so."""
        try:
            return self.catalogue.find(slug).config.gpu_memory_mb
        except GraderError:
            return 0

    def _claim(self, take: Callable[[Session, datetime, timedelta], queue.Lease | None]) -> queue.Lease | None:
        with self._gate:
            if self._closing.is_set() or self._is_draining:
                return None
            with self.database.write() as session:
                lease = take(session, _now(), self.lease)
            if lease is not None:
                self._held[lease.token] = lease
            return lease

    def _outcome(self, lease: queue.Lease) -> tuple[Report | None, Owner, str]:
        """Grade. Gives the report, or the owner of the fault and what it was."""
        try:
            upload = Upload(lease.file_name, self.store.get(lease.blob))
            recorder = Recorder(lambda events: self._note(lease, events))
            report = self.grade(
                self.catalogue.find(lease.slug),
                upload,
                seed=lease.seed,
                submission=lease.submission,
                on_event=self._veiled(lease, recorder),
                hidden=lease.hidden,
                **self._part(lease),
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

    def _part(self, lease: queue.Lease) -> dict[str, Any]:
        """What is told besides to who grades: on which class of devices, and what the other one has found."""
        if not lease.on_gpu:
            return {"device": "cpu"}
        table, id = (Submission, lease.submission) if lease.kind is GradingKind.DEVICE else (Grading, lease.id)
        with self.database.reader() as session:
            earlier = devices.first_part(session, table, id)
        if earlier is None:
            raise InfrastructureError("the report that a GPU was to complete is gone")
        return {"device": "cuda", "earlier": earlier}

    def _veiled(self, lease: queue.Lease, recorder: Recorder) -> Callable[[Event], None]:
        """Hand on what happens, as far as the student may know it: events are kept for the student alone."""
        with self.database.reader() as session:
            hidden = veil.hidden_of(session, lease.submission, _now())

        def hear(event: Event) -> None:
            told = veil.cover_event(event, hidden)
            if told is not None:
                recorder.hear(told)

        return hear

    def _record(self, lease: queue.Lease, report: Report | None, owner: Owner, fault: str) -> None:
        with self.database.write() as session:
            can_run = self._gpus_for(session)
            if report is not None:
                is_recorded = queue.finish(session, lease, report, _now(), can_run)
            else:
                is_recorded = queue.fail(session, lease, owner, fault, _now())
            if is_recorded and lease.kind is not GradingKind.SHADOW:
                settlement.settle(session, lease.submission, _now())
                for tell in self.listeners:
                    tell(session, lease.submission)
                devices.follow(session, _now(), can_run, lease.submission)
        if report is not None and report.awaits_gpu:
            self.wake()
        if not is_recorded:
            log.warning("submission %s: the lease was lost, so this result is not recorded", lease.submission)

    def _gpus_for(self, session: Session) -> Callable[[str], bool]:
        """Whether some worker could run what an exercise asks of a GPU."""
        room = devices.find_room(session, _now(), SILENT_AFTER * self.lease)
        return lambda slug: 0 < room >= self._memory_of(slug)

    def _note(self, lease: queue.Lease, events: list[Event]) -> None:
        try:
            with self.database.write() as session:
                for event in events:
                    queue.note(session, lease, event, _now(), self.lease)
        except SQLAlchemyError:
            # Progress is only for show; the grading goes on without it.
            log.exception("submission %s: progress was not recorded", lease.submission)

    def _work(self, on_gpu: bool) -> None:
        while not self._closing.is_set():
            try:
                was_busy = self.run_once(on_gpu=on_gpu)
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
        """Renew what is held, take back what others have lost, and order what a deadline has made due."""
        while not self._closing.wait(self.lease.total_seconds() / 3):
            try:
                with self.database.write() as session:
                    for lease in list(self._held.values()):
                        queue.renew(session, lease, _now(), self.lease)
                    queue.requeue(session, _now())
                    busy = sum(not lease.on_gpu for lease in list(self._held.values()))
                    self._heartbeat.beat(session, busy, _now())
                if time.monotonic() >= self._next_look:
                    self._next_look = time.monotonic() + CALENDAR_SECONDS
                    self.order_finals()
                    self.order_for_gpus()
            except SQLAlchemyError:
                log.exception("the leases could not be renewed; trying again")

    def order_finals(self) -> None:
        """Order the final gradings of submissions whose deadline is past."""
        with self.database.write() as session:
            count = calendar.order_finals(session, _now())
        if count:
            log.info("%s final gradings are ordered", count)
            self.wake()

    def order_for_gpus(self) -> None:
        """Order what awaits a GPU now that there is one, and give up what has waited for too long."""
        with self.database.write() as session:
            can_run = self._gpus_for(session)
            devices.give_up(session, _now(), can_run)
            count = devices.follow(session, _now(), can_run)
        if count:
            log.info("%s gradings on GPUs are ordered", count)
            self.wake()

    def _look_after_gpus(self) -> None:
        """Put GPUs back into service that are well again."""
        while not self._closing.wait(RECHECK_SECONDS):
            try:
                mended = self.devices.recheck()
            except GraderError:
                log.exception("the GPUs could not be examined; trying again")
                continue
            for gpu in mended:
                log.info("%s is back in service", gpu)
                self.wake()


def _now() -> datetime:
    return datetime.now(UTC)
