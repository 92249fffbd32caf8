"""Exercises as nbgrader assignments: all points for the reference, none for the stub, in a kernel and by nbgrader."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from grader.exercise import default_catalogue
from grader.nbgrader.conversion import region
from grader.nbgrader.conversion.course import Order, import_course
from grader.nbgrader.export.assignment import export
from grader.nbgrader.export.merge import merge
from grader.stub import public_names
from tests.conftest import ROOT, write_tree
from tests.nbgrader.notebooks import read

CATALOGUE = default_catalogue(ROOT / "exercises", ROOT / "solutions")

SOLUTION = ("BEGIN SOLUTION", "END SOLUTION")
HIDDEN = ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """All exercises of the project."""
    source = tmp_path_factory.mktemp("course") / "source"
    return {exercise.slug: export(exercise, source, "en", manual=True) for exercise in CATALOGUE}


def cleared(path, *markers, hole="raise NotImplementedError()"):
    """Take what lies between markers out of a notebook, as nbgrader does for students, and keep it beside the other."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for cell in document["cells"]:
        parts = region.split("".join(cell["source"]), *markers)
        lines = [f"{part.indent}{hole}" if isinstance(part, region.Region) else part for part in parts]
        cell["source"] = ["\n".join(lines)]
    folder = path.parent.parent.parent / "students" / path.parent.name
    shutil.copytree(path.parent, folder, dirs_exist_ok=True)
    other = folder / path.name
    other.write_text(json.dumps(document), encoding="utf-8")
    return other


