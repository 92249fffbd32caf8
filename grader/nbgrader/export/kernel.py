"""Runs an exercise's pytest tests in a notebook, cell by cell.

Copied beside each notebook as ``gradiente_tests.py``, with the exercise's ``conftest.py`` and ``exercise.toml``; all
that it needs is Jupyter, pytest and torch. In the notebook:

    %load_ext gradiente_tests
    %exercise sigmoid en                the exercise, and the language of what is printed

    %%tests public                      a cell without test functions: what the tests of the suite share
    POINTS = torch.tensor([0.0, 1.0])

    %%tests public                      a cell with test functions: they are run, and ``student`` is this notebook
    @pytest.mark.points(2)
    def test_is_stable(student): ...

Tests have names of their own: they cannot overwrite those of the notebook. A cell of tests ends with an error (no
points), with a number (a part of the points) or with neither (all points), which is how nbgrader reads it; whatever a
test or a student's function writes to standard error is caught.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import os
import shutil
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
CONFTEST, TERMS, DATA = "conftest.py", "exercise.toml", "data"
SUITES = {"public": "test_{}.py", "hidden": "test_{}_hidden.py"}

#: pytest's own parts that a cell can do without; the second and third look through all memory, twice in each run
_UNUSED = ("cacheprovider", "unraisableexception", "threadexception", "faulthandler", "junitxml", "stepwise", "doctest")

_SENTENCES = {
    "hidden": {
        "en": "Hidden: this runs when your work is graded.",
        "pt-BR": "Oculto: roda quando seu trabalho for corrigido.",
    },
    "stub": {"en": "not written yet", "pt-BR": "ainda não escrito"},
    "hint": {"en": "hint: {}", "pt-BR": "dica: {}"},
    "not_run": {"en": "counts in full: not run here ({})", "pt-BR": "conta por inteiro: não rodou aqui ({})"},
    "points": {"en": "{:g} of {:g} points", "pt-BR": "{:g} de {:g} pontos"},
    "forbidden": {
        "en": "{} is forbidden in this exercise: {}. Take it out, restart the kernel and run all cells again.",
        "pt-BR": "{} é proibido neste exercício: {}. Remova, reinicie o kernel e rode todas as células de novo.",
    },
    "no_exercise": {
        "en": "First run the cell with “%exercise”, further up.",
        "pt-BR": "Antes rode a célula com “%exercise”, mais acima.",
    },
    "usage": {
        "en": "found {!r}; expected {}",
        "pt-BR": "encontrado: {!r}; esperado: {}",
    },
    "missing": {
        "en": "{} is not beside {}. Both came with the notebook: put them into its folder again.",
        "pt-BR": "{} não está ao lado de {}. Os dois vieram com o notebook: ponha-os de volta na pasta dele.",
    },
}


class TestsFailed(AssertionError):
    """No point in this cell. The notebook shows the sentence, and not where it was raised."""

    __test__ = False

    def _render_traceback_(self) -> list[str]:
        return str(self).split("\n")


class Exercise:
    """The exercise of a notebook: what its suites share, and which tests have passed so far."""

    def __init__(self, slug: str, language: str, shared: Any, notebook: Any) -> None:
        self.slug, self.language, self.shared = slug, language, shared
        #: IPython's shell
        self.notebook = notebook
        #: by suite
        self.helpers: dict[str, str] = {}
        #: reports of the last run of each test: ``needs`` looks them up
        self.outcomes: dict[str, list[pytest.TestReport]] = {}

    def run(self, suite: str, source: str) -> float | None:
        """Run a cell. Returns a part of the points, or None for all; raises TestsFailed for none."""
        tree = ast.parse(source)
        if not tree.body:
            print(self.say("hidden"))
            return None
        if not any(isinstance(node, ast.FunctionDef) and node.name.startswith("test") for node in tree.body):
            self.helpers[suite] = source
            return None
        self._check_forbidden()
        listener = _Listener(self)
        self._run_pytest(suite, source, listener)
        return listener.conclude()

    def say(self, key: str, *values: object) -> str:
        """A sentence in the notebook's language."""
        return _SENTENCES[key][self.language].format(*values)

    def _run_pytest(self, suite: str, source: str, listener: _Listener) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, SUITES[suite].format(self.slug))
            # The helpers come first: they may begin with imports from __future__.
            path.write_text(f"{self.helpers.get(suite, '')}\n\n\n{source}\n", encoding="utf-8")
            if (HERE / TERMS).is_file():
                shutil.copy(HERE / TERMS, folder)
            if (HERE / DATA).is_dir():
                shutil.copytree(HERE / DATA, Path(folder, DATA))
            options = ["-c", os.devnull, f"--rootdir={folder}", "--noconftest", "--import-mode=importlib"]
            options += ["--capture=fd", "--tb=short", *(f"-pno:{name}" for name in _UNUSED)]
            with _quiet(self.language, folder):
                pytest.main([str(path), *options], plugins=[self.shared, _fixtures(), listener])
            listener.folder = folder

    def _check_forbidden(self) -> None:
        """Look for names that the exercise forbids, where Gradiente is installed: it knows how to read for them."""
        try:
            import tomllib

            from grader.definitions import definitions_only
            from grader.forbid import find_forbidden

            forbidden = tomllib.loads((HERE / TERMS).read_text(encoding="utf-8")).get("forbid", [])
            source, _ = definitions_only("\n\n".join(_parsable(self.notebook.user_ns.get("In", []))))
            uses = find_forbidden(source, forbidden)
        except (ImportError, OSError, ValueError, SyntaxError, RecursionError):
            return
        if uses:
            raise TestsFailed("✗ " + self.say("forbidden", uses[0].name, uses[0].how))


