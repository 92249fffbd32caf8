"""What grading a training check costs over the training itself, on the CPU.

    python benchmarks/training.py              the check of ``cnn``: its reference, graded and in a bare script by turns
    python benchmarks/training.py --rounds 12  more rounds

Both sides train the same network as often, on as many images, with one thread. A round is one grading and one script,
one right after the other, so that whatever else the host does meets both; the ratio is that of each round, and the
middle of all rounds is printed. CPU time is read from /proc: Linux only.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.grading import cpu_seconds, warm_parents
from grader.exercise import Exercise, default_catalogue
from grader.pool import Grader
from grader.report import TestResult, Verdict
from grader.submission import Upload

SLUG, TEST, EPOCHS, ASKED = "cnn", "test_recognises_digits", 10, 599


@dataclass(frozen=True)
class Cost:
    """Seconds of one side in one round."""

    wall: float
    cpu: float


def grade(grader: Grader, exercise: Exercise, seed: str) -> tuple[Cost, TestResult]:
    """Grade the reference by its training check alone, with all that belongs to a grading."""
    assert exercise.reference is not None
    upload = Upload(f"{SLUG}.py", exercise.reference.read_bytes())
    parents = warm_parents(grader)
    before, start = cpu_seconds(parents), time.perf_counter()
    report = grader.grade(exercise, upload, seed=seed, only=frozenset({TEST}))
    wall, cpu = time.perf_counter() - start, cpu_seconds(parents) - before
    result = next(test for test in report.tests if test.name == TEST)
    if result.verdict is not Verdict.PASSED:
        sys.exit(f"the reference does not pass: {result.detail}")
    return Cost(wall, cpu), result


def train_barely(runs: int, seed: int) -> tuple[Cost, Cost]:
    """Train as often in a plain script: what its trainings take, and what it takes from start to end."""
    start = time.perf_counter()
    command = [sys.executable, __file__, "--bare", str(runs), str(seed)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - start
    found = json.loads(done.stdout)
    return Cost(found["wall"], found["cpu"]), Cost(wall, found["whole_cpu"])


def be_bare(runs: int, seed: int) -> None:
    """The script itself: the reference's module, data, training and accuracy, and nothing around them."""
    import torch

    from grader.training.task import Terms, draw_task

    torch.set_num_threads(1)
    exercise = default_catalogue().find(SLUG)
    assert exercise.config.training is not None
    assert exercise.config.training.cpu is not None
    spec = importlib.util.spec_from_file_location(SLUG, str(exercise.reference))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    terms = Terms("digits", exercise.config.training.cpu.examples, ASKED)
    given = [draw_task(terms, Path("data"), secret=str(seed), seed=seed + run) for run in range(runs)]
    # What torch loads at its first step is no part of a training; a grading's processes have it already.
    module.train(given[0].images[:64], given[0].labels[:64], epochs=1)
    start, cpu = time.perf_counter(), time.process_time()
    for run, each in enumerate(given):
        model = module.train(each.images, each.labels, epochs=EPOCHS, seed=seed + run)
        with torch.no_grad():
            (model(each.questions).argmax(1) == each.answers).float().mean()
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps({"wall": wall, "cpu": cpu, "whole_cpu": time.process_time()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--bare", nargs=2, type=int, metavar=("RUNS", "SEED"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        be_bare(*arguments.bare)
        return
    catalogue = default_catalogue()
    exercise = catalogue.find(SLUG)
    rounds: list[tuple[int, Cost, Cost, Cost]] = []
    with Grader(catalogue) as grader:
        grade(grader, exercise, "warm-up")
        for number in range(arguments.rounds):
            graded, result = grade(grader, exercise, f"round {number}")
            bare, script = train_barely(len(result.runs), 1000 * number)
            rounds.append((len(result.runs), graded, bare, script))
            print(f"{len(result.runs)} runs: graded {graded.wall:.2f} s, bare {bare.wall:.2f} s", file=sys.stderr)
    runs, *sides = zip(*rounds, strict=True)
    graded_all, bare_all, scripts = sides
    for name, others in (("the trainings alone", bare_all), ("a script from its start, with imports", scripts)):
        walls = [ours.wall / theirs.wall for ours, theirs in zip(graded_all, others, strict=True)]
        cpus = [ours.cpu / theirs.cpu for ours, theirs in zip(graded_all, others, strict=True)]
        print(f"against {name}: {_middle(walls)} times the time, {_middle(cpus)} times the CPU time")
    more = [(ours.cpu - theirs.cpu) / n for n, ours, theirs in zip(runs, graded_all, bare_all, strict=True)]
    print(f"one training in a grading takes {statistics.median(more) * 1e3:.0f} ms of CPU more")


def _middle(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    main()
