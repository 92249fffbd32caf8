"""Points for a metric."""

import math

import pytest

from grader.shared import load_shared
from tests.conftest import ROOT

RISING = [[0.90, 2], [0.94, 4], [0.96, 6]]
FALLING = [[0.5, 1], [0.3, 3]]


@pytest.fixture(scope="module")
def ladder():
    return load_shared(ROOT / "exercises" / "conftest.py").Ladder


@pytest.mark.parametrize(
    ("rungs", "value", "points"),
    [
        (RISING, 0.8999, 0),
        (RISING, 0.90, 2),
        (RISING, 0.92, 3),
        (RISING, 0.94, 4),
        (RISING, 0.955, 5.5),
        (RISING, 0.96, 6),
        (RISING, 1.0, 6),
        (RISING, math.nan, 0),
        (RISING, math.inf, 0),
        ([[0.7, 5]], 0.7, 5),
        ([[0.7, 5]], 0.69, 0),
        (FALLING, 0.6, 0),
        (FALLING, 0.5, 1),
        (FALLING, 0.4, 2),
        (FALLING, 0.1, 3),
        (FALLING, -math.inf, 0),
    ],
)
def test_points_rise_evenly_between_rungs(ladder, rungs, value, points):
    assert ladder(rungs).points(value) == pytest.approx(points)


@pytest.mark.parametrize(
    ("rungs", "value", "target"),
    [(RISING, 0.1, 0.90), (RISING, 0.90, 0.94), (RISING, 0.99, 0.96), (FALLING, 0.4, 0.3), (RISING, math.nan, 0.90)],
)
def test_the_target_is_the_next_rung_or_the_last(ladder, rungs, value, target):
    assert ladder(rungs).target(value)[0] == target
