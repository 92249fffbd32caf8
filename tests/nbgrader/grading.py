"""A course directory in which nbgrader grades, with few starts of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import pytest

from grader.nbgrader.course import start_course
from tests.conftest import ROOT
from tests.layers import broken_layers
from tests.nbgrader.notebooks import answer, code, graded, read, text, write

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")
from nbgrader.api import Gradebook

HIDDEN = "### BEGIN HIDDEN TESTS\nassert {}\n### END HIDDEN TESTS"
#: nbgrader's own pipeline, below the line of ``configure``
STOCK = """
from nbgrader.converters import Autograde, GenerateFeedback
c.Autograde.sanitize_preprocessors = Autograde.sanitize_preprocessors.default_args[0]
c.Autograde.autograde_preprocessors = Autograde.autograde_preprocessors.default_args[0]
c.GenerateFeedback.preprocessors = GenerateFeedback.preprocessors.default_args[0]
c.Autograde.exporter_class = "nbconvert.exporters.NotebookExporter"
c.OverwriteCells.add_missing_cells = False
c.HTMLExporter.preprocessors, c.HTMLExporter.filters = [], {}
"""
PATH = "/usr/bin:/bin"


def source_cells():
    """An assignment with a cell of tests of each kind. The grader takes "odd" and "words", and not "partly"."""
    return [
        text("# Double it"),
        code("FACTOR = 2", grade_id="given", locked=True),
        answer("def double(x):\n    ### BEGIN SOLUTION\n    return FACTOR * x\n    ### END SOLUTION", "double"),
        graded("assert double(3) == 6\n" + HIDDEN.format("double(-5) == -10"), "odd", 3),
        graded(HIDDEN.format("double('ab') == 'abab'"), "words", 2),
        graded("ready = double(1) == 2\n2 * ready", "partly", 2),
        answer("YOUR ANSWER HERE", "why", grade=True, points=4),
    ]


class Course:
    """A course directory, and nbgrader's commands in it."""

    def __init__(self, root: Path, warm: subprocess.Popen[str], config: str = "") -> None:
        self.folder, self.warm = root / "dl", warm
        (root / "tmp").mkdir(parents=True)
        self.environment = {"PATH": PATH, "OMP_NUM_THREADS": "1", "HOME": str(root), "LANG": "C.UTF-8",
                            "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "TMPDIR": str(root / "tmp"),
                            "JUPYTER_PLATFORM_DIRS": "1", "GRADIENTE_EXERCISES": str(ROOT / "exercises")}  # fmt: skip
        start_course(self.folder, "dl", "", "en")
        with (self.folder / "nbgrader_config.py").open("a") as file:
            file.write(config)
        write(self.folder / "source" / "ps1" / "p.ipynb", *source_cells())
        (self.folder / "source" / "ps1" / "helper.py").write_text("X = 5\n")

    def run(self, *commands, status=0):
        """Run commands in one process, and give what they wrote."""
        output = self.folder / "output"
        order = [[list(each) for each in commands], str(self.folder), self.environment, str(output)]
        self.warm.stdin.write(json.dumps(order) + "\n")
        self.warm.stdin.flush()
        found = int(self.warm.stdout.readline())
        assert found == status, output.read_text()
        return output.read_text()

    def type(self, *words):
        """A command as a process of its own, as typed; give what it wrote and its status."""
        command = [sys.executable, "-m", *words]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        return done.stdout + done.stderr, done.returncode

    def hand_in(self, student, solution, change=lambda cells: cells, **metadata):
        """Put a released notebook with a solution in it among the submissions; give its path."""
        target = self.folder / "submitted" / student / "ps1"
        shutil.copytree(self.folder / "release" / "ps1", target, dirs_exist_ok=True)
        path = target / "p.ipynb"
        notebook = json.loads(path.read_text())
        for cell in notebook["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "double":
                cell["source"] = solution
        notebook["cells"] = change(notebook["cells"])
        notebook["metadata"] |= metadata
        path.write_text(json.dumps(notebook))
        return path

    @contextmanager
    def book(self):
        """The gradebook."""
        with Gradebook(f"sqlite:///{self.folder}/gradebook.db", "dl") as book:
            yield book

    def scores(self, student):
        """Points of the cells, by their ids; None: nobody has graded it yet."""
        with self.book() as book:
            notebook = book.find_submission_notebook("p", "ps1", student)
            return {grade.name: grade.score if grade.auto_score is not None else None for grade in notebook.grades}

    def waiting(self, student):
        """The cells that are marked for a person's look."""
        with self.book() as book:
            grades = book.find_submission_notebook("p", "ps1", student).grades
            return {grade.name for grade in grades if grade.needs_manual_grade}

    def graded(self, student):
        """The graded notebook."""
        return self.folder / "autograded" / student / "ps1" / "p.ipynb"

    def outputs(self, student):
        """What lies below the cells of the graded notebook."""
        return {name: cell.get("outputs", []) for name, cell in read(self.graded(student)).items()}

    def shown(self, student):
        """The text of it."""
        return {name: "".join(map(_text, outputs)) for name, outputs in self.outputs(student).items()}

    def page(self, student):
        """The page that a student gets."""
        return (self.folder / "feedback" / student / "ps1" / "p.html").read_text()

    def feedback(self, student):
        """The text of it."""
        return unescape(re.sub(r"<[^>]*>", "", self.page(student).partition("<body")[2]))


def _text(output):
    found = output.get("text") or output.get("traceback") or output["data"].get("text/plain", "")
    return found if isinstance(found, str) else "".join(found)


@contextmanager
def warm_nbgrader():
    """A process whose forks are nbgrader."""
    command = [sys.executable, str(Path(__file__).with_name("warm.py")), "grader.nbgrader.autograde.preprocessor"]
    environment = {"PATH": PATH, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as warm:
        yield warm
        warm.stdin.close()


def need_a_sandbox():
    """Skip where this host has none."""
    if broken := broken_layers():
        pytest.skip(f"no sandbox on this host: {broken[0].name}")
