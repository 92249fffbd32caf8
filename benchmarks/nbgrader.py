"""``nbgrader autograde`` with Gradiente's preprocessors against nbgrader's own, on the same notebooks in one run.

    python benchmarks/nbgrader.py [--students 30] [--rounds 2] [--only ours] [SLUG...]

The notebooks are those of a class: the reference, a part of it, and the stub, in turn. One command grades them all, as
an instructor types it, its start included: ``gradiente nbgrader autograde``, the same as ``nbgrader autograde``, and
that with nbgrader's own settings. All grade copies of one course, turn and turn about, so that what else the machine
does meets all. Prints of every command how long it took and the processors' time of all its processes, which other
programs on the machine hardly change, and for each exercise the ratio of the sums.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OTHER = "nbgrader's own"
#: by their names, the commands that are compared
COMMANDS = {
    "ours": ("grader", "nbgrader", "autograde"),
    "ours as nbgrader autograde": ("nbgrader", "autograde"),
    OTHER: ("nbgrader", "autograde"),
}
#: as if Gradiente were not there
STOCK = """\
c = get_config()
c.CourseDirectory.course_id = "dl"
c.Execute.timeout = 600
"""


def run(*words: str, folder: Path) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(words)}\n{done.stdout}\n{done.stderr}")


def make_course(folder: Path, slug: str) -> None:
    run("grader", "nbgrader", "init", str(folder), "--course", "dl", folder=ROOT)
    run("grader", "nbgrader", "export", slug, "--to", str(folder), folder=ROOT)
    run("nbgrader", "generate_assignment", slug, folder=folder)


def hand_in(folder: Path, slug: str, students: int) -> None:
    """Fill in the solution cells of the released notebook: everything, or some of it."""
    released = folder / "release" / slug
    blank = json.loads((released / f"{slug}.ipynb").read_text())
    source = json.loads((folder / "source" / slug / f"{slug}.ipynb").read_text())
    answers = {
        marks["grade_id"]: cell["source"]
        for cell in source["cells"]
        if (marks := cell["metadata"].get("nbgrader", {})).get("solution")
    }
    for number in range(students):
        target = folder / "submitted" / f"student{number:02}" / slug
        shutil.copytree(released, target)
        notebook = json.loads(json.dumps(blank))
        for place, cell in enumerate(each for each in notebook["cells"] if solves(each)):
            if number % 3 == 0 or (number % 3 == 1 and place == 0):
                cell["source"] = f"# {number}\n" + "".join(answers[cell["metadata"]["nbgrader"]["grade_id"]])
        (target / f"{slug}.ipynb").write_text(json.dumps(notebook))


def solves(cell: dict[str, dict[str, dict[str, bool]]]) -> bool:
    return bool(cell["metadata"].get("nbgrader", {}).get("solution"))


def grade(course: Path, slug: str, name: str) -> tuple[float, float]:
    """Seconds of one command, and of processors."""
    start, spent = time.perf_counter(), _spent()
    run(*COMMANDS[name], slug, folder=course)
    return time.perf_counter() - start, _spent() - spent


def _spent() -> float:
    """Seconds of processors that all processes took that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def compare(slug: str, students: int, rounds: int, names: list[str]) -> None:
    """Grade one exercise's notebooks, turn and turn about."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as scratch:
        course = Path(scratch, "course")
        make_course(course, slug)
        hand_in(course, slug, students)
        for number in range(rounds):
            for name, found in spent.items():
                copy = Path(scratch, f"{number}{name}")
                shutil.copytree(course, copy)
                if name == OTHER:
                    (copy / "nbgrader_config.py").write_text(STOCK)
                found.append(grade(copy, slug, name))
                shutil.rmtree(copy)
                seconds, processors = found[-1]
                print(f"{students} notebooks of {slug}, {name}: {seconds:.1f} s, {processors:.1f} s of CPU", flush=True)
    sums = {name: [sum(each) for each in zip(*found, strict=True)] for name, found in spent.items()}
    for name in names:
        if name != OTHER and OTHER in sums:
            seconds, processors = (theirs / its for theirs, its in zip(sums[OTHER], sums[name], strict=True))
            print(f"{slug}, {name}: {seconds:.1f} times faster than nbgrader's own, {processors:.1f} times less CPU")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("slugs", nargs="*", metavar="SLUG", default=["sigmoid"])
    words.add_argument("--students", type=int, default=30)
    words.add_argument("--rounds", type=int, default=2)
    words.add_argument("--only", choices=list(COMMANDS))
    chosen = words.parse_args()
    print(f"{platform.platform()}, {len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f}")
    for slug in chosen.slugs:
        compare(slug, chosen.students, chosen.rounds, [chosen.only] if chosen.only else list(COMMANDS))


if __name__ == "__main__":
    main()
