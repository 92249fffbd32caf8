"""Training curves: recorded by a test, thinned out, told while it runs and kept in the report."""

from __future__ import annotations

import json

import pytest

from grader.report import Report, Verdict
from grader.submission import Upload
from tests.conftest import REFERENCE, write_tree

TESTS = '''
import math, time

def test_trains(student, curve):
    """Trains."""
    for step in range(1000):
        curve(step, loss=1 / (step + 1), accuracy=math.nan)
    time.sleep(0.15)
    curve(1000, loss=student.double(0.0))

def test_hands_it_on(student, curve):
    """Lets the student's code record."""
    student.greet(curve)

def test_has_none(student):
    """Records nothing."""
'''


@pytest.fixture
def grade(grader, tmp_path):
    exercise = write_tree(tmp_path).find("toy")
    exercise.public_tests.write_text(TESTS)
    exercise.hidden_tests.unlink()
    return lambda source, **options: grader.grade(exercise, Upload("toy.py", source.encode()), seed="1", **options)


def test_a_long_curve_is_thinned_out_evenly(grade):
    loss = grade(REFERENCE).tests[0].curve["loss"]
    steps = [step for step, _ in loss]
    assert 100 <= len(loss) <= 200
    assert steps == list(range(0, steps[-1] + 1, steps[1]))
    assert loss[1] == [steps[1], pytest.approx(1 / (steps[1] + 1))]


def test_what_json_cannot_say_is_none(grade):
    report = grade(REFERENCE)
    assert report.tests[0].curve["accuracy"][0] == [0, None]
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["training"][0]["test"] == "test_trains"


def test_a_report_keeps_its_curves(grade):
    report = grade(REFERENCE)
    assert Report.from_store(json.loads(json.dumps(report.to_store()))).tests[0].curve == report.tests[0].curve
    assert report.tests[2].curve == {}


def test_values_are_told_while_the_test_runs_but_not_all(grade):
    events = []
    grade(REFERENCE, on_event=events.append)
    metrics = [event for event in events if event["event"] == "metric"]
    assert {event["test"] for event in metrics} == {"test_trains"}
    assert 2 <= len(metrics) < 100
    assert metrics[0]["values"] == {"loss": 1.0, "accuracy": None}


def test_the_students_code_may_record_numbers(grade):
    source = "def double(x): return x\ndef greet(curve):\n    for n in range(5): curve(n, loss=n / 2)\n"
    report = grade(source)
    assert report.tests[1].verdict is Verdict.PASSED
    assert report.tests[1].curve["loss"][4] == [4, 2.0]


@pytest.mark.parametrize(
    "call", ["0, loss='much'", "0, loss=[1]", "10**20, loss=1.0", "0, **{f'l{k}': 1.0 for k in range(9)}"]
)
def test_what_is_no_number_is_refused(grade, call):
    source = f"def double(x): return x\ndef greet(curve): curve({call})\n"
    assert grade(source).tests[1].verdict in (Verdict.FAILED, Verdict.CRASHED)
