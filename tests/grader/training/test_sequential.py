"""How often a training check is unfair, found by simulating checks from the calibrated spread."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

import numpy as np
import pytest

from grader.exercise import default_catalogue
from grader.training.calibration import read_calibration
from grader.training.sequential import ERROR, Plan, Spread, estimate, needed_lead, needed_lead_of_sample

CHECKS = 200_000
CNN = Spread(0.0054, 0.0039)


@dataclass
class Simulated:
    """What came of many checks."""

    #: the part of the checks that did not reach the rung
    refused: float
    #: runs of a check, on average
    runs: float


def draw(lead, spread, count, runs, seed=1):
    """By how much the runs of many checks exceed a rung; one row per check."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, spread.shared, (count, 1))
    return lead + shared + rng.normal(0, spread.own, (count, runs))


def decide(plan, leads):
    """``Plan.wants_another`` for all rows at once: the runs of each check."""
    sums = leads.cumsum(1)[:, plan.seeds - 1 :]
    ends = (sums >= 0) | (sums <= -plan.deficit)
    ends[:, -1] = True
    return plan.seeds + ends.argmax(1)


def simulate(plan, leads):
    runs = decide(plan, leads)
    sums = leads.cumsum(1)[np.arange(len(leads)), runs - 1]
    return Simulated(float((sums < 0).mean()), float(runs.mean()))


def check(lead, spread, seeds=3, count=CHECKS, seed=1):
    plan = Plan(seeds, spread.own)
    return simulate(plan, draw(lead, spread, count, plan.most, seed))


@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
@pytest.mark.parametrize("spread", [Spread(0.005, 0.0), CNN, Spread(0.001, 0.004)], ids=["own", "cnn", "shared"])
def test_a_correct_solution_is_refused_less_than_once_in_a_thousand(seeds, spread):
    found = check(needed_lead(seeds, spread), spread, seeds)
    assert found.refused < ERROR
    assert found.runs < 1.25 * seeds


def test_without_further_runs_it_would_be_refused_far_more_often():
    spread = Spread(0.005)
    leads = draw(needed_lead(3, spread), spread, CHECKS, 3)
    assert (leads.mean(1) < 0).mean() > 20 * ERROR


def test_a_clearly_worse_solution_does_not_get_full_points():
    total = (CNN.own**2 + CNN.shared**2) ** 0.5
    for below, most_often, runs in ((1, 0.15, 5), (2, 0.01, 3.5), (4, 0.0001, 3.01)):
        found = check(-below * total, CNN)
        assert 1 - found.refused < most_often
        assert found.runs < runs  # no time is lost on a hopeless case


@pytest.mark.parametrize("spread", [Spread(0.005), CNN], ids=["own", "cnn"])
def test_the_calibration_is_a_sample_and_that_is_allowed_for(spread):
    """The whole way: 12 gradings are drawn, the highest rung is set by them, and fresh gradings are checked."""
    refused = []
    for number, groups in enumerate(draw(0.97, spread, 12 * 1_000, 3).reshape(-1, 12, 3).tolist()):
        rung = fmean(map(fmean, groups)) - needed_lead_of_sample(3, groups)
        refused.append(check(0.97 - rung, spread, count=200, seed=number).refused)
    assert fmean(refused) < ERROR


@pytest.mark.parametrize("slug", ["cnn", "early_stopping"])
def test_references_get_full_points_as_promised(slug):
    """Simulated from the recorded runs: from normal distributions of their spread, and by drawing from the runs."""
    exercise = default_catalogue().find(slug)
    record = read_calibration(exercise).cpu
    top = exercise.config.training.cpu.ladder[-1][0]
    assert record.mean - top > needed_lead_of_sample(3, record.values)
    assert check(record.mean - top, record.spread).refused < ERROR
    plan = Plan(3, record.own)
    values, rng = np.array(record.values), np.random.default_rng(2)
    rows = values[rng.integers(len(values), size=CHECKS)]
    drawn = np.take_along_axis(rows, rng.integers(rows.shape[1], size=(CHECKS, plan.most)), 1)
    assert simulate(plan, drawn - top).refused < ERROR


def test_the_simulation_decides_as_the_grader_does():
    plan = Plan(3, 0.005)
    leads = draw(-0.001, Spread(0.005), 500, plan.most)
    for row, runs in zip(leads.tolist(), decide(plan, leads), strict=True):
        wanted = next(count for count in range(1, plan.most + 1) if not plan.wants_another(row[:count]))
        assert wanted == runs


@pytest.mark.parametrize(
    ("leads", "more"),
    [
        ([], True),
        ([0.5, 0.5], True),
        ([0.5, 0.5, -0.9], False),  # reached
        ([-0.01, -0.01, -0.01], True),  # near
        ([-0.01] * 11, True),
        ([-0.01] * 12, False),  # enough
        ([-9.0, -9.0, -9.0], False),  # hopeless
        ([float("nan")] * 3, False),
    ],
)
def test_more_runs_are_for_what_is_near(leads, more):
    assert Plan(3, 0.1).wants_another(leads) is more


def test_without_calibration_there_are_no_further_runs():
    assert not Plan(3).wants_another([-1e-9] * 3)


def test_the_spread_is_told_apart_from_what_gradings_share():
    groups = draw(0.9, Spread(0.01, 0.02), 4_000, 3)
    found = estimate(groups.tolist())
    assert (found.own, found.shared) == (pytest.approx(0.01, rel=0.05), pytest.approx(0.02, rel=0.05))
    assert estimate([[0.1], [0.3], [0.2]]).shared == 0
