"""One notebook in each language, run by a real kernel."""

from __future__ import annotations

import os
import shutil

import pytest

pytest.importorskip("nbclient", reason="nbclient is not installed: pip install gradiente[test]")
pytest.importorskip("ipykernel", reason="ipykernel is not installed: pip install gradiente[test]")

import nbclient
import nbformat
import psutil
from jupyter_core.utils import run_sync

from grader.exercise import Catalogue
from server.exercise.download import notebook as downloaded
from server.i18n import Translator

EVIL = "<img src=x onerror=alert(1)> \\x1b[2J"
WRONG = f"def double(x):\n    print('{EVIL}')\n    return x"
ENDLESS = "def double(x):\n    while True:\n        pass"


def html_of(cell):
    """What the cell shows in the end, and no more than that."""
    assert [output.output_type for output in cell.outputs] == ["display_data"], cell.outputs
    return cell.outputs[0].data["text/html"]


@pytest.fixture
def start(home):
    """Start a kernel for a notebook, and run its cells by number."""

    def make(document, **environment):
        client = nbclient.NotebookClient(
            document, timeout=120, allow_errors=True, kernel_name="python3", resources={"metadata": {"path": str(home)}}
        )
        return client, client.setup_kernel(env={**os.environ, **environment})

    return make


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_notebook_in_english_is_checked_as_it_runs(start):
    sources = ["from grader import check", WRONG, 'check("toy")', "%load_ext grader", "%check toi", ENDLESS, "1 + 1"]
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client, kernel = start(document, LANG="en_US.UTF-8")
    with kernel:
        for number, cell in enumerate(document.cells[:6]):
            client.execute_cell(cell, number)
        process = psutil.Process(client.km.provisioner.process.pid)
        hear = run_sync(client.kc.get_iopub_msg)
        request = client.kc.execute('check("toy")', stop_on_error=False)
        # Its first test is announced: from here on it is the student's loop that runs.
        while True:
            told = hear(timeout=120)
            shown = told["content"].get("data", {}).get("text/plain", "")
            if told["parent_header"].get("msg_id") == request and "0 of 1" in shown:
                break
        run_sync(client.km.interrupt_kernel)()
        while told["msg_type"] != "error":
            told = hear(timeout=120)
            assert told["msg_type"] != "stream"
        assert told["content"]["traceback"] == ["Stopped. What is shown above was done until then."]
        assert [child.cmdline() for child in process.children(recursive=True)] == []
        client.execute_cell(document.cells[6], 6)

    shown = html_of(document.cells[2])
    assert "toy: 0/2 points" in shown
    assert "Doubles every element." in shown
    assert "hint: Multiply by two." in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "<img" not in shown
    assert "\x1b" not in shown
    assert "Keeps the element type" not in shown  # hidden tests have no part in it
    (error,) = document.cells[4].outputs
    assert error.traceback == ["There is no exercise 'toi' here. Did you mean 'toy'? Found: toy."]
    assert document.cells[6].outputs[0].data["text/plain"] == "2"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_downloaded_notebook_in_portuguese_checks_itself_and_knows_its_file(start, home, tmp_path):
    exercise = Catalogue(home / "exercises", None).find("toy")
    folder = tmp_path / "baixado" / "toy"
    shutil.copytree(exercise.folder, folder)
    shutil.copy(exercise.shared, folder.parent)
    document = nbformat.reads(downloaded(exercise, Translator("pt-BR")).decode(), as_version=4)
    code = [cell for cell in document.cells if cell.cell_type == "code"]
    for cell in code:
        cell.source = cell.source.replace("raise NotImplementedError", "return 2 * x")
    path = folder / "toy.ipynb"
    nbformat.write(document, path)
    changed = nbformat.v4.new_code_cell("def double(x):\n    return 3 * x")
    again = nbformat.v4.new_code_cell('check("toy")')
    document.cells += [changed, again]
    client, kernel = start(document, LANG="pt_BR.UTF-8", GRADIENTE_EXERCISES="", JPY_SESSION_NAME=str(path))
    with kernel:
        for number, cell in enumerate(document.cells):
            client.execute_cell(cell, number)

    shown = html_of(code[-1])
    assert "toy: 2/2 pontos" in shown
    assert "passou" in shown
    assert "Dobra cada elemento." in shown
    assert "salve o notebook" not in shown
    shown = html_of(again)
    assert "toy: 0/2 pontos" in shown
    assert "O notebook salvo tem outra versão de double: salve o notebook (Ctrl+S)" in shown