def run(*notebooks):
    """What comes of the cells of tests of each notebook, in a kernel."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "nbgrader" / "shell.py"), *map(str, notebooks)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HOME": os.environ["HOME"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("slug", CATALOGUE.slugs())
def test_students_see_the_stub_and_no_hidden_test(exported, slug):
    exercise, made = CATALOGUE.find(slug), exported[slug]
    solutions = [cell for name, cell in read(made.notebook).items() if str(name).startswith("solution-")]
    assert {name for cell in solutions for name in re.findall(r"^(?:def|class) (\w+)", cell["source"], re.M)} >= set(
        public_names(exercise.stub)
    )
    shown = read(cleared(made.notebook, *SOLUTION))
    code = "\n".join(cell["source"] for cell in shown.values() if not cell["source"].startswith(("%", "#")))
    stub = {
        ast.unparse(node)
        for node in ast.walk(ast.parse(exercise.stub.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    found = {line for cell in solutions for line in functions(region.outside(region.split(cell["source"], *SOLUTION)))}
    assert {name_of(text) for text in stub} == {name_of(text) for text in found}
    assert "raise NotImplementedError()" in code
    for cell in read(cleared(made.notebook, *HIDDEN, hole="")).values():
        if cell["source"].startswith("%%tests hidden"):
            assert all(line.startswith(("%%", "#")) for line in cell["source"].split("\n") if line), cell["source"]


def functions(source):
    """The signatures that are left of a cell, with their docstrings."""
    return re.findall(r"^ *def \w+\(.*?(?=^ *def |\Z)", source, re.M | re.S)


def name_of(text):
    return re.search(r"def (\w+)", text)[1]


@pytest.mark.parametrize("slug", CATALOGUE.slugs())
def test_the_reference_survives_the_merge(exported, slug):
    """Every statement of the reference is in the notebook, in functions of the same name."""
    exercise = CATALOGUE.find(slug)
    pieces = merge(exercise.stub.read_text(), exercise.reference.read_text())
    merged = ast.parse("\n\n".join(piece.text for piece in pieces))
    for kind in (ast.FunctionDef, ast.ClassDef):
        theirs = {
            node.name: body(node)
            for node in ast.walk(ast.parse(exercise.reference.read_text()))
            if isinstance(node, kind)
        }
        ours = {node.name: body(node) for node in ast.walk(merged) if isinstance(node, kind)}
        if kind is ast.FunctionDef:
            assert ours == theirs
        assert ours.keys() == theirs.keys()


def body(node):
    """What a function does, without what it says of itself."""
    return [
        ast.dump(line)
        for line in node.body
        if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
    ]


@pytest.mark.timeout(1200)
def test_in_the_kernel_the_reference_gets_all_points_and_the_stub_none(exported):
    right = [made.notebook for made in exported.values()]
    results = run(*right, *(cleared(path, *SOLUTION) for path in right))
    for made, best, worst in zip(exported.values(), results, results[len(right) :], strict=False):
        assert sum(points for points, _, _ in best.values()) == made.points - 2, made.slug  # 2 for the explanation
        assert {name: said for name, (points, said, _) in worst.items() if points} == {}
        assert [stderr for _, _, stderr in [*best.values(), *worst.values()] if stderr] == []


def test_an_exported_notebook_is_imported_again_as_it_was(exported, tmp_path):
    course = exported["sigmoid"].notebook.parent.parent.parent
    order = Order(course, tmp_path / "exercises", tmp_path / "solutions", ROOT / "exercises", tuple(exported))
    done = import_course(order)
    assert [each.slug for each in done] == list(exported)
    for slug, made in exported.items():
        before, after = CATALOGUE.find(slug), order.catalogue.find(slug)
        for old, new in ((before.stub, after.stub), (before.public_tests, after.public_tests)):
            assert statements(old) == statements(new), new.name
        assert statements(before.hidden_tests) - statements(after.hidden_tests) == left_out(made, before)
        assert before.config == after.config
        assert before.title["en"] == after.title["en"]


def statements(path):
    return {ast.dump(node) for node in ast.parse(path.read_text(encoding="utf-8")).body}


def left_out(made, exercise):
    """The tests that only the portal has."""
    kept = set(read(made.notebook))
    nodes = ast.parse(exercise.hidden_tests.read_text(encoding="utf-8")).body
    tests = (node for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test"))
    return {ast.dump(node) for node in tests if node.name not in kept}


# --- What the kernel does ------------------------------------------------------------------------------------------

PUBLIC = '''
import pytest

def helper(x):
    return "of the tests"


@pytest.mark.points(2)
@pytest.mark.parametrize("x", [1, 2, 3])
def test_doubles(student, x):
    """Doubles.

    pt: Dobra.
    hint: Twice.
    dica: Duas vezes.
    """
    assert student.double(x) == 2 * x
    assert helper(x) == "of the tests"


@pytest.mark.needs("test_doubles")
def test_greets(student):
    """Greets.

    pt: Cumprimenta.
    """
    assert student.greet("Ana") == "Olá, Ana"
'''

SECRET = '''
def test_trains(student, training):
    """Trains.

    pt: Treina.
    """
    training.check(lambda run: student.double(0.3))


@pytest.mark.gpu
def test_trains_on_a_gpu(student, training):
    """Trains on a GPU.

    pt: Treina em uma GPU.
    """
    training.check(lambda run: 1)


def test_needs_what_is_not_here(student):
    """Needs what is not here.

    pt: Precisa do que não há aqui.
    """
    pytest.skip("not here")
'''

DATA = '''
from pathlib import Path


def test_reads(student):
    """Reads.

    pt: Lê.
    """
    assert (Path(__file__).parent / "data" / "{}.csv").read_text() == "1"
    assert student.double(1) == 2
'''

CONFIG = """
module = "toys"
forbid = ["torch.sigmoid"]
[training]
seeds = 2
[training.cpu]
budget_s = 5
ladder = [[0.5, 1], [0.7, 4]]
[training.gpu]
budget_s = 5
ladder = [[0.5, 1], [0.7, 4]]
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    catalogue = write_tree(tmp_path_factory.mktemp("tree"), CONFIG)
    exercise = catalogue.find("toy")
    exercise.hidden_tests.write_text(
        "import pytest\n" + SECRET + DATA.format("secret").replace("_reads", "_reads_secrets")
    )
    exercise.public_tests.write_text(PUBLIC + DATA.format("open"))
    for folder, name in ((exercise.folder, "open.csv"), (exercise.private, "secret.csv")):
        (folder / "data").mkdir()
        (folder / "data" / name).write_text("1")
    return catalogue.find("toy")


@pytest.fixture(scope="module")
def made(toy, tmp_path_factory):
    return export(toy, tmp_path_factory.mktemp("toys"), "pt-BR")


