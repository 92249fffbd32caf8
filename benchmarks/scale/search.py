"""Looks for the number at which something begins or ends to hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from benchmarks.scale.inputs import Measured, Pages, Turns, notes_of
from benchmarks.scale.outcome import Outcome, mean, run
from benchmarks.scale.pool import Fleet
from benchmarks.scale.scenario import Stack, holds
from benchmarks.scale.site import Plan, Site

SEED = 1
#: what is counted as one minute's peak when capacities are compared with students
FREE_STUDENTS = 20_000


def simulate(plan: Plan, seed: int = SEED) -> Outcome:
    """Run one plan."""
    return run(Site(plan, seed))


def simulate_some(plan: Plan, seeds: Sequence[int] = (1, 2, 3)) -> Outcome:
    """The mean of several evenings."""
    return mean([simulate(plan, seed) for seed in seeds])


def fewest(holds_with: Callable[[int], bool], least: int = 1, most: int = 4096) -> int | None:
    """The smallest number with which something holds, if more never hurt; None: not even ``most`` is enough."""
    high = least
    while not holds_with(high):
        if high >= most:
            return None
        least, high = high + 1, min(most, high * 2)
    while least < high:
        middle = (least + high) // 2
        if holds_with(middle):
            high = middle
        else:
            least = middle + 1
    return high


def machines_for(plan: Plan, most: int = 512) -> tuple[Plan, Outcome] | None:
    """The plan with the fewest machines that keep the aims; None: no number does."""
    found: dict[int, Outcome] = {}

    def keeps(count: int) -> bool:
        found[count] = simulate(with_machines(plan, count))
        return holds(found[count])

    # Where twice as many machines do no better, it is not the machines.
    count = fewest(keeps, most=most)
    return None if count is None else (with_machines(plan, count), found[count])


def with_machines(plan: Plan, count: int) -> Plan:
    """The same with so many machines."""
    return replace(plan, fleet=replace(plan.fleet, machines=count))


def students_for(
    make: Callable[[int], Plan], start: int = 1000, within: float = 0.08
) -> tuple[int, int, dict[int, Outcome]]:
    """The largest number of students for whom the aims are kept, the next that was tried, and what came of all."""
    good, bad, tried = 0, start, {0: simulate(make(0)), start: simulate(make(start))}
    while holds(tried[bad]):
        good, bad = bad, bad * 2
        tried[bad] = simulate(make(bad))
    while bad - good > within * bad:
        middle = (good + bad) // 2
        tried[middle] = simulate(make(middle))
        good, bad = (middle, bad) if holds(tried[middle]) else (good, middle)
    return good, bad, tried


def peak_rate(plan: Plan) -> float:
    """Submissions per second and student in the busiest minute, where nothing takes time."""
    services = {replace(service, seconds=(0.1,), own=0.0): share for service, share in plan.mix.items()}
    free = replace(
        plan, students=FREE_STUDENTS, mix=services, turns=Turns.free(), pages=Pages.free(), fleet=Fleet(1, 10_000)
    )
    site = Site(free, SEED).run()
    minutes: dict[int, int] = {}
    for job in site.jobs:
        minutes[int(job.received_at // 60)] = minutes.get(int(job.received_at // 60), 0) + 1
    return max(minutes.values()) / 60 / FREE_STUDENTS


def demands(plan: Plan) -> dict[str, tuple[float, int]]:
    """Seconds that a submission takes of each stage, and how many servers that has; the state is asked for twice."""
    turns, pages = plan.turns, plan.pages
    parts = list(plan.mix.items())
    whole = sum(share for _, share in parts)

    def average(values: list[float]) -> float:
        return sum(value * share for value, (_, share) in zip(values, parts, strict=True)) / whole

    means = [service.mean for service, _ in parts]
    pairs = [(service, seconds) for (service, _), seconds in zip(parts, means, strict=True)]
    notes = average([notes_of(seconds) * turns.note_of(service, seconds) for service, seconds in pairs])
    looks = 2 * pages.state(1)
    visits = pages.exercise + pages.upload + pages.report + looks
    log_ins = plan.deadline.log_ins / plan.deadline.attempts * pages.log_in
    process = average([service.process(turns, seconds) for service, seconds in pairs])
    if plan.is_one_process:
        processes = {"the one process": (visits + log_ins + process, 1)}
    else:
        processes = {
            "portal": (visits + log_ins, plan.portals),
            "workers' own processes": (process, plan.fleet.machines),
        }
    return processes | {
        "writers' turn": (turns.hand_in + turns.claim(1) + turns.record + notes, plan.writers),
        "cores": (average(means), plan.fleet.machines * plan.fleet.slots),
    }


def narrowest(plan: Plan) -> str:
    """The stage that could do least in a second: whatever else is full when the line is long, it began there."""
    found = demands(plan)
    return min(found, key=lambda stage: found[stage][1] / found[stage][0])


def capacity(measured: Measured, stack: Stack, plan: Plan) -> list[dict[str, float | str]]:
    """What each stage could do if it were alone, and the students at a deadline that would fill it."""
    rate = peak_rate(plan)
    return [
        {
            "stack": stack.name,
            "stage": stage,
            "seconds": seconds,
            "servers": servers,
            "per_second": servers / seconds,
            "students": servers / seconds / rate,
        }
        for stage, (seconds, servers) in demands(plan).items()
    ]
