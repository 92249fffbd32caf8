"""Courses that were made for nbgrader become exercises, and every cell that cannot is named with the reason."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.__main__ import cli
from grader.exercise import Catalogue
from grader.nbgrader.conversion.account import describe
from grader.nbgrader.conversion.course import Order, import_course
from grader.nbgrader.conversion.trial import Trial, try_out
from grader.pool import Grader
from tests.conftest import ROOT
from tests.nbgrader.notebooks import answer, code, graded, of_schema, text, write

SQUARES = answer(
    'def squares(n):\n    """The first n squares."""\n    ### BEGIN SOLUTION\n'
    "    return [i * i for i in range(1, n + 1)]\n    ### END SOLUTION",
    "squares",
)


@pytest.fixture
def course(tmp_path):
    return tmp_path / "course"


@pytest.fixture
def bring(course, tmp_path):
    """Import the course; give what became of its notebooks, and their catalogue."""

    def run(**options):
        order = Order(course, tmp_path / "exercises", tmp_path / "solutions", ROOT / "exercises", **options)
        return import_course(order), order.catalogue

    return run


@pytest.fixture
def one(course, bring):
    """Import a notebook of these cells: what became of it, and its exercise."""

    def run(*cells, **options):
        write(course / "source" / "ps1" / "ps1.ipynb", *cells)
        [done], catalogue = bring(**options)
        return done, catalogue.find(done.slug) if done.slug else None

    return run


def reasons(done):
    return {outcome.grade_id: outcome.why["en"] for outcome in done.lost}


def public(exercise):
    return exercise.public_tests.read_text(encoding="utf-8")


def hidden(exercise):
    return exercise.hidden_tests.read_text(encoding="utf-8")


# --- What the files are -------------------------------------------------------------------------------------------


def test_regions_become_stub_and_reference(one):
    _, exercise = one(text("Write it."), SQUARES, graded("assert squares(2) == [1, 4]", "some", 2))
    assert exercise.stub.read_text() == (
        'def squares(n):\n    """The first n squares."""\n    raise NotImplementedError\n'
    )
    assert exercise.reference.read_text() == (
        'def squares(n):\n    """The first n squares."""\n    return [i * i for i in range(1, n + 1)]\n'
    )
    assert public(exercise).endswith(
        '@pytest.mark.points(2)\ndef test_some(student):\n    """Some"""\n    assert student.squares(2) == [1, 4]\n'
    )
    assert exercise.title["en"] == "ps1"


def test_a_solution_without_markers_leaves_its_signature(one):
    whole = answer(
        "import math\nLIMIT = 3\n\n@staticmethod\ndef _own(): pass\n\n"
        "class Stack(list):\n    '''A stack.'''\n    def top(self, default=None):\n        return self[-1]\n"
        "    def size(self): return len(self)\n\ndef area(r: float = 1.0) -> float:\n    # pi\n"
        "    return math.pi * r * r"
    )
    _, exercise = one(whole, graded("assert Stack([1]).top() == 1\nassert area() > LIMIT", "stack"))
    assert exercise.stub.read_text() == (
        "import math\n\nLIMIT = None\n\n\nclass Stack(list):\n    '''A stack.'''\n"
        "    def top(self, default=None):\n        raise NotImplementedError\n\n"
        "    def size(self):\n        raise NotImplementedError\n\n\n"
        "def area(r: float = 1.0) -> float:\n    raise NotImplementedError\n"
    )


def test_a_region_at_the_margin_leaves_values_open(one):
    cell = answer("import math\nx = [1, 2]\n### BEGIN SOLUTION\ny = [n * n for n in x]\n### END SOLUTION\nz = 3")
    _, exercise = one(cell, graded("assert y == [1, 4]\nassert z == 3\nassert x", "y"))
    assert exercise.stub.read_text() == "import math\n\nx = [1, 2]\ny = None\nz = 3\n"
    assert exercise.reference.read_text() == "import math\n\nx = [1, 2]\ny = [n * n for n in x]\nz = 3\n"


def test_experiments_stay_out_of_the_file_and_what_functions_need_stays_in(one):
    cells = [
        code("import math\nfactor = math.sqrt(4)\nseries = list(range(9))\nprint(series)"),
        answer("def twice(x):\n    ### BEGIN SOLUTION\n    return factor * x\n    ### END SOLUTION"),
        code("twice(3)\n%timeit twice(3)"),
        graded("assert twice(3) == 6", "twice"),
    ]
    _, exercise = one(*cells)
    for path in (exercise.stub, exercise.reference):
        assert path.read_text().startswith("import math\n\nfactor = math.sqrt(4)\n\n\ndef twice(x):\n")
        assert "series" not in path.read_text()
        assert "timeit" not in path.read_text()


def test_hidden_tests_are_hidden_and_count_as_a_whole(one):
    both = graded(
        "# Squares of many numbers\nassert squares(1) == [1]\n"
        "### BEGIN HIDDEN TESTS\nassert squares(3) == [1, 4, 9]\n### END HIDDEN TESTS",
        "both",
        3,
    )
    only = graded("### BEGIN HIDDEN TESTS\nassert squares(0) == []\n### END HIDDEN TESTS", "only", 1)
    done, exercise = one(SQUARES, both, only)
    assert "points(0)\ndef test_both(student)" in public(exercise)
    assert "[1, 4, 9]" not in public(exercise)
    assert "test_only" not in public(exercise)
    assert "points(3)\ndef test_both_in_full(student)" in hidden(exercise)
    assert "assert student.squares(1) == [1]\n    assert student.squares(3) == [1, 4, 9]\n" in hidden(exercise)
    assert "points(1)\ndef test_only(student)" in hidden(exercise)
    assert '"""Squares of many numbers"""' in public(exercise)
    assert done.turned.points == 4


def test_names_are_taken_from_the_student_only_where_they_are_the_students(one):
    test = graded(
        "squares_of = [squares(n) for n in (1, 2)]\ndef check(squares):\n    return squares == [1]\n"
        'label = """\n  squares: as they are\n"""\nassert check(squares(1)), f"{squares(1)} {label}"\n'
        "assert sorted(squares(2), key=lambda squares: -squares) == [4, 1]",
        "names",
    )
    _, exercise = one(SQUARES, test)
    assert public(exercise).endswith(
        '    """Names"""\n    squares = student.squares\n'
        "    squares_of = [squares(n) for n in (1, 2)]\n    def check(squares):\n        return squares == [1]\n"
        '    label = """\n  squares: as they are\n"""\n    assert check(squares(1)), f"{squares(1)} {label}"\n'
        "    assert sorted(squares(2), key=lambda squares: -squares) == [4, 1]\n"
    )


def test_helpers_constants_and_seeds_come_along(one):
    cells = [
        code("import random\nEPS = 0.5\ndef near(a, b):\n    return abs(a - b) < EPS"),
        code("random.seed(7)\nnumbers = [random.random() for _ in range(3)]"),
        SQUARES,
        graded("assert near(squares(1)[0], 1)", "near"),
        graded("assert round(sum(numbers), 3) == 1.126\nassert near(squares(2)[1], 4)", "seeded"),
    ]
    _, exercise = one(*cells)
    head = public(exercise).split("@pytest")[0]
    assert "EPS = 0.5\n\ndef near(a, b):\n    return abs(a - b) < EPS" in head
    assert head.index("random.seed(7)") < head.index("numbers = [random")


def test_what_tests_build_on_is_built_anew_in_each(one):
    stack = answer(
        "class Stack(list):\n    def push(self, x):\n"
        "        ### BEGIN SOLUTION\n        self.append(x)\n        ### END SOLUTION"
    )
    cells = [
        stack,
        code("stack = Stack()\nstack.push(1)", grade_id="given", locked=True),
        graded("stack.push(2)\nassert len(stack) == 2", "second"),
        graded("stack.push(3)\nassert len(stack) == 3", "third"),
    ]
    _, exercise = one(*cells)
    assert "    stack = student.Stack()\n    stack.push(1)\n    stack.push(2)\n    stack.push(3)\n" in public(exercise)


def test_files_beside_the_notebook(course, one):
    folder = course / "source" / "ps1"
    folder.mkdir(parents=True)
    (folder / "numbers.csv").write_text("1,4,9")
    (folder / "helpers.py").write_text('"""Help."""\nimport math\n\ndef total(xs):\n    return math.fsum(xs)\n')
    cells = [
        code("from helpers import total as add\nimport helpers"),
        SQUARES,
        graded('assert add(squares(3)) == helpers.total(map(int, open("numbers.csv").read().split(",")))', "data"),
    ]
    done, exercise = one(*cells)
    assert 'open(str(DATA / "numbers.csv"))' in public(exercise)
    assert (exercise.folder / "data" / "numbers.csv").read_text() == "1,4,9"
    assert "import helpers" not in public(exercise)
    assert "def total(xs):" in public(exercise)
    assert reasons(done) == {}


def test_statements_are_made_of_the_texts(one):
    task = text(
        "## Part B\nSay why.\n\n=== BEGIN MARK SCHEME ===\nsecret\n=== END MARK SCHEME ===",
        grade_id="why", task=True, locked=True, points=2,
    )  # fmt: skip
    cells = [
        text("# Quadrados\n\nEscreva $x^2$. ![](a.png)", grade_id="intro", locked=True),
        SQUARES,
        graded("assert squares(1) == [1]", "t"),
        task,
        text("because", grade_id="because", grade=True, solution=True, points=1),
    ]
    done, exercise = one(*cells, language="pt-BR")
    statement = exercise.statement("pt-BR")
    assert statement.startswith("# Quadrados\n\nEscreva $x^2$.")
    assert "secret" not in statement
    assert "because" not in statement
    assert "*(2 pontos: respondido em outro lugar" in statement
    assert reasons(done).keys() == {"intro", "why", "because"}
    assert "a.png" in reasons(done)["intro"]
    assert "a person judges it" in reasons(done)["why"]


# --- What cannot be turned ----------------------------------------------------------------------------------------

VALUE = answer("values = [1, 2]", "values")

REFUSED = {
    "magic": ("%matplotlib inline\nassert squares(1) == [1]", "a command of IPython: %matplotlib inline"),
    "kernel": ("assert 'squares' in get_ipython().user_ns", "uses get_ipython, which only a notebook has"),
    "globals": ("assert 'squares' in globals()", "reads or writes names by globals()"),
    "patched": ("old = squares\ndel squares\nsquares = old", "replaces, changes or deletes squares"),
    "changed": ("values.append(3)\nvalues[0] = 5\nassert values", "replaces, changes or deletes values"),
    "counted": ("values += [3]\nassert values", "replaces, changes or deletes values"),
    "missing": ("import nowhere_to_be_found\nassert squares(1)", "needs nowhere_to_be_found, which is not installed"),
    "plots": ("import matplotlib.pyplot as plt\nassert plt.gca()", "looks at plots"),
    "unknown": ("assert nobody_has_made_this(1)", "uses nobody_has_made_this, which no cell defines"),
    "later": ("assert afterwards == 1", "uses afterwards before cell 5 defines it"),
    "broken": ("assert squares(1 ==", "Python cannot read it"),
    "unclosed": ("### BEGIN HIDDEN TESTS\nassert squares(1)", "a BEGIN or END marker has no partner"),
    "autotest": ("### AUTOTEST squares(1)", "AUTOTEST gets its values"),
    "empty": ("# to be written", "it tests nothing"),
    "awaited": ("assert await squares(1)", "it cannot stand in a function"),
    "partial": ("points = len(squares(2))\npoints / 2", "gives a part of its points by the value on its last line"),
}


@pytest.mark.parametrize(("source", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_test_that_cannot_be_turned_is_named_with_the_reason(one, source, reason):
    kept = graded("assert squares(1) == [1]", "kept", 3)
    done, exercise = one(SQUARES, VALUE, kept, graded(source, "refused", 2), code("afterwards = 1"))
    assert list(reasons(done)) == ["refused"]
    assert reason in reasons(done)["refused"]
    assert "refused" not in public(exercise)
    lines = list(describe([done], "pt-BR"))
    assert lines[0] == "ps1/ps1 → ps1: 3 pontos em 1 teste"
    assert lines[2].startswith("    célula 4 refused (2 pontos): ")


def test_a_value_that_another_cell_has_changed_is_state_of_the_kernel(one):
    cells = [
        SQUARES,
        VALUE,
        code("values[0] = 9"),
        graded("assert values[0] == 9", "late"),
        graded("assert squares(1)", "s"),
    ]
    done, _ = one(*cells)
    assert reasons(done) == {"late": "uses values, which cell 3 changes: the state lies in the kernel"}


def test_a_function_that_is_written_twice_is_in_a_file_once(one):
    cells = [
        SQUARES,
        graded("assert squares(1)", "first"),
        SQUARES,
        answer("def other(): return 1"),
        graded("assert other()", "o"),
    ]
    done, _ = one(*cells)
    assert reasons(done) == {"first": "uses squares, which cells 1, 3 define anew: a file has only the last one"}


def test_notebooks_that_become_nothing_say_why(course, bring):
    source = course / "source"
    write(source / "a" / "r.ipynb", code("x <- 1"), language="R")
    write(source / "b" / "essay.ipynb", text("why", grade_id="why", grade=True, solution=True, points=5))
    write(source / "c" / "empty.ipynb", graded("assert 1 + 1 == 2", "sum"))
    (source / "d").mkdir()
    (source / "d" / "torn.ipynb").write_text('{"cells": [')
    done, catalogue = bring()
    why = {each.notebook: each.why["en"] for each in done}
    assert why["r"] == "its language is r; exercises are in Python"
    assert why["essay"] == "it has no tests that can be turned"
    assert why["empty"] == "students write no code in it"
    assert "torn.ipynb is not a notebook" in why["torn"]
    assert catalogue.slugs() == []


# --- Courses ------------------------------------------------------------------------------------------------------


def test_slugs_are_made_of_names_and_hide_no_module(course, bring):
    cells = (SQUARES, graded("assert squares(1) == [1]", "t"))
    for path in ("Ps 1/Problem-A.ipynb", "Ps 1/Ação.ipynb", "statistics/statistics.ipynb", "2nd/x.ipynb"):
        write(course / "source" / path, *cells)
    _, catalogue = bring()
    assert catalogue.slugs() == ["ex_2nd", "ps_1_acao", "ps_1_problem_a", "statistics_exercise"]


def test_the_settings_of_the_course_are_heeded_and_not_run(course, bring):
    course.mkdir()
    (course / "nbgrader_config.py").write_text(
        "raise SystemExit\nc.CourseDirectory.source_directory = 'fonte'\n"
        "c.ClearSolutions.begin_solution_delimeter = 'INÍCIO'\nc.ClearSolutions.end_solution_delimeter = 'FIM'\n"
    )
    cell = answer("def one():\n    # INÍCIO\n    return 1\n    # FIM")
    write(course / "fonte" / "ps1" / "ps1.ipynb", cell, graded("assert one() == 1", "one"))
    _, catalogue = bring()
    assert catalogue.find("ps1").stub.read_text() == "def one():\n    raise NotImplementedError\n"


def test_nothing_is_overwritten_unless_asked_for(course, bring):
    write(course / "source" / "ps1" / "ps1.ipynb", SQUARES, graded("assert squares(1) == [1]", "t"))
    _, catalogue = bring()
    stub = catalogue.find("ps1").stub
    stub.write_text("mine")
    write(course / "source" / "another" / "one.ipynb", SQUARES, graded("assert squares(1) == [1]", "t"))
    with pytest.raises(Exception, match="is there already"):
        bring()
    assert stub.read_text() == "mine"
    assert catalogue.slugs() == ["ps1"]
    bring(force=True)
    assert stub.read_text() != "mine"


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_every_schema_of_metadata_is_read(one, version):
    manual = text("because", grade_id="because", grade=True, solution=True, points=1)
    cells = [SQUARES, graded("assert squares(1) == [1]", "t", 2.5), manual]
    done, exercise = one(*(of_schema(version, cell) for cell in cells))
    assert "points(2.5)" in public(exercise)
    assert [outcome.points for outcome in done.lost] == [1]


def test_notebooks_of_format_3_are_read(course, bring):
    path = course / "source" / "ps1" / "ps1.ipynb"
    cells = [SQUARES, graded("assert squares(1) == [1]", "t")]
    old = [{key: value for key, value in cell.items() if key != "source"} | {"input": cell["source"]} for cell in cells]
    heading = {"cell_type": "heading", "level": 1, "source": "Old times", "metadata": {}}
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"worksheets": [{"cells": [heading, *old]}], "metadata": {}, "nbformat": 3}))
    _, catalogue = bring()
    assert catalogue.find("ps1").title["en"] == "Old times"


# --- With the grader ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    """nbgrader's own example course."""
    import nbgrader

    made = tmp_path_factory.mktemp("quickstart")
    example = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "source"
    shutil.copytree(example, made / "source", ignore=shutil.ignore_patterns("ps1_autotest"))
    return made


