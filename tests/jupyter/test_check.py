"""``check``: which code is judged, and what a solution may do without harm."""

from __future__ import annotations

import json
import os
import sys
import types

from grader.jupyter.session import Cell, latest
from grader.jupyter.show import Page
from grader.report import TestResult, Verdict

HARM = '''
import pytest


@pytest.mark.seconds(30)
def test_hangs(student):
    """Hangs."""
    student.hang()


def test_exits(student):
    """Exits."""
    student.leave()


def test_eats(student):
    """Eats."""
    student.eat()


@pytest.mark.needs("test_hangs")
def test_waits(student):
    """Waits."""


def test_lacks(student):
    """Lacks."""
    student.absent()


def test_works(student):
    """Works."""
    assert student.fine() == 1
'''

SOLUTION = """import os, time, torch
def hang():
    print("before")
    while True:
        time.sleep(0.01)
def leave():
    os._exit(7)
def eat():
    return torch.ones(1 << 34)
def fine():
    return 1
"""


def write_notebook(path, *sources):
    cells = [{"cell_type": "code", "metadata": {}, "outputs": ["x"], "source": source} for source in sources]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    return path


def test_what_harms_the_process_harms_one_test(terminal, home):
    folder = home / "exercises" / "toy"
    (folder / "test_toy.py").write_text(HARM)
    (folder / "toy.py").write_text("")
    terminal.run(SOLUTION)
    said = terminal.run('check("toy", seconds=3)')

    assert "toy: 1/6 points" in said
    assert "A call was stopped after 3 s. Is there an endless loop?" in said
    assert 'File "cell 2", line 5, in hang' in said or 'File "cell 2", line 4, in hang' in said
    assert "Your code ended the Python process (status 7)." in said
    assert "Your code needed more than the 512 MB of memory" in said
    assert "Skipped: first make “Hangs.” pass." in said
    assert "Your file does not define absent." in said
    assert "✓ Works." in said


def test_code_that_cannot_be_loaded_is_told_once_with_its_cell(terminal, home, monkeypatch):
    folder = home / "exercises" / "toy"
    (folder / "test_toy.py").write_text("def test_a(student):\n    pass\n\n\ndef test_b(student):\n    pass\n")
    sources = ("# %% notes", "def double(x):\n    return x", "class Broken(missing):\n    pass")
    monkeypatch.setenv("JPY_SESSION_NAME", str(write_notebook(home / "mine.ipynb", *sources)))
    terminal.run(sources[1])
    said = terminal.run('check("toy", lang="pt-BR")')

    assert said.count("Não foi possível carregar seu arquivo. NameError: name 'missing' is not defined") == 1
    assert 'File "cell 3", line 1' in said
    assert said.count("Não executado: não foi possível carregar seu arquivo.") == 2


def test_a_forbidden_name_is_found_where_it_ran_last(terminal, home):
    (home / "exercises" / "toy" / "exercise.toml").write_text('module = "toys"\nforbid = ["torch.add"]\n')
    terminal.run("import torch\ndef double(x):\n    return torch.add(x, x)")
    assert "Line 3 of cell 2 uses torch.add, which this exercise forbids." in terminal.run('check("toy")')
    terminal.run("def double(x):\n    return x + x")
    said = terminal.run('%load_ext grader\n%check "toy"')
    assert "toy: 2/2 points" in said
    assert "forbid" not in said


ERRORS = [
    ('check("toy")', "There is no code yet: no cell that has run defines anything."),
    ('check("toy", lang="pt-BR")', "Ainda não há código: nenhuma célula que rodou define algo."),
    ('check("toyy")', "There is no exercise 'toyy' here. Did you mean 'toy'? Found: toy."),
    ('check("../toy", lang="pt-BR")', "Não há exercício '../toy' aqui."),
    ('check("toy", lang="fr")', "lang='fr': expected / esperado: en, pt-BR"),
    ('check("toy", seconds=0)', "seconds=0: expected a number above 0."),
    ("%load_ext grader\n%check", "Expected the exercise's name: %check sigmoid."),
    ('submit("toy")', 'grader.login("ADDRESS"), which asks for the token.'),
    ("login()", 'Which portal? Write its address: grader.login("https://gradiente.example.org")'),
]


def test_errors_are_sentences(terminal):
    for cell, expected in ERRORS:
        said = terminal.run(cell)
        assert expected in said
        assert "Traceback" not in said
        assert '.py"' not in said


def test_an_exercise_that_is_broken_or_not_whole_is_told(terminal, home):
    terminal.run("x = 1")
    config = home / "exercises" / "toy" / "exercise.toml"
    config.write_text("module = 3\n")
    assert "exercise.toml: module must be a text in quotes" in terminal.run('check("toy")')
    config.write_text('module = "toys"\n')
    (home / "exercises" / "conftest.py").unlink()
    assert "conftest.py is missing. Download the exercise (.zip) again" in terminal.run('check("toy")')


