"""Every exercise of the project is in step: what ``gradiente audit`` checks, for each folder, with the real grader.

With one seed and a part of the mutants, for time's sake; ``gradiente audit`` by itself tries five and all of them.
"""

from __future__ import annotations

import pytest

from grader.audit import audit
from grader.exercise import default_catalogue
from grader.pool import Grader
from tests.conftest import ROOT

CATALOGUE = default_catalogue(ROOT / "exercises", ROOT / "solutions")


@pytest.fixture(scope="module")
def grader(sandboxed):
    with Grader(CATALOGUE) as started:
        yield started


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("slug", CATALOGUE.slugs())
def test_exercise_is_in_step(grader, slug):
    result = audit(CATALOGUE.find(slug), CATALOGUE, grader, jobs=2, seeds=1, mutants=12)
    assert [str(problem) for problem in result.problems] == []
    assert result.counts.rate >= 0.95
    assert result.counts.wrong >= 4
    assert result.counts.right >= 2
