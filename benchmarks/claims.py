"""How many submissions a second can be claimed and recorded, without what grading them takes.

    python benchmarks/claims.py                 PostgreSQL and SQLite, a short line and a long one
    python benchmarks/claims.py --processes 4   as that many workers

Everything but the grading is as in a worker: ``server.grading.engine`` claims, reads the upload from the store, records
a report of the reference of ``sigmoid``, tells the course. PostgreSQL's commits reach the disk. It fails where
PostgreSQL does fewer than 100 a second, where a long line costs more than twice a short one, and where who is next is
not found by an index.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import rig
from sqlalchemy import Connection, event, func, insert, select

from grader.exercise import default_catalogue
from grader.pool import Grader
from grader.report import Report
from grader.submission import Upload
from server.context import now
from server.db import Database
from server.grading import queue
from server.grading.engine import Engine
from server.models import State, Submission, User
from server.store.folder import FolderStore

WANTED = 100.0
MAX_UPLOAD = 8_000_000
#: users, graded submissions, submissions that wait
SHORT, LONG = (2_000, 0, 3_000), (2_000, 50_000, 10_000)


def make_report() -> Report:
    catalogue = default_catalogue()
    exercise = catalogue.find("sigmoid")
    assert exercise.reference is not None
    with Grader(catalogue) as grader:
        return grader.grade(exercise, Upload("sigmoid.py", exercise.reference.read_bytes()))


def fill(database: Database, store: FolderStore, report: Report, users: int, graded: int, waiting: int) -> None:
    """Rows as a term leaves them behind."""
    reference = default_catalogue().find("sigmoid").reference
    assert reference is not None
    blob = store.put(reference.read_bytes())
    moment = now()
    rig.add_people(database, users)
    with database.write() as session:
        ids = list(session.scalars(select(User.id).order_by(User.id)))
    done: dict[str, Any] = {
        "state": State.GRADED, "tries": 1, "report": report.to_store(), "seed": report.seed, "score": report.score,
        "max_score": report.max_score,
    }  # fmt: skip
    for start in range(0, graded + waiting, 1000):
        rows = []
        for number in range(start, min(start + 1000, graded + waiting)):
            came = moment - timedelta(seconds=graded + waiting - number)
            row: dict[str, Any] = {
                "id": secrets.token_urlsafe(16), "user_id": ids[number % users], "slug": "sigmoid", "blob": blob,
                "attempt": number // users + 1, "form_key": secrets.token_hex(8), "file_name": "sigmoid.py", "size": 1,
                "created_at": came, "state": State.RECEIVED, "tries": 0,
                "report": None, "score": None, "max_score": None, "seed": None, "started_at": None, "finished_at": None,
            }  # fmt: skip
            if number < graded:
                row |= done | {"started_at": came, "finished_at": came + timedelta(seconds=0.1)}
            rows.append(row)
        with database.write() as session:
            session.execute(insert(Submission), rows)


def work(address: str, folder: str, stored: dict[str, Any], threads: int, seconds: float, ready: Any, go: Any) -> None:
    """One worker: grades until the time is over."""
    database, report = Database(address), Report.from_store(stored)
    catalogue = default_catalogue()

    def grade(*_: Any, **__: Any) -> Report:
        return report

    engine = Engine(database, FolderStore(Path(folder), MAX_UPLOAD), catalogue, grade, jobs=threads)
    with database.reader() as session:
        session.scalar(select(1))
    ready.release()
    go.wait()
    end = time.monotonic() + seconds

    def run() -> None:
        while time.monotonic() < end and engine.run_once():
            pass

    started = [threading.Thread(target=run) for _ in range(threads)]
    for each in started:
        each.start()
    for each in started:
        each.join()
    database.close()


def count_graded(database: Database) -> int:
    with database.reader() as session:
        return session.scalar(select(func.count()).select_from(Submission).where(Submission.state == State.GRADED)) or 0


def measure(address: str, folder: Path, report: Report, options: argparse.Namespace) -> tuple[float, float]:
    """Claims a second, of all workers together, and CPU seconds of each."""
    database = Database(address)
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    processes = options.processes if database.is_shared else 1
    threads = options.threads if database.is_shared else options.processes * options.threads
    workers = [
        context.Process(
            target=work,
            args=(address, str(folder), report.to_store(), threads, options.seconds, ready, go),
            daemon=True,
        )
        for _ in range(processes)
    ]
    for each in workers:
        each.start()
    for _ in workers:
        ready.acquire()
    before = count_graded(database)
    start, cpu = time.perf_counter(), rig.cpu_of([each.pid for each in workers if each.pid])
    other = rig.cpu_of_database(address) if database.is_shared else 0.0
    go.set()
    time.sleep(options.seconds - 0.5)
    cpu = rig.cpu_of([each.pid for each in workers if each.pid]) - cpu
    other = rig.cpu_of_database(address) - other if database.is_shared else 0.0
    so_far, taken = count_graded(database) - before, time.perf_counter() - start
    for each in workers:
        each.join()
    rate = so_far / taken
    print(
        f"  {rate:.0f} claimed and recorded a second; CPU of each: worker {1e3 * cpu / so_far:.1f} ms"
        + (f", database {1e3 * other / so_far:.1f} ms" if database.is_shared else "")
    )
    database.close()
    return rate, (cpu + other) / so_far


def explain(database: Database, shows_all: bool) -> str:
    """How the database finds who is next; what is wrong with that."""
    lines = []

    def look(connection: Connection, cursor: object, statement: str, values: Any, *_: object) -> None:
        if "lease_token" in statement and not lines:
            word = "EXPLAIN (ANALYZE, BUFFERS) " if database.is_shared else "EXPLAIN QUERY PLAN "
            found = connection.connection.cursor()
            found.execute(word + statement, values)
            lines.extend(str(row[-1]) for row in found.fetchall())

    event.listen(database.engine, "before_cursor_execute", look)
    with contextlib.suppress(Rollback), database.write() as session:
        queue.claim(session, now(), timedelta(minutes=1))
        raise Rollback
    event.remove(database.engine, "before_cursor_execute", look)
    shown = lines if shows_all else [line for line in lines if "ix_submission_line" in line or "Execution" in line]
    print("".join(f"    {line}\n" for line in shown), end="")
    by_index = any(
        "Index Scan using ix_submission_line" in line or "INDEX ix_submission_line" in line for line in lines
    )
    return "" if by_index else "who is next is not found by the index"


class Rollback(Exception):
    """Nothing was meant."""


@contextlib.contextmanager
def sqlite_file(folder: Path) -> Iterator[str]:
    address = f"sqlite:///{folder / 'portal.sqlite'}"
    rig.migrate(address)
    yield address


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--explain", action="store_true", help="print PostgreSQL's plans, too")
    parser.add_argument("--only", choices=["postgres", "sqlite"])
    options = parser.parse_args()
    rig.begin()
    report = make_report()
    rates: dict[tuple[str, int], tuple[float, float]] = {}
    problems = []
    for kind in ("postgres", "sqlite"):
        for users, graded, waiting in (SHORT, LONG):
            if options.only not in (None, kind):
                continue
            with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
                address = stack.enter_context(rig.postgres() if kind == "postgres" else sqlite_file(Path(folder)))
                database, store = Database(address), FolderStore(Path(folder) / "uploads", MAX_UPLOAD)
                fill(database, store, report, users, graded, waiting)
                print(f"{kind}, {graded} graded, {waiting} of {users} students waiting:", flush=True)
                if graded and (problem := explain(database, options.explain)):
                    problems.append(f"{kind}: {problem}")
                rates[kind, graded] = measure(address, Path(folder) / "uploads", report, options)
                database.close()
    problems += judge(rates)
    if problems:
        sys.exit("\n".join(f"WRONG: {problem}" for problem in problems))


def judge(rates: dict[tuple[str, int], tuple[float, float]]) -> list[str]:
    found = [
        f"{kind} with {graded} graded: {rate:.0f} a second"
        for (kind, graded), (rate, _) in rates.items()
        if kind == "postgres" and rate < WANTED
    ]
    for kind in {kind for kind, _ in rates}:
        short, long = rates[kind, SHORT[1]][1], rates[kind, LONG[1]][1]
        if long > 2 * short:
            found.append(f"{kind}: {1e3 * short:.1f} ms of CPU in a short line, {1e3 * long:.1f} ms in a long one")
    return found


if __name__ == "__main__":
    main()
