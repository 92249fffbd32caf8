"""Where submissions stand in the line, and about how long they wait: the line is played through, as the queue moves it.

How long a grading takes is taken from the last ones of its exercise; where there are none, nothing is claimed. So is
what a worker needs between two of them. Other gradings than submissions' own come after them, so only those that run
already keep a worker busy.
A whole class may watch the line, so it is played through once for all of them and again only when it has moved; a long
line, in which one step makes little difference, less often.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from server.grading import abilities
from server.models import Grading, State, Submission

#: gradings from which durations are taken, and how many of one exercise
RECENT, ENOUGH = 300, 15
#: a forecast is kept for so long at most
KEEP_SECONDS = 2.0
#: whatever the line does, one of so many places is kept for ``KEEP_SECONDS``; one of less than a tenth of it is not
LONG_LINE = 500
#: for the order alone, where no duration is known
GUESS = 10.0
#: whose turn a regrade is
NOBODY = 0


Mark = frozenset[tuple[object, ...]]
#: jobs that run, last turn, moment and id: the queue's order
Rank = tuple[int, float, datetime, str]


class Job(NamedTuple):
    """A submission that waits or is graded."""

    id: str
    user: int
    slug: str
    #: when it came in, or when its grading started
    since: datetime
    #: when its student had the last turn, in seconds since 1970; 0: never
    turn: float = 0.0


@dataclass(frozen=True)
class Place:
    """One submission's place in the line."""

    #: 1: it is next
    position: int
    #: until its grading starts; None: unknown
    seconds: float | None


class Forecast:
    """The places of everything that waits, for as many gradings at a time as workers have announced."""

    def __init__(self, jobs: int, lease_seconds: float = 30.0) -> None:
        """``jobs``: what is reckoned with while no worker has been heard of."""
        self.jobs = max(jobs, 1)
        self._lease = timedelta(seconds=lease_seconds)
        self._lock = threading.Lock()
        self._mark: Mark | None = None
        self._made_at = 0.0
        self._places: dict[str, Place] = {}

    def places(self, session: Session, now: datetime) -> dict[str, Place]:
        """Find them, by submission."""
        with self._lock:
            if time.monotonic() - self._made_at < _keep(len(self._places)):
                return self._places
            mark = _mark(session)
            # Time passes even when nothing moves.
            if mark != self._mark or time.monotonic() - self._made_at > KEEP_SECONDS:
                jobs = abilities.count_jobs(session, now, self._lease) or self.jobs
                self._places = find_places(session, jobs, now)
                self._mark, self._made_at = mark, time.monotonic()
            return self._places


