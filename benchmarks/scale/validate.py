"""Compares the model with a real installation: everybody hands in at once, and two gradings run at a time.

    python -m benchmarks.scale.validate                   40 students, SQLite, about a minute
    python -m benchmarks.scale.validate --students 100

The real side is the portal's own intake, engine, sandbox and database. The model is told how long the gradings took,
and what writes take on this machine; what waits for what, and for how long, is its own. The comparison is added to
``benchmarks/results/scale_simulated.json``.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.scale import inputs, school
from benchmarks.scale.__main__ import ANSWERS
from benchmarks.scale.gradings import uploads
from benchmarks.scale.inputs import Measured, Pages
from benchmarks.scale.outcome import quantile
from benchmarks.scale.pool import Fleet
from benchmarks.scale.scenario import IN_PROCESS
from benchmarks.scale.site import Plan, Site
from benchmarks.scale.turns import measure_turns
from grader.exercise import Catalogue, default_catalogue
from grader.pool import Grader
from grader.report import Report
from grader.submission import Upload
from server.db import Database
from server.grading.contract import Grade
from server.grading.dispatch import InProcess
from server.models import State, Submission
from server.settings import read_settings
from server.store import open_store
from server.submission.intake import Draft, hand_in

JOBS, SLUG = 2, school.SLUG


class Clocked:
    """Grades as the grader does, and notes how long each grading takes by the clock."""

    def __init__(self, grade: Grade) -> None:
        self._grade = grade
        self.walls: list[float] = []

    def __call__(self, *upload: Any, **options: Any) -> Report:
        """Grade."""
        start = time.perf_counter()
        report = self._grade(*upload, **options)
        self.walls.append(time.perf_counter() - start)
        return report


def run_real(grade: Grade, catalogue: Catalogue, handed_in: list[Upload], folder: Path) -> list[float]:
    """Seconds from "received" to the report of each, in an installation of its own."""
    database = Database(f"sqlite:///{folder}/portal.sqlite")
    settings = read_settings({"DATA_DIR": folder})
    store = open_store(settings)
    engine = InProcess(database, store, catalogue, grade, jobs=JOBS)
    school.queue_up(database, 0)
    begun = school.now()
    for number, upload in enumerate(handed_in):
        draft = Draft(number + 1, SLUG, upload.filename, upload.content, f"validated-{number}")
        hand_in(database, store, settings, draft, school.now())
    engine.start()
    engine.wake()
    mine = select(Submission).where(Submission.form_key.like("validated-%"))
    while True:
        with database.reader() as session:
            rows = list(session.scalars(mine))
        if all(row.state is State.GRADED for row in rows):
            break
        time.sleep(0.5)
    engine.close()
    engine.join(5)
    database.close()
    # From the moment that all had been received: the model is not asked how fast one program hands in for all.
    last = max(row.created_at for row in rows)
    assert last >= begun
    return [(row.finished_at - last).total_seconds() for row in rows if row.finished_at]


def run_model(measured: Measured, turns: inputs.Turns, walls: list[float]) -> list[float]:
    """The same in the simulation."""
    service = replace(measured.services[SLUG], seconds=tuple(walls), own=0.0)  # that is in the clock's time already
    plan = Plan(0, {service: 1.0}, turns, Pages.free(), Fleet(1, JOBS), wake=IN_PROCESS)
    site = Site(plan, 1)
    for number in range(len(walls)):
        site.receive(number, service, random.Random(number))
    site.run()
    return [job.latency for job in site.jobs]


def describe(times: list[float]) -> dict[str, float]:
    """What is compared."""
    found = {"median": quantile(times, 0.5), "p95": quantile(times, 0.95), "last": max(times)}
    return {name: round(value, 2) for name, value in found.items()}


def main(arguments: list[str] | None = None) -> int:
    """Compare and keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--inputs", type=Path, default=inputs.RESULTS, metavar="FILE.json")
    parser.add_argument("--save", type=Path, default=ANSWERS, metavar="FILE.json")
    chosen = parser.parse_args(arguments)
    catalogue = default_catalogue()
    handed_in = list(islice(cycle(uploads(catalogue.find(SLUG), 12)), chosen.students))
    told: list[dict[str, Any]] = []
    with Grader(catalogue) as grader, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = grader.grade(catalogue.find(SLUG), handed_in[0], on_event=told.append)
        turns = measure_turns(f"sqlite:///{folder}/portal.sqlite", catalogue, report, told, folder)
        clocked = Clocked(grader.grade)
        real = run_real(clocked, catalogue, handed_in, folder)
    model = run_model(inputs.load(chosen.inputs), inputs.read_turns(turns), clocked.walls)
    found = {"students": chosen.students, "jobs": JOBS, "real": describe(real), "model": describe(model)}
    answers = json.loads(chosen.save.read_text(encoding="utf-8")) if chosen.save.is_file() else {}
    chosen.save.write_text(json.dumps(answers | {"validation": found}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
