"""``nbgrader autograde`` with Gradiente's preprocessors against nbgrader's own, on the same notebooks in one run.

    python benchmarks/nbgrader.py [--students 30] [--slug sigmoid]

The notebooks are those of a class: the reference, the stub, and wrong solutions, in turn. Both grade them in copies of
one course, in pieces that alternate, so that what else the machine does meets both. Prints the ratio of the times.
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
STOCK = """
c.Autograde.autograde_preprocessors = [
    "nbgrader.preprocessors." + each
    for each in ("Execute", "LimitOutput", "SaveAutoGrades", "AssignLatePenalties", "CheckCellMetadata")
]
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
    words.add_argument("--rounds", type=int, default=3)
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        ours, stock = Path(scratch, "ours"), Path(scratch, "stock")
        make_course(ours, chosen.slug)
        hand_in(ours, chosen.slug, chosen.students)
        shutil.copytree(ours, stock)
        with (stock / "nbgrader_config.py").open("a") as config:
            config.write(STOCK)
        spent = {ours: 0.0, stock: 0.0}
        size = -(-chosen.students // chosen.rounds)
        for first in range(0, chosen.students, size):
            count = len(range(first, min(first + size, chosen.students)))
            for course in spent:
                start = time.perf_counter()
                for tens in sorted({number // 10 for number in range(first, first + count)}):
                    units = [str(n % 10) for n in range(first, first + count) if n // 10 == tens]
                    pattern = f"student{tens}[{''.join(units)}]"
                    run("nbgrader", "autograde", chosen.slug, "--student", pattern, folder=course)
                spent[course] += time.perf_counter() - start
    print(
        f"{chosen.students} notebooks of {chosen.slug}: ours {spent[ours]:.1f} s, nbgrader's own {spent[stock]:.1f} s"
    )
    print(f"ratio: {spent[stock] / spent[ours]:.1f}")


if __name__ == "__main__":
    main()
