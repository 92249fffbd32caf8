"""Made-up problems: their laws, worked out in another way than they are made."""

from __future__ import annotations

import math

import pytest
import torch

from grader.training import synthetic as made

MAKERS = {
    "spirals": lambda rng: made.draw_spirals(50, generator=rng),
    "bars": lambda rng: made.draw_bars_and_stripes(50, 3, generator=rng),
    "copies": lambda rng: made.draw_copies(50, 4, 6, generator=rng),
    "additions": lambda rng: made.draw_additions(50, 9, generator=rng),
    "running": lambda rng: made.draw_running_parities(50, 9, generator=rng),
    "recalls": lambda rng: made.draw_recalls(50, 9, generator=rng),
    "waves": lambda rng: made.draw_sine_waves(50, 20, noise=0.1, generator=rng),
    "parities": lambda rng: made.draw_parities(50, 9, generator=rng),
    "glyphs": lambda rng: made.draw_glyphs(50, generator=rng),
}


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_seed_decides_everything(make):
    torch.manual_seed(1)
    one = make(rng())
    torch.manual_seed(2)
    again, other = make(rng()), make(rng(3))
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert not torch.equal(one[0], other[0])
    assert len(one[0]) == len(one[1]) == 50


@pytest.mark.parametrize("classes", [2, 3])
def test_spirals_turn_with_the_radius(classes):
    points, labels = made.draw_spirals(500, classes=classes, turns=1.5, noise=0.0, generator=rng())
    radius, angle = points.norm(dim=1), torch.atan2(points[:, 1], points[:, 0])
    turned = (angle / (2 * math.pi) - 1.5 * radius - labels / classes) % 1
    assert torch.minimum(turned, 1 - turned).max() < 1e-4
    assert (radius.min() >= 0.0999, radius.max() <= 1.0001, labels.unique().tolist()) == (True, True, [*range(classes)])


@pytest.mark.parametrize("side", [2, 3, 4])
def test_bars_and_stripes_are_all_there_once(side):
    patterns = made.all_bars_and_stripes(side)
    assert len(patterns.flatten(1).unique(dim=0)) == len(patterns) == 2 ** (side + 1) - 2
    rows = (patterns == patterns[:, :, :1]).flatten(1).all(1)
    columns = (patterns == patterns[:, :1]).flatten(1).all(1)
    assert (rows | columns).all()
    assert (rows & columns).sum() == 2


def test_bars_and_stripes_say_which_they_are():
    patterns, labels = made.draw_bars_and_stripes(300, 3, generator=rng())
    assert torch.equal(labels == 0, (patterns == patterns[:, :, :1]).flatten(1).all(1))
    assert len(patterns.flatten(1).unique(dim=0)) == 12


def test_copies_come_after_the_cue():
    inputs, targets = made.draw_copies(20, 3, 5, symbols=6, generator=rng())
    assert inputs.shape == targets.shape == (20, 12)
    assert torch.equal(inputs[:, :3], targets[:, 9:])
    assert inputs[:, :3].min() >= 1
    assert inputs[:, :3].max() <= 6
    assert (inputs[:, 3:8] == 0).all()
    assert (inputs[:, 8] == 7).all()
    assert (targets[:, :9] == 0).all()


def test_additions_add_the_two_marked_numbers():
    inputs, targets = made.draw_additions(4000, 11, generator=rng())
    marked = [row[row[:, 1] == 1, 0] for row in inputs]
    assert {len(row) for row in marked} == {2}
    assert torch.allclose(torch.stack([row.sum() for row in marked]), targets)
    assert (inputs[:, :5, 1].sum(1) == 1).all()
    assert float((targets - 1).square().mean()) == pytest.approx(1 / 6, abs=0.01)


def test_running_parities_flip_at_each_one():
    bits, parities = made.draw_running_parities(20, 9, generator=rng())
    state = torch.zeros(20, dtype=torch.int64)
    for place in range(9):
        state ^= bits[:, place]
        assert torch.equal(parities[:, place], state)


def test_recalls_ask_for_the_first():
    inputs, first = made.draw_recalls(200, 7, symbols=4, generator=rng())
    assert torch.equal(inputs[:, 0], first)
    assert first.unique().tolist() == inputs.unique().tolist() == [0, 1, 2, 3]


def test_sine_waves_follow_from_two_values():
    waves, following = made.draw_sine_waves(200, 30, generator=rng())
    full = torch.cat([waves, following[:, None]], 1).double()
    inner = full[:, 1:-1]
    doubled = (full[:, 2:] + full[:, :-2]) * inner
    cosine = doubled.sum(1) / (2 * inner.square().sum(1))  # least squares over the whole wave
    assert (2 * cosine[:, None] * inner - full[:, :-2] - full[:, 2:]).abs().max() < 1e-4
    frequency = torch.arccos(cosine) / (2 * math.pi) * 30
    assert 0.49 < float(frequency.min()) < float(frequency.max()) < 2.01


def test_parities_flip_with_every_bit():
    rows, odd = made.all_parities(4)
    table = {tuple(row): int(value) for row, value in zip(rows.int().tolist(), odd, strict=True)}
    assert len(table) == 16
    assert table[0, 0, 0, 0] == 0
    for row, value in table.items():
        for place in range(4):
            assert table[(*row[:place], 1 - row[place], *row[place + 1 :])] == 1 - value


def test_parities_may_depend_on_some_columns_alone():
    rows, odd = made.draw_parities(300, 6, relevant=2, generator=rng())
    fits = [(a, b) for a in range(6) for b in range(a) if torch.equal((rows[:, a] + rows[:, b]).long() % 2, odd)]
    assert len(fits) == 1


def test_glyphs_are_ten_signs_that_differ_from_seed_to_seed():
    images, labels = made.draw_glyphs(400, shift=0, generator=rng())
    signs = [(images[labels == number] > 0.5).unique(dim=0) for number in range(10)]
    assert [len(sign) for sign in signs] == [1] * 10
    assert {int(sign.sum()) for sign in signs} == {32}
    assert len(torch.cat(signs).unique(dim=0)) == 10
    assert (images.shape, float(images.min()) >= 0, float(images.max()) <= 1) == ((400, 1, 8, 8), True, True)


@pytest.mark.parametrize("seed", range(3))
def test_glyphs_are_learned_from_examples_and_from_nothing_else(seed):
    images, labels = made.draw_glyphs(900, generator=rng(seed))
    elsewhere, names = made.draw_glyphs(900, generator=rng(seed + 100))

    def nearest(known, classes):
        found = torch.cdist(images[600:].flatten(1), known.flatten(1)).argmin(1)
        return float((classes[found] == labels[600:]).float().mean())

    assert nearest(images[:600], labels[:600]) > 0.9
    assert nearest(elsewhere, names) < 0.35