def code(terminal, names=("double",)):
    from grader.jupyter.source import read_code

    return read_code("toy", list(names))


def test_the_saved_notebook_is_taken_when_it_is_as_new_as_what_ran(terminal, home, monkeypatch):
    saved = write_notebook(home / "mine.ipynb", "def double(x):\n    return 2 * x", "%matplotlib inline\ny = 1")
    monkeypatch.setenv("JPY_SESSION_NAME", str(saved))
    terminal.run("def double(x):  # a comment changes nothing\n    return 2 * x\ny = 2\nsecret = 3")
    found = code(terminal)
    assert (found.is_saved, found.file_name, found.unsaved) == (True, "mine.ipynb", ())
    assert "y = 1" in found.notebook.source
    assert b'"x"' not in found.content  # outputs stay at home

    write_notebook(saved, "FACTOR = 3\ndef double(x):\n    return FACTOR * x")
    terminal.run("FACTOR = 2\ndef double(x):\n    return FACTOR * x")
    assert code(terminal).unsaved == ("FACTOR",)
    write_notebook(saved, "def double(x):\n    return 2 * x")
    terminal.run("def double(x):\n    return x + x")
    found = code(terminal)
    assert (found.is_saved, found.unsaved) == (False, ("double",))
    assert "x + x" in found.notebook.source
    assert "2 * x" not in found.notebook.source


def test_a_new_cell_counts_as_unsaved_where_something_needs_it(terminal, home):
    saved = write_notebook(home / "mine.ipynb", "def double(x):\n    return twice(x)")
    terminal.shell.user_ns["__vsc_ipynb_file__"] = str(saved)
    terminal.run("def double(x):\n    return twice(x)\ndef scratch(): pass")
    assert code(terminal).unsaved == ()
    terminal.run("def twice(x): return 2 * x")
    assert code(terminal).unsaved == ("twice",)


def test_colab_is_asked_for_its_notebook(terminal, monkeypatch):
    cell = {"cell_type": "code", "source": ["def double(x):\n", "    return 2 * x"], "outputs": [], "metadata": {}}
    answer = {"ipynb": {"cells": [cell], "metadata": {"colab": {"name": "Lista 1.ipynb"}}}}
    colab = types.ModuleType("google.colab")
    colab._message = types.ModuleType("google.colab._message")
    colab._message.blocking_request = lambda kind, timeout_sec: {"get_ipynb": answer}[kind]
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    monkeypatch.setitem(sys.modules, "google.colab._message", colab._message)
    found = code(terminal)
    assert (found.is_saved, found.file_name) == (True, "Lista 1.ipynb")


def test_a_cell_that_failed_has_defined_nothing(terminal):
    terminal.run("def double(x):\n    return x")
    terminal.shell.run_cell("class Broken(missing):\n    pass", store_history=True)
    assert "Broken" not in code(terminal).notebook.source


def cells(*texts):
    import ast

    return [Cell(number, text, ast.parse(text)) for number, text in enumerate(texts, 1)]


def test_a_cell_that_ran_again_stands_where_it_ran_first():
    found = latest(
        cells(
            "class Base: pass",
            "class Net(Base): pass\ndef f(): return 1",
            "class Base: x = 1",
            "print(2)",
            "print(2)",
            "import math\ndef f():\n    return math.pi",
        )
    )
    assert [cell.number for cell in found] == [3, 2, 5, 6]
    assert found[1].text == "class Net(Base): pass\n"


def test_a_page_bounds_and_escapes_what_it_shows():
    long = TestResult(
        "t",
        {"en": "<b>$x$</b>"},
        1.0,
        Verdict.CRASHED,
        {"en": "m" * 9_000},
        {"en": "<i>"},
        traceback="</pre><script>" + "t" * 9_000,
        output="\x1b[2J" + "o" * 90_000,
    )
    page = Page("en", "a < b", [long] * 300, [("page", 'https://x/"><script>'), ("bad", "javascript:alert(1)")] * 9)
    html = page.to_html()
    for tag in ("<b>", "<i>", "<script", "</pre><script", 'href="javascript'):
        assert tag not in html
    assert "\x1b" not in html + page.to_text()
    assert "… and 100 more" in html
    assert len(html) < 200 * 20_000
    assert html.count("[86,004 characters more]") == 200


def test_nothing_heavy_is_imported_with_the_package():
    heavy = {"torch", "IPython", "pytest", "click", "grader.jupyter"}
    program = f"import sys, grader; sys.exit(bool({heavy!r} & sys.modules.keys()))"
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", program]) == 0
