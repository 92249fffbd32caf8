"""What students must not read of hidden tests."""

from dataclasses import replace

import pytest

from grader.audit.leak import leaked_text
from tests.grader.audit.conftest import result

SOURCE = "def test_a(student):\n    expected = torch.tensor(0.731059)\n    assert_close(student.f(1), expected)\n"
DETAIL = ">   assert_close(student.f(1), expected)\nE   Absolute difference: 0.231059\nE   at 3.5"


@pytest.mark.parametrize(
    ("shown", "leaked"),
    [
        ("The result is not as required.", ""),
        ("Absolute difference: 0.231059", "0.231059"),
        ("> assert_close(student.f(1), expected)", "assert_close(student.f(1), expected)"),
        ("at 3.5", ""),
    ],
)
def test_finds_what_a_message_gives_away(shown, leaked):
    test = result("test_a", "failed", message={"en": shown}, detail=DETAIL)
    assert leaked_text(test, SOURCE, "") == leaked
    assert leaked_text(replace(test, message={}, traceback=shown), SOURCE, "") == leaked


def test_what_the_students_code_says_is_the_students():
    test = result("test_a", "crashed", message={"en": "ValueError: 12345"}, detail="E  ValueError: 12345")
    assert leaked_text(test, SOURCE, "") == ""
    line = "expected = torch.tensor(0.731059)"
    test = result("test_a", "crashed", traceback=line, detail=line)
    assert leaked_text(test, SOURCE, line) == ""
    assert leaked_text(test, SOURCE, "") == line
