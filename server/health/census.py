"""What the database tells of the line and of those who work it off, counted when somebody asks.

The queries read what waits and runs, by the index of state, and of what is done only the last day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import String, case, cast, func, literal, select
from sqlalchemy.orm import Session

from grader.report import Owner
from server.db import Database
from server.grading.devices import SILENT_AFTER
from server.grading.queue import TABLES
from server.health.bounded import Question
from server.models import Grading, GradingKind, State, Submission, Worker

#: seconds that a count is good for, and that it may take
KEEP, PATIENCE = 5.0, 5.0
RECENT = timedelta(hours=1)
#: what failed of late was received of late: so far back is looked for it
FAR = timedelta(days=1)

SUBMISSION, REGRADE = "submission", "regrade"
#: by device, what waits there: in the order in which it is taken
PRIORITIES = {"cpu": (SUBMISSION, GradingKind.FINAL.value, REGRADE), "gpu": (GradingKind.DEVICE.value, REGRADE)}

Place = tuple[str, str]


@dataclass
class Count:
    """The line at one moment. ``Place``: a device and a priority."""

    waiting: Counter[Place] = field(default_factory=Counter)
    #: since when the one waits there that has waited longest
    oldest: dict[Place, datetime] = field(default_factory=dict)
    unsent: Counter[str] = field(default_factory=Counter)
    running: Counter[str] = field(default_factory=Counter)
    expired: int = 0
    #: submissions of the last hour, by state
    recent: Counter[str] = field(default_factory=Counter)
    #: gradings that failed in the last hour, by owner
    failures: Counter[str] = field(default_factory=Counter)
    workers: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    busy: int = 0
    gpus: Counter[str] = field(default_factory=Counter)


def count(session: Session, now: datetime, silence: timedelta) -> Count:
    """Count. A worker that was not heard of for ``silence`` is silent."""
    found = Count()
    for table in TABLES:
        _count_line(session, found, table, now)
        _count_failures(session, found, table, now)
    recent = select(Submission.state, func.count()).where(
        Submission.state.in_(list(State)), Submission.created_at >= now - RECENT
    )
    for state, number in session.execute(recent.group_by(Submission.state)):
        found.recent[state.value] = number
    _count_workers(found, session.execute(select(Worker.detail, Worker.busy, Worker.seen_at)), now - silence)
    return found


def _count_line(session: Session, found: Count, table: Any, now: datetime) -> None:
    is_submission = table is Submission
    device = literal("cpu") if is_submission else case((Grading.on_gpu, "gpu"), else_="cpu")
    is_regrade = Grading.kind == GradingKind.SHADOW
    kind = literal(SUBMISSION) if is_submission else case((is_regrade, REGRADE), else_=cast(Grading.kind, String))
    # What is tried again waits from then on.
    since = func.min(case((table.wait_until > table.created_at, table.wait_until), else_=table.created_at))
    columns = (device.label("device"), kind.label("kind"), func.count().label("number"))
    waits = select(*columns, since.label("since"), func.count(table.sent_at).label("sent"))
    waits = waits.where(table.state == State.RECEIVED).group_by("device", "kind")
    for row in session.execute(waits):
        place = (row.device, row.kind)
        found.waiting[place] = row.number
        found.oldest[place] = _moment(row.since)
        found.unsent[row.device] += row.number - row.sent
    late = func.count(case((table.lease_expires_at < now, 1)))
    runs = select(device.label("device"), func.count().label("number"), late.label("late"))
    for row in session.execute(runs.where(table.state == State.RUNNING).group_by("device")):
        found.running[row.device] += row.number
        found.expired += row.late


def _count_failures(session: Session, found: Count, table: Any, now: datetime) -> None:
    failed = select(table.owner, func.count()).where(
        table.state == State.FAILED, table.created_at >= now - FAR, table.finished_at >= now - RECENT
    )
    for owner, number in session.execute(failed.group_by(table.owner)):
        found.failures[owner.value if owner else Owner.INFRASTRUCTURE.value] += number


def _count_workers(found: Count, workers: Iterable[Any], limit: datetime) -> None:
    for detail, busy, seen_at in workers:
        is_silent = seen_at < limit
        found.workers["silent" if is_silent else "heard"] += 1
        if is_silent:
            continue
        found.jobs += int(detail.get("jobs", 1))
        found.busy += busy
        for device in detail.get("devices", []):
            found.gpus["out_of_service" if device.get("fault") else "in_service"] += 1


def _moment(found: datetime | str) -> datetime:
    """SQLite has no moments, and of what it works out SQLAlchemy does not know that it is one."""
    moment = datetime.fromisoformat(found) if isinstance(found, str) else found
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class Census(Collector):
    """Counts for whoever scrapes. Of a database that does not answer it tells nothing, and ``gradiente_ready`` that."""

    def __init__(self, database: Database, lease_seconds: float, *, has_broker: bool = False) -> None:
        silence = SILENT_AFTER * timedelta(seconds=lease_seconds)

        def ask() -> Count:
            with database.reader() as session:
                return count(session, datetime.now(UTC), silence)

        self._has_broker = has_broker
        self._question = Question("census", ask, patience=PATIENCE, keep=KEEP)

    def collect(self) -> Iterator[Metric]:
        """Count, or tell what was counted just now."""
        try:
            found = self._question.answer()
        except Exception:  # whatever the database has against it, checks tell and log it
            return
        yield from _families(found, datetime.now(UTC))
        if self._has_broker:
            text = "Gradings that wait and have no message."
            yield _by("gradiente_queue_unsent", text, "device", list(PRIORITIES), found.unsent)


def _families(found: Count, now: datetime) -> Iterator[Metric]:
    places = [(device, kind) for device, kinds in PRIORITIES.items() for kind in kinds]
    places += sorted(found.waiting.keys() - set(places))
    ages = {place: max(0.0, (now - since).total_seconds()) for place, since in found.oldest.items()}
    yield _by_place("gradiente_queue_depth", "Gradings that wait.", places, found.waiting)
    yield _by_place("gradiente_queue_age_seconds", "How long the oldest that waits has waited.", places, ages)
    devices = list(PRIORITIES)
    yield _by("gradiente_queue_running", "Gradings that run.", "device", devices, found.running)
    yield GaugeMetricFamily("gradiente_leases_expired", "Gradings whose worker has lost them.", found.expired)
    states, owners = [state.value for state in State], [owner.value for owner in Owner]
    yield _by("gradiente_recent_submissions", "Submissions of the last hour.", "state", states, found.recent)
    yield _by("gradiente_recent_failures", "Gradings that failed in the last hour.", "owner", owners, found.failures)
    yield _by("gradiente_workers", "Processes that grade.", "state", ["heard", "silent"], found.workers)
    yield GaugeMetricFamily("gradiente_workers_jobs", "Gradings that workers can do at a time.", found.jobs)
    yield GaugeMetricFamily("gradiente_workers_busy", "Gradings that workers say they do.", found.busy)
    yield _by("gradiente_gpus", "GPUs of workers.", "state", ["in_service", "out_of_service"], found.gpus)


def _by(name: str, text: str, label: str, values: Sequence[str], numbers: Counter[str]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value in values:
        family.add_metric([value], numbers[value])
    return family


def _by_place(name: str, text: str, places: Sequence[Place], numbers: Any) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["device", "priority"])
    for place in places:
        family.add_metric(place, numbers.get(place, 0))
    return family
