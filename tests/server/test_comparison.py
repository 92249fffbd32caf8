"""What changed since the previous attempt: tests, points, code."""

import re

import pytest

from grader.errors import ExerciseError
from grader.report import Verdict
from server.submission.difference import MAX_LINES, MAX_SHOWN, difference

PASSED, FAILED = Verdict.PASSED, Verdict.FAILED


@pytest.fixture
def attempt(student, portal, grading, make_result):
    """Hand in with these verdicts and return the page."""

    def hand_in(content=b"x = 1\n", name="softmax.py", **verdicts):
        grading.tests = tuple(make_result(name, verdict, 1.5) for name, verdict in verdicts.items())
        page = student.hand_in(content=content, name=name)
        portal.dispatcher.run_once()
        return student.read(page)

    return hand_in


def changes(page):
    """What the page lists: kind and title."""
    found = re.findall(
        r'<li class="(gained|lost|stuck)">.*?"title">(.*?)</span> <span class="verdict">(.*?)</span>', page
    )
    return [(kind, title.removeprefix("Title of ").rstrip("."), word) for kind, title, word in found]


def test_the_first_attempt_is_compared_with_nothing(attempt):
    assert "Since the previous attempt" not in attempt(test_a=PASSED)


def test_tests_that_pass_now_that_passed_before_and_that_never_did_are_told_apart(attempt):
    attempt(test_a=FAILED, test_b=PASSED, test_c=Verdict.CRASHED, test_d=PASSED)
    page = attempt(test_a=PASSED, test_b=Verdict.TOO_SLOW, test_c=FAILED, test_d=PASSED)

    assert changes(page) == [
        ("gained", "test_a", "passes now"),
        ("lost", "test_b", "passed before"),
        ("stuck", "test_c", "not passed since attempt 1"),
    ]


def test_how_long_a_test_has_not_passed_is_counted_without_gaps(attempt):
    for verdict in (FAILED, PASSED, FAILED):
        attempt(test_a=verdict)

    assert changes(attempt(test_a=FAILED)) == [("stuck", "test_a", "not passed since attempt 3")]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([PASSED, FAILED], [PASSED, PASSED], '"better">+1.5<'),
        ([PASSED, PASSED], [FAILED, FAILED], '"worse">−3<'),
        ([PASSED, FAILED], [FAILED, PASSED], '"equal">±0<'),
    ],
)
def test_the_points_are_compared(attempt, before, after, expected):
    for verdicts in (before, after):
        page = attempt(test_a=verdicts[0], test_b=verdicts[1])

    assert expected in page


def test_a_fault_of_ours_says_nothing_about_a_test(attempt):
    attempt(test_a=PASSED, test_b=FAILED)

    assert changes(attempt(test_a=Verdict.GRADER_ERROR, test_b=FAILED)) == [
        ("stuck", "test_b", "not passed since attempt 1")
    ]


def test_what_could_not_be_run_here_says_nothing(student, portal, grading, make_result):
    for _ in range(2):
        grading.tests = (make_result("test_a", Verdict.SKIPPED, 0), make_result("test_b", Verdict.SKIPPED, 1))
        page = student.hand_in()
        portal.dispatcher.run_once()

    assert changes(student.read(page)) == [("stuck", "test_b", "not passed since attempt 1")]


def test_attempts_that_were_not_graded_are_left_out(attempt, grading):
    attempt(test_a=FAILED)
    grading.error = ExerciseError("broken")
    attempt(test_a=FAILED)
    grading.error = None

    assert "Points compared with attempt 1</a>" in attempt(test_a=PASSED)


def test_other_tests_are_announced(attempt, grading):
    attempt(test_a=FAILED)
    grading.changes = {"exercise_version": "v2"}
    page = attempt(test_b=PASSED)

    assert "The exercise itself was changed in between." in page
    assert changes(page) == []


def test_the_attempts_of_others_are_not_compared(attempt, other, portal, grading):
    attempt(test_a=FAILED)
    page = other.hand_in()
    portal.dispatcher.run_once()

    assert "Since the previous attempt" not in other.read(page)


def test_the_codes_difference_is_shown_with_signs_and_escaped(attempt):
    attempt(b"import torch\nx = '<b>'\n", test_a=PASSED)
    page = attempt(b"import torch\nx = '<i>'\ny = 2\n", test_a=PASSED)

    assert "lines added: 2, removed: 1" in page
    lines = re.findall(r'<span class="(added|removed|same|place)">(.*?)\n</span>', page)
    assert lines[1:] == [
        ("same", "  import torch"), ("removed", "- x = &#39;&lt;b&gt;&#39;"), ("added", "+ x = &#39;&lt;i&gt;&#39;"),
        ("added", "+ y = 2"),
    ]  # fmt: skip


def test_a_hidden_tests_parameters_are_not_told(student, portal, grading, make_result):
    for verdict in (FAILED, PASSED):
        grading.tests = (make_result("test_a[secret]", verdict, title={}),)
        page = student.hand_in()
        portal.dispatcher.run_once()

    assert "Since the previous attempt" in student.read(page)
    assert "secret" not in student.read(page)


def test_equal_code_is_called_so(attempt):
    attempt(test_a=PASSED)

    assert "The code is the same." in attempt(test_a=PASSED)


def test_only_python_files_are_compared(attempt):
    attempt(b"{}", "softmax.ipynb", test_a=PASSED)
    page = attempt(b"x = 1", test_a=PASSED)

    assert "Since the previous attempt" in page
    assert "Changes in your code" not in page


def test_a_long_difference_is_cut_and_a_longer_source_not_compared():
    many = "\n".join(map(str, range(MAX_LINES)))
    cut = difference("a", many)

    assert len(cut.lines) == MAX_SHOWN
    assert cut.left_out == cut.added + cut.removed + 1 - MAX_SHOWN
    assert difference("a", many + "\nb") is None
