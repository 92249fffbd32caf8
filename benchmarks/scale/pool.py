"""Machines that grade: they start, claim, grade, die, and are started and stopped by the age of the queue."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import simpy

from benchmarks.scale.inputs import Turns
from benchmarks.scale.line import Job, Line
from benchmarks.scale.station import Station

Events = Generator[simpy.Event, Any, Any]

#: as in ``server.settings`` and ``server.grading.queue``
LEASE, MAX_TRIES = 30.0, 3
#: what a writer waits for its turn: ``server.db.BUSY_TIMEOUT_MS``
PATIENCE = 15.0


@dataclass(frozen=True)
class Scaling:
    """Machines by the age of the oldest submission that waits."""

    #: below which nothing is stopped, and above which nothing is started
    least: int = 0
    most: int = 1000
    #: more machines when the oldest has waited for so long
    grow_at: float = 20.0
    #: times as many machines at each step; the next step waits until those of the last are up
    factor: float = 2.0
    look_every: float = 15.0
    #: half of the idle machines are stopped when most have been idle for so long
    stop_after: float = 300.0
    #: the calendar knows the deadlines: at least so many machines from ``ahead`` seconds before until ``after`` behind
    at_deadline: int = 0
    ahead: float = 1800.0
    after: float = 600.0


@dataclass(frozen=True)
class Fleet:
    """Machines of one kind."""

    #: at the start; without ``scaling`` for good
    machines: int
    #: gradings at the same time on each
    slots: int
    scaling: Scaling | None = None
    #: from the order to the first grading
    boot: float = 120.0
    #: deaths of a machine per hour
    deaths_per_hour: float = 0.0


@dataclass(frozen=True)
class Wake:
    """How a worker learns that something waits."""

    #: seconds between two looks of one that is idle, each of them a write; None: it does not look
    poll: float | None = None
    #: seconds until it is told; None: it is not told
    message: float | None = 0.2
    #: whether all who are idle are told, and look
    herd: bool = False


class Machine:
    """One machine that is up: a process of ours, with slots that each have a core."""

    def __init__(self, process: Station) -> None:
        #: computes on one core at a time, whatever the number of slots
        self.process = process
        self.is_leaving = False
        self.slots: list[simpy.Process] = []


class Pool:
    """All machines of one kind, working off one line through one database."""

    def __init__(
        self,
        env: simpy.Environment,
        line: Line,
        writer: Station,
        turns: Turns,
        fleet: Fleet,
        wake: Wake,
        rng: random.Random,
        deadline: float,
        on_end: Callable[[Job], None],
        process: Station | None = None,
    ) -> None:
        """``process``: that of the portal, where it grades as well; else each machine has its own."""
        self.process = process
        self.env, self.line, self.writer, self.turns = env, line, writer, turns
        self.fleet, self.wake, self.rng, self.deadline, self.on_end = fleet, wake, rng, deadline, on_end
        #: slots that rest, by the bell that wakes them, the longest first
        self.idle: dict[simpy.Event, Machine] = {}
        self.up: list[Machine] = []
        self.booting = 0
        self.wanted = self._floor() if fleet.scaling else fleet.machines
        self.machine_seconds = self.busy_seconds = 0.0
        self.most_machines = 0
        #: waits that were too long, by what waited
        self.timeouts: dict[str, int] = {"claim": 0, "note": 0, "record": 0}
        #: changes of the line, and jobs that were put into it
        self.moves = self.sent = 0
        for _ in range(self.wanted):
            env.process(self._live(0.0))
        env.process(self._supervise())

    def put(self, job: Job) -> None:
        """Let a job wait, and somebody who rests know of it."""
        self.line.put(job)
        self.moves += 1
        self.sent += 1
        if self.idle:
            self._ring()

    def _ring(self) -> None:
        """Wake one slot: the first of n that look once a second each finds it after a second / (n + 1) on average."""
        delay, count = self.wake.message, len(self.idle)
        if delay is None:
            delay = (self.wake.poll or 0.0) * self.rng.betavariate(1, count)
        if self.wake.herd:
            self.writer.load((count - 1) * self.turns.nothing)
        bell = next(iter(self.idle))
        del self.idle[bell]
        self.env.timeout(delay).callbacks.append(lambda _: None if bell.triggered else bell.succeed())

    # Machines.

    def _supervise(self) -> Events:
        scaling = self.fleet.scaling
        quiet_since = self.env.now
        while True:
            if scaling:
                quiet_since = self._scale(scaling, quiet_since)
            self._adjust()
            yield self.env.timeout(scaling.look_every if scaling else 15.0)

    def _floor(self) -> int:
        scaling = self.fleet.scaling
        assert scaling
        is_time = -scaling.ahead <= self.env.now - self.deadline <= scaling.after
        return max(scaling.least, scaling.at_deadline if is_time else 0)

    def _scale(self, scaling: Scaling, quiet_since: float) -> float:
        """Say how many machines are wanted; gives since when most of them have been idle."""
        slots = len(self.up) * self.fleet.slots
        floor = self._floor()
        if self.line.age(self.env.now) > scaling.grow_at and not self.booting:
            self.wanted = min(scaling.most, max(len(self.up) + 1, round(len(self.up) * scaling.factor)))
        elif len(self.idle) * 2 <= slots or len(self.line):
            quiet_since = self.env.now
        elif self.env.now - quiet_since >= scaling.stop_after:
            self.wanted, quiet_since = self.wanted // 2, self.env.now
        self.wanted = max(self.wanted, floor)
        return quiet_since

    def _adjust(self) -> None:
        missing = self.wanted - len(self.up) - self.booting
        for _ in range(missing):
            self.env.process(self._live(self.fleet.boot))
        for machine in self.up[self.wanted :] if missing < 0 else []:
            self._retire(machine)

    def _retire(self, machine: Machine) -> None:
        """Take nothing more there; what it grades is graded to its end."""
        machine.is_leaving = True
        self.up.remove(machine)
        for bell in [bell for bell, owner in self.idle.items() if owner is machine]:
            del self.idle[bell]
            bell.succeed()

    def _live(self, boot: float) -> Events:
        """One machine's life, paid from its order to its end."""
        start = self.env.now
        self.booting += 1
        yield self.env.timeout(boot)
        self.booting -= 1
        machine = Machine(self.process or Station(self.env))
        self.up.append(machine)
        self.most_machines = max(self.most_machines, len(self.up))
        machine.slots = [self.env.process(self._slot(machine)) for _ in range(self.fleet.slots)]
        ended = self.env.all_of(machine.slots)
        if self.fleet.deaths_per_hour:
            yield ended | self.env.timeout(self.rng.expovariate(self.fleet.deaths_per_hour / 3600))
            self._kill(machine)
        else:
            yield ended
        self.machine_seconds += self.env.now - start

    def _kill(self, machine: Machine) -> None:
        if machine in self.up:
            self.up.remove(machine)
        for bell in [bell for bell, owner in self.idle.items() if owner is machine]:
            del self.idle[bell]
        for slot in machine.slots:
            if slot.is_alive:
                slot.interrupt()

    def close(self) -> None:
        """Count what is still up."""
        for machine in list(self.up):
            self._retire(machine)

    # Gradings.

    def _slot(self, machine: Machine) -> Events:
        held: list[Job] = []
        try:
            while not machine.is_leaving:
                if not len(self.line):
                    bell = self.env.event()
                    self.idle[bell] = machine
                    yield bell
                    if machine.is_leaving:
                        # Somebody else has to hear it.
                        if len(self.line) and self.idle:
                            self._ring()
                        return
                yield from self._work(machine, held)
        except simpy.Interrupt:
            for job in held:
                self.env.process(self._lose(job))

    def _work(self, machine: Machine, held: list[Job]) -> Events:
        """Claim, grade, record."""
        wait = self.writer.take(self.turns.claim(len(self.line)), PATIENCE)
        if wait is None:
            self.timeouts["claim"] += 1
            yield self.env.timeout(1.0)
            return
        yield self.env.timeout(wait)
        job = self.line.take(self.env.now)
        if job is None:
            return
        self.moves += 1
        held.append(job)
        job.tries += 1
        yield from self._grade(machine, job)
        wait = self.writer.take(self.turns.record, PATIENCE)
        if wait is None:
            # The row stays as it is until its lease has ended.
            self.timeouts["record"] += 1
            held.remove(job)
            self.env.process(self._lose(job))
            return
        yield self.env.timeout(wait)
        held.remove(job)
        job.recorded += 1
        self._end(job)

    def _grade(self, machine: Machine, job: Job) -> Events:
        """Spend its seconds, and tell of it on the way: whoever tells waits for the writers' turn, the tests do not."""
        start = self.env.now
        told_at = start
        for number in range(1, job.notes + 1):
            at = max(start + job.seconds * number / job.notes, told_at)
            if at > self.env.now:
                yield self.env.timeout(at - self.env.now)
            wait = self.writer.take(job.note, PATIENCE)
            if wait is None:
                self.timeouts["note"] += 1
                wait = PATIENCE
            told_at = self.env.now + wait
        end = max(start + job.seconds, told_at)
        if end > self.env.now:
            yield self.env.timeout(end - self.env.now)
        # In one piece at the end: spread over the grading it would be the same work.
        if wait := machine.process.take(job.process):
            yield self.env.timeout(wait)
        self.busy_seconds += job.seconds + job.process

    def _lose(self, job: Job) -> Events:
        """Its lease, renewed every third of its length, has to end; then the next look of any worker gives it back."""
        looks_every = LEASE / 3 / max(1, len(self.up))
        yield self.env.timeout(self.rng.uniform(LEASE * 2 / 3, LEASE) + self.rng.uniform(0, looks_every))
        if job.tries >= MAX_TRIES:
            job.failed = True
            self._end(job)
            return
        self.line.end(job)
        self.put(job)

    def _end(self, job: Job) -> None:
        self.line.end(job)
        self.moves += 1
        job.reported_at = self.env.now
        job.done.succeed()
        self.on_end(job)
