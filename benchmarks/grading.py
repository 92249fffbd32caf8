"""What one grading of ``sigmoid`` costs, against ``python -m pytest`` in a fresh process on the same tests.

    python benchmarks/grading.py            CPU time of both sides together, the ratio, a call over the wire,
                                            a large tensor, memory per candidate, two cores kept busy

Linux only: CPU time and memory are read from /proc.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grader.exercise import default_catalogue
from grader.pool import Grader
from grader.submission import Upload

TICK = os.sysconf("SC_CLK_TCK")
ROUNDS = 20


def descendants(pid: int) -> list[int]:
    """A process and everything below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in descendants(int(child)))]


def cpu_seconds(pids: list[int]) -> float:
    """CPU time of processes and of their children that have ended."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:15])
    return total / TICK


def warm_parents(grader: Grader) -> list[int]:
    """The candidates' parent, the examiners' parent and its keepers: whatever they fork, they wait for."""
    examiners = grader._examiners.pid
    keepers = Path(f"/proc/{examiners}/task/{examiners}/children").read_text().split()
    return [grader._candidates.pid, examiners, *map(int, keepers)]


def measure_grading(grader: Grader, exercise, submission: Upload) -> float:
    """CPU seconds of one warm grading: examiner, candidate and their warm parents."""
    grader.grade(exercise, submission)
    parents = warm_parents(grader)
    before = cpu_seconds(parents)
    for _ in range(ROUNDS):
        grader.grade(exercise, submission)
    return (cpu_seconds(parents) - before) / ROUNDS


def measure_pytest(exercise) -> float:
    """CPU seconds of pytest in a fresh process on the same public and hidden tests."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder) / exercise.slug
        shutil.copytree(exercise.folder, here)
        for name in ("conftest.py", "pytest.ini"):
            shutil.copy(exercise.shared.with_name(name), folder)
        shutil.copy(exercise.hidden_tests, here)
        shutil.copy(exercise.reference, here)
        costs = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [sys.executable, "-m", "pytest", "-q", str(here)],
                check=True,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(costs)


WIRE = '''
import time, torch

def test_wire(student):
    """Wire.

    pt: Fio.
    """
    same, big = student.same, torch.zeros(25_000_000)
    times = []
    for _ in range(3000):
        start = time.perf_counter()
        same(1)
        times.append(time.perf_counter() - start)
    start = time.perf_counter()
    same(big)
    there = time.perf_counter() - start
    start = time.perf_counter()
    student.make(25_000_000)
    back = time.perf_counter() - start
    raise AssertionError(f"MEASURED {sorted(times)[1500] * 1e6:.0f} {there * 1e3:.0f} {back * 1e3:.0f}")
'''


def measure_wire(root: Path) -> list[float]:
    """Microseconds of a tiny call; milliseconds of 100 MB to the candidate and of 100 MB back."""
    folder = root / "wire"
    folder.mkdir()
    (folder / "exercise.toml").write_text('module = "wire"\n')
    (folder / "wire.py").write_text("def same(x): raise NotImplementedError\ndef make(n): raise NotImplementedError\n")
    (folder / "test_wire.py").write_text(WIRE)
    catalogue = default_catalogue(root)
    source = b"import torch\ndef same(x): return x\ndef make(n): return torch.ones(n)\n"
    with Grader(catalogue) as grader:
        report = grader.grade(catalogue.find("wire"), Upload("wire.py", source))
    found = next(line for line in report.tests[0].detail.splitlines() if "AssertionError: MEASURED" in line)
    return [float(number) for number in found.rpartition("MEASURED")[2].split()]


HOLD = b"import time\ndef sigmoid(x): time.sleep(4)\ndef sigmoid_derivative(x): time.sleep(4)\n"


def measure_memory(grader: Grader, exercise, count: int = 20) -> float:
    """Megabytes that each of ``count`` candidates at once has for itself: private memory, parents not counted."""
    with ThreadPoolExecutor(count) as pool:
        futures = [
            pool.submit(grader.grade, exercise, Upload("sigmoid.py", HOLD), stop_at_first=True) for _ in range(count)
        ]
        time.sleep(2.5)
        candidates = descendants(grader._candidates.pid)[1:]
        private = sum(private_mb(pid) for pid in candidates)
        for future in futures:
            future.result()
    print(f"  ({len(candidates)} candidates seen)")
    return private / max(1, len(candidates))


def private_mb(pid: int) -> float:
    """Memory that is in no other process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def measure_cores(grader: Grader, exercise, submission: Upload) -> float:
    """Cores busy while two threads grade 100 submissions."""
    everything = [os.getpid(), *warm_parents(grader)]
    before, start = cpu_seconds(everything), time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: grader.grade(exercise, submission), range(100)))
    return (cpu_seconds(everything) - before) / (time.perf_counter() - start)


def main() -> None:
    catalogue = default_catalogue()
    exercise = catalogue.find("sigmoid")
    assert exercise.reference is not None
    submission = Upload("sigmoid.py", exercise.reference.read_bytes())
    with Grader(catalogue) as grader:
        tests = len(grader.grade(exercise, submission).tests)
        ours = measure_grading(grader, exercise, submission)
        print(f"one grading of sigmoid, {tests} tests: {ours * 1e3:.0f} ms of CPU on both sides together")
        theirs = measure_pytest(exercise)
        print(f"python -m pytest in a fresh process: {theirs * 1e3:.0f} ms of CPU, {theirs / ours:.1f} times as much")
        print(f"two threads keep {measure_cores(grader, exercise, submission):.2f} cores busy over 100 gradings")
        print(f"each of 20 candidates at once has {measure_memory(grader, exercise):.1f} MB of its own")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(catalogue.exercises / "conftest.py", folder)
        call, there, back = measure_wire(Path(folder))
        print(f"a tiny call: {call:.0f} µs; 100 MB there: {there:.0f} ms; 100 MB back: {back:.0f} ms")


if __name__ == "__main__":
    main()
