"""Order, modules and search of exercises, and the drawing of the map, as plain data."""

from pathlib import Path

import pytest

from grader.exercise import Config, Exercise
from server.exercise.chart import COLUMN, HEIGHT, MARGIN, draw
from server.exercise.curriculum import group, in_order, matches, needs_between, needs_of


def make(slug, *needs, module="basics", chapter=""):
    return Exercise(slug, Path(slug), None, Config(module, chapter, list(needs)))


def slugs(exercises):
    return [each.slug for each in exercises]


@pytest.mark.parametrize(
    ("exercises", "order"),
    [
        ([make("b"), make("a")], "a b"),
        ([make("a", "b"), make("b")], "b a"),
        ([make("late", chapter="16"), make("early", chapter="9"), make("middle", chapter="9.2")], "early middle late"),
        ([make("a", "gone"), make("b")], "a b"),  # what is not there keeps nobody waiting
        ([make("a", "b"), make("b", "a"), make("c")], "c a b"),  # a circle is shown all the same
    ],
)
def test_exercises_come_after_what_they_need_and_by_chapter(exercises, order):
    assert slugs(in_order(exercises)) == order.split()


def test_modules_come_in_the_order_in_which_they_become_possible():
    first = make("sigmoid", module="neurons", chapter="8")
    last = make("attention", "sigmoid", "softmax", module="attention", chapter="70")
    between = make("softmax", "sigmoid", module="costs", chapter="18")
    again = make("tanh", module="neurons", chapter="9")
    modules = group(in_order([last, between, again, first]))

    assert [(module.name, slugs(module.exercises)) for module in modules] == [
        ("neurons", ["sigmoid", "tanh"]),
        ("costs", ["softmax"]),
        ("attention", ["attention"]),
    ]
    assert needs_between(modules) == {"neurons": (), "costs": ("neurons",), "attention": ("neurons", "costs")}


def test_prerequisites_that_are_not_there_are_left_out():
    assert needs_of([make("a"), make("b", "a", "gone", "b", "a")]) == {"a": (), "b": ("a",)}


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("convolucao", "Convolução", True),
        ("CONVOLUÇÃO", "convolucao", True),
        ("by hand network", "A convolutional network by hand", True),
        ("hand foot", "A convolutional network by hand", False),
        ("", "anything", True),
    ],
)
def test_search_ignores_case_accents_and_order(query, text, found):
    assert matches(query, text) is found


def test_the_map_has_a_column_for_each_depth():
    chart = draw({"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")})
    columns = {box.name: round((box.x - MARGIN) / COLUMN) for box in chart.boxes}

    assert columns == {"a": 0, "b": 1, "c": 1, "d": 2}
    places = [(box.x, box.y) for box in chart.boxes]
    assert len(set(places)) == 4
    assert all(y + HEIGHT <= chart.height and x < chart.width for x, y in places)


def test_the_map_draws_no_line_that_others_imply():
    assert len(draw({"a": (), "b": ("a",), "c": ("a", "b")}).lines) == 2


def test_a_circle_is_drawn_without_an_end():
    assert len(draw({"a": ("b",), "b": ("a",), "c": ("c",)}).boxes) == 3


def test_no_exercises_are_an_empty_map():
    assert draw({}).boxes == ()
