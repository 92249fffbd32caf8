"""One installation, or one partition of a large one: portal, database, line and workers, with the students in front."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import simpy

from benchmarks.scale.deadline import Deadline
from benchmarks.scale.inputs import Pages, Service, Turns, notes_of
from benchmarks.scale.line import Job, Line
from benchmarks.scale.pool import PATIENCE, Events, Fleet, Pool, Wake
from benchmarks.scale.station import Station

#: seconds between two times that small work of many is added up
TICK = 0.5
#: a page that waits asks again so many seconds after an answer: ``server.submission.stream.BUSY_RETRY_MS``
ASKS_AFTER = 2.0
#: between two times that the scheduler looks for what is to be sent: ``server.scheduler.RELAY_SECONDS``
RELAY_SECONDS = 0.3


@dataclass(frozen=True)
class Plan:
    """What is simulated."""

    students: int
    #: the exercises, each with the part of the students who work on it
    mix: Mapping[Service, float]
    turns: Turns
    pages: Pages
    fleet: Fleet
    #: each is one process that computes on one core
    portals: int = 1
    gpus: Fleet = field(default_factory=lambda: Fleet(0, 4))
    wake: Wake = field(default_factory=Wake)
    deadline: Deadline = field(default_factory=Deadline)
    #: who may write at the same time; in the code it is one
    writers: int = 1
    #: whether pages and gradings have one process together, as in ``gradiente serve``
    is_one_process: bool = False
    #: seconds of a core of the workers for a second of the machine that was measured
    slowness: float = 1.0


class Site:
    """Runs a plan."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan, self.seed = plan, seed
        self.env = simpy.Environment()
        self.rng = random.Random(f"site {seed}")
        self.writer = Station(self.env, plan.writers)
        self.portal = Station(self.env, plan.portals)
        shared = (self.writer, plan.turns)
        last = plan.deadline.window
        process = self.portal if plan.is_one_process else None
        self.pool = Pool(self.env, Line(), *shared, plan.fleet, plan.wake, self.rng, last, self._end, process)
        self.gpus = Pool(self.env, Line(), *shared, plan.gpus, plan.wake, self.rng, last, self._end)
        self.jobs: list[Job] = []
        self.gpu_jobs: list[Job] = []
        self.open = 0
        #: seconds from pressing the button to "received"
        self.waits: list[float] = []
        #: students who met a deadline while the portal had no room for them
        self.refused = 0
        self.retries = 0
        self._moves = 0

    def run(self) -> Site:
        """Run until everything that was handed in has its report."""
        students = self._students()
        self.env.process(self._tick())
        while students or self.open or self.env.now < self.plan.deadline.window:
            batch, students = students[:2000], students[2000:]
            for number, first in batch:
                self.env.process(self._study(number, first))
            # In pieces: the event queue of everybody would be long from the start.
            until = students[0][1] if students else max(self.env.now + 60, self.plan.deadline.window)
            if until > self.env.now:
                self.env.run(until)
            if self.env.now > self.plan.deadline.window + 86400:
                break
        for pool in (self.pool, self.gpus):
            pool.close()
        self.env.run(self.env.now + 1.0)
        return self

    def receive(self, student: int, service: Service, rng: random.Random) -> Job:
        """Put a submission into the line, as the portal does within its transaction."""
        seconds = rng.choice(service.seconds) * self.plan.slowness
        job = self._job(student, service, seconds)
        self.jobs.append(job)
        self.open += 1
        self.pool.put(job)
        if service.gpu:
            # Ordered when the first report is there; it waits for nothing but that.
            job.done.callbacks.append(lambda _: self._follow(student, service, rng))
        return job

    def _job(self, student: int, service: Service, seconds: float) -> Job:
        turns = self.plan.turns
        return Job(
            student, service.name, seconds, self.env.now, self.env.event(), notes=notes_of(seconds),
            note=turns.note_of(service, seconds), process=service.process(turns, seconds),
        )  # fmt: skip

    def _follow(self, student: int, service: Service, rng: random.Random) -> None:
        job = self._job(student, service, service.gpu * rng.uniform(0.7, 1.3))
        self.gpu_jobs.append(job)
        self.open += 1
        self.gpus.put(job)

    def _end(self, job: Job) -> None:
        self.open -= 1

    # Students.

    def _students(self) -> list[tuple[int, float]]:
        """Those whose first attempt falls into the window, in its order."""
        deadline = self.plan.deadline
        found = []
        for number in range(self.plan.students):
            rng = random.Random(f"first {self.seed} {number}")
            left, shift = deadline.left_at_first(rng), rng.uniform(0.0, deadline.spread)
            if left + shift < deadline.window:
                found.append((number, deadline.window - left - shift))
        return sorted(found, key=lambda each: each[1])

    def _study(self, number: int, first: float) -> Events:
        """One student's evening."""
        deadline = self.plan.deadline
        # A stream of chance of their own: another fleet meets the same students.
        rng = random.Random(f"evening {self.seed} {number}")
        service = rng.choices(list(self.plan.mix), list(self.plan.mix.values()))[0]
        ends = random.Random(f"first {self.seed} {number}")
        deadline.left_at_first(ends)
        ends_at = deadline.window - ends.uniform(0.0, deadline.spread)
        yield self.env.timeout(max(0.0, first - self.env.now))
        if rng.random() < deadline.log_ins:
            yield from self._ask(self.plan.pages.log_in)
        for _ in range(deadline.most_attempts):
            yield from self._ask(self.plan.pages.exercise)
            if not (yield from self._hand_in(ends_at)):
                self.refused += 1
                return
            job = self.receive(number, service, rng)
            yield job.done
            yield from self._ask(self.plan.pages.report)
            if rng.random() < deadline.passes:
                return
            pause = deadline.pause(rng, ends_at - self.env.now)
            if self.env.now + pause >= ends_at:
                return
            yield self.env.timeout(pause)

    def _ask(self, seconds: float) -> Events:
        wait = self.portal.take(seconds)
        assert wait is not None
        yield self.env.timeout(wait)

    def _hand_in(self, ends_at: float) -> Events:
        """Send until it is received; False: the deadline was there first. The moment of sending counts."""
        pressed = self.env.now
        while True:
            sent = self.env.now
            yield from self._ask(self.plan.pages.upload)
            wait = self.writer.take(self.plan.turns.hand_in, PATIENCE)
            if wait is not None:
                yield self.env.timeout(wait)
                self.waits.append(self.env.now - pressed)
                return True
            yield self.env.timeout(PATIENCE + self.rng.uniform(5, 15))
            self.retries += 1
            if sent > ends_at or self.env.now > ends_at:
                return False

    # What many do in small pieces.

    def _tick(self) -> Events:
        pages, turns = self.plan.pages, self.plan.turns
        sent = 0
        while True:
            yield self.env.timeout(TICK)
            if self.open:
                self.portal.load(TICK * self._polling(pages))
            poll = self.plan.wake.poll
            if poll is not None:
                # Whoever is idle asks again some time after the answer.
                rate = len(self.pool.idle) / (poll + self.writer.backlog)
                self.writer.load(TICK * rate * turns.nothing)
            elif self.pool.sent != sent:  # with a broker
                self.writer.load(TICK / RELAY_SECONDS * turns.relay)
            sent = self.pool.sent
            machines = len(self.pool.up) + len(self.gpus.up)
            self.writer.load(TICK * machines / 10.0 * turns.leases)

    def _polling(self, pages: Pages) -> float:
        """Seconds of the portal in each second for those who watch; a process plays a line that has moved through."""
        asks = self.open / (ASKS_AFTER + self.portal.backlog)
        moves = self.pool.moves + self.gpus.moves
        rate, self._moves = (moves - self._moves) / TICK, moves
        each = asks / self.plan.portals
        moved = each * rate / (each + rate) * self.plan.portals if rate else 0.0
        length = len(self.pool.line)
        return (asks - moved) * pages.state(length) + moved * pages.state_moved(length)