def answered(made, name, source):
    """The notebook with another answer in its first solution."""
    document = json.loads(made.notebook.read_text(encoding="utf-8"))
    [cell] = [
        each for each in document["cells"] if each["metadata"].get("nbgrader", {}).get("grade_id") == "solution-double"
    ]
    cell["source"] = [source]
    path = made.notebook.with_name(f"{name}.ipynb")
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_points_are_those_of_all_cases_and_of_the_ladder(made):
    points = {
        name: cell["metadata"]["nbgrader"].get("points")
        for name, cell in read(made.notebook).items()
        if isinstance(name, str)
    }
    assert {name: value for name, value in points.items() if value is not None} == {
        "helpers-hidden": 0, "test_doubles": 6, "test_greets": 1, "test_trains": 4, "test_needs_what_is_not_here": 1,
        "test_reads": 1,
    }  # fmt: skip
    assert made.points == 13
    assert made.left_out == (
        "Treina em uma GPU (treina em uma GPU)", "Lê (lê dados que o estudante não deve ter)",
    )  # fmt: skip
    assert not list(made.notebook.parent.rglob("secret.csv"))
    assert "Treina em uma GPU" in "\n".join(cell["source"] for cell in read(made.notebook).values())


def test_what_comes_of_answers_that_are_not_quite_right(made):
    answers = {
        "loud": "import sys, warnings\ndef double(x):\n    sys.stderr.write('!'), warnings.warn('!')\n    return 2 * x",
        "odd": "def double(x):\n    return 2 * x if x == 2 else 0.62 if x == 0.3 else 0",
        "namesake": "def helper(x):\n    return 2 * x\ndef double(x):\n    return helper(x)",
        "forbidden": "import torch\nfrom torch import sigmoid as s\ndef double(x):\n    return 2 * x if x else s(x)",
    }
    paths = [answered(made, name, source) for name, source in answers.items()]
    found = dict(zip(answers, run(*paths), strict=True))
    points = {
        name: {test: value[0] for test, value in each.items() if test != "helpers-hidden"}
        for name, each in found.items()
    }
    everything = {
        "test_doubles": 6,
        "test_greets": 1,
        "test_trains": 2.5,
        "test_needs_what_is_not_here": 1,
        "test_reads": 1,
    }
    assert points["loud"] == points["namesake"] == everything
    assert points["odd"] == everything | {"test_doubles": 2, "test_greets": 0, "test_trains": 2.8, "test_reads": 0}
    assert set(points["forbidden"].values()) == {0}
    odd = {test: said for test, (_, said, _) in found["odd"].items()}
    assert "dica: Duas vezes." in odd["test_doubles"]
    assert "2 de 6 pontos" in odd["test_doubles"]
    assert "pulado: antes faça test_doubles passar" in odd["test_greets"]
    assert "0,620 ± 0,000 em 2 execuções; é preciso 0,7 para 4 pontos." in odd["test_trains"]
    assert "conta por inteiro: não rodou aqui (not here)" in odd["test_needs_what_is_not_here"]
    assert (
        "✗ torch.sigmoid é proibido neste exercício: from torch import sigmoid as s."
        in found["forbidden"]["test_doubles"][1]
    )
    assert all(stderr == "" for each in found.values() for _, _, stderr in each.values())


def test_stub_and_reference_that_are_written_differently():
    stub = (
        '"""Doc."""\nimport math\n\nclass Net(object):\n    def __init__(self, n):\n        self.n = n\n'
        "        raise NotImplementedError\n    def given(self):\n        return 1\n\n"
        "def area(r):\n    raise NotImplementedError\n\n@property\ndef odd(self): raise NotImplementedError\n"
    )
    reference = (
        "import cmath\nimport math\n_K = 2\n\nclass Net(object):\n    def __init__(self, n):\n        self.n = n\n"
        "        self.w = [0] * n  # weights\n    def given(self):\n        return 1\n\n"
        "def area(r):\n    # pi\n    return _K * math.pi * r * r\n\ndef odd(self): return 3\n"
    )
    pieces = merge(stub, reference)
    assert [(piece.name, bool(piece.shown)) for piece in pieces] == [
        ("", False),
        ("Net", False),
        ("area", False),
        ("odd", True),
    ]
    net, area, odd = (piece.text for piece in pieces[1:])
    assert (
        "self.n = n\n        ### BEGIN SOLUTION\n        self.w = [0] * n  # weights\n        ### END SOLUTION\n" in net
    )
    assert area == (
        "def area(r):\n    ### BEGIN SOLUTION\n    # pi\n    return _K * math.pi * r * r\n\n\n"
        "import cmath\n\n\n_K = 2\n### END SOLUTION"
    )
    assert odd == "### BEGIN SOLUTION\ndef odd(self): return 3\n### END SOLUTION"
    with pytest.raises(ValueError, match="leaves nothing to write"):
        merge("x = 1\n", "x = 1\n")


