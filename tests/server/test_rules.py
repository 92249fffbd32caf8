"""The rules as tables of cases."""

from dataclasses import dataclass

import pytest

from grader.report import Owner
from server import rules
from server.rules import Refusal, Standing


@dataclass(frozen=True)
class Attempt:
    attempt: int = 1
    is_open: bool = False
    score: float | None = None
    max_score: float | None = None
    owner: Owner | None = None
    credit: float = 1.0
    is_free: bool = False


@pytest.mark.parametrize(
    ("name", "size", "refusal"),
    [
        ("a.py", 1, None),
        ("A.PY", 1, None),
        ("a.ipynb", 100, None),
        ("a.zip", 100, None),
        ("a.zip", 101, Refusal.TOO_BIG),
        ("a.py", 0, Refusal.EMPTY),
        ("a.pyc", 1, Refusal.KIND),
        ("", 1, Refusal.KIND),
    ],
)
def test_which_files_are_accepted(name, size, refusal):
    assert rules.check_upload(name, size, 100) is refusal


@pytest.mark.parametrize(("waiting", "refusal"), [(0, None), (1, None), (2, Refusal.TOO_MANY), (3, Refusal.TOO_MANY)])
def test_how_many_may_wait(waiting, refusal):
    assert rules.check_waiting(waiting, 2) is refusal


@pytest.mark.parametrize(("last", "expected"), [(None, 1), (1, 2), (9, 10)])
def test_the_number_of_the_next_attempt(last, expected):
    assert rules.next_attempt(last) == expected


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], None),
        ([(None, None)], None),
        ([(1, 3), (2, 3), (0, 3)], 2),
        ([(2, 3), (2, 3)], 1),
        ([(2, 4), (2, 3)], 2),  # a point more was lost to a fault of the grader
        ([(0, 0), (0, 3)], 2),  # what could not be read has no score
        ([(0, 0)], None),
        ([(None, None), (0, 3)], 2),
    ],
)
def test_the_best_attempt_counts_and_among_equals_the_earliest(scores, expected):
    attempts = [Attempt(number, score=got, max_score=most) for number, (got, most) in enumerate(scores, 1)]

    best = rules.best(attempts)
    assert (best and best.attempt) == expected


@pytest.mark.parametrize(
    ("owner", "counted"),
    [(None, True), (Owner.STUDENT, True), (Owner.EXERCISE, False), (Owner.INFRASTRUCTURE, False)],
)
def test_only_the_students_own_faults_cost_an_attempt(owner, counted):
    assert rules.is_counted(Attempt(owner=owner)) is counted
    assert not rules.is_counted(Attempt(owner=owner, is_free=True))


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([], Standing.UNTOUCHED),
        ([Attempt(is_open=True)], Standing.WAITING),
        ([Attempt(score=1, max_score=3)], Standing.TRIED),
        ([Attempt(score=1, max_score=3), Attempt(is_open=True)], Standing.WAITING),
        ([Attempt(score=3, max_score=3), Attempt(is_open=True)], Standing.SOLVED),
        ([Attempt(score=0, max_score=0)], Standing.TRIED),
        ([Attempt(owner=Owner.INFRASTRUCTURE)], Standing.TRIED),
    ],
)
def test_where_a_student_stands(attempts, expected):
    assert rules.standing(attempts) is expected


def test_lateness_lowers_the_share_but_the_exercise_is_solved():
    late = Attempt(attempt=2, score=10.0, max_score=10.0, credit=0.5)
    early = Attempt(attempt=1, score=6.0, max_score=10.0)
    assert rules.share(late) == 0.5
    assert rules.best([late, early]) is early
    assert rules.standing([late, early]) is Standing.SOLVED
