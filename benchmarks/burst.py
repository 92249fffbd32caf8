"""A class at its deadline: thousands of students hand in within minutes, and some of them again and again.

    python benchmarks/burst.py                     2,000 students in 180 s: gradiente serve, and the distributed set-up
    python benchmarks/burst.py --only serve --students 200 --seconds 60

They come as a Poisson process that grows towards the end, through the API, each with a token. For some of them what
their page would say is asked for when they have handed in and every 20 seconds; the administrators' queue page is asked
for every 5 seconds. What is printed: how long requests took, the time from "received" to the report, what students who
hand in once wait against those who hand in often, and estimates against what happened.

It fails when a request fails, when a submission has no report, when somebody had a second turn while another waited for
the first, and when fewer than four of five estimates are within a factor of 1.5 (waits under 5 seconds are all the
same). The queue page says when the last one begins if no more come in: that is held against when so many had begun.
"""

from __future__ import annotations

import argparse
import heapq
import http.client
import itertools
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import rig
from sqlalchemy import select

from grader.exercise import default_catalogue
from server.context import now
from server.models import State, Submission

FACTOR, ENOUGH = 1.5, 0.8
#: waits below are not told apart: a page rounds them
SHORT = 5.0
#: a first attempt that came within so many seconds before another's second turn may not have been seen
GLIMPSE = timedelta(seconds=2)
#: between two looks at a page, and at the administrators'
ASK_SECONDS, QUEUE_SECONDS = 20.0, 5.0
SLUG = "sigmoid"


@dataclass(frozen=True)
class Estimate:
    """What was said at some moment about when a grading starts."""

    at: datetime
    #: of which submission; empty: of the last that waits, if no more come in
    submission: str
    seconds: float | None


