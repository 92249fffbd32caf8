"""What is graded now and what waits, and who grades. Knows the database, not Flask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from server.grading.devices import SILENT_AFTER
from server.models import Grading, State, Submission, User, Worker
from server.submission.line import Place

#: gradings that are listed one by one
MAX_RUNNING = 100


@dataclass(frozen=True)
class Waiting:
    """What waits of one exercise."""

    slug: str
    #: submissions, and other gradings of them, whose turn comes when no submission waits
    count: int
    again: int
    #: since when the one stands in the line that has waited longest; what is tried again begins anew
    oldest: datetime
    #: until the last of the submissions is begun, if no more come in; None: unknown, or there is none
    seconds: float | None
    #: gradings that wait for a GPU, which come beside the others
    on_gpu: int = 0


@dataclass(frozen=True)
class Process:
    """A process that grades."""

    worker: Worker
    #: nothing was heard of it for too long
    is_silent: bool

    @property
    def jobs(self) -> int:
        """How many gradings it does at a time."""
        return int(self.worker.detail.get("jobs", 1))

    @property
    def devices(self) -> list[dict[str, Any]]:
        """The GPUs that it may use, as it has told of them."""
        return list(self.worker.detail.get("devices", []))

    @property
    def queues(self) -> list[str]:
        """What it takes: for processors, for GPUs."""
        return list(self.worker.detail.get("queues", []))

    @property
    def datasets(self) -> list[str]:
        """The data sets that it has."""
        return list(self.worker.detail.get("datasets", []))

    @property
    def layers(self) -> list[str]:
        """The layers of the sandbox that hold there."""
        return list(self.worker.detail.get("layers", []))


@dataclass(frozen=True)
class Look:
    """Who grades, what is graded, and what waits, at one moment."""

    processes: list[Process]
    #: rows of ``running``
    running: Sequence[Any]
    waiting: list[Waiting]

    @property
    def count_waiting(self) -> int:
        """How many gradings wait in all."""
        return sum(each.count + each.again + each.on_gpu for each in self.waiting)


def look(session: Session, places: Mapping[str, Place], lease_seconds: float, now: datetime) -> Look:
    """Look at all of it; ``places`` are those of ``server.submission.line``."""
    return Look(processes(session, now, lease_seconds), running(session), waiting(session, places))


def processes(session: Session, now: datetime, lease_seconds: float) -> list[Process]:
    """Who grades, the newest first."""
    limit = now - timedelta(seconds=SILENT_AFTER * lease_seconds)
    found = session.scalars(select(Worker).order_by(Worker.started_at.desc(), Worker.id))
    return [Process(worker, worker.seen_at < limit) for worker in found]


def running(session: Session) -> Sequence[Any]:
    """What is graded now, what was begun first first: id, is_again, on_gpu, slug, started_at, tries, login, name."""
    first = select(
        Submission.id, literal(False).label("is_again"), literal(False).label("on_gpu"), Submission.slug,
        Submission.user_id, Submission.started_at, Submission.tries,
    ).where(Submission.state == State.RUNNING)  # fmt: skip
    again = select(
        Grading.id, literal(True), Grading.on_gpu, Submission.slug, Submission.user_id, Grading.started_at,
        Grading.tries,
    ).join(Grading.submission).where(Grading.state == State.RUNNING)  # fmt: skip
    found = union_all(first, again).subquery()
    query = select(found, User.login, User.name).join(User, User.id == found.c.user_id)
    return session.execute(query.order_by(found.c.started_at, found.c.id).limit(MAX_RUNNING)).all()


def waiting(session: Session, places: Mapping[str, Place]) -> list[Waiting]:
    """What waits by exercise, most first; ``places`` are those of ``server.submission.line``."""
    columns = (Submission.id, Submission.slug, Submission.created_at, Submission.wait_until)
    mine = select(*columns).where(Submission.state == State.RECEIVED)
    by_slug: defaultdict[str, list[Any]] = defaultdict(list)
    for row in session.execute(mine):
        by_slug[row.slug].append(row)
    numbers = (func.count().label("number"), func.min(Grading.created_at).label("oldest"))
    others = select(Submission.slug, Grading.on_gpu, *numbers).join(Grading.submission)
    others = others.where(Grading.state == State.RECEIVED).group_by(Submission.slug, Grading.on_gpu)
    again: defaultdict[str, list[Any]] = defaultdict(list)
    for each in session.execute(others):
        again[each.slug].append(each)
    found = [_sum_up(slug, by_slug[slug], again[slug], places) for slug in sorted({*by_slug, *again})]
    return sorted(found, key=lambda each: -(each.count + each.again + each.on_gpu))


def _sum_up(slug: str, rows: Sequence[Any], again: Sequence[Any], places: Mapping[str, Place]) -> Waiting:
    oldest = [max(row.created_at, row.wait_until or row.created_at) for row in rows]
    oldest += [row.oldest for row in again]
    # What came in since the line was played through has no place yet.
    ends = [places[row.id].seconds for row in rows if row.id in places]
    known = [end for end in ends if end is not None]
    seconds = max(known) if known and len(known) == len(ends) else None
    processors, gpus = (sum(row.number for row in again if row.on_gpu is on_gpu) for on_gpu in (False, True))
    return Waiting(slug, len(rows), processors, min(oldest), seconds, gpus)


def count_open(session: Session) -> dict[State, int]:
    """How many gradings wait, and how many run."""
    counts = {State.RECEIVED: 0, State.RUNNING: 0}
    for table in (Submission, Grading):
        open_ones = select(table.state, func.count()).where(table.state.in_(list(counts))).group_by(table.state)
        for state, number in session.execute(open_ones):
            counts[state] += number
    return counts
