"""What gradings cost: CPU of all processes that take part, and how much there is to tell on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.grading import cpu_seconds, warm_parents
from grader.exercise import Catalogue, Exercise
from grader.pool import Grader
from grader.report import Report
from grader.submission import Upload

#: what is graded of each exercise: the reference and this many of the wrong solutions that lie beside it
WRONG = {"sigmoid": 12, "backprop": 6, "cross_entropy": 6, "cnn": 4}


def uploads(exercise: Exercise, wrong: int) -> Iterator[Upload]:
    """The reference, and wrong solutions spread evenly over those that there are."""
    assert exercise.reference is not None
    found = sorted((exercise.reference.parent / "wrong").glob("*.py"))
    step = max(1, len(found) // wrong)
    for path in (exercise.reference, *found[::step][:wrong]):
        yield Upload(f"{exercise.slug}.py", path.read_bytes())


def measure_gradings(grader: Grader, catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Grade one after the other, each exercise once before anything is counted."""
    found = {}
    for slug, wrong in WRONG.items():
        exercise = catalogue.find(slug)
        handed_in = list(uploads(exercise, wrong))
        grader.grade(exercise, handed_in[0])
        runs = [_measure(grader, exercise, upload) for upload in handed_in]
        found[slug] = {name: [run[name] for run in runs] for name in ("cpu", "own", "wall", "events")}
    return found


def _measure(grader: Grader, exercise: Exercise, upload: Upload) -> dict[str, float]:
    events: list[Any] = []
    parents = warm_parents(grader)
    before, own, start = cpu_seconds(parents), time.process_time(), time.perf_counter()
    grader.grade(exercise, upload, on_event=events.append)
    wall, cpu, own = time.perf_counter() - start, cpu_seconds(parents) - before, time.process_time() - own
    # ``own`` is of the process that grades, one for all gradings of a machine; ``cpu`` of those that it starts.
    return {"cpu": round(cpu, 3), "own": round(own, 4), "wall": round(wall, 3), "events": len(events)}


def measure_warm_up(catalogue: Catalogue) -> tuple[dict[str, float], Grader]:
    """Start a grader and grade once: from nothing to the first report. The grader is handed on."""
    exercise = catalogue.find("sigmoid")
    assert exercise.reference is not None
    start = time.perf_counter()
    grader = Grader(catalogue)
    ready = time.perf_counter() - start
    grader.grade(exercise, Upload("sigmoid.py", exercise.reference.read_bytes()))
    return {"ready": round(ready, 2), "first_report": round(time.perf_counter() - start, 2)}, grader


def record(grader: Grader, catalogue: Catalogue, slug: str) -> tuple[Report, list[dict[str, Any]]]:
    """A real grading of the reference, with its events, to be played to the database again and again."""
    exercise = catalogue.find(slug)
    events: list[dict[str, Any]] = []
    assert isinstance(exercise.reference, Path)
    report = grader.grade(exercise, Upload(f"{slug}.py", exercise.reference.read_bytes()), on_event=events.append)
    return report, events