def _parsable(cells: list[str]) -> Iterator[str]:
    """The cells that ran so far, except those that Python could not read."""
    for cell in cells:
        with contextlib.suppress(SyntaxError, ValueError):
            ast.parse(cell)
            yield cell


class _Listener:
    """A pytest plugin that gathers what came of the tests, and says it."""

    def __init__(self, exercise: Exercise) -> None:
        self.folder = ""
        self._exercise = exercise
        self._tests: dict[str, list[Any]] = {}
        self._broken: list[str] = []

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Let ``needs`` know the tests of earlier cells."""
        session.config.stash[self._exercise.shared._OUTCOMES].update(self._exercise.outcomes)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what could not be collected, such as a helper with a mistake."""
        if report.failed:
            self._broken.append(report.longreprtext)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Remember each phase of each test."""
        report = yield
        # A test that another one holds back earns nothing; one that cannot run on this host costs nothing.
        report.is_held = bool(call.excinfo and getattr(call.excinfo.value, "needs", ""))
        self._tests.setdefault(item.nodeid, []).append(report)
        return report

    def conclude(self) -> float | None:
        """Print what came of it. Returns or raises what the cell ends with."""
        if self._broken or not self._tests:
            raise TestsFailed(self._clean("\n".join(self._broken)) or "no test ran")
        self._exercise.outcomes |= self._tests
        earned = sum(reports[0].points * self._share(reports) for reports in self._tests.values())
        total = sum(reports[0].points for reports in self._tests.values())
        text = "\n".join(self._describe(reports) for reports in self._tests.values())
        if all(self._share(reports) == 1 for reports in self._tests.values()):
            print(text)
            return None
        if earned <= 0:
            raise TestsFailed(text)
        print(f"{text}\n{self._exercise.say('points', earned, total)}")
        return round(float(earned), 6)

    def _share(self, reports: list[Any]) -> float:
        if any(report.skipped for report in reports):
            return 0.0 if any(report.is_held for report in reports) else 1.0
        return float(min(report.share for report in reports))

    def _describe(self, reports: list[Any]) -> str:
        say, language = self._exercise.say, self._exercise.language
        texts, share = reports[0].texts, self._share(reports)
        lines = [f"{'✓' if share == 1 else '✗'} {texts.title[language]}"]
        lines += [report.credit.text[language] for report in reports[-1:] if report.credit]
        if any(report.is_stub for report in reports):
            return f"{lines[0]} ({say('stub')})"
        for report in reports:
            if report.skipped:
                reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
                lines.append(reason if report.is_held else say("not_run", reason.removeprefix("Skipped: ")))
            elif report.failed and not report.credit:
                lines += [say("hint", texts.hint[language])] if texts.hint[language] else []
                lines += self._clean(report.longreprtext).splitlines()
        return "\n    ".join(lines)

    def _clean(self, text: str) -> str:
        return text.replace(self.folder + os.sep, "") if self.folder else text


def _fixtures() -> types.ModuleType:
    """A plugin whose ``student`` is the notebook."""

    @pytest.fixture(scope="session")
    def student() -> types.ModuleType:
        """What the cells of the notebook have defined."""
        return sys.modules["__main__"]

    plugin = types.ModuleType("gradiente_notebook")
    plugin.student = student  # type: ignore[attr-defined]
    return plugin


@contextlib.contextmanager
def _quiet(language: str, folder: str) -> Iterator[None]:
    """Keep pytest's own output and the modules that it loads to itself, and plugins of the host out of it."""
    wanted = {"GRADIENTE_LANG": language, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(folder):
                del sys.modules[name]


def _load_shared() -> types.ModuleType:
    """Import the ``conftest.py`` beside this file."""
    path = HERE / CONFTEST
    if not path.is_file():
        raise TestsFailed("\n".join(text.format(CONFTEST, __file__) for text in _SENTENCES["missing"].values()))
    spec = importlib.util.spec_from_file_location("gradiente_conftest", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_ipython_extension(notebook: Any) -> None:
    """Define the two magics; IPython calls this for ``%load_ext gradiente_tests``."""
    shared = _load_shared()
    shared.mend_torchvision()
    running: list[Exercise] = []

    def exercise(line: str) -> None:
        slug, _, language = line.strip().partition(" ")
        if not slug.isidentifier() or language not in _SENTENCES["usage"]:
            raise TestsFailed(_SENTENCES["usage"]["en"].format(line, "%exercise SLUG en|pt-BR"))
        running[:] = [Exercise(slug, language, shared, notebook)]

    def tests(line: str, cell: str) -> float | None:
        if not running:
            raise TestsFailed("\n".join(_SENTENCES["no_exercise"].values()))
        suite = line.strip()
        if suite not in SUITES:
            raise TestsFailed(running[0].say("usage", line, " | ".join(f"%%tests {name}" for name in SUITES)))
        return running[0].run(suite, cell)

    notebook.register_magic_function(exercise, "line", "exercise")
    notebook.register_magic_function(tests, "cell", "tests")
