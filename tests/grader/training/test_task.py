"""The ``task`` fixture, in a grading and in the self-check: which set it was, its twin, and answers that stay here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from grader.report import Report, Verdict
from grader.submission import Upload
from grader.training.known import MNIST
from grader.training.missing import MissingData
from grader.training.presence import is_present
from grader.training.task import Terms, draw_task
from tests.conftest import write_tree

TESTS = '''
import pytest
import torch

def test_learns(student, task):
    """Learns."""
    given = task("mnist", 900, 500, twin="digits")
    assert given.dataset == "digits"
    assert given.images.shape == (900, 1, 8, 8)
    assert given.accuracy(student.Nearest(given.images, given.labels)) > 0.8

def test_is_asked_in_numbers(student, task):
    """Is asked in numbers."""
    given = task("digits", 100, 300)
    assert given.accuracy(student.agreeable) < 0.4

def test_gets_plain_logits(student):
    """Gets plain logits."""
    assert type(student.agreeable(torch.zeros(3, 1, 8, 8))) is torch.Tensor

def test_is_not_a_number(student, task):
    """Knows that NaN is never right."""
    assert task("digits", 10, 100).accuracy(student.nothing) == 0

def test_has_other_shapes(student, task):
    """Refuses other shapes."""
    assert task("digits", 10, 100).accuracy(student.short) == 0
'''

TWINLESS = '''
def test_wants_mnist(student, task):
    """Wants MNIST."""
    task("mnist", 10, 10)

def test_goes_on(student):
    """Goes on."""
'''

SOURCE = """
import torch

class Nearest(torch.nn.Module):
    def __init__(self, images, labels):
        super().__init__()
        self.images, self.labels = images.flatten(1), labels

    def forward(self, images):
        return torch.eye(10)[self.labels[torch.cdist(images.flatten(1), self.images).argmin(1)]]

class Agreeable(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ in ("eq", "__eq__"):
            return torch.ones(len(args[0]), dtype=torch.bool)
        return super().__torch_function__(func, types, args, kwargs or {})

def agreeable(images):
    return torch.zeros(len(images), 10).as_subclass(Agreeable)

def nothing(images):
    return torch.full((len(images), 10), torch.nan)

def short(images):
    return torch.zeros(len(images) - 1, 10)
"""


@pytest.fixture
def exercise(tmp_path):
    found = write_tree(tmp_path).find("toy")
    found.public_tests.write_text(TESTS)
    found.hidden_tests.unlink()
    return found


@pytest.fixture(scope="module")
def report(grader, tmp_path_factory):
    folder = tmp_path_factory.mktemp("task")
    found = write_tree(folder).find("toy")
    found.public_tests.write_text(TESTS)
    found.hidden_tests.write_text(TWINLESS)
    report = grader.grade(found, Upload("toy.py", SOURCE.encode()), seed="1")
    assert report.owner is None
    return {test.name: test for test in report.tests}, report


def test_a_twin_stands_in_and_the_report_says_so(report):
    tests, whole = report
    assert tests["test_learns"].verdict is Verdict.PASSED, tests["test_learns"].detail
    assert tests["test_learns"].datasets == {"mnist": "digits"}
    assert whole.to_dict()["training"][0] == {
        "test": "test_learns", "datasets": {"mnist": "digits"}, "curve": {}, "runs": [],
    }  # fmt: skip
    assert Report.from_store(whole.to_store()).tests[0].datasets == {"mnist": "digits"}


def test_the_command_line_says_so(report, capsys):
    from grader.command.show import show_report

    show_report(report[1], "pt-BR")
    told = " ".join(capsys.readouterr().out.split())
    assert "Learns. 1/1 Rodou com Digits, porque MNIST não está instalado aqui." in told
    assert "Is asked in numbers. 1/1 dados: Digits" in told


def test_logits_are_plain_when_they_are_judged(report):
    tests, _ = report
    assert tests["test_gets_plain_logits"].verdict is Verdict.PASSED, tests["test_gets_plain_logits"].detail
    assert tests["test_is_asked_in_numbers"].verdict is Verdict.PASSED, tests["test_is_asked_in_numbers"].detail


def test_logits_that_are_none_count_for_nothing(report):
    tests, _ = report
    assert tests["test_is_not_a_number"].verdict is Verdict.PASSED
    assert tests["test_has_other_shapes"].verdict is Verdict.FAILED


def test_a_missing_set_is_the_exercises_fault_and_the_others_go_on(report):
    tests, whole = report
    assert tests["test_wants_mnist"].verdict is Verdict.GRADER_ERROR
    assert "gradiente data fetch mnist" in tests["test_wants_mnist"].detail
    assert tests["test_goes_on"].verdict is Verdict.PASSED
    assert whole.max_score == len(tests) - 1


def test_the_same_test_is_a_self_check(exercise):
    exercise.stub.write_text(SOURCE)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-k",
            "learns or number",
            str(exercise.folder),
        ],
        env={**os.environ, "GRADIENTE_LANG": "en", "OMP_NUM_THREADS": "1", "GRADIENTE_DATA": str(exercise.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    # In one process the answers of a tensor's own class are believed: that is what the wire is for.
    assert "✗ Is asked in numbers." in done.stdout
    assert "1 failed, 2 passed" in done.stdout, done.stdout


def test_a_missing_set_without_a_twin_is_named(tmp_path):
    with pytest.raises(MissingData, match="gradiente data fetch mnist"):
        draw_task(Terms("mnist", 10, 10), tmp_path, secret="s", seed=1)


def test_glyphs_need_no_files(tmp_path):
    found = draw_task(Terms("glyphs", 300, 100), tmp_path, secret="s", seed=1)
    other = draw_task(Terms("glyphs", 300, 100), tmp_path, secret="s", seed=2)
    assert (found.images.shape, found.questions.shape) == ((300, 1, 8, 8), (100, 1, 8, 8))
    assert not torch.equal(found.images, other.images)


def test_mnist_is_split_anew_where_it_is_at_hand():
    folder = Path(os.environ.get("GRADIENTE_DATA", "data"))
    if not is_present(MNIST, folder):
        pytest.skip("MNIST is not in the data directory (GRADIENTE_DATA)")
    found = draw_task(Terms("mnist", 400, 300), folder, secret="s", seed=1)
    assert (found.dataset, found.images.shape, found.answers.shape) == ("mnist", (400, 1, 28, 28), (300,))
    nearest = torch.cdist(found.questions.flatten(1), found.images.flatten(1)).argmin(1)
    assert (found.labels[nearest] == found.answers).float().mean() > 0.7
