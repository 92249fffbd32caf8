"""Gradings side by side."""

import pytest

from grader.audit.trial import Panel, Trial
from tests.grader.audit.conftest import Stumbling


@pytest.mark.parametrize(("failures", "fault"), [(0, ""), (1, ""), (2, "no process could be started")])
def test_a_fault_of_the_host_is_tried_once_more(tree, failures, fault):
    panel = Panel(tree.exercise, Stumbling(failures), jobs=1, total=1, on_progress=None)
    assert panel.grade(Trial(tree.exercise.stub)).fault == fault


def test_tells_its_progress(tree):
    told = []
    panel = Panel(tree.exercise, Stumbling(0), jobs=2, total=3, on_progress=lambda *values: told.append(values))
    assert panel.run_all([("a", lambda: 1), ("b", lambda: 2), ("c", lambda: 3)]) == [1, 2, 3]
    assert [values[:2] for values in told] == [(1, 3), (2, 3), (3, 3)]


def test_an_unexpected_error_ends_the_audit(tree):
    panel = Panel(tree.exercise, Stumbling(0), jobs=1, total=2, on_progress=None)
    with pytest.raises(ZeroDivisionError):
        panel.run_all([("a", lambda: 1 // 0), ("b", lambda: 1)])
