"""What waits to be graded, in the order of ``server.grading.queue``: students take turns."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field

import simpy

#: running, last turn, when it came in, a number that tells equal ones apart
Rank = tuple[int, float, float, int]


@dataclass(eq=False)
class Job:
    """One grading that is to be done."""

    student: int
    kind: str
    #: seconds of a core, or of a GPU, that it takes
    seconds: float
    received_at: float
    done: simpy.Event
    #: transactions that tell of its progress, and the writers' turn that each takes
    notes: int = 0
    note: float = 0.0
    #: seconds of the process that all gradings of a machine share
    process: float = 0.0
    tries: int = 0
    #: reports that were recorded; failed ones were given up
    recorded: int = 0
    failed: bool = False
    reported_at: float = field(default=-1.0)

    @property
    def latency(self) -> float:
        """Seconds from "received" to the report."""
        return self.reported_at - self.received_at


class Line:
    """Whoever has fewest running is next; then whose last turn is longest ago (never: first); then the oldest."""

    def __init__(self) -> None:
        self._jobs: defaultdict[int, deque[Job]] = defaultdict(deque)
        self._running: Counter[int] = Counter()
        self._turns: dict[int, float] = {}
        #: each student's next job by rank; a rank that is not in ``_ranks`` is out of date
        self._candidates: list[tuple[Rank, int]] = []
        self._ranks: dict[int, Rank] = {}
        self._by_age: list[tuple[float, int, Job]] = []
        self._waiting: set[Job] = set()
        self._number = 0
        self.longest = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, job: Job) -> None:
        """Let a job wait."""
        self._number += 1
        self._jobs[job.student].append(job)
        self._waiting.add(job)
        self.longest = max(self.longest, len(self._waiting))
        heapq.heappush(self._by_age, (job.received_at, self._number, job))
        self._rank(job.student)

    def take(self, now: float) -> Job | None:
        """Take who is next; None: nobody waits."""
        while self._candidates:
            rank, student = heapq.heappop(self._candidates)
            if self._ranks.get(student) != rank:
                continue
            del self._ranks[student]
            job = self._jobs[student].popleft()
            self._waiting.discard(job)
            self._running[student] += 1
            self._turns[student] = now
            self._rank(student)
            return job
        return None

    def end(self, job: Job) -> None:
        """A job that was taken does not run any more."""
        self._running[job.student] -= 1
        self._rank(job.student)

    def age(self, now: float) -> float:
        """Seconds that the oldest waiting job has waited; 0: nothing waits."""
        while self._by_age and self._by_age[0][2] not in self._waiting:
            heapq.heappop(self._by_age)
        return now - self._by_age[0][0] if self._by_age else 0.0

    def _rank(self, student: int) -> None:
        if waiting := self._jobs[student]:
            self._number += 1
            turn = self._turns.get(student, -1.0)
            self._ranks[student] = rank = (self._running[student], turn, waiting[0].received_at, self._number)
            heapq.heappush(self._candidates, (rank, student))
