"""A course folder as students have it, IPython in the test's own process, and a portal behind a real socket."""

from __future__ import annotations

import atexit

import pytest

pytest.importorskip("IPython", reason="IPython is not installed: pip install gradiente[test]")

from tests.conftest import write_tree

# What a portal in the test's own process needs.
from tests.server.conftest import (  # noqa: F401
    app,
    catalogue,
    compiled_templates,
    empty_database,
    grading,
    make_app,
    make_result,
    student,
)
from tests.server.served import served

VARIABLES = ("LC_ALL", "LC_MESSAGES", "GRADIENTE_URL", "GRADIENTE_TOKEN", "GRADIENTE_LANG", "JPY_SESSION_NAME")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder to work in, with the one exercise ``toy``, and nobody's settings."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    work = tmp_path / "work"
    write_tree(work)
    monkeypatch.setenv("GRADIENTE_EXERCISES", str(work / "exercises"))
    monkeypatch.chdir(work)
    return work


class Terminal:
    """IPython as on a terminal: what a cell prints, or the sentence that it ends with."""

    def __init__(self, shell, capsys):
        self.shell, self._capsys = shell, capsys

    def run(self, cell):
        self._capsys.readouterr()
        done = self.shell.run_cell(cell, store_history=True)
        said = self._capsys.readouterr()
        assert said.err == ""
        # Whatever goes wrong here is foreseen.
        assert done.error_in_exec is None or hasattr(done.error_in_exec, "_render_traceback_")
        return said.out


@pytest.fixture
def terminal(home, capsys, monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    # IPython warns where another environment than its own was activated.
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    shell = InteractiveShell.instance(config=config)
    shell.run_cell("from grader import check, login, submit", store_history=True)
    yield Terminal(shell, capsys)
    shell.atexit_operations()
    atexit.unregister(shell.atexit_operations)
    InteractiveShell.clear_instance()


@pytest.fixture
def address(app, student, home):  # noqa: F811
    app.extensions["portal"].dispatcher.start()
    with served(app) as found:
        yield found
