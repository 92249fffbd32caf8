"""Training curves as diagrams: everything lies on the paper, whatever a training has recorded."""

import math
import re

import pytest

from server.i18n import Translator
from server.submission import curve

ENGLISH, PORTUGUESE = Translator("en"), Translator("pt-BR")


def lay_out(language=ENGLISH, **curves):
    return curve.lay_out(curves, language)


def points(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)]


def test_curves_of_one_measure_share_a_diagram():
    found = lay_out(train_loss=[[0, 1.0]], accuracy=[[0, 0.5]], validation_loss=[[0, 2.0]], val_acc=[[0, 0.4]])

    assert [(each.unit, [series.name for series in each.series]) for each in found] == [
        ("loss", ["train_loss", "validation_loss"]), ("accuracy", ["accuracy", "val_acc"])
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "measure"),
    [("loss", "loss"), ("loss_train", "loss"), ("Loss2", "loss"), ("lr", "lr"), ("grad_norm", "norm"), ("1", "1")],
)
def test_what_a_curve_measures_is_read_from_its_name(name, measure):
    assert curve.measure_of(name) == measure


def test_the_axes_have_round_numbers_in_the_readers_language():
    pairs = [[step, 2.5 - step / 50] for step in range(101)]

    [english], [portuguese] = lay_out(loss=pairs), lay_out(PORTUGUESE, perda=pairs)
    assert [tick.label for tick in english.across] == ["0", "20", "40", "60", "80", "100"]
    assert [tick.label for tick in english.up] == ["0.5", "1", "1.5", "2", "2.5"]
    assert [tick.label for tick in lay_out(loss=[[0, 0.1], [9, 0.3]])[0].up] == ["0.1", "0.15", "0.2", "0.25", "0.3"]
    assert portuguese.description == "perda vai de 2,5 no passo 0 a 0,5 no passo 100."


def test_steps_are_whole_numbers():
    assert [tick.label for tick in lay_out(loss=[[0, 1.0], [2, 0.5]])[0].across] == ["0", "1", "2"]


def test_a_curve_begins_left_and_ends_right():
    [diagram] = lay_out(loss=[[10, 0.0], [20, 1.0]])

    assert points(diagram.series[0].path) == [(curve.LEFT, curve.BOTTOM), (curve.RIGHT, curve.TOP)]


def test_a_line_breaks_where_there_is_no_number():
    [diagram] = lay_out(loss=[[0, 1.0], [1, None], [2, 1.0], [3, 2.0]])

    assert re.sub(r"[\d. -]+", "", diagram.series[0].path) == "MhMhL"
    assert diagram.rows[1].values == ("not a number",)


def test_a_curve_without_any_number_still_has_its_table():
    [diagram] = lay_out(loss=[[0, None], [1, None]])

    assert diagram.series[0].path == ""
    assert diagram.description == "loss goes from not a number at step 0 to not a number at step 1."


def test_nothing_recorded_is_nothing_drawn():
    assert lay_out() == lay_out(loss=[]) == []


HARD = [0.0, -0.0, 1e-320, 1e-12, 1.0, 1.0 + 2**-52, 1e6, -1e50, 1e99, 1e308, -1e308, 123456.789]


@pytest.mark.parametrize("first", HARD)
@pytest.mark.parametrize("second", HARD)
@pytest.mark.parametrize("steps", [(0, 1), (5, 5), (-(10**12), 10**12), (3, 1)])
def test_every_curve_stays_within_its_axes(first, second, steps):
    [diagram] = lay_out(loss=[[steps[0], first], [steps[1], second]])

    assert len(diagram.up) <= 21
    assert len(diagram.across) <= 21
    for x, y in points(diagram.series[0].path):
        assert curve.LEFT <= x <= curve.RIGHT
        assert curve.TOP <= y <= curve.BOTTOM
    for tick in diagram.up:
        assert curve.TOP <= tick.at <= curve.BOTTOM


def test_long_curves_are_thinned_out_to_their_last_point():
    [diagram] = lay_out(loss=[[step, math.sin(step)] for step in range(5000)])

    assert len(points(diagram.series[0].path)) <= curve.MAX_POINTS + 1
    assert len(diagram.rows) <= curve.MAX_ROWS + 2
    assert diagram.rows[-1].step == "4,999"


def test_curves_of_different_steps_share_a_table():
    [diagram] = lay_out(train_loss=[[0, 1.0], [1, 0.5]], test_loss=[[1, 0.7]])

    assert [(row.step, row.values) for row in diagram.rows] == [("0", ("1", "")), ("1", ("0.5", "0.7"))]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.12345678, "0.1235"), (1234.5, "1,234.5"), (0.00001234, "1.23E-5"), (-2e30, "-2E30")],
)
def test_numbers_are_written_as_long_as_they_can_be_read(value, text):
    assert curve.write(value, ENGLISH) == text
