"""Submissions while workers are killed: none may be lost, stuck or recorded twice, and no score may be another.

    python benchmarks/chaos.py --count 10000                    RabbitMQ, PostgreSQL, a kill every 40 seconds on average
    python benchmarks/chaos.py --count 300 --every 20 --seed 2
    python benchmarks/chaos.py --broker redis://127.0.0.1:6379/9 --http

Real workers, grader, sandbox and scheduler. Now and then SIGKILL ends a worker, its candidates' parent or its
examiners' parent, drawn by ``--seed``; a worker that is gone is started again. At the end:

- every submission that was taken in has a report, and no row waits, runs or has failed;
- each was recorded once: PostgreSQL writes a line into a table of this benchmark whenever a row becomes graded, in the
  transaction that does it;
- its score and its verdicts are those of the same upload, graded alone and without faults; a sample, and what differs
  because chance has a part in it, is graded again with the very seed that it had;
- nothing that a killed worker had started is still there.

It fails where one of these does not hold, where nothing moves for ten minutes, and where no worker was killed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import rig
from sqlalchemy import select, text

from grader.exercise import default_catalogue
from grader.pool import Grader
from grader.report import Report
from grader.submission import Upload
from server.context import now
from server.models import State, Submission
from server.settings import read_settings
from server.store import open_store
from server.submission.intake import Draft, hand_in

#: a line for each time that a row became graded, whoever did it
WITNESS = """
CREATE TABLE witness (submission text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE FUNCTION witnessed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO witness (submission) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER witnessed AFTER UPDATE ON submission FOR EACH ROW
    WHEN (NEW.state IN ('graded', 'failed')
          AND (OLD.state <> NEW.state OR OLD.finished_at IS DISTINCT FROM NEW.finished_at))
    EXECUTE FUNCTION witnessed();
"""
CRASHES = "import os\n\n\ndef sigmoid(x):\n    os._exit(3)\n\n\ndef sigmoid_derivative(x):\n    return x * (1 - x)\n"
BROKEN = "def sigmoid(x:\n"
STILL_SECONDS = 600.0
#: of submissions at most, which wait at the same time
BACKLOG = 400


@dataclass
class Kind:
    """One upload, and what it is worth."""

    name: str
    slug: str
    code: str
    report: Report | None = None


@dataclass
class Tally:
    """What has been done to the workers."""

    kills: Counter[str] = field(default_factory=Counter)
    #: CPU seconds of those that are gone, as last seen
    cpu: float = 0.0
    #: everything that a killed worker had started: process and when it had begun
    orphans: set[tuple[int, str]] = field(default_factory=set)
    slowest_end: float = 0.0


def kinds(with_stubs: bool) -> list[Kind]:
    """Right, partly right, wrong, unreadable, one that ends its process; and stubs, which the portal would refuse."""
    found = [Kind("crashes", "sigmoid", CRASHES), Kind("broken", "sigmoid", BROKEN)]
    for slug in ("sigmoid", "cross_entropy"):
        exercise = default_catalogue().find(slug)
        assert exercise.reference is not None
        found.append(Kind(f"{slug}: right", slug, exercise.reference.read_text()))
        wrong = sorted((exercise.reference.parent / "wrong").glob("*.py"))
        found += [Kind(f"{slug}: {each.stem}", slug, each.read_text()) for each in wrong[:5]]
        if with_stubs:
            found.append(Kind(f"{slug}: stub", slug, (exercise.folder / f"{slug}.py").read_text()))
    return found


def grade_alone(every: list[Kind]) -> None:
    """Grade each upload without faults, three times: what depends on the seed is of no use here."""
    catalogue = default_catalogue()
    with Grader(catalogue) as grader:
        for kind in list(every):
            upload = Upload(f"{kind.slug}.py", kind.code.encode())
            reports = [grader.grade(catalogue.find(kind.slug), upload) for _ in range(3)]
            if len({verdicts(each) for each in reports}) > 1:
                print(f"  {kind.name} depends on the seed and is left out")
                every.remove(kind)
            kind.report = reports[0]


def verdicts(report: Report) -> tuple[object, ...]:
    """What must be the same."""
    tests = tuple((test.name, test.verdict.value, test.share) for test in report.tests)
    return report.score, report.max_score, tests


class Feeder:
    """Hands in, as students do, until all are in."""

    def __init__(self, site: rig.Site, every: list[Kind], options: argparse.Namespace, address: str) -> None:
        self._site, self._kinds, self._count = site, every, options.count
        self._people = rig.add_people(site.database, max(20, min(2000, options.count // 5)))
        self._settings = read_settings({"DATA_DIR": site.folder / "instance", "MAX_WAITING": 1_000_000})
        self._store = open_store(self._settings)
        self._clients = [rig.Client(address, token) for _, token in self._people] if address else []
        #: by submission, the number of its kind
        self.received: dict[str, int] = {}

    @property
    def is_done(self) -> bool:
        """Whether all are in."""
        return len(self.received) >= self._count

    def feed(self, waiting: int) -> None:
        """Hand in as many as may wait besides these."""
        for _ in range(min(BACKLOG - waiting, 50, self._count - len(self.received))):
            number = len(self.received)
            which = number % len(self._kinds)
            self.received[self._hand_in(number, self._kinds[which])] = which

    def _hand_in(self, number: int, kind: Kind) -> str:
        person = number % len(self._people)
        if self._clients:
            status, answer = self._clients[person].hand_in(kind.slug, kind.code)
            if status != 201:
                sys.exit(f"not taken in: {status} {answer}")
            return str(answer["id"])
        user = self._people[person][0]
        draft = Draft(user, kind.slug, f"{kind.slug}.py", kind.code.encode(), f"click-{number}")
        return hand_in(self._site.database, self._store, self._settings, draft, now()).id


class Killer:
    """Kills, and starts again."""

    def __init__(self, site: rig.Site, options: argparse.Namespace) -> None:
        self._site, self._every, self._workers = site, options.every, options.workers
        self._rng = random.Random(options.seed)
        self.tally = Tally()
        self._next = time.monotonic() + self._pause()
        self._ends: list[tuple[float, set[tuple[int, str]]]] = []

    def _pause(self) -> float:
        return self._rng.uniform(0.5, 1.5) * self._every

    def step(self) -> None:
        """Kill what is due, and see what is gone."""
        self._look_at_orphans()
        for worker in [each for each in self._site.workers if not each.is_running]:
            self._site.workers.remove(worker)
            self._site.start_worker()
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._pause()
        ready = [each for each in self._site.workers if "Grading " in each.log.read_text()]
        if ready:
            self._kill(self._rng.choice(ready), self._rng.choice(("worker", "worker", "candidates", "examiners")))

    def _kill(self, worker: rig.Process, what: str) -> None:
        family = rig.descendants(worker.pid)
        if what == "worker":
            self.tally.cpu += rig.cpu_of(family)
            left = {(pid, rig.birth(pid)) for pid in family[1:]}
            self.tally.orphans |= left
            worker.kill()
            self._ends.append((time.monotonic(), left))
        else:
            found = [pid for pid in family[1:] if rig.has_words(pid, "grader.nursery", what)]
            if not found:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(found[0], signal.SIGKILL)
        self.tally.kills[what] += 1
        print(f"  killed: {what} of {worker.name}", flush=True)

    def _look_at_orphans(self) -> None:
        for at, left in list(self._ends):
            if not any(rig.is_alive(pid, birth) for pid, birth in left):
                self.tally.slowest_end = max(self.tally.slowest_end, time.monotonic() - at)
                self._ends.remove((at, left))

    def orphans(self, seconds: float = 60) -> list[int]:
        """What killed workers have left behind, after some time to end by itself."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._look_at_orphans()
            if not self._ends:
                break
            time.sleep(0.5)
        return [pid for pid, birth in self.tally.orphans if rig.is_alive(pid, birth)]


def run(site: rig.Site, feeder: Feeder, killer: Killer) -> str:
    """Until everything is graded; empty, or why it was not."""
    moved_at = told_at = time.monotonic()
    last = -1
    while True:
        done = site.count(State.GRADED, State.FAILED)
        if done != last:
            last, moved_at = done, time.monotonic()
        if feeder.is_done and done >= len(feeder.received):
            return ""
        if time.monotonic() - moved_at > STILL_SECONDS:
            return f"stuck: nothing has moved for {STILL_SECONDS:.0f} s"
        if time.monotonic() - told_at > 10:
            told_at = time.monotonic()
            print(f"  {done} graded, {len(feeder.received)} handed in, {killer.tally.kills.total()} kills", flush=True)
        feeder.feed(len(feeder.received) - done)
        killer.step()
        time.sleep(0.5)


def check(site: rig.Site, feeder: Feeder) -> Iterator[str]:
    """What is not as it should be."""
    with site.database.reader() as session:
        columns = (Submission.id, Submission.state, Submission.fault)
        rows = {row.id: row for row in session.execute(select(*columns))}
        witness = Counter(session.scalars(text("SELECT submission FROM witness")))
    if missing := set(feeder.received) - set(rows):
        yield f"lost: {len(missing)} that were taken in are not there"
    if extra := set(rows) - set(feeder.received):
        yield f"too many: {len(extra)} that nobody handed in"
    for state in (State.RECEIVED, State.RUNNING, State.FAILED):
        if found := [row for row in rows.values() if row.state is state]:
            yield f"{len(found)} are {state}: {found[0].id}, {found[0].fault}"
    if twice := [id for id, count in witness.items() if count > 1]:
        yield f"recorded twice: {len(twice)}, such as {twice[0]}"
    if unseen := {id for id, row in rows.items() if row.state is State.GRADED} - set(witness):
        yield f"the witness has not seen {len(unseen)}"


def check_verdicts(site: rig.Site, feeder: Feeder, every: list[Kind], count: int, seed: int) -> Iterator[str]:
    """Compare with the same upload alone; grade again, with the seeds that they had, some and all that differ."""
    catalogue = default_catalogue()
    with site.database.reader() as session:
        rows = session.execute(select(Submission.id, Submission.seed, Submission.report)).all()
    drawn = random.Random(seed).sample(rows, min(count, len(rows)))
    other = [row for row in rows if _differs(row.report, every[feeder.received[row.id]])]
    print(f"  {len(other)} have other verdicts than the upload had alone, with another seed")
    with Grader(catalogue) as grader:
        for row in {row.id: row for row in [*drawn, *other]}.values():
            kind = every[feeder.received[row.id]]
            upload = Upload(f"{kind.slug}.py", kind.code.encode())
            again = grader.grade(catalogue.find(kind.slug), upload, seed=row.seed)
            if verdicts(again) != verdicts(Report.from_store(row.report)):
                yield f"{row.id} has other verdicts than alone with its seed {row.seed}"


def _differs(report: bytes | None, kind: Kind) -> bool:
    assert kind.report is not None
    return report is not None and verdicts(Report.from_store(report)) != verdicts(kind.report)


def again(site: rig.Site) -> Counter[int]:
    """How many gradings rows took."""
    with site.database.reader() as session:
        return Counter(session.scalars(select(Submission.tries)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=1, help="gradings at a time, of each worker")
    parser.add_argument("--every", type=float, default=40.0, metavar="SECONDS", help="between two kills, on average")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", type=int, default=100, help="how many are graded again with their seeds")
    parser.add_argument("--broker", default=rig.BROKER)
    parser.add_argument("--http", action="store_true", help="hand in through the portal's API")
    options = parser.parse_args()
    rig.begin()
    every = kinds(with_stubs=not options.http)
    grade_alone(every)
    with (
        tempfile.TemporaryDirectory() as folder,
        rig.Site(Path(folder), broker=options.broker, jobs=options.jobs) as site,
    ):
        with site.database.engine.begin() as connection:
            connection.exec_driver_sql(WITNESS)
        address = site.start_portal() if options.http else ""
        site.start_scheduler()
        for worker in [site.start_worker() for _ in range(options.workers)]:
            worker.wait_for("Grading ")
        feeder, killer = Feeder(site, every, options, address), Killer(site, options)
        start, cpu = time.monotonic(), rig.cpu_of_own_tree()
        stopped = run(site, feeder, killer)
        seconds = time.monotonic() - start
        problems = [stopped] if stopped else []
        report(site, killer.tally, len(feeder.received), seconds, rig.cpu_of_own_tree() - cpu)
        if left := killer.orphans():
            problems.append(f"{len(left)} processes of killed workers are still there: {left[:10]}")
        if not killer.tally.kills:
            problems.append("no worker was killed: more submissions, or kills more often")
        print(f"  what a killed worker had started ended within {killer.tally.slowest_end:.1f} s")
        for each in site.workers:
            each.stop()
        problems += check(site, feeder)
        problems += check_verdicts(site, feeder, every, options.again, options.seed)
    if problems:
        sys.exit("\n".join(f"  WRONG: {problem}" for problem in problems))
    print("  none lost, none stuck, none recorded twice, all scores and verdicts as without faults")


def report(site: rig.Site, tally: Tally, count: int, seconds: float, cpu: float) -> None:
    tries = again(site)
    kills = ", ".join(f"{number} of {what}" for what, number in sorted(tally.kills.items()))
    print(
        f"{count} submissions in {seconds:.0f} s, {count / seconds:.1f} graded a second; killed: {kills or 'nothing'}"
    )
    repeated = sum(number for how_often, number in tries.items() if how_often > 1)
    print(f"  {repeated} were graded again, one of them {max(tries)} times in all")
    print(
        f"  CPU: {cpu + tally.cpu:.0f} s in all, database {rig.cpu_of_database(site.address):.0f} s, "
        f"{1e3 * (cpu + tally.cpu) / count:.0f} ms for each, with the workers' starts"
    )


if __name__ == "__main__":
    main()
