"""How long each kind of write has the database for itself: on SQLite and on PostgreSQL one writes at a time.

Everything is written by the portal's own functions; only the grading in between is a recorded one, played again.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from benchmarks.scale import school
from grader.exercise import Catalogue
from grader.report import Report
from server.db import Database
from server.grading import outbox, queue
from server.grading.dispatch import InProcess
from server.grading.heartbeat import Heartbeat
from server.settings import read_settings
from server.store.folder import FolderStore
from server.submission.intake import Draft, hand_in

#: submissions that go all the way, and the lengths of the line at which claiming is measured
ROUNDS, LINES, CLAIMS = 40, (1, 100, 1000, 4000), 16
LEASE = timedelta(seconds=30)


class Stopwatch(Database):
    """A database that notes how long its writers have their turn, and what that costs us, by who writes."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        #: from the moment that the turn is ours, behind the lock, until it is committed; what we and the server wait
        #: for a processor meanwhile, because others use the machine, is taken off
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        #: seconds of CPU of this process, which also composes the statements
        self.cpu: defaultdict[str, list[float]] = defaultdict(list)
        self._began = self._waited = 0.0
        self._server = 0
        # Called after the listener that waits for the turn.
        event.listen(self.engine, "begin", self._note_begin)

    def _note_begin(self, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        self._server = driver.info.backend_pid if self.is_shared else 0
        self._waited = self._wait()
        self._began = time.perf_counter()

    def _wait(self) -> float:
        """Seconds for which this thread and the server's process have waited for a processor, ever."""
        paths = [Path("/proc/thread-self/schedstat"), Path(f"/proc/{self._server}/schedstat")]
        return sum(int(path.read_text().split()[1]) for path in paths if path.exists()) / 1e9

    def write(self) -> AbstractContextManager[Session]:
        """As ever."""
        return self._timed(sys._getframe(1).f_code.co_name.strip("_"))

    @contextmanager
    def _timed(self, name: str) -> Iterator[Session]:
        cpu = time.process_time()
        with super().write() as session:
            yield session
        self.seconds[name].append(time.perf_counter() - self._began - (self._wait() - self._waited))
        self.cpu[name].append(time.process_time() - cpu)

    def clear(self) -> None:
        """Forget what was noted."""
        self.seconds.clear()
        self.cpu.clear()

    def describe(self, name: str) -> dict[str, float]:
        """What was noted of one function."""
        ordered = sorted(self.seconds[name])
        at = {"median": statistics.median(ordered), "p95": ordered[int(0.95 * len(ordered))]}
        at |= {"cpu": statistics.median(self.cpu[name])}
        return {key: round(value, 6) for key, value in at.items()}


def measure_turns(
    url: str, catalogue: Catalogue, report: Report, told: list[dict[str, Any]], folder: Path
) -> dict[str, Any]:
    """Seconds of each kind of write, in an installation of ``school``'s size; medians and 95th percentiles."""
    database = Stopwatch(url)
    store, settings = FolderStore(folder / "uploads", 8_000_000), read_settings({"DATA_DIR": folder})
    database.migrate()
    school.fill(database, report)

    def replay(*upload: object, on_event: Any, **options: object) -> Report:
        for each in told:
            on_event(each)
        return report

    engine = InProcess(database, store, catalogue, replay, jobs=1)
    database.clear()
    for number in range(ROUNDS):
        draft = Draft(number + 1, school.SLUG, f"{school.SLUG}.py", f"# {number}\n".encode() * 60, f"key-{number}")
        hand_in(database, store, settings, draft, school.now())
        engine.run_once()
    # Whatever the engine's functions are called: the intake is the first, and the report the last.
    names = list(database.seconds)
    found: dict[str, Any] = {
        what: database.describe(name) for what, name in (("hand_in", names[0]), ("record", names[-1]))
    }
    found["claim_by_line"] = {str(length): _claim(database, length) for length in LINES}
    found["claim"] = found["claim_by_line"]["1"]
    found["claim_of_nothing"] = _claim(database, 0)
    found |= _hold(database, engine)
    found["relay"] = _relay(database)
    database.close()
    return found


def _claim(database: Stopwatch, length: int) -> dict[str, float]:
    """Claim from a line of this length."""
    school.queue_up(database, length)
    database.clear()
    for _ in range(CLAIMS):
        with database.write() as session:
            lease = queue.claim(session, school.now(), LEASE)
        with Database.write(database) as session:
            if lease:
                queue.give_back(session, lease)
    return database.describe("claim")


def _hold(database: Stopwatch, engine: InProcess) -> dict[str, Any]:
    """A batch of one and of fifteen events, and what a process with eight leases writes every ten seconds."""
    school.queue_up(database, 8)
    with Database.write(database) as session:
        leases = [lease for _ in range(8) if (lease := queue.claim(session, school.now(), LEASE))]
    beat = Heartbeat(8)
    database.clear()
    found: dict[str, Any] = {}
    told = {"event": "test", "test": {"name": "test_1", "verdict": "passed"}}
    for name, count in (("note", 1), ("note_of_15", 15)):
        for _ in range(CLAIMS):
            engine._note(leases[0], [told] * count)
        found[name] = database.describe("note")
        database.clear()
    for _ in range(CLAIMS):
        with database.write() as session:
            for lease in leases:
                queue.renew(session, lease, school.now(), LEASE)
            queue.requeue(session, school.now())
            beat.beat(session, 8, school.now())
    return found | {"leases": database.describe("hold")}


def _relay(database: Stopwatch) -> dict[str, float]:
    """What the scheduler writes before it sends word of five submissions to the broker."""
    school.queue_up(database, 5 * CLAIMS)
    database.clear()
    for _ in range(CLAIMS):
        with database.write() as session:
            assert len(outbox.take(session, "cpu", school.now(), 5)) == 5
    return database.describe("relay")
