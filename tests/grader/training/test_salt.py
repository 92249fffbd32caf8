"""Salt: what differs from grading to grading, what from training to training, and what stays as it was."""

from __future__ import annotations

import pytest
import torch

from grader.errors import ExerciseError
from grader.training.images import ImageSet
from grader.training.salt import Turn, draw_salt, split_pools

SIDE = 4


@pytest.fixture
def source():
    """Each image holds its own number in every pixel but the first, which is brighter."""
    numbers = torch.arange(90, dtype=torch.uint8)
    images = numbers[:, None, None, None].repeat(1, 2, SIDE, SIDE)
    images[:, :, 0, 0] = 200
    return ImageSet("numbers", images, numbers.long() % 10, 90)


def salt(source, turn=Turn.NONE, *, secret="s", seed=1, examples=40, asked=20):
    return draw_salt(source, examples, asked, turn, secret=secret, seed=seed)


def test_no_training_teaches_what_another_one_of_the_grading_asks(source):
    drawn = [salt(source, seed=seed) for seed in range(30)]
    taught = {int(place) for each in drawn for place in each.taught}
    asked = {int(place) for each in drawn for place in each.asked}
    assert taught.isdisjoint(asked)
    assert len(taught) + len(asked) == 90


def test_another_grading_asks_about_others(source):
    first, second = (set(split_pools(source, secret)[0].tolist()) for secret in ("s", "t"))
    assert len(first) == len(second) == 30
    assert len(first & second) < 20


def test_each_training_has_its_own_names_images_and_order(source):
    one, again, other = salt(source), salt(source), salt(source, seed=2)
    for name in ("classes", "taught", "asked"):
        assert torch.equal(getattr(one, name), getattr(again, name))
        assert not torch.equal(getattr(one, name), getattr(other, name))
    assert sorted(one.classes.tolist()) == list(range(10))
    assert len(set(one.taught.tolist())) == 40


@pytest.mark.parametrize("seed", range(5))
def test_dither_is_small_and_changes_each_image(source, seed):
    images = source.images / 255
    dressed = salt(source, seed=seed).dress(source.images, 0)
    assert (dressed - images).abs().max() <= 1.001 / 255
    assert not (dressed == images).flatten(1).all(1).any()
    assert (dressed.min() >= 0, dressed.max() <= 1, dressed.dtype) == (True, True, torch.float32)


def test_examples_and_questions_get_other_noise(source):
    one = salt(source)
    assert not torch.equal(one.dress(source.images, 0), one.dress(source.images, 1))


def brightest(images):
    """Where the brightest pixel lies, in all images and channels alike."""
    found = images.flatten(2).argmax(2).unique()
    assert len(found) == 1
    return int(found)


def test_flips_are_the_symmetries_of_the_square(source):
    corners = {brightest(salt(source, Turn.FLIP, seed=seed).dress(source.images, 0)) for seed in range(40)}
    symmetries = {salt(source, Turn.FLIP, seed=seed).symmetry for seed in range(40)}
    assert corners == {0, SIDE - 1, SIDE * SIDE - SIDE, SIDE * SIDE - 1}
    assert symmetries == set(range(8))


def test_pixels_go_anywhere_but_all_images_agree(source):
    places = {brightest(salt(source, Turn.PIXELS, seed=seed).dress(source.images, 0)) for seed in range(60)}
    assert len(places) > 10


@pytest.mark.parametrize("turn", Turn)
def test_a_turn_changes_nothing_else(source, turn):
    plain, turned = salt(source), salt(source, turn)
    assert torch.equal(plain.taught, turned.taught)
    assert torch.equal(
        plain.dress(source.images, 0).flatten(2).sort(2).values,
        turned.dress(source.images, 0).flatten(2).sort(2).values,
    )


@pytest.mark.parametrize(("examples", "asked"), [(61, 5), (5, 31)])
def test_more_than_there_is_is_the_exercises_fault(source, examples, asked):
    with pytest.raises(ExerciseError, match="60 images to learn from and 30 to be asked about") as caught:
        salt(source, examples=examples, asked=asked)
    assert "numbers tem 60 imagens" in caught.value.text["pt-BR"]


def test_all_that_may_be_taught_is_taught(source):
    assert len(salt(source, examples=None).taught) == 60
