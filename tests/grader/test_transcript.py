"""A test that is held up where no deadline in the examiner reaches: it is ended, and the others go on."""

from __future__ import annotations

import pytest

from grader.pool import Grader
from grader.report import Verdict
from grader.submission import Upload
from tests.conftest import write_tree

#: Each number has the hash of all others, so a set of n of them costs n² comparisons.
SLOW_SET = b"""
def double(x):
    return 2 * x

def greet(name):
    return name

def numbers(n):
    return [k * (2**61 - 1) for k in range(n)]
"""

TESTS = '''
import pytest

def test_first(student):
    """First."""
    assert student.greet("a") == "a"

def test_collects(student):
    """Collects what comes back."""
    assert len(set(student.numbers(100_000))) == 100_000

@pytest.mark.needs("test_first")
def test_after_the_first(student):
    """Runs when the first one passed, in whatever process."""
    assert student.greet("b") == "b"

@pytest.mark.needs("test_collects")
def test_after_the_second(student):
    """Runs when the second one passed."""
    assert student.greet("c") == "c"
'''


@pytest.fixture(scope="module")
def toy(tmp_path_factory, sandboxed):
    tree = write_tree(
        tmp_path_factory.mktemp("stuck"),
        'module = "toys"\n[limits]\nseconds = 2\nload_seconds = 2\nmemory_mb = 256\nanswer_mb = 16\n',
    )
    tree.find("toy").hidden_tests.write_text(TESTS)
    with pytest.MonkeyPatch.context() as patch, Grader(tree) as grader:
        patch.setattr("grader.transcript._GRACE", 1.0)
        yield grader, tree


def test_a_test_that_is_stuck_in_c_code_is_ended_and_the_others_run(toy):
    grader, tree = toy
    events = []
    report = grader.grade(tree.find("toy"), Upload("toy.py", SLOW_SET), seed="1", on_event=events.append)
    found = {test.name: test.verdict for test in report.tests}
    assert found == {
        "test_doubles": Verdict.PASSED,
        "test_first": Verdict.PASSED,
        "test_collects": Verdict.TOO_SLOW,
        "test_after_the_first": Verdict.PASSED,
        "test_after_the_second": Verdict.SKIPPED,
    }
    assert report.tests[2].message["en"].startswith("The test was stopped: with 2 s per call")
    assert report.tests[2].title["en"] == "Collects what comes back."
    assert [event["event"] for event in events].count("started") == 1


def test_a_test_that_collects_more_than_its_examiner_may_hold_is_too_big(toy):
    grader, tree = toy
    tree.find("toy").hidden_tests.write_text(
        'def test_collects(student):\n    """Collects."""\n    assert len(list(student.tensors())) == 1\n'
    )
    source = b"import torch\ndef double(x): return 2 * x\ndef tensors():\n    while True: yield torch.zeros(3 << 20)\n"
    report = grader.grade(tree.find("toy"), Upload("toy.py", source), seed="1")
    assert report.tests[1].verdict is Verdict.TOO_BIG
    assert report.tests[0].verdict is Verdict.PASSED
