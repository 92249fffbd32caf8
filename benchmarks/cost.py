"""What a graded submission costs from end to end, against the grading alone.

    python benchmarks/cost.py               300 submissions through the API; fails where the ratio is above 1.3
    python benchmarks/cost.py --count 60 --broker redis://127.0.0.1:6379/9

Portal, scheduler, worker, the worker's examiners and candidates, the connections of PostgreSQL and the broker are added
up. Alone, the same uploads are graded by a ``Grader`` in this process, as many at a time. Both take turns, so that what
else the machine does hits both. The broker's CPU time is that of its program, whoever else uses it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import rig

from grader.exercise import default_catalogue
from grader.pool import Grader
from grader.submission import Upload

WANTED = 1.3
SLUGS = ("sigmoid", "cross_entropy")
STUDENTS = 50
ROUNDS = 6
IDLE_SECONDS = 10.0


def uploads() -> list[tuple[str, str]]:
    """Exercise and code: what is right, and some of what is not."""
    found = []
    for exercise in map(default_catalogue().find, SLUGS):
        assert exercise.reference is not None
        found.append((exercise.slug, exercise.reference.read_text()))
        wrong = sorted((exercise.reference.parent / "wrong").glob("*.py"))
        found += [(exercise.slug, each.read_text()) for each in wrong[:4]]
    return found


def parts(site: rig.Site) -> Counter[str]:
    """CPU seconds of each part of the site so far."""
    assert site.portal
    assert site.scheduler
    worker = site.workers[0]
    grading = rig.cpu_of_tree(worker.pid) - rig.cpu_of_self(worker.pid)
    broker = "redis-server" if site.settings["GRADIENTE_PORTAL_BROKER_URL"].startswith("redis") else "beam.smp"
    return Counter(
        {
            "portal": rig.cpu_of_tree(site.portal.pid),
            "scheduler": rig.cpu_of_tree(site.scheduler.pid),
            "worker": rig.cpu_of_self(worker.pid),
            "examiners and candidates": grading,
            "database": rig.cpu_of_database(site.address),
            "broker": rig.cpu_of_programs(broker),
        }
    )


def hand_in(clients: list[rig.Client], work: list[tuple[str, str]]) -> None:
    for number, (slug, code) in enumerate(work):
        status, answer = clients[number % len(clients)].hand_in(slug, code)
        if status != 201:
            sys.exit(f"not taken in: {status} {answer}")


def wait_for_all(site: rig.Site) -> None:
    while site.count_open():
        time.sleep(0.3)


def grade_alone(grader: Grader, work: list[tuple[str, str]], jobs: int) -> float:
    """CPU seconds of grading it all."""
    catalogue = default_catalogue()

    def grade(each: tuple[str, str]) -> None:
        grader.grade(catalogue.find(each[0]), Upload(f"{each[0]}.py", each[1].encode()))

    before = rig.cpu_of_own_tree()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(grade, work))
    return rig.cpu_of_own_tree() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--broker", default=rig.BROKER)
    options = parser.parse_args()
    rig.begin()
    kinds = uploads()
    size = max(len(kinds), options.count // ROUNDS)
    work = [kinds[number % len(kinds)] for number in range(size)]
    spent: Counter[str] = Counter()
    alone = idle = seconds = 0.0
    with (
        tempfile.TemporaryDirectory() as folder,
        Grader(default_catalogue()) as grader,
        rig.Site(Path(folder), broker=options.broker, jobs=options.jobs) as site,
    ):
        people = rig.add_people(site.database, STUDENTS)
        rig.add_course(site.database, [id for id, _ in people], SLUGS)
        site.start_scheduler()
        site.start_worker().wait_for("Grading ")
        address = site.start_portal()
        clients = [rig.Client(address, token) for _, token in people]
        # Everything is loaded, and all tests are collected.
        hand_in(clients, work)
        wait_for_all(site)
        grade_alone(grader, kinds, options.jobs)
        for _ in range(ROUNDS):
            before, start = parts(site), time.monotonic()
            hand_in(clients, work)
            wait_for_all(site)
            after = parts(site)
            seconds += time.monotonic() - start
            spent.update({name: after[name] - before[name] for name in after})
            alone += grade_alone(grader, work, options.jobs)
        # What it costs to be there: the busier the machine is, the more of it falls on each submission.
        before = parts(site)
        time.sleep(IDLE_SECONDS)
        idle = (parts(site).total() - before.total()) / IDLE_SECONDS
    count = size * ROUNDS
    print(f"{count} submissions of {', '.join(SLUGS)}; CPU of each:")
    for name, cpu in spent.items():
        print(f"  {name:25} {1e3 * cpu / count:6.1f} ms")
    ratio = spent.total() / alone
    print(f"  {'end to end':25} {1e3 * spent.total() / count:6.1f} ms")
    print(f"  {'grading alone':25} {1e3 * alone / count:6.1f} ms")
    print(
        f"  ratio {ratio:.2f}; {count / seconds:.1f} submissions a second; with nothing to do all parts together take "
        f"{1e3 * idle:.0f} ms a second, {1e3 * idle * seconds / count:.1f} ms of each submission above"
    )
    if ratio > WANTED:
        sys.exit(f"more than {WANTED}")


if __name__ == "__main__":
    main()
