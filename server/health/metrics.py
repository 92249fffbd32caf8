"""What a process counts while it works. ``docs/monitoring.md`` has all of it in a table.

One object for each process. Where several processes serve one portal (gunicorn), each writes its numbers into a file of
its own under ``PROMETHEUS_MULTIPROC_DIR``, and whichever is asked adds them up: see ``server.health.exposition``.

No label is a student's or a submission's: each value of a label is a series that is kept for good.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from grader.report import Owner, Verdict
from grader.tally import End

# When a series began is told by its first value: another series for each would say nothing more.
disable_created_metrics()  # type: ignore[no-untyped-call]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
REQUEST_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

#: what the sandbox or the examiner did; that one ended by itself is none of these
KILLS = [end.value for end in End if end is not End.EXIT]


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(name, text, labels, buckets=buckets, registry=registry)

        # --- the portal
        self.requests = counter("gradiente_http_requests_total", "Requests.", "route", "method", "status")
        self.request_seconds = histogram(
            "gradiente_http_request_seconds", "Time until an answer's headers.", REQUEST_SECONDS, "route"
        )
        self.received = counter("gradiente_submissions_received_total", "Submissions that were kept.", "exercise")
        self.refused = counter("gradiente_submissions_refused_total", "Submissions that the rules refused.", "reason")
        self.upload_bytes = counter("gradiente_upload_bytes_total", "Bytes of the submissions that were kept.")
        self.intake_seconds = histogram(
            "gradiente_intake_seconds", "Time until a submission was on disk and in the database.", SECONDS
        )
        # --- whoever grades
        self.gradings = counter(
            "gradiente_gradings_total", "Gradings, by whose matter the outcome is.", "exercise", "device", "owner"
        )
        self.grading_seconds = histogram(
            "gradiente_grading_seconds", "Time that gradings took, by phase.", SECONDS, "phase", "device"
        )
        self.verdicts = counter("gradiente_verdicts_total", "Verdicts of tests.", "exercise", "verdict")
        self.recorded = counter(
            "gradiente_attempts_recorded_total", "Gradings that ended, by what was recorded.", "outcome"
        )
        self.kills = counter("gradiente_sandbox_kills_total", "Candidates that were ended for a limit.", "reason")
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """A series that begins with its first event would hide that event from rates."""
        for reason in KILLS:
            self.kills.labels(reason)
        for outcome in ("graded", "failed", "again", "lost"):
            self.recorded.labels(outcome)

    def expect(self, slugs: Iterable[str], *, grades: bool) -> None:
        """Begin the series of these exercises at zero, too: those of a portal, or of whoever grades."""
        for slug in slugs:
            self.received.labels(slug)
            for owner in Owner if grades else ():
                self.gradings.labels(slug, "cpu", owner.value)
            for verdict in Verdict if grades else ():
                self.verdicts.labels(slug, verdict.value)