def _keep(places: int) -> float:
    """Seconds for which a forecast of so many places is not looked at again."""
    return KEEP_SECONDS * min(1.0, places * 10 // LONG_LINE / 10)


def _mark(session: Session) -> Mark:
    """What differs whenever the line has moved."""
    open_ones = Submission.state.in_([State.RECEIVED, State.RUNNING])
    columns = (Submission.state, func.count(), func.max(Submission.created_at), func.max(Submission.started_at))
    others = select(literal(""), func.count(), func.max(Grading.started_at)).where(Grading.state == State.RUNNING)
    rows = [*session.execute(select(*columns).where(open_ones).group_by(columns[0])), *session.execute(others)]
    return frozenset(tuple(row) for row in rows)


def find_places(session: Session, jobs: int, now: datetime) -> dict[str, Place]:
    """Play the line through."""
    running = _jobs(session, State.RUNNING) + _other_jobs(session)
    waiting = _jobs(session, State.RECEIVED)
    return _Play(_find_pace(session), running, jobs, now).run(waiting)


def _jobs(session: Session, state: State) -> list[Job]:
    columns = (
        Submission.id, Submission.user_id, Submission.slug, Submission.created_at, Submission.started_at,
        Submission.last_turn,
    )  # fmt: skip
    found = select(*columns).where(Submission.state == state).order_by(Submission.created_at, Submission.id)
    return [
        Job(id, user, slug, started_at if state is State.RUNNING and started_at else created_at, turn)
        for id, user, slug, created_at, started_at, turn in session.execute(found)
    ]


def _other_jobs(session: Session) -> list[Job]:
    """Gradings that run and are nobody's turn."""
    columns = (Grading.id, Submission.slug, Grading.started_at, Grading.created_at)
    found = select(*columns).join(Submission, Submission.id == Grading.submission_id)
    # What a GPU does has workers of its own.
    found = found.where(Grading.state == State.RUNNING, ~Grading.on_gpu)
    return [
        Job(id, NOBODY, slug, started_at or created_at) for id, slug, started_at, created_at in session.execute(found)
    ]


@dataclass(frozen=True)
class Pace:
    """How fast it has gone of late, in seconds."""

    #: of a grading, by exercise; those that were not graded of late are missing
    gradings: Mapping[str, float]
    #: of what is done between two gradings: recording one, telling the course, claiming the next
    pause: float = 0.0


def _find_pace(session: Session) -> Pace:
    columns = (Submission.slug, Submission.created_at, Submission.started_at, Submission.finished_at)
    done = select(*columns).where(Submission.state == State.GRADED)
    rows = [
        row
        for row in session.execute(done.order_by(Submission.created_at.desc()).limit(RECENT))
        if row.started_at and row.finished_at
    ]
    found: defaultdict[str, list[float]] = defaultdict(list)
    for row in rows:
        if len(found[row.slug]) < ENOUGH:
            found[row.slug].append((row.finished_at - row.started_at).total_seconds())
    pauses = _pauses([(row.created_at, row.started_at, row.finished_at) for row in rows])
    return Pace({slug: median(each) for slug, each in found.items()}, median(pauses) if pauses else 0.0)


def _pauses(gradings: Sequence[tuple[datetime, datetime, datetime]]) -> list[float]:
    """Seconds from the end of a grading to the beginning of the next, where that was in the line already."""
    ends = [(finished_at, 0, finished_at) for _, _, finished_at in gradings]
    starts = [(started_at, 1, created_at) for created_at, started_at, _ in gradings]
    free: list[datetime] = []
    found = []
    for moment, is_start, came in sorted([*ends, *starts]):
        if not is_start:
            free.append(moment)
        elif free and (since := free.pop()) >= came:
            found.append((moment - since).total_seconds())
    return found


class _Play:
    """Plays what the workers will do: the same order as ``server.grading.queue`` claims in."""

    def __init__(
        self,
        pace: Pace,
        running: list[Job],
        jobs: int,
        now: datetime,
    ) -> None:
        self.durations = {slug: seconds + pace.pause for slug, seconds in pace.gradings.items()}
        self.began = now.timestamp()
        #: the last turn of each user who had one in this play
        self.turns: dict[int, float] = {}
        self.running = Counter(job.user for job in running)
        self.busy = [(self._rest_of(job, now), job.user) for job in running]
        heapq.heapify(self.busy)
        self.free = max(0, jobs - len(running))
        self.is_known = all(job.slug in pace.gradings for job in running)
        self.lines: defaultdict[int, deque[Job]] = defaultdict(deque)
        #: each user's next job by rank; a rank that is not in ``ranks`` is out of date
        self.candidates: list[tuple[Rank, int]] = []
        self.ranks: dict[int, Rank] = {}

    def _rest_of(self, job: Job, now: datetime) -> float:
        """Seconds that a grading will still take; one that takes longer than usual may take a little longer yet."""
        usual = self.durations.get(job.slug, GUESS)
        return max(usual - (now - job.since).total_seconds(), usual / 4)

    def run(self, waiting: list[Job]) -> dict[str, Place]:
        """Send everything that waits to the workers."""
        for job in waiting:
            self.lines[job.user].append(job)
        for user in self.lines:
            self._queue(user)
        found: dict[str, Place] = {}
        at = 0.0
        while len(found) < len(waiting):
            if not self.free:
                at, user = heapq.heappop(self.busy)
                self.running[user] -= 1
                self.free += 1
                self._queue(user)
                continue
            job = self._next()
            found[job.id] = Place(len(found) + 1, at if self.is_known else None)
            self._start(job, at, len(found))
        return found

    def _queue(self, user: int) -> None:
        """Put the user's next job among the candidates, with its rank as of now; an earlier rank is void."""
        if line := self.lines.get(user):
            rank = (self.running[user], self.turns.get(user, line[0].turn), line[0].since, line[0].id)
            self.ranks[user] = rank
            heapq.heappush(self.candidates, (rank, user))

    def _next(self) -> Job:
        """Take the job whose turn it is."""
        while True:
            rank, user = heapq.heappop(self.candidates)
            if self.ranks.get(user) == rank:
                del self.ranks[user]
                return self.lines[user].popleft()

    def _start(self, job: Job, at: float, number: int) -> None:
        self.free -= 1
        self.running[job.user] += 1
        # Later than all turns before this play, and in its order.
        self.turns[job.user] = self.began + number
        self.is_known = self.is_known and job.slug in self.durations
        heapq.heappush(self.busy, (at + self.durations.get(job.slug, GUESS), job.user))
        self._queue(job.user)
