"""What one grading of ``sigmoid`` costs, against ``python -m pytest`` in a fresh process on the same tests.

    python benchmarks/grading.py            CPU time of both sides together, the ratio, a call over the wire,
                                            a large tensor, memory per candidate, gradings side by side

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
    """The warm parents and the branches of them that an exercise has: whatever they fork, they wait for."""
    found = [grader._candidates.pid, grader._examiners.pid]
    for parent in tuple(found):
        found += map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return found


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
    parents = warm_parents(grader)
    with ThreadPoolExecutor(count) as pool:
        futures = [
            pool.submit(grader.grade, exercise, Upload("sigmoid.py", HOLD), stop_at_first=True) for _ in range(count)
        ]
        time.sleep(2.5)
        candidates = [pid for pid in descendants(grader._candidates.pid) if pid not in parents]
        private = sum(private_mb(pid) for pid in candidates)
        for future in futures:
            future.result()
    print(f"  ({len(candidates)} candidates seen)")
    return private / max(1, len(candidates))


def private_mb(pid: int) -> float:
    """Memory that is in no other process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def measure_jobs(grader: Grader, exercise, submission: Upload, jobs: int) -> tuple[float, float]:
    """Gradings per second while threads grade 100 submissions, and the cores that the host has busy meanwhile.

    From the host's own account: what the kernel does for namespaces and for processes that end is in no process's.
    """
    before, start = idle_seconds(), time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda _: grader.grade(exercise, submission), range(100)))
    seconds = time.perf_counter() - start
    return 100 / seconds, (os.cpu_count() or 1) - (idle_seconds() - before) / seconds


def idle_seconds() -> float:
    """Seconds that all cores together have been idle."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return (int(fields[4]) + int(fields[5])) / TICK


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
        for jobs in (1, 2, 3):
            rate, cores = measure_jobs(grader, exercise, submission, jobs)
            print(f"{jobs} at a time: {rate:.1f} gradings per second, {cores:.2f} of {os.cpu_count()} cores busy")
        print(f"each of 20 candidates at once has {measure_memory(grader, exercise):.1f} MB of its own")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(catalogue.exercises / "conftest.py", folder)
        call, there, back = measure_wire(Path(folder))
        print(f"a tiny call: {call:.0f} µs; 100 MB there: {there:.0f} ms; 100 MB back: {back:.0f} ms")


if __name__ == "__main__":
    main()
