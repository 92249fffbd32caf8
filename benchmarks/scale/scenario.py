"""What is asked of the simulation: set-ups, exercises, prices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchmarks.scale.inputs import Measured, Service
from benchmarks.scale.outcome import Outcome
from benchmarks.scale.pool import Fleet, Wake
from benchmarks.scale.site import Plan

#: cores of a machine that grades, and gradings at the same time on it
CORES = 8
#: what is aimed at: of all reports, and of all clicks on "hand in"
REPORT_P95, RECEIVED_P95 = 120.0, 5.0

#: not measured: seconds that the tests of ``cnn`` that ask for a GPU take of one, with two starts of CUDA
GPU_SECONDS = 20.0
#: assumed: from the order of a virtual machine until its programs start; the measured warm-up is added
BOOT = 90.0

#: how a worker is told: in the portal's process all idle threads are rung awake; through the broker by the scheduler,
#: which looks every 0.3 s; without one they look once a second
IN_PROCESS, BROKER, LOOKING = Wake(1.0, 0.0, herd=True), Wake(None, 0.2), Wake(1.0, None)


@dataclass(frozen=True)
class Prices:
    """Assumptions in US dollars per hour; put your own."""

    core: float = 0.05
    gpu: float = 1.0
    #: a server with PostgreSQL, its standby and a broker, for so many partitions: each has its own database there
    server: float = 1.0
    partitions: int = 8
    #: a portal process with its core and memory
    portal: float = 0.06

    def evening(self, plan: Plan, outcome: Outcome, partitions: int = 1) -> float:
        """Of ``partitions`` like this one, from the beginning of the window to the last report."""
        hours = (plan.deadline.window + outcome.drained_after) / 3600
        graded = outcome.machine_hours * plan.fleet.slots * self.core + outcome.gpu_hours * self.gpu
        return hours * self._steady(plan, partitions) + partitions * graded

    def idle_month(self, plan: Plan, partitions: int = 1) -> float:
        """What stands there when nobody hands in and workers are scaled to zero; of one machine all of it."""
        alone = plan.fleet.machines * plan.fleet.slots * self.core if plan.is_one_process else 0.0
        return 730.0 * (self._steady(plan, partitions) + alone)

    def _steady(self, plan: Plan, partitions: int) -> float:
        if plan.is_one_process:
            return 0.0  # its database and its pages are on the machine that grades
        return math.ceil(partitions / self.partitions) * self.server + partitions * plan.portals * self.portal


@dataclass(frozen=True)
class Stack:
    """A set-up: its database, and how workers are told."""

    name: str
    database: str
    wake: Wake
    #: processes that serve pages
    portals: int = 16
    #: who may write at the same time; in the code it is one
    writers: int = 1


SERVE = Stack("serve", "sqlite", IN_PROCESS, portals=1)
LOOKERS = Stack("workers that look", "postgresql", LOOKING)
CLUSTER = Stack("workers with a broker", "postgresql", BROKER)
#: what is not in the code: rows are locked, not the database, and four may write at once
PARALLEL = Stack("what if four could write at once", "postgresql", BROKER, portals=48, writers=4)
STACKS = (SERVE, LOOKERS, CLUSTER, PARALLEL)

#: exercises, with the part of the students who work on them
SHORT: Mapping[str, float] = {"sigmoid": 1.0}
MIXED: Mapping[str, float] = {"sigmoid": 0.5, "backprop": 0.2, "cnn": 0.3}
MIXES: dict[str, Mapping[str, float]] = {"short": SHORT, "mixed": MIXED}


def plan(
    measured: Measured,
    stack: Stack,
    students: int,
    *,
    mix: Mapping[str, float] = SHORT,
    machines: int = 1,
    gpu_seconds: float = 0.0,
) -> Plan:
    """A plan for this set-up, with what was measured."""
    turns = measured.turns[stack.database]
    services = {_service(measured.services[name], gpu_seconds): share for name, share in mix.items()}
    return Plan(
        students=students,
        mix=services,
        turns=turns,
        pages=measured.pages[stack.database],
        fleet=Fleet(machines, CORES, boot=BOOT + measured.warm_up),
        portals=stack.portals,
        wake=stack.wake,
        writers=stack.writers,
        is_one_process=stack is SERVE,
    )


def _service(service: Service, gpu_seconds: float) -> Service:
    return replace(service, gpu=gpu_seconds) if service.name == "cnn" else service


def holds(outcome: Outcome) -> bool:
    """Whether the aims are kept."""
    return outcome.p95 <= REPORT_P95 and outcome.hand_in_p95 <= RECEIVED_P95 and not outcome.refused
