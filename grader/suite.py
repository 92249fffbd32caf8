"""Collects an exercise's tests once and forks an examiner per grading from inside the collected pytest session.

pytest's own start and the collection cost more than running a small suite, and neither depends on the submission. So
they happen in a keeper, one per exercise, which is a warm parent itself: in pytest's run loop it waits for gradings.
The shared conftest is a plain plugin here, so its seeds, markers and ``needs`` work as in the self-check; only
``student`` is replaced by the stand-in.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grader import libraries, quotes
from grader.errors import ExerciseError
from grader.grading import Bench, examine
from grader.nursery import ForkedChild, Nursery, fork_plain
from grader.report import FORBIDDEN_TEST
from grader.shared import loaded_shared
from grader.training.fixture import task

#: pytest's own parts that a grading has no use for.
_UNUSED = (
    "cacheprovider", "junitxml", "pastebin", "stepwise", "doctest", "setuponly", "setupplan", "faulthandler",
    "legacypath", "debugging", "logging", "tmpdir", "monkeypatch", "recwarn", "unraisableexception", "threadexception",
    "subtests", "unittest",
)  # fmt: skip


class Keeper:
    """The pytest plugin that stops before the first test and serves gradings from there."""

    def __init__(self, slug: str, bench: Bench, control: socket.socket) -> None:
        self._slug = slug
        self._bench = bench
        self._control = control
        self._broken: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what could not be collected: that is the exercise's fault."""
        if report.failed:
            self._broken.append(report.longreprtext)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Refuse a suite that cannot be run."""
        if self._broken or not session.items:
            reason = "\n".join(self._broken) or "there is no test"
            raise ExerciseError(f"{self._slug}: the tests cannot be collected. {reason}")
        names = [item.name for item in session.items]
        doubles = sorted({name for name in names if names.count(name) > 1 or name == FORBIDDEN_TEST})
        if doubles:
            raise ExerciseError(f"{self._slug}: two tests are called {', '.join(doubles)}. Rename one.")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Fork an examiner for each grading until the pool hangs up."""
        self._bench.items = session.items
        Nursery(self._control, self).run()
        return True

    # --- as the brood of its own nursery

    def warm(self) -> None:
        """Do what every failure in an examiner would do again."""
        quotes.parse_tests(self._bench.items)

    def fork(self, order: dict[str, Any], descriptors: list[int]) -> ForkedChild:
        """Fork one examiner; its job comes over its channel."""
        channel, candidates, errors = descriptors
        return fork_plain(descriptors, lambda: examine(self._bench, channel, candidates, errors))


class SuiteBrood:
    """The examiners' warm parent: forks a keeper per exercise."""

    def warm(self) -> None:
        """Import pytest and torch, and run a small session, so that what they put off until first use is done."""
        import torch
        import torch.fx.experimental.symbolic_shapes  # the first gradient imports it

        torch.set_num_threads(1)
        _compare_plain_tensors()
        quotes.keep_trees()
        shared = loaded_shared()
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        with tempfile.TemporaryDirectory() as folder:
            trial = Path(folder) / "test_trial.py"
            trial.write_text(_TRIAL)
            _pytest([str(trial)], [shared])

    def fork(self, order: dict[str, Any], descriptors: list[int]) -> ForkedChild:
        """Fork the keeper of one exercise."""
        (control,) = descriptors
        return fork_plain(descriptors, lambda: self._keep(order, socket.socket(fileno=control)))

    def _keep(self, order: dict[str, Any], control: socket.socket) -> None:
        shared = loaded_shared()
        bench = Bench(shared)
        keeper = Keeper(order["slug"], bench, control)
        if libraries.mentions(Path(path).read_bytes() for path in order["suites"]):
            libraries.load_compiler()
        os.chdir(Path(order["suites"][0]).parent)
        try:
            status = _pytest(order["suites"], [shared, _fixtures(bench), keeper])
        except ExerciseError as error:
            control.send(str(error).encode("utf-8", "replace")[:60_000])
            return
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            control.send(f"{order['slug']}: pytest ended with status {status} while collecting.".encode())


def _compare_plain_tensors() -> None:
    """Keep ``assert_close`` from importing torch.distributed, which takes long, to look for tensors of its kind."""
    from torch.testing import _comparison

    _comparison._HAS_DTENSOR = False


def _fixtures(bench: Bench) -> ModuleType:
    """A plugin whose ``student`` and ``task`` take the place of the shared ones."""

    @pytest.fixture(scope="session")
    def student() -> Any:
        """The student's module, behind the wire."""
        return bench.student()

    plugin = ModuleType("gradiente_student")
    plugin.student, plugin.task = student, task  # type: ignore[attr-defined]
    return plugin


def _pytest(suites: list[str], plugins: list[Any]) -> int:
    folder = Path(suites[0]).parent
    arguments = [*suites, "--noconftest", "-c", os.devnull, f"--rootdir={folder}", "--import-mode=importlib"]
    arguments += ["--capture=no", "-q", "-q", "--no-header", "--no-summary", "--tb=long"]
    for name in _UNUSED:
        arguments += ["-p", f"no:{name}"]
    with open(os.devnull, "w") as nowhere:
        output, sys.stdout = sys.stdout, nowhere
        try:
            return int(pytest.main(arguments, plugins=[*plugins, _Raiser()]))
        finally:
            sys.stdout = output


class _Raiser:
    """Lets an ExerciseError out of pytest, which would print it as an internal error."""

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        if isinstance(excinfo.value, ExerciseError):
            raise excinfo.value


_TRIAL = """
import pytest, torch

@pytest.mark.points(1)
def test_passes(rng):
    torch.testing.assert_close(torch.randn(2, generator=rng), torch.zeros(2), atol=99, rtol=0)

@pytest.mark.parametrize("x", [1])
def test_fails(x):
    with pytest.raises(AssertionError):
        torch.testing.assert_close(torch.ones(2), torch.zeros(2))
    assert torch.ones(2).sum() == x
"""
