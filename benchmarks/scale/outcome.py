"""What came of a simulated deadline."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.scale.site import Site


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which this part of them lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


@dataclass(frozen=True)
class Outcome:
    """Times are seconds; use is a part of 1."""

    students: float
    received: float
    graded: float
    failed: float
    #: students whose last attempt was not received before their deadline
    refused: float
    #: from "received" to the report
    median: float
    p95: float
    p99: float
    #: from the button to "received"
    hand_in_p95: float
    longest_line: float
    #: in the busiest minute
    portal: float
    writer: float
    #: of all core seconds of the machines that were paid
    workers: float
    machine_hours: float
    most_machines: float
    cpu_hours: float
    gpu_hours: float
    gpu_median: float
    gpu_p95: float
    #: writers' turns that were waited for in vain
    timeouts: float
    #: seconds from the deadline to the last report
    drained_after: float

    def to_json(self) -> dict[str, Any]:
        """As a file keeps it."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def mean(outcomes: Sequence[Outcome]) -> Outcome:
    """Of several evenings, number by number."""
    values = [asdict(each) for each in outcomes]
    return Outcome(**{name: statistics.fmean(each[name] for each in values) for name in values[0]})


def run(site: Site) -> Outcome:
    """Run a site and sum up."""
    site.run()
    times = [job.latency for job in site.jobs if job.recorded]
    on_gpu = [job.latency for job in site.gpu_jobs if job.recorded]
    pool, fleet = site.pool, site.plan.fleet
    seconds = pool.machine_seconds * fleet.slots
    last = max((job.reported_at for job in [*site.jobs, *site.gpu_jobs]), default=0.0)
    return Outcome(
        students=site.plan.students,
        received=len(site.jobs),
        graded=sum(job.recorded for job in site.jobs),
        failed=sum(job.failed for job in site.jobs),
        refused=site.refused,
        median=quantile(times, 0.5),
        p95=quantile(times, 0.95),
        p99=quantile(times, 0.99),
        hand_in_p95=quantile(site.waits, 0.95),
        longest_line=pool.line.longest,
        portal=site.portal.peak(),
        writer=site.writer.peak(),
        workers=pool.busy_seconds / seconds if seconds else 0.0,
        machine_hours=pool.machine_seconds / 3600,
        most_machines=pool.most_machines,
        cpu_hours=pool.busy_seconds / 3600,
        gpu_hours=site.gpus.machine_seconds / 3600,
        gpu_median=quantile(on_gpu, 0.5),
        gpu_p95=quantile(on_gpu, 0.95),
        timeouts=sum(pool.timeouts.values()) + site.retries,
        drained_after=max(0.0, last - site.plan.deadline.window),
    )
