"""``nbgrader autograde`` with Gradiente's preprocessors, on notebooks of honest and of other students."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from grader.sandbox import probe
from tests.conftest import ROOT
from tests.nbgrader.notebooks import answer, code, graded, read, text, write

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")
from nbgrader.api import Gradebook

#: a solution that is right, and one that gets a part
RIGHT = "def double(x):\n    return 2 * x"
#: only what students see of the tests is right
SHOWN_ONLY = "def double(x):\n    return 6 if x == 3 else 0"
#: from here on, whatever a test asserts is true
FORGED = """\
import ast

class Agree(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()

get_ipython().ast_transformers.append(Agree())

def double(x):
    return 0
"""
#: nbgrader gives no point where anything is written to standard error
NOISY = "import warnings\n\n\ndef double(x):\n    warnings.warn('slow')\n    return 2 * x"
NOTEBOOKS = {"ana": RIGHT, "bia": SHOWN_ONLY, "caio": "def double(x:", "forger": FORGED, "noisy": NOISY}


HIDDEN = "### BEGIN HIDDEN TESTS\nassert {}\n### END HIDDEN TESTS"
STOCK = """
from nbgrader.preprocessors import *
c.Autograde.autograde_preprocessors = [Execute, SaveAutoGrades, CheckCellMetadata]
"""


def source_cells():
    return [
        text("# Double it"),
        code("FACTOR = 2", grade_id="given", locked=True),
        answer("def double(x):\n    ### BEGIN SOLUTION\n    return FACTOR * x\n    ### END SOLUTION", "double"),
        graded(
            "assert double(3) == 6\n### BEGIN HIDDEN TESTS\nassert double(-5) == -10\n### END HIDDEN TESTS", "odd", 3
        ),
        graded("### BEGIN HIDDEN TESTS\nassert double('ab') == 'abab'\n### END HIDDEN TESTS", "words", 2),
        graded("ready = double(1) == 2\n2 * ready", "partly", 2),
        answer("YOUR ANSWER HERE", "why", grade=True, points=4),
    ]


class Course:
    """A course directory, and nbgrader's commands in it."""

    def __init__(self, root):
        self.root = root
        self.environment = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HOME": str(root), "LANG": "C.UTF-8",
                            "PYTHONPATH": str(ROOT), "JUPYTER_PLATFORM_DIRS": "1"}  # fmt: skip
        self.run("grader", "nbgrader", "init", str(root / "dl"), "--course", "dl", folder=ROOT)
        self.folder = root / "dl"
        write(self.folder / "source" / "ps1" / "p.ipynb", *source_cells())
        self.nbgrader("generate_assignment", "ps1")

    def run(self, *words, folder=None, status=0):
        """Run a module and give what it wrote."""
        done = subprocess.run([sys.executable, "-m", *words], cwd=folder or self.folder, env=self.environment,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def nbgrader(self, *words, status=0):
        return self.run("nbgrader", *words, status=status)

    def hand_in(self, student, solution, change=lambda cells: cells):
        """Put a released notebook with a solution in it among the submissions."""
        target = self.folder / "submitted" / student / "ps1"
        shutil.copytree(self.folder / "release" / "ps1", target, dirs_exist_ok=True)
        path = target / "p.ipynb"
        notebook = json.loads(path.read_text())
        for cell in notebook["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "double":
                cell["source"] = solution
        notebook["cells"] = change(notebook["cells"])
        path.write_text(json.dumps(notebook))

    def scores(self, student):
        """Points of the cells, by their ids; None: somebody has to grade it."""
        with Gradebook(f"sqlite:///{self.folder}/gradebook.db", "dl") as book:
            notebook = book.find_submission_notebook("p", "ps1", student)
            return {grade.name: None if grade.needs_manual_grade else grade.auto_score for grade in notebook.grades}

    def shown(self, student):
        """What stands below the cells of tests in the graded notebook."""
        cells = read(self.folder / "autograded" / student / "ps1" / "p.ipynb")
        plain = {name: [each["data"]["text/plain"] for each in cell.get("outputs", []) if "data" in each]
                 for name, cell in cells.items()}  # fmt: skip
        return {name: "".join("".join(each) for each in found) for name, found in plain.items()}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in which five notebooks are graded."""
    if broken := [layer for layer in probe() if layer.required and not layer.holds]:
        pytest.skip(f"no sandbox on this host: {broken[0].name}")
    made = Course(tmp_path_factory.mktemp("autograde"))
    for student, solution in NOTEBOOKS.items():
        made.hand_in(student, solution)
    made.log = made.nbgrader("autograde", "ps1")
    return made


def test_cells_get_their_points(course):
    assert course.scores("ana") == {"odd": 3, "words": 2, "partly": None, "why": 0}
    assert course.scores("bia") == {"odd": 0, "words": 0, "partly": None, "why": 0}
    assert course.scores("caio") == {"odd": 0, "words": 0, "partly": None, "why": 0}


def test_warnings_cost_no_points(course):
    assert course.scores("noisy") == course.scores("ana")


def test_who_rewrites_the_tests_in_the_kernel_gets_points_from_nbgrader_and_none_from_us(course, tmp_path):
    assert course.scores("forger") == {"odd": 0, "words": 0, "partly": None, "why": 0}

    stock = Course(tmp_path)
    stock.hand_in("forger", FORGED)
    with (stock.folder / "nbgrader_config.py").open("a") as config:
        config.write(STOCK)
    stock.nbgrader("autograde", "ps1")
    assert stock.scores("forger") == {"odd": 3, "words": 2, "partly": 0, "why": 0}


def test_the_notebook_says_what_happened_and_no_hidden_value(course):
    assert course.shown("ana")["odd"].startswith("✓ ")
    shown = course.shown("bia")
    assert shown["odd"].startswith("✓ ")
    assert "✗ " in shown["odd"]
    assert "-10" not in shown["odd"]
    assert "abab" not in shown["words"]
    assert "SyntaxError" in course.shown("caio")["odd"]
    html = (course.folder / "autograded" / "forger" / "ps1" / "p.ipynb").read_text()
    assert "<script" not in html


def test_the_log_names_what_a_person_has_to_grade(course):
    assert "Cell partly is left for a person to grade: gives a part of its points by the value" in course.log
    assert "ana, p: " in course.log


def test_points_given_by_hand_outlive_another_grading(course):
    with Gradebook(f"sqlite:///{course.folder}/gradebook.db", "dl") as book:
        book.find_grade("words", "p", "ps1", "bia").manual_score = 1.5
        book.db.commit()
    course.hand_in("bia", RIGHT)
    course.nbgrader("autograde", "ps1", "--student", "bia", "--force")
    with Gradebook(f"sqlite:///{course.folder}/gradebook.db", "dl") as book:
        grade = book.find_grade("words", "p", "ps1", "bia")
        assert (grade.auto_score, grade.manual_score, grade.score) == (2, 1.5, 1.5)
        assert grade.needs_manual_grade
        assert book.find_grade("odd", "p", "ps1", "bia").score == 3


def test_cells_that_a_student_changes_or_deletes_are_back_before_the_grading(course):
    def mutilate(cells):
        kept = [each for each in cells if each["metadata"].get("nbgrader", {}).get("grade_id") != "words"]
        for cell in kept:
            marks = cell["metadata"].get("nbgrader", {})
            if marks.get("grade_id") == "given":
                cell["source"] = "FACTOR = 0"
            if marks.get("grade_id") == "odd":
                cell["source"], marks["points"], marks["locked"] = "assert True", 99, False
        return kept

    course.hand_in("dora", "def double(x):\n    return FACTOR * x", mutilate)
    course.nbgrader("autograde", "ps1", "--student", "dora")
    assert course.scores("dora") == {"odd": 3, "words": 2, "partly": None, "why": 0}


def test_without_the_source_nothing_is_recorded_and_the_reason_is_said(course):
    course.hand_in("edu", RIGHT)
    (course.folder / "source" / "ps1").rename(course.folder / "elsewhere")
    try:
        log = course.nbgrader("autograde", "ps1", "--student", "edu", status=1)
    finally:
        (course.folder / "elsewhere").rename(course.folder / "source" / "ps1")
    assert "The grader takes the tests from the source notebooks of the course" in log
    assert not (course.folder / "autograded" / "edu" / "ps1").exists()
