"""The exercises that are attacked, assembled beside the repository's own shared conftest."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grader.exercise import Catalogue

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "exercises" / "conftest.py"

# Their tests run behind the grader alone; the submissions bring a conftest.py and a pytest.ini of their own.
collect_ignore = ["exercises", "solutions", "submissions"]


@pytest.fixture(scope="session")
def targets(tmp_path_factory):
    """The catalogue of exercises that are attacked, outside the repository."""
    root = tmp_path_factory.mktemp("targets")
    for name in ("exercises", "solutions"):
        shutil.copytree(HERE / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(SHARED, root / "exercises")
    return Catalogue(root / "exercises", root / "solutions")
