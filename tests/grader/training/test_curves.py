"""Curves on a terminal and in a log."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from grader.command.curves import Board, sparkline

HUGE = 1.7e308


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([], ""),
        ([3.0], "▅"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([1.0, None, 0.0], "█·▁"),
        ([float("inf"), float("nan")], "··"),
        ([-HUGE, 0.0, HUGE], "▁▅█"),
        ([0.0] * 50 + [1.0] * 50, "▁▁██"),
    ],
)
def test_a_curve_is_one_line(values, line):
    assert sparkline(values, 4 if len(values) > 9 else 9) == line


def metric(step, **values):
    return {"event": "metric", "test": "test_trains", "step": step, "values": values}


def made(**options):
    return Board(Console(file=io.StringIO(), width=100, highlight=False, **options), 2, "toy")


def text_of(board):
    console = Console(file=io.StringIO(), width=100)
    console.print(board)
    return console.file.getvalue()


def test_each_curve_is_drawn_until_its_test_is_over():
    board = made(force_terminal=True)
    for step in range(8):
        board.hear("a.py", metric(step, loss=8.0 - step, accuracy=None))
    told = text_of(board)
    assert "a.py · test_trains" in told
    assert "█▇▆▅▄▃▂▁ 1" in told
    assert "········ –" in told
    board.hear("a.py", {"event": "test", "test": {"name": "test_trains"}})
    assert "test_trains" not in text_of(board)


def test_without_a_terminal_there_are_plain_lines_but_not_many():
    board = made()
    for step in range(1000):
        board.hear("a.py", metric(step, loss=0.25))
    board.hear("b.py", metric(7, loss=None))
    assert board._console.file.getvalue().splitlines() == [
        "a.py · test_trains · 0: loss 0.25",
        "b.py · test_trains · 7: loss –",
    ]


def test_a_students_names_cannot_steer_the_terminal():
    for options in ({}, {"force_terminal": True}):
        board = made(**options)
        board.hear("a.py", metric(0, **{"[bold]\x1b[2J": 1.0}))
        shown = board._console.file.getvalue() + text_of(board)
        assert "\x1b[2J" not in shown