@dataclass
class Seen:
    """What the students have seen."""

    #: by kind of request, in seconds
    took: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    late: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    estimates: list[Estimate] = field(default_factory=list)
    handed_in: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Crowd:
    """Does what is due at each moment, with a few threads and a connection for each."""

    def __init__(self, address: str, threads: int) -> None:
        self.seen = Seen()
        self._address = address
        self._agenda: list[tuple[float, int, Callable[[rig.Client], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._busy = 0
        self._start = time.monotonic()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def plan(self, at: float, what: Callable[[rig.Client], None]) -> None:
        """Do something so many seconds after the start."""
        with self._changed:
            heapq.heappush(self._agenda, (at, next(self._numbers), what))
            self._changed.notify()

    @property
    def clock(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def run(self) -> None:
        """Until nothing is planned any more."""
        self._start = time.monotonic()
        for each in self._threads:
            each.start()
        for each in self._threads:
            each.join()

    def _work(self) -> None:
        client = rig.Client(self._address, "")
        while (due := self._take()) is not None:
            due(client)
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()
        client.close()

    def _take(self) -> Callable[[rig.Client], None] | None:
        with self._changed:
            while self._agenda or self._busy:
                wait = self._agenda[0][0] - self.clock if self._agenda else None
                if wait is not None and wait <= 0:
                    at, _, what = heapq.heappop(self._agenda)
                    self.seen.late.append(self.clock - at)
                    self._busy += 1
                    return what
                self._changed.wait(wait)
        return None

    def ask(self, client: rig.Client, kind: str, token: str, method: str, path: str, body: object = None) -> Any:
        """One request; None: it failed."""
        client.token = token
        start = time.perf_counter()
        try:
            status, answer = client.call(method, path, body)
        except (OSError, http.client.HTTPException) as error:
            status, answer = 0, repr(error)
        seconds = time.perf_counter() - start
        with self.seen.lock:
            self.seen.took[kind].append(seconds)
            if status in (200, 201):
                return answer
            self.seen.errors.append(f"{method} {path}: {status} {str(answer)[:200]}")
        return None


def moments(count: int, seconds: float, rng: random.Random) -> list[float]:
    """When students come: a quarter at any time, the others the more the nearer the end is."""
    calm, rush = rng.random, lambda: 1 - min(1.0, rng.expovariate(3.0))
    return sorted(seconds * (calm() if rng.random() < 0.25 else rush()) for _ in range(count))


class Burst:
    """One class."""

    def __init__(self, crowd: Crowd, people: list[str], administrator: str, options: argparse.Namespace) -> None:
        self._crowd, self._people, self._administrator, self._options = crowd, people, administrator, options
        self._rng = random.Random(options.seed)
        reference = default_catalogue().find(SLUG).reference
        assert reference is not None
        wrong = sorted((reference.parent / "wrong").glob("*.py"))[:5]
        self._codes = [path.read_text() for path in (reference, *wrong)]
        self._is_over = False

    def plan(self) -> int:
        """Plan it all; how many submissions that will be."""
        students, seconds = len(self._people), self._options.seconds
        count = 0
        for person, at in enumerate(moments(students, seconds, self._rng)):
            watched = person % max(1, students // self._options.watched) == 0
            draw = self._rng.random()
            for _ in range(3 if draw < 0.05 else 2 if draw < 0.2 else 1):
                self._crowd.plan(at, self._hand_in(person, self._rng.choice(self._codes), watched))
                at = min(seconds, at + self._rng.uniform(5, 45))
                count += 1
        self._crowd.plan(5.0, self._look_at_queue)
        return count

    def _hand_in(self, person: int, code: str, watched: bool) -> Callable[[rig.Client], None]:
        token = self._people[person]

        def act(client: rig.Client) -> None:
            path = f"/exercises/{SLUG}/submissions"
            answer = self._crowd.ask(client, "hand in", token, "POST", path, {"code": code})
            if answer is None:
                return
            with self._crowd.seen.lock:
                self._crowd.seen.handed_in += 1
            if watched:
                self._look(client, token, str(answer["id"]))

        return act

    def _look(self, client: rig.Client, token: str, id: str) -> None:
        """Ask what the submission's page says, and again while it waits."""
        at = now()
        answer = self._crowd.ask(client, "look", token, "GET", f"/submissions/{id}/events")
        if answer is None or answer["state"] != State.RECEIVED:
            return
        if answer["place"] is not None:
            with self._crowd.seen.lock:
                self._crowd.seen.estimates.append(Estimate(at, id, answer["place"]["seconds"]))
        self._crowd.plan(self._crowd.clock + ASK_SECONDS, lambda client: self._look(client, token, id))

    def _look_at_queue(self, client: rig.Client) -> None:
        """Ask what the administrators' page says, until nothing waits any more."""
        at = now()
        answer = self._crowd.ask(client, "queue page", self._administrator, "GET", "/queue")
        waiting = [each for each in answer["waiting"] if each["exercise"] == SLUG] if answer else []
        if waiting:
            with self._crowd.seen.lock:
                self._crowd.seen.estimates.append(Estimate(at, "", waiting[0]["seconds"]))
        is_over = self._crowd.clock > self._options.seconds and answer and not waiting and not answer["running"]
        if not is_over and self._crowd.clock < self._options.patience:
            self._crowd.plan(self._crowd.clock + QUEUE_SECONDS, self._look_at_queue)


def judge(site: rig.Site, seen: Seen, planned: int, since: datetime) -> list[str]:
    """Print what came out, and say what is not as it should be."""
    with site.database.reader() as session:
        columns = (
            Submission.id, Submission.user_id, Submission.attempt, Submission.state, Submission.created_at,
            Submission.started_at, Submission.finished_at,
        )  # fmt: skip
        mine = select(*columns).where(Submission.created_at >= since)
        rows = session.execute(mine.order_by(Submission.created_at)).all()
    for kind, seconds in sorted(seen.took.items()):
        tell(f"requests, {kind}", seconds)
    problems = [f"{len(seen.errors)} requests failed: {seen.errors[0]}"] if seen.errors else []
    if len(rows) != planned:
        problems.append(f"{planned} were to be handed in, {len(rows)} are there")
    if ungraded := [row for row in rows if row.state is not State.GRADED]:
        return [*problems, f"{len(ungraded)} have no report, the first is {ungraded[0].state}"]
    tell("from received to report", [(row.finished_at - row.created_at).total_seconds() for row in rows])
    problems += judge_turns(rows)
    problems += judge_estimates(rows, seen.estimates)
    return problems


def judge_turns(rows: list[Any]) -> list[str]:
    """Fairness between those who hand in once and those who do more often."""
    often = Counter(row.user_id for row in rows)
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for row in rows:
        name = (
            "later attempts" if row.attempt > 1 else "only attempts" if often[row.user_id] == 1 else "first of several"
        )
        groups[name].append((row.started_at - row.created_at).total_seconds())
    for name, seconds in sorted(groups.items()):
        tell(f"waiting, {name}", seconds)
    first = [row for row in rows if row.attempt == 1]
    passed = sum(
        any(each.created_at + GLIMPSE < row.started_at < each.started_at for each in first)
        for row in rows
        if row.attempt > 1
    )
    print(f"  {passed} of {len(groups['later attempts'])} later attempts were begun while a first one waited")
    return [f"{passed} later attempts were begun while a first one waited"] if passed else []


def judge_estimates(rows: list[Any], estimates: list[Estimate]) -> list[str]:
    """What was said against what happened."""
    by_id = {row.id: row for row in rows}
    ratios: defaultdict[str, list[float]] = defaultdict(list)
    unknown = overtaken = 0
    for each in estimates:
        if each.submission:
            row = by_id[each.submission]
            name, started_at = "later attempts" if row.attempt > 1 else "first attempts", row.started_at
        else:
            # What comes in later may go first, so as many have to be begun by then, whichever they are.
            name, waited = "queue page", [row.started_at for row in rows if row.created_at <= each.at <= row.started_at]
            later = sorted(row.started_at for row in rows if row.started_at >= each.at)
            started_at = later[len(waited) - 1] if waited else each.at
            overtaken += bool(waited) and max(waited) > started_at
        if each.seconds is None:
            unknown += 1
            continue
        happened = max(SHORT, (started_at - each.at).total_seconds())
        ratios[name].append(max(SHORT, each.seconds) / happened)
    print(f"  {overtaken} times the last one in the line let somebody pass who came later, with a first attempt")
    problems = []
    for name, found in sorted(ratios.items()):
        share = sum(1 / FACTOR <= ratio <= FACTOR for ratio in found) / len(found)
        print(
            f"  estimates, {name}: {len(found)}, {share:.0%} within a factor of {FACTOR}; said to happened: "
            f"median {statistics.median(found):.2f}, 5th to 95th percentile "
            f"{rig.percentile(found, 0.05):.2f} to {rig.percentile(found, 0.95):.2f}"
        )
        if share < ENOUGH:
            problems.append(f"estimates, {name}: {share:.0%} are within a factor of {FACTOR}")
    print(f"  estimates that said that the time is not known: {unknown}")
    return problems


def tell(name: str, seconds: list[float]) -> None:
    middle, late = statistics.median(seconds), rig.percentile(seconds, 0.95)
    print(
        f"  {name}: median {middle:.2f} s, 95th percentile {late:.2f} s, longest {max(seconds):.2f} s ({len(seconds)})"
    )


def run(site: rig.Site, options: argparse.Namespace) -> list[str]:
    people = rig.add_people(site.database, options.students)
    administrator = rig.add_administrator(site.database)
    rig.add_course(site.database, [id for id, _ in people], [SLUG])
    if site.distributed:
        site.start_scheduler()
        for worker in [site.start_worker() for _ in range(options.workers)]:
            worker.wait_for("Grading ")
    address = site.start_portal(options.portals)
    # The tests are collected, and something is known of how long a grading takes.
    warm_up(site, address, people[0][1], options.jobs)
    since = now()
    own, parts = rig.cpu_of_self_now(), rig.cpu_of_own_tree()
    crowd = Crowd(address, options.threads)
    planned = Burst(crowd, [token for _, token in people[1:]], administrator, options).plan()
    crowd.run()
    seconds = crowd.clock
    own, parts = rig.cpu_of_self_now() - own, rig.cpu_of_own_tree() - parts
    print(
        f"  {planned} submissions within {options.seconds:.0f} s, all graded after {seconds:.0f} s\n"
        f"  CPU: load generator {own:.0f} s, the others {parts - own:.0f} s; the generator was late by "
        f"{rig.percentile(crowd.seen.late, 0.95):.2f} s (95th percentile)"
    )
    return judge(site, crowd.seen, planned, since)


def warm_up(site: rig.Site, address: str, token: str, jobs: int) -> None:
    reference = default_catalogue().find(SLUG).reference
    assert reference is not None
    client = rig.Client(address, token)
    for _ in range(2 * jobs):
        client.hand_in(SLUG, reference.read_text())
    while site.count_open():
        time.sleep(0.2)
    client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--jobs", type=int, default=2, help="gradings at a time: of serve, of each worker")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--portals", type=int, default=1, help="processes of the portal")
    parser.add_argument("--threads", type=int, default=24, help="of the load generator")
    parser.add_argument("--watched", type=int, default=200, help="students whose page is looked at")
    parser.add_argument("--patience", type=float, default=3600.0, help="seconds until it is given up")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broker", default=rig.BROKER)
    parser.add_argument("--only", choices=["serve", "distributed"])
    options = parser.parse_args()
    rig.begin()
    problems = []
    for name in ("serve", "distributed"):
        if options.only in (None, name):
            print(f"{name}: {options.students} students", flush=True)
            with (
                tempfile.TemporaryDirectory() as folder,
                rig.Site(Path(folder), broker=options.broker, jobs=options.jobs, distributed=name != "serve") as site,
            ):
                problems += [f"{name}: {each}" for each in run(site, options)]
    if problems:
        sys.exit("\n".join(f"WRONG: {problem}" for problem in problems))


if __name__ == "__main__":
    main()
