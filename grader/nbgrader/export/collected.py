"""What the tests of an exercise are worth, as pytest collects them: cases of ``parametrize``, ladders of trainings."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from grader.errors import ExerciseError
from grader.exercise import Exercise
from grader.shared import load_shared


@dataclass(frozen=True)
class Collected:
    """One test function of an exercise."""

    name: str
    #: of all its cases
    points: float
    #: which training it checks: "cpu", "gpu", or none
    kind: str
    #: title in each language
    title: dict[str, str]


def collect(exercise: Exercise) -> dict[str, Collected]:
    """Collect the public and the hidden tests, by name, in order. Raises ExerciseError."""
    shared = load_shared(exercise.shared)
    listener = _Listener(shared, exercise)
    suites = [path for path in (exercise.public_tests, exercise.hidden_tests) if path is not None and path.is_file()]
    options = ["--collect-only", "--noconftest", "-c", os.devnull, f"--rootdir={exercise.folder.parent}"]
    options += ["--import-mode=importlib", "-p", "no:cacheprovider"]
    before = set(sys.modules)
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main([*map(str, suites), *options], plugins=[shared, listener])
    for name in set(sys.modules) - before:
        if name.startswith("test_") or name.partition(".")[2].startswith("test_"):
            del sys.modules[name]
    if listener.broken or not listener.found:
        reason = "\n".join(listener.broken) or "there is no test"
        raise ExerciseError(
            f"{exercise.slug}: the tests cannot be collected. {reason}",
            f"{exercise.slug}: não é possível coletar os testes. {reason}",
        )
    return listener.found


class _Listener:
    """A pytest plugin that looks at what was collected."""

    def __init__(self, shared: Any, exercise: Exercise) -> None:
        self.found: dict[str, Collected] = {}
        self.broken: list[str] = []
        self._shared = shared
        self._terms = msgspec.to_builtins(exercise.config.training) if exercise.config.training else {}

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """The hidden tests have no exercise.toml beside them."""
        session.config.stash[self._shared.BENCH] = self._shared.Bench(self._terms)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what could not be collected."""
        if report.failed:
            self.broken.append(report.longreprtext)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Add up the cases of each test."""
        for item in session.items:
            name = item.name.partition("[")[0]
            before = self.found[name].points if name in self.found else 0.0
            texts = self._shared.read_texts(getattr(getattr(item, "obj", None), "__doc__", None), name)
            points = before + self._shared.points_of(item)
            self.found[name] = Collected(name, points, self._shared.kind_of(item), texts.title)