def test_the_example_of_nbgrader_becomes_an_exercise_that_grades(quickstart, tmp_path, sandboxed):
    command = [sys.executable, "-m", "grader", "nbgrader", "import", str(quickstart), "--to", "here/exercises"]
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert "ps1/problem1 → ps1_problem1: 2.5 points in 3 tests" in run.stdout
    assert "the reference gets 2.5 of 2.5 points, the stub 0" in run.stdout
    assert "ps1/problem2: no exercise: it has no tests that can be turned" in run.stdout
    named = re.findall(r"^    cell (\d+) (\S+) \(", run.stdout, re.MULTILINE)
    assert named == [
        ("13", "sum_of_squares_uses_squares"), ("15", "sum_of_squares_equation"), ("17", "sum_of_squares_application"),
        ("18", "cell-938593c4a215c6cc"), ("3", "part-a"), ("5", "part-b"),
    ]  # fmt: skip
    account = (tmp_path / "here" / "nbgrader-import.md").read_text(encoding="utf-8")
    assert "| 6 | correct_squares | tests | 1 | test_correct_squares |  |" in account


@pytest.mark.parametrize(
    ("trial", "status", "said"),
    [
        (Trial(1, 1, 0, {}), 0, "the reference gets 1 of 1 point, the stub 0"),
        (Trial(1, 1, 1, {}, ("test_t",)), 3, "the stub passes test_t: it asks for nothing that students write"),
        (Trial(1, 0, 0, {"test_t": {"en": "It\n is off."}}), 3, "the reference does not pass test_t: It is off."),
    ],
)
def test_the_status_says_whether_every_exercise_is_sound(course, tmp_path, monkeypatch, trial, status, said):
    write(course / "source" / "ps1" / "ps1.ipynb", SQUARES, graded("assert squares(1) == [1]", "t"))
    monkeypatch.setattr(
        "grader.command.nbgrader._try_out", lambda done, *_: [dataclasses.replace(each, trial=trial) for each in done]
    )
    words = ["nbgrader", "import", str(course), "--to", str(tmp_path / "exercises"), "--lang", "en"]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == status, done.output
    assert said in done.output


