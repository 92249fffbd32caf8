"""The questions that the document answers, each as a list of rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks.scale import scenario
from benchmarks.scale.inputs import Measured
from benchmarks.scale.pool import Fleet, Scaling
from benchmarks.scale.scenario import CLUSTER, GPU_SECONDS, LOOKERS, MIXES, PARALLEL, SERVE, STACKS, Prices, Stack
from benchmarks.scale.search import capacity, machines_for, narrowest, simulate_some, students_for, with_machines
from benchmarks.scale.site import Plan

Rows = list[dict[str, Any]]

#: the sizes of the task
SIZES = (1_000, 100_000, 10_000_000)
#: students of a partition: what one database serves with room to spare, see the limits
PARTITION = 4_000


#: machines that grade where it is not asked how many: enough that something else is full first
MACHINES = {SERVE.name: 1, LOOKERS.name: 8, CLUSTER.name: 8, PARALLEL.name: 32}


def capacities(measured: Measured) -> Rows:
    """What each stage could do."""
    found: Rows = []
    for stack, mix in ((SERVE, "short"), (CLUSTER, "short"), (CLUSTER, "mixed"), (PARALLEL, "mixed")):
        machines = MACHINES[stack.name]
        plan = scenario.plan(measured, stack, 0, mix=MIXES[mix], machines=machines)
        found += [{"mix": mix} | row for row in capacity(measured, stack, plan)]
    return found


def limits(measured: Measured) -> Rows:
    """How many students each set-up carries, and what is full beyond."""
    cases = [(stack, "short", MACHINES[stack.name]) for stack in STACKS]
    return [limit(measured, *case) for case in [*cases, (CLUSTER, "mixed", 32)]]


def limit(measured: Measured, stack: Stack, mix: str, machines: int) -> dict[str, Any]:
    """How many students one set-up carries with so many machines that grade."""

    def make(students: int) -> Plan:
        return scenario.plan(measured, stack, students, mix=MIXES[mix], machines=machines)

    good, bad, tried = students_for(make)
    row = {"stack": stack.name, "mix": mix, "machines": machines, "students": good, "tried": bad}
    row |= {"narrowest": narrowest(make(bad)), "before": tried[good].to_json(), "beyond": tried[bad].to_json()}
    return row | {"curve": [[count, round(outcome.p95, 2)] for count, outcome in sorted(tried.items())]}


def sizes(measured: Measured) -> Rows:
    """Workers and money for each size: partitions of one database each, all with the same deadline."""
    found: Rows = []
    for stack in (SERVE, CLUSTER):
        for mix in MIXES:
            for students in SIZES if stack is not SERVE else SIZES[:1]:
                found.append(_size(measured, stack, mix, students))
    return found


def _size(measured: Measured, stack: Stack, mix: str, students: int) -> dict[str, Any]:
    partitions = 1 if stack is SERVE else math.ceil(students / PARTITION)
    # Equal partitions: one is simulated, and the sum is so many times that.
    each = math.ceil(students / partitions)
    portals = stack.portals if stack is SERVE else (2 if each <= 2000 else 4)
    plan = replace(scenario.plan(measured, stack, each, mix=MIXES[mix]), portals=portals)
    row = {"stack": stack.name, "mix": mix, "students": students, "partitions": partitions, "portals": portals}
    answer = machines_for(plan, most=1 if stack is SERVE else 128)
    if answer is None:
        return row | {"machines": None}
    plan, outcome = answer
    prices = Prices()
    whole = {
        "cores": plan.fleet.machines * plan.fleet.slots,
        "cpu_hours": outcome.cpu_hours,
        "received": outcome.received,
    }
    row |= {name: round(value * partitions, 1) for name, value in whole.items()}
    dollars = prices.evening(plan, outcome, partitions)
    row |= {"machines": plan.fleet.machines * partitions, "dollars": round(dollars, 2)}
    row |= {"idle_month": round(prices.idle_month(plan, partitions), 0)}
    return row | {"outcome": outcome.to_json()}


def fleets(measured: Measured) -> Rows:
    """A partition with machines that stand there, that come with the queue's age, and that come before a deadline."""
    base = scenario.plan(measured, CLUSTER, PARTITION, mix=MIXES["mixed"])
    base = replace(base, portals=4)
    answer = machines_for(base)
    if answer is None:
        return []
    needed = answer[0].fleet.machines
    kinds: dict[str, Fleet] = {
        "fixed": replace(base.fleet, machines=needed),
        "fixed, half as many": replace(base.fleet, machines=max(1, needed // 2)),
        "by the queue's age, from none": replace(base.fleet, scaling=Scaling(most=4 * needed)),
        "by the queue's age, from one": replace(base.fleet, scaling=Scaling(least=1, most=4 * needed)),
        "from one, by age and calendar": replace(
            base.fleet, scaling=Scaling(least=1, most=4 * needed, at_deadline=needed)
        ),
    }
    return [_fleet(name, replace(base, fleet=fleet)) for name, fleet in kinds.items()]


def _fleet(name: str, plan: Plan) -> dict[str, Any]:
    outcome = simulate_some(plan)
    prices = Prices()
    machines = outcome.machine_hours * plan.fleet.slots * prices.core
    return {"fleet": name, "workers_dollars": round(machines, 2), "outcome": outcome.to_json()}


def faults(measured: Measured) -> Rows:
    """Machines that die while they grade."""
    plan = replace(scenario.plan(measured, CLUSTER, PARTITION, mix=MIXES["mixed"]), portals=4)
    answer = machines_for(plan)
    if answer is None:
        return []
    plan = with_machines(plan, answer[0].fleet.machines + 1)
    found: Rows = []
    for rate in (0.0, 0.5, 5.0, 20.0):
        outcome = simulate_some(replace(plan, fleet=replace(plan.fleet, deaths_per_hour=rate)))
        found.append({"deaths_per_hour": rate, "machines": plan.fleet.machines, "outcome": outcome.to_json()})
    return found


def shapes(measured: Measured) -> Rows:
    """How much hangs on what students do: how late they come, and whether all deadlines are one."""
    base = scenario.plan(measured, CLUSTER, PARTITION, machines=8)
    base = replace(base, portals=4)
    kinds = {
        "as assumed": base.deadline,
        "softening 10 min": replace(base.deadline, softening=600.0),
        "softening 30 s": replace(base.deadline, softening=30.0),
        "deadlines spread over 1 h": replace(base.deadline, spread=3600.0),
        "every second attempt passes": replace(base.deadline, passes=0.5),
        "one in five attempts passes": replace(base.deadline, passes=0.2),
    }
    return [
        {"shape": name, "outcome": simulate_some(replace(base, deadline=deadline)).to_json()}
        for name, deadline in kinds.items()
    ]


def scarcity(measured: Measured) -> Rows:
    """What the part on GPUs waits for with so many of them; the report of the processors does not wait for it."""
    found: Rows = []
    plan = scenario.plan(measured, CLUSTER, PARTITION, mix=MIXES["mixed"], machines=16, gpu_seconds=GPU_SECONDS)
    plan = replace(plan, portals=4)
    for count in (1, 2, 4, 8):
        # One grading at a time on each: several side by side share what it computes.
        outcome = simulate_some(replace(plan, gpus=Fleet(count, 1)))
        dollars = outcome.gpu_hours * Prices().gpu
        found.append({"gpus": count, "dollars": round(dollars, 2), "outcome": outcome.to_json()})
    return found


QUESTIONS: dict[str, Callable[[Measured], Rows]] = {
    "capacities": capacities,
    "limits": limits,
    "sizes": sizes,
    "fleets": fleets,
    "faults": faults,
    "shapes": shapes,
    "scarcity": scarcity,
}