# --- With nbgrader ------------------------------------------------------------------------------------------------

#: what an instructor does in the formgrader
CYCLE = """
import json, shutil, sys
from nbgrader.apps import NbGraderAPI
from nbgrader.apps.nbgraderapp import NbGraderApp
from nbgrader.validator import Validator

app = NbGraderApp()
app.load_config_file()
api = NbGraderAPI(config=app.config)
answers = {"generate": api.generate_assignment("sigmoid")}
for student, folder in (("ana", "source"), ("edu", "release")):
    shutil.copytree(folder + "/sigmoid", "submitted/" + student + "/sigmoid")
    answers[student] = api.autograde("sigmoid", student)
answers["feedback"] = api.generate_feedback("sigmoid", "ana")
assignment = api.get_assignment("sigmoid")
validator = Validator(parent=app)
found = {folder: validator.validate(folder + "/sigmoid/sigmoid.ipynb") for folder in ("source", "release")}
print(json.dumps({
    "failed": {name: answer for name, answer in answers.items() if not answer["success"]},
    "score": {each["student"]: each["score"] for each in api.get_submissions("sigmoid")},
    "manual": {each["student"]: each["needs_manual_grade"] for each in api.get_submissions("sigmoid")},
    "max": [assignment["max_score"], assignment["max_code_score"]],
    "validated": {folder: [cell["raw_error"] for cell in each.get("failed", [])] for folder, each in found.items()},
}))
"""


@pytest.fixture(scope="module")
def cycle(tmp_path_factory):
    """A course that was started and filled by its commands, and taken through nbgrader."""
    folder = tmp_path_factory.mktemp("nbgrader")
    environment = {
        "PATH": "/usr/bin:/bin", "LANG": "pt_BR.UTF-8", "OMP_NUM_THREADS": "1", "HOME": str(folder),
        "JUPYTER_PLATFORM_DIRS": "1",
    }  # fmt: skip

    def do(*words):
        done = subprocess.run(
            [sys.executable, *words], cwd=folder / "dl" if (folder / "dl").is_dir() else folder,
            env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    do("-m", "grader", "nbgrader", "init", "dl")
    trees = ["--exercises", str(ROOT / "exercises"), "--solutions", str(ROOT / "solutions")]
    do("-m", "grader", "nbgrader", "export", "sigmoid", "--to", "source", "--manual", *trees)
    found = json.loads(do("-c", CYCLE).splitlines()[-1])
    return folder / "dl", found


@pytest.mark.timeout(1200)
def test_nbgrader_generates_autogrades_and_validates(cycle):
    _, found = cycle
    assert found["failed"] == {}
    assert found["score"] == {"ana": 21, "edu": 0}
    assert found["max"] == [23, 21]
    assert found["manual"] == {"ana": True, "edu": True}
    assert found["validated"]["source"] == []
    assert len(found["validated"]["release"]) == 5  # students have the public tests
    assert all("(ainda não escrito)" in error for error in found["validated"]["release"])


@pytest.mark.timeout(1200)
def test_what_nbgrader_releases_is_in_portuguese_and_holds_nothing_secret(cycle):
    folder, _ = cycle
    path = folder / "release" / "sigmoid" / "sigmoid.ipynb"
    cells = read(path)
    assert "# ESCREVA SEU CÓDIGO AQUI\n    raise NotImplementedError()" in cells["solution-sigmoid"]["source"]
    assert (
        "σ" in cells["statement-1"]["source"] or r"\sigma(x) = \frac{1}{1 + e^{-x}}" in cells["statement-1"]["source"]
    )
    assert cells["statement-1"]["source"].startswith("# A sigmoide")
    text = path.read_text(encoding="utf-8")
    assert not any(secret in text for secret in ("_floating", "1 ponto: diz", "torch.rand(200", "BEGIN"))
    assert sorted(each.name for each in path.parent.iterdir() if each.is_file()) == [
        "conftest.py", "exercise.toml", "gradiente_tests.py", "sigmoid.ipynb",
    ]  # fmt: skip
    feedback = (folder / "feedback" / "ana" / "sigmoid" / "sigmoid.html").read_text(encoding="utf-8")
    assert "✓ sigmoid dá os valores da tabela do enunciado." in feedback