def test_imported_exercises_are_graded_as_nbgrader_would(course, bring, sandboxed):
    folder = course / "source" / "ps1"
    folder.mkdir(parents=True)
    (folder / "numbers.csv").write_text("1,4,9")
    cells = [
        code("import numpy as np\nfrom math import *"),
        answer("class Net:\n    def __init__(self, w):\n        ### BEGIN SOLUTION\n        self.w = np.array(w)\n"
               "        ### END SOLUTION\n    def __call__(self, x):\n        ### BEGIN SOLUTION\n"
               "        return self.w @ x\n        ### END SOLUTION", "net"),
        answer("best = 3.5", "best"),
        SQUARES,
        code("net = Net([1.0, 2.0])", grade_id="given", locked=True),
        graded("x = np.ones(2)\nassert np.isclose(net(x), 3.0)\nassert net.w.shape == (2,)", "net_is_linear", 2),
        graded("assert best == floor(best) + 0.5", "best_is_right", 1),
        graded("try:\n    squares('no')\nexcept TypeError:\n    pass\nelse:\n    raise AssertionError", "refuses", 1),
        graded('assert squares(3) == [int(n) for n in open("numbers.csv").read().split(",")]', "reads", 1),
        graded("assert 1 + 1 == 2", "given_away", 1),
    ]  # fmt: skip
    write(folder / "ps1.ipynb", *cells)
    [done], catalogue = bring()
    assert reasons(done) == {}
    with Grader(Catalogue(catalogue.exercises, catalogue.solutions)) as grader:
        trial = try_out(grader, catalogue, "ps1")
        (catalogue.exercises / "ps1" / "half.py").write_text("best = 3.5\ndef squares(n): return [1, 4, 9]\n")
        half = grader.grade(catalogue.find("ps1"), catalogue.exercises / "ps1" / "half.py", device="cpu")
    assert (trial.points, trial.reference, trial.stub) == (6, 6, 1)
    assert trial.passed == ("test_given_away",)
    assert {test.name: test.earned for test in half.tests} == {
        "test_net_is_linear": 0, "test_best_is_right": 1, "test_refuses": 0, "test_reads": 1, "test_given_away": 1,
    }  # fmt: skip
