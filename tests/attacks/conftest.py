"""The corpus, and the exercises that are attacked, assembled beside the repository's own shared conftest."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.attack.corpus import find_corpus

ROOT = Path(__file__).resolve().parents[2]

# Their tests run behind the grader alone; the submissions bring a conftest.py and a pytest.ini of their own.
collect_ignore = ["exercises", "solutions", "submissions"]


@pytest.fixture(scope="session")
def targets(tmp_path_factory):
    """The catalogue of exercises that are attacked, outside the repository."""
    return find_corpus().lay_out(tmp_path_factory.mktemp("targets"), ROOT / "exercises" / "conftest.py")
