"""What is noted of submissions and their gradings: numbers, lines of the log, spans. Whoever works calls one thing.

Nothing here may cost a submission anything: what cannot be noted is left out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from grader.report import Owner, Report
from server import log as journal
from server.grading.queue import MAX_TRIES, Lease
from server.health.metrics import KILLS, Metrics
from server.health.traces import Traces

log = logging.getLogger(__name__)

Event = dict[str, Any]

CPU, GPU = "cpu", "gpu"


class Observer:
    """That of one process."""

    def __init__(self, metrics: Metrics | None = None, traces: Traces | None = None) -> None:
        self.metrics = metrics or Metrics()
        self.traces = traces or Traces()

    def received(self, submission: str, slug: str, size: int, began: float) -> None:
        """A submission was kept; ``began``: seconds since 1970 when it came."""
        now = time.time()
        self.metrics.received.labels(slug).inc()
        self.metrics.upload_bytes.inc(size)
        self.metrics.intake_seconds.observe(max(0.0, now - began))
        request = str(journal.subject().get("request", ""))
        values = {"gradiente.exercise": slug, "gradiente.request": request}
        self.traces.tell("intake", submission, began, now, is_first=True, values=values)
        with journal.about(submission=submission, exercise=slug):
            log.info("submission %s: received for %s, %s bytes", submission, slug, size)

    def refused(self, reason: str) -> None:
        """The rules did not allow one."""
        self.metrics.refused.labels(reason).inc()

    @contextmanager
    def grading(self, lease: Lease, worker: str, began: float) -> Iterator[Observed]:
        """Note one grading. ``began``: seconds since 1970 when somebody looked what is next."""
        about = {"submission": lease.submission, "exercise": lease.slug, "worker": worker, "try": lease.tries}
        if lease.kind is not None:
            about |= {"grading": lease.id, "kind": lease.kind.value}
        with journal.about(**about):
            seen = Observed(self, lease, began, _waited(lease, began))
            log.info("submission %s: taken", lease.submission)
            try:
                yield seen
            finally:
                seen.close()


class Observed:
    """One grading that is noted."""

    def __init__(self, observer: Observer, lease: Lease, began: float, waited: float | None) -> None:
        self._metrics, self._traces = observer.metrics, observer.traces
        self._lease = lease
        self._device = GPU if lease.on_gpu else CPU
        #: of each span
        self._values = {"exercise": lease.slug, "device": self._device}
        self._began, self._claimed = began, time.time()
        self._graded_at: float | None = None
        self._begun: tuple[str, float] | None = None
        #: name, start and end of what happened within the grading
        self._parts: list[tuple[str, float, float]] = []
        self._owner = ""
        self._tests = 0
        self._outcome = "lost"
        if waited is not None:
            self._spend("waiting", waited)
            self._tell("waiting", began - waited, began)
        self._spend("claim", self._claimed - began)
        self._tell("claim", began, self._claimed)

    def listen(self, tell: Callable[[Event], None]) -> Callable[[Event], None]:
        """Hear what happens in the grading, and hand on what others want to hear."""

        def hear(event: Event) -> None:
            if event.get("event") == "tally":
                self._count(event)
                return
            self._follow(event)
            tell(event)

        return hear

    def graded(self, report: Report | None, owner: Owner) -> None:
        """It is over, with this report or for this reason."""
        self._graded_at = time.time()
        self._owner = owner.value
        self._metrics.gradings.labels(self._lease.slug, self._device, owner.value).inc()
        self._spend("grading", self._graded_at - self._claimed)
        for test in report.tests if report else ():
            self._metrics.verdicts.labels(self._lease.slug, str(test.verdict)).inc()
        self._tests = len(report.tests) if report else 0

    def recorded(self, is_recorded: bool) -> None:
        """What came of it is in the database, unless the lease was lost."""
        if not is_recorded:
            return
        is_tried_again = self._owner == Owner.INFRASTRUCTURE and self._lease.tries < MAX_TRIES
        self._outcome = "graded" if self._owner == Owner.STUDENT else "again" if is_tried_again else "failed"

    def close(self) -> None:
        """Nothing more comes."""
        now = time.time()
        self._metrics.recorded.labels(self._outcome).inc()
        graded_at = now if self._graded_at is None else self._graded_at
        if self._graded_at is not None:
            self._spend("recording", now - graded_at)
        whole = self._tell("grading", self._claimed, graded_at, owner=self._owner, tries=self._lease.tries)
        for name, start, end in self._parts:
            self._tell(name, start, end, parent=whole)
        self._tell("recording", graded_at, now, outcome=self._outcome)
        log.info(
            "submission %s: %s, owner %s, %s tests, %.2f s",
            self._lease.submission, self._outcome, self._owner or "unknown", self._tests, now - self._claimed,
        )  # fmt: skip

    def _count(self, tally: Mapping[str, Any]) -> None:
        for phase, seconds in tally["seconds"].items():
            self._spend(phase, seconds)
        for reason, number in tally["ends"].items():
            log.info("submission %s: candidate ended: %s, %s times", self._lease.submission, reason, number)
            if reason in KILLS:
                self._metrics.kills.labels(reason).inc(number)

    def _follow(self, event: Event) -> None:
        """Keep when its parts began and ended, for the spans."""
        if not self._traces.is_on:
            return
        now, kind = time.time(), event.get("event")
        if kind == "read":
            self._parts.append(("prepare", self._claimed, now))
        elif kind == "begin":
            self._begun = (str(event["test"]), now)
        elif kind == "test" and self._begun is not None:
            self._parts.append((f"test {self._begun[0]}", self._begun[1], now))
            self._begun = None

    def _spend(self, phase: str, seconds: float) -> None:
        self._metrics.grading_seconds.labels(phase, self._device).observe(max(0.0, seconds))

    def _tell(self, name: str, start: float, end: float, parent: Any = None, **values: Any) -> Any:
        told = {f"gradiente.{key}": value for key, value in {**self._values, **values}.items()}
        return self._traces.tell(name, self._lease.submission, start, end, parent=parent, values=told)


def _waited(lease: Lease, now: float) -> float | None:
    """Seconds that it stood in the line; None for what was begun before, or where nobody knows."""
    if lease.tries > 1 or lease.since is None:
        return None
    return max(0.0, (datetime.fromtimestamp(now, UTC) - lease.since).total_seconds())
