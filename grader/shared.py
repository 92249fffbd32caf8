"""The one file that every exercise shares, ``exercises/conftest.py``, as the grader sees it.

Students have that file without Gradiente, so what both sides need (the torchvision mend, seeds, the docstring's
texts) is written there and loaded from there.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast

from grader.errors import ExerciseError
from grader.report import Text

_NAME = "gradiente_shared_conftest"


class Texts(Protocol):
    """What a test's docstring says, by language."""

    title: Text
    hint: Text


class Credit(Protocol):
    """A part of a test's points, with the sentence that says why."""

    share: float
    text: Text
    values: list[float]
    error: BaseException | None


class Shared(Protocol):
    """The names of ``exercises/conftest.py`` that the grader uses."""

    MARKERS: tuple[str, ...]

    def read_texts(self, docstring: str | None, name: str = "") -> Texts:
        """Take a test's docstring apart."""

    def derive_seed(self, base: str, test: str) -> int:
        """Give a test its own seed."""

    def seed_everything(self, seed: int) -> None:
        """Seed the global generators."""

    LISTENER: Any

    def curve_of(self, item: Any) -> dict[str, list[tuple[int, float]]]:
        """What a test has recorded of a training."""

    BENCH: Any

    def points_of(self, item: Any) -> float:
        """What a test is worth."""

    def kind_of(self, item: Any) -> str:
        """Which table of exercise.toml a test checks; empty: it checks no training."""

    def pytest_runtest_setup(self, item: Any) -> None:
        """Skip a test that needs one which did not pass: the exception says so by its ``needs``."""

    def credit_of(self, item: Any) -> Credit | None:
        """What a test has said of its points."""

    #: one training, as tests see it
    Task: Any

    def datasets_of(self, item: Any) -> dict[str, str]:
        """The data sets that a test has asked for, each with the one that it got."""

    def stand_in_of(self, item: Any) -> tuple[str, str] | None:
        """A data set that a test has asked for, and the one that stood in for it."""

    def mend_torchvision(self) -> None:
        """Let torchvision be imported beside a CPU-only torch."""

    def load_digits(self) -> Any:
        """scikit-learn's digits."""

    def load_mnist(self, folder: Path) -> Any:
        """MNIST from a folder; None where it is not there."""


def load_shared_source(source: bytes) -> Shared:
    """Load the shared conftest from its text: a candidate's memory must not tell where the exercises lie."""
    module = ModuleType(_NAME)
    sys.modules[_NAME] = module
    exec(compile(source, "conftest.py", "exec"), module.__dict__)
    return cast(Shared, module)


def loaded_shared() -> Shared:
    """The shared conftest that this process has loaded."""
    return cast(Shared, sys.modules[_NAME])


def load_shared(path: Path) -> Shared:
    """Load the shared conftest once per process. Raises ExerciseError when it is not there."""
    if _NAME in sys.modules:
        return loaded_shared()
    spec = importlib.util.spec_from_file_location(_NAME, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ExerciseError(f"{path} is missing. Every folder of exercises needs Gradiente's conftest.py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = module
    spec.loader.exec_module(module)
    return cast(Shared, module)
