"""Grades what stands in the line: takes a row under a lease, has it graded, records what came out.

It has no threads but the one that keeps its leases. Whoever drives it calls ``run_next``: ``server.grading.polling``
by looking, ``server.grading.consumer`` when a message says that there is something.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from grader.errors import GraderError, InfrastructureError
from grader.exercise import Catalogue
from grader.report import Owner, Report
from grader.submission import Upload
from server.db import Database, is_passing, moment
from server.grading import abilities, devices, queue, settlement
from server.grading.abilities import Abilities
from server.grading.contract import Devices, Event, Grade, NoDevices
from server.grading.heartbeat import Heartbeat
from server.grading.recorder import BATCH_SECONDS, Recorder
from server.health.observer import Observed, Observer
from server.models import Grading, GradingKind, Submission
from server.store import Store, StoreError, StoreUnavailable
from server.submission import veil

log = logging.getLogger(__name__)

#: between two tries to record a result
AGAIN_SECONDS = 1.0
#: what was handed in and cannot be read, because the store does not answer, is tried again after so long
PUT_OFF = timedelta(seconds=15)
#: between two looks at GPUs that are out of service
RECHECK_SECONDS = 60.0
#: gradings on one GPU at the same time, at most; their memory must fit
JOBS_PER_GPU = 4
#: what waits for processors, and what waits for GPUs
QUEUES = ("cpu", "gpu")


class Engine:
    """What one process grades. Thread-safe: several threads may grade at a time."""

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
        queues: Collection[str] = QUEUES,
        able: Abilities | None = None,
        observer: Observer | None = None,
    ) -> None:
        """``queues``: what it takes at all; ``able``: what it tells the others that it can, if there are others."""
        self.database = database
        self.devices: Devices = gpus or NoDevices()
        self.store = store
        self.catalogue = catalogue
        self.grade = grade
        self.jobs = jobs
        self.lease = timedelta(seconds=lease_seconds)
        self.queues = frozenset(queues)
        self.observer = observer or Observer()
        #: told of each submission that has a new result, by its id, in the transaction that records it
        self.listeners: list[Callable[[Session, str], None]] = []
        #: when something was last graded here, by ``time.monotonic``
        self.busy_at = time.monotonic()
        self._held: dict[str, queue.Lease] = {}
        self._recorders: set[Recorder] = set()
        self._able = able
        self._left_to_others: frozenset[str] = frozenset()
        self._heartbeat = Heartbeat(jobs, self.devices.standings, able, sorted(self.queues))
        #: held while claiming: after ``close`` nothing is claimed any more
        self._gate = threading.Lock()
        self._closing = threading.Event()
        self._is_draining = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to keep leases, and to be seen."""
        with self.database.write() as session:
            self._beat(session)
        self.begin("leases", self._keep_leases)
        self.begin("events", self._pass_on)
        if self.devices.gpus:
            self.begin("devices", self._look_after_gpus)

    def begin(self, name: str, target: Callable[..., None], *arguments: Any) -> None:
        """Start a thread that ``join`` waits for."""
        thread = threading.Thread(target=target, name=name, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)

    @property
    def is_closing(self) -> bool:
        """Whether nothing is taken any more."""
        return self._closing.is_set() or self._is_draining

    @property
    def count_held(self) -> int:
        """Gradings that run here now."""
        return len(self._held)

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
        try:
            with self.database.write() as session:
                for lease in list(self._held.values()):
                    queue.give_back(session, lease)
                self._heartbeat.stop(session)
        except SQLAlchemyError:
            # Whoever stops because the database is gone must still end; the leases run out by themselves.
            log.exception("what is held could not be given back; it returns when its leases end")

    def join(self, seconds: float) -> None:
        """Wait for the threads to end, each for so long at most."""
        for thread in self._threads:
            thread.join(seconds)

    def run_next(self) -> bool:
        """Grade what is next of what this process takes, for GPUs first: they are fewer. False: nothing waits."""
        if "gpu" in self.queues and self.devices.gpus and self.run_once(on_gpu=True):
            return True
        return "cpu" in self.queues and self.run_once()

    def run_once(self, *, on_gpu: bool = False) -> bool:
        """Grade what is next in line, for processors or for GPUs; False: nothing waits."""
        began = time.time()
        lease = self._claim_for_gpu() if on_gpu else self._claim(partial(queue.claim, without=self._left_to_others))
        if lease is None:
            return False
        try:
            with self.observer.grading(lease, self._heartbeat.id, began) as seen:
                self._record(lease, seen, *self._outcome(lease, seen))
        except StoreUnavailable as error:
            log.error("submission %s is put off: %s", lease.submission, error)
            with self.database.write() as session:
                queue.give_back(session, lease, moment(session) + PUT_OFF)
        finally:
            self.busy_at = time.monotonic()
            del self._held[lease.token]
        return True

    def _claim_for_gpu(self) -> queue.Lease | None:
        """Claim what this process could begin now: what does not fit is left to others, or until it does."""
        with self.database.reader() as session:
            waiting = queue.slugs_for_gpu(session, moment(session))
        fitting = {slug for slug in waiting if self.devices.has_room(devices.memory_of(self.catalogue, slug))}
        return self._claim(partial(queue.claim_for_gpu, slugs=fitting)) if fitting else None

    def _claim(self, take: Callable[[Session, datetime, timedelta], queue.Lease | None]) -> queue.Lease | None:
        with self._gate:
            if self.is_closing:
                return None
            with self.database.take() as session:
                lease = take(session, moment(session), self.lease)
            if lease is not None:
                self._held[lease.token] = lease
            return lease

    def _outcome(self, lease: queue.Lease, seen: Observed) -> tuple[Report | None, Owner, str]:
        """Grade. Gives the report, or the owner of the fault and what it was."""
        recorder = Recorder(partial(self._note, lease))
        self._recorders.add(recorder)
        try:
            upload = Upload(lease.file_name, self.store.get(lease.blob))
            report = self.grade(
                self.catalogue.find(lease.slug),
                upload,
                seed=lease.seed,
                submission=lease.submission,
                on_event=seen.listen(recorder.hear),
                hidden=lease.hidden,
                **self._part(lease),
            )
        except StoreUnavailable:
            # Neither the submission nor this grading has a fault: it must not cost a try.
            raise
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
        finally:
            self._recorders.discard(recorder)
            recorder.close()
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

    def _record(self, lease: queue.Lease, seen: Observed, report: Report | None, owner: Owner, fault: str) -> None:
        """Record what came out, as soon as the database can: a grading may have taken minutes.

        Nobody may know whether a commit that was cut off was done. If it was, the lease is gone, and that is all.
        """
        seen.graded(report, owner)
        while True:
            try:
                is_recorded = self._write_down(lease, report, owner, fault)
                break
            except SQLAlchemyError as error:
                if not is_passing(error) or self._closing.wait(AGAIN_SECONDS):
                    raise
                log.error("submission %s: the result could not be recorded, trying again: %s", lease.submission, error)
        seen.recorded(is_recorded)
        if report is not None and report.awaits_gpu:
            self.wake()
        if not is_recorded:
            log.warning("submission %s: the lease was lost, so this result is not recorded", lease.submission)

    def _write_down(self, lease: queue.Lease, report: Report | None, owner: Owner, fault: str) -> bool:
        """Record in one transaction; False: the lease was lost."""
        with self.database.write() as session:
            now = moment(session)
            can_run = devices.counted_on(session, self.catalogue, now, self.lease)
            if report is not None:
                is_recorded = queue.finish(session, lease, report, now, can_run)
            else:
                is_recorded = queue.fail(session, lease, owner, fault, now)
            if is_recorded and lease.kind is not GradingKind.SHADOW:
                settlement.settle(session, lease.submission, now)
                for tell in self.listeners:
                    tell(session, lease.submission)
                if lease.kind is not None or (report is not None and report.awaits_gpu):
                    devices.follow(session, now, can_run, lease.submission)
        return is_recorded

    def wake(self) -> None:
        """Say that there is something to do, to whoever drives this engine."""

    def _note(self, lease: queue.Lease, events: list[Event]) -> None:
        try:
            with self.database.write() as session:
                now = moment(session)
                # For the student alone, and so no more than the student may know.
                hidden = veil.hidden_of(session, lease.submission, now)
                told = [each for event in events if (each := veil.cover_event(event, hidden)) is not None]
                queue.note(session, lease, told, now, self.lease)
        except SQLAlchemyError:
            # Progress is only for show; the grading goes on without it.
            log.exception("submission %s: progress was not recorded", lease.submission)

    def _pass_on(self) -> None:
        """What gradings have told is written though nothing more comes for a while."""
        while not self._closing.wait(BATCH_SECONDS):
            for recorder in list(self._recorders):
                recorder.tick()

    def _keep_leases(self) -> None:
        while not self._closing.wait(self.lease.total_seconds() / 3):
            try:
                with self.database.write() as session:
                    for lease in list(self._held.values()):
                        queue.renew(session, lease, moment(session), self.lease)
                    self._beat(session)
            except Exception:
                # Without this thread every long grading would be taken away, so nothing may end it.
                log.exception("the leases could not be renewed; trying again")
            self.look_after()

    def look_after(self) -> None:
        """What is to be done beside the leases, from time to time. For subclasses."""

    def _beat(self, session: Session) -> None:
        """Say that it is there, and see who else is."""
        busy = sum(not lease.on_gpu for lease in list(self._held.values()))
        self._heartbeat.beat(session, busy, moment(session))
        if self._able is not None:
            others = abilities.left_to_others(session, self._able, self._heartbeat.id, moment(session), self.lease)
            self._left_to_others = frozenset(others)

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
