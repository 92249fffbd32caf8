"""Which system calls candidates make, from the moment that their filter is in place, while each exercise is graded.

    python -m benchmarks.syscalls               every exercise, its reference and its stub: a minute on two cores
    python -m benchmarks.syscalls sigmoid ...   these alone; what the others needed stays in the file

``strace`` follows the candidates' warm parents as root. What a process does before it calls ``seccomp`` is the
isolation's own and not counted; what its threads and children do is. Tests that ask for a GPU are left out.
Writes ``benchmarks/results/syscalls.json`` and prints which allowed calls nobody needed.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.grading import descendants
from grader.exercise import Exercise, default_catalogue
from grader.pool import Grader
from grader.sandbox import syscalls
from grader.sandbox.seccomp import ALLOWED, CHECKED
from grader.submission import Upload

RESULTS = Path(__file__).with_name("results") / "syscalls.json"
#: "PID name(" begins a call; "PID <... name resumed>" ends one that another process interrupted in the log
_BEGUN = re.compile(r"(\d+) +(\w+)\(")
_ENDED = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>).* = (-?\w+)(?: (E[A-Z0-9]+))?(?: |$)")
#: what a call says that made a process or a thread, seen from a namespace of its own and from ours
_CHILD = re.compile(r"(\d+) +(?:<\.\.\. )?(?:clone3?|v?fork)\b.* = (\d+)(?: /\* (\d+) in strace's PID NS \*/)?$")
_FILTER = re.compile(r"(\d+) +seccomp\(SECCOMP_SET_MODE_FILTER")


def read_log(lines: Sequence[str]) -> tuple[set[str], set[str]]:
    """From what ``strace -f`` wrote: the calls that filtered processes made, and those of them that were refused.

    Refused is what had no other answer than EPERM and ENOSYS, which are how the filter refuses.
    """
    inherited = _born_filtered(lines)
    loaded: set[str] = set()
    made: set[str] = set()
    answers: dict[str, set[str]] = {}
    for line in lines:
        pid = line.partition(" ")[0]
        if _FILTER.match(line):
            loaded.add(pid)
        elif pid in loaded or pid in inherited:
            if begun := _BEGUN.match(line):
                made.add(begun[2])
            if (ended := _ENDED.match(line)) and ended[2] != "seccomp":
                answers.setdefault(ended[2], set()).add(ended[4] or "")
    return made, {name for name, found in answers.items() if found <= {"EPERM", "ENOSYS"}}


def _born_filtered(lines: Sequence[str]) -> set[str]:
    """The threads and processes made by filtered ones; the log may have their first calls before their birth."""
    loaded: set[str] = set()
    births = []
    for line in lines:
        if found := _FILTER.match(line):
            loaded.add(found[1])
        elif born := _CHILD.match(line):
            births.append((born[1], born[3] or born[2], born[1] in loaded))
    inherited = {child for _, child, is_filtered in births if is_filtered}
    while more := {child for parent, child, _ in births if parent in inherited} - inherited:
        inherited |= more
    return inherited


@contextmanager
def following(pids: Iterable[int], log: Path) -> Iterator[None]:
    """Have ``strace`` follow these processes and whatever they fork."""
    command = ["strace", "-f", "-q", "--pidns-translation", "-s", "0", "-o", str(log)]
    tracer = subprocess.Popen([*command, *(word for pid in pids for word in ("-p", str(pid)))])
    try:
        deadline = time.monotonic() + 20
        while not all(_is_traced(pid) for pid in pids):
            if tracer.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("strace could not attach itself: it has to be installed and run by root")
            time.sleep(0.05)
        yield
    finally:
        if tracer.poll() is None:
            tracer.send_signal(signal.SIGINT)
        tracer.wait()


def _is_traced(pid: int) -> bool:
    text = Path(f"/proc/{pid}/status").read_text()
    return re.search(r"^TracerPid:\t0$", text, re.MULTILINE) is None


def measure(grader: Grader, exercise: Exercise, folder: Path) -> dict[str, Any]:
    """Grade an exercise's reference and its stub and give what their candidates called."""
    assert exercise.reference is not None
    sources = {"reference": exercise.reference, "stub": exercise.stub}
    done: set[str] = set()
    refused: set[str] = set()
    verdicts = {}
    for kind, path in sources.items():
        log = folder / f"{exercise.slug}.{kind}"
        pids = descendants(grader.pids[0])
        with following(pids, log):
            report = grader.grade(exercise, Upload(exercise.stub.name, path.read_bytes()), seed="syscalls")
        calls, never = read_log(log.read_text(encoding="utf-8", errors="replace").splitlines())
        log.unlink()
        done |= calls - never
        refused |= never
        verdicts[kind] = f"{sum(test.verdict.value == 'passed' for test in report.tests)}/{len(report.tests)}"
    return {"passed": verdicts, "calls": sorted(done), "refused": sorted(refused - done)}


def unneeded(results: dict[str, dict[str, Any]]) -> list[str]:
    """The calls that this machine's filter allows, with any arguments or some, and no grading made."""
    needed = {name for result in results.values() for name in result["calls"]}
    return sorted((ALLOWED | CHECKED.keys()) & syscalls.numbers(syscalls.machine()).keys() - needed)


def main() -> None:
    catalogue = default_catalogue()
    slugs = sys.argv[1:] or catalogue.slugs()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results = kept.get("exercises", {}) if kept.get("architecture") == syscalls.machine() else {}
    with tempfile.TemporaryDirectory() as folder, Grader(catalogue) as grader:
        for slug in slugs:
            start = time.monotonic()
            results[slug] = found = measure(grader, catalogue.find(slug), Path(folder))
            print(
                f"{slug}: {len(found['calls'])} calls, refused {found['refused']}, passed {found['passed']}, "
                f"{time.monotonic() - start:.0f} s",
                flush=True,
            )
            RESULTS.write_text(json.dumps({"architecture": syscalls.machine(), "exercises": results}, indent=1) + "\n")
    print("allowed and not needed:", " ".join(unneeded(results)))


if __name__ == "__main__":
    main()
