"""What students take home: the folder, and the notebook, which can be handed in again."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from grader.exercise import Catalogue
from grader.notebook import read_notebook
from grader.pool import Grader
from grader.report import LANGUAGES
from server.exercise.download import notebook, pack, split
from server.i18n import Translator
from tests.conftest import ROOT, write_tree

COURSE = Catalogue(ROOT / "exercises", ROOT / "solutions")
ENGLISH = Translator("en")


def cells(exercise, language="en"):
    return json.loads(notebook(exercise, Translator(language)))["cells"]


def code_of(exercise):
    return ["".join(cell["source"]) for cell in cells(exercise) if cell["cell_type"] == "code"]


def test_the_folder_holds_what_public_tests_read_and_nothing_private(tmp_path):
    tree = write_tree(tmp_path)
    (tree.exercises / "toy" / "data" / "small").mkdir(parents=True)
    (tree.exercises / "toy" / "data" / "small" / "table.csv").write_text("1,2")
    names = zipfile.ZipFile(io.BytesIO(pack(tree.find("toy")))).namelist()

    assert {"conftest.py", "toy/toy.py", "toy/test_toy.py", "toy/data/small/table.csv"} <= set(names)
    assert not [name for name in names if "hidden" in name or "solution" in name]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", COURSE.slugs())
def test_a_notebook_is_valid(slug, language):
    document = json.loads(notebook(COURSE.find(slug), Translator(language)))

    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
    assert document["metadata"]["kernelspec"]["name"] == "python3"
    ids = [cell["id"] for cell in document["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each) for each in ids)
    for cell in document["cells"]:
        is_code = cell["cell_type"] == "code"
        expected = {"id", "cell_type", "metadata", "source"} | ({"execution_count", "outputs"} if is_code else set())
        assert set(cell) == expected
        assert cell["metadata"] == {}
        assert all(isinstance(line, str) for line in cell["source"])
        assert "".join(cell["source"]).strip()


def test_the_statement_is_in_the_readers_language_with_folded_hints():
    english, portuguese = cells(COURSE.find("sigmoid")), cells(COURSE.find("sigmoid"), "pt-BR")

    assert "".join(english[0]["source"]).startswith("# The sigmoid")
    assert "".join(portuguese[0]["source"]).startswith("# A sigmoide")
    folded = [text for cell in portuguese if "<summary>Dicas</summary>" in (text := "".join(cell["source"]))]
    assert len(folded) == 1
    assert folded[0].endswith("</details>")


def test_each_function_has_its_cell_and_imports_come_first():
    parts = split(
        '"""Doc."""\nimport torch\nA = 1\n\n\n# about f\n@torch.no_grad()\ndef f():\n    pass\n\n\n'
        "class C:\n    x = 1\n\n\nB = 2\nD = 3\ndef g(): pass\n"
    )
    assert [part.strip().splitlines()[0] for part in parts] == [
        '"""Doc."""',
        "# about f",
        "class C:",
        "B = 2",
        "def g(): pass",
    ]


@pytest.mark.parametrize("slug", COURSE.slugs())
def test_no_line_of_the_stub_is_lost(slug):
    source = COURSE.find(slug).stub.read_text(encoding="utf-8")
    assert "".join(split(source)) == source


def test_a_stub_that_cannot_be_parsed_is_one_cell():
    assert split("def f(:\n") == ["def f(:\n"]


def test_the_reader_leaves_nothing_of_the_notebook_out():
    read = read_notebook(notebook(COURSE.find("sigmoid"), ENGLISH), "sigmoid.ipynb")
    assert read.left_out == ()
    assert "def sigmoid(" in read.source


@pytest.fixture
def solved(tmp_path):
    """The folder of an exercise as a student unpacks it, with the notebook, solved, inside."""

    def make(slug):
        exercise = COURSE.find(slug)
        reference = exercise.reference.read_text(encoding="utf-8")
        folder = tmp_path / slug
        folder.mkdir()
        for path in (exercise.shared, exercise.pytest_ini):
            shutil.copy(path, tmp_path)
        shutil.copy(exercise.public_tests, folder)
        document = json.loads(notebook(exercise, ENGLISH))
        code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
        # The student's work: everything but the last cell, which checks.
        for cell in code[1:-1]:
            document["cells"].remove(cell)
        code[0]["source"] = reference.splitlines(keepends=True)
        path = folder / f"{slug}.ipynb"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return make


@pytest.fixture(scope="module")
def course_grader(sandboxed):
    with Grader(COURSE) as started:
        yield started


@pytest.mark.parametrize("slug", ["sigmoid", "early_stopping"])
def test_a_solved_notebook_gets_full_marks_and_nothing_of_it_is_left_out(course_grader, solved, slug):
    report = course_grader.grade(COURSE.find(slug), solved(slug))

    assert [test.name for test in report.tests if test.earned < test.points] == []
    assert report.score == report.max_score > 0
    assert list(report.left_out) == []


def run_cells(path):
    """What a kernel does: the code cells one after another, in one ``__main__``."""
    script = path.with_name("run.py")
    sources = [cell["source"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if "outputs" in cell]
    script.write_text("\n\n".join("".join(source) for source in sources), encoding="utf-8")
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "GRADIENTE_LANG": "en"}
    done = subprocess.run(
        [sys.executable, script.name], cwd=path.parent, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_the_last_cell_runs_the_public_tests_on_the_notebooks_functions(solved):
    said = run_cells(solved("sigmoid"))
    assert re.search(r"sigmoid: (\d+) of \1 points", said), said


def test_the_last_cell_says_what_to_do_without_the_folder(solved):
    path = solved("sigmoid")
    path.with_name("test_sigmoid.py").unlink()
    said = run_cells(path)
    assert "There is no test_sigmoid.py here. Download the exercise" in said


def test_the_notebook_can_be_downloaded(anonymous):
    answer = anonymous.get("/exercises/softmax/notebook")
    assert answer.headers["Content-Disposition"] == "attachment; filename=softmax.ipynb"
    assert b"# Softmax" in answer.data
    assert anonymous.get("/exercises/nothing/notebook").status_code == 404
