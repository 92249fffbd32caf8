"""``nbgrader autograde`` with Gradiente's preprocessors against nbgrader's own, on the same notebooks in one run.

    python benchmarks/nbgrader.py [--students 30] [--slug sigmoid] [--rounds 2]

The notebooks are those of a class: the reference, a part of it, and the stub, in turn. One command grades them all, as
an instructor types it, its start included. Both grade copies of one course, turn and turn about, so that what else the
machine does meets both. Prints every time and the ratio of the sums.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
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


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--students", type=int, default=30)
    words.add_argument("--slug", default="sigmoid")
    words.add_argument("--rounds", type=int, default=2)
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        course = Path(scratch, "course")
        make_course(course, chosen.slug)
        hand_in(course, chosen.slug, chosen.students)
        spent: dict[str, list[float]] = {"ours": [], "nbgrader's own": []}
        for number in range(chosen.rounds):
            for name, seconds in spent.items():
                copy = Path(scratch, f"{number}{name}")
                shutil.copytree(course, copy)
                if name != "ours":
                    (copy / "nbgrader_config.py").write_text(STOCK)
                start = time.perf_counter()
                run("nbgrader", "autograde", chosen.slug, folder=copy)
                seconds.append(time.perf_counter() - start)
                shutil.rmtree(copy)
                print(f"{chosen.students} notebooks of {chosen.slug}, {name}: {seconds[-1]:.1f} s", flush=True)
    ours, stock = (sum(each) for each in spent.values())
    print(f"ratio: {stock / ours:.1f}")


if __name__ == "__main__":
    main()
