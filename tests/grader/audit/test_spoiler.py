"""Solutions that zero what they are given: how they do it, and what the author of tests that let them live reads."""

import numpy as np
import pytest
import torch

from grader.audit.spoiler import Spoiler, spoilers
from tests.grader.audit.conftest import audited

# --- the solutions

REFERENCE = """
from typing import NamedTuple
import torch

class Pair(NamedTuple):
    first: torch.Tensor
    second: torch.Tensor

class Adder:
    def __call__(self, x): return x + 1
    def add(self, x, y=0): return self(x) + y
    @property
    def size(self): return 1

def total(x): return float(sum(x))
def twice(x): return [total(x), total(x)]
def same(x): return Pair(x, x[:1])
def _private(x): return x
"""


@pytest.fixture
def spoil(tmp_path):
    """Loads the reference with one function spoilt."""
    path = tmp_path / "reference.py"
    path.write_text(REFERENCE)

    def load(function, early):
        names = {"__name__": "reference"}
        exec(compile(Spoiler(function, 1, early).content(path), "reference", "exec"), names)
        return names

    return load


@pytest.mark.parametrize(("early", "expected"), [(True, 0.0), (False, 6.0)])
def test_zeroes_arguments_of_every_kind(spoil, early, expected, capsys):
    total = spoil("total", early)["total"]
    for x in (torch.tensor([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]), [1, 2, 3]):
        assert total(x) == expected
        assert sum(x) == 0
    assert capsys.readouterr().out.count("zeroed") == 1


def test_zeroes_what_lies_in_containers(spoil):
    same = spoil("same", early=False)["same"]
    given = [torch.ones(2), {"a": torch.ones(2), "b": 3, "c": "text"}, (np.ones(2), True)]
    same(given)
    assert not given[0].any()
    assert not given[1].pop("a").any()
    assert given[1] == {"b": 0, "c": "text"}
    assert not given[2][0].any()
    assert given[2][1] is True


def test_an_answer_that_shares_memory_with_an_argument_is_kept(spoil):
    x = torch.ones(3)
    answer = spoil("same", early=False)["same"](x=x)
    assert not x.any()
    assert answer.first.tolist() == [1, 1, 1]
    assert answer.second.tolist() == [1]


def test_leaves_parameters_and_memory_that_cannot_be_written(spoil, capsys):
    same = spoil("same", early=False)["same"]
    leaf, expanded = torch.ones(2, requires_grad=True), torch.ones(1).expand(3)
    frozen = np.ones(2)
    frozen.flags.writeable = False
    for x in (leaf, frozen, torch.nn.Parameter(torch.ones(2)), torch.zeros(2)):
        same(x)
    assert bool((leaf == 1).all())
    assert bool((frozen == 1).all())
    assert capsys.readouterr().out == ""  # nothing has changed, so there was nothing to notice
    same(expanded)


def test_calls_inside_the_solution_are_left_alone(spoil):
    x = [1.0, 2.0]
    assert spoil("total", early=False)["twice"](x) == [3.0, 3.0]
    assert x == [1.0, 2.0]


def test_methods_are_spoilt_too(spoil):
    adder = spoil("Adder.add", early=True)["Adder"]()
    x, y = torch.ones(1), torch.ones(1)
    assert adder.add(x, y=y).tolist() == [1.0]
    assert adder.size == 1


def test_every_public_function_is_tried_but_those_that_have_leave(tree):
    path = tree.private / "scaling.py"
    path.write_text(REFERENCE)
    with (tree.public / "exercise.toml").open("a") as file:
        file.write('in_place = ["same", "Adder.add"]\n')
    found = {(spoiler.function, spoiler.early) for spoiler in spoilers(tree.exercise, path)}
    assert found == {(name, early) for name in ("Adder.__call__", "total", "twice") for early in (True, False)}


# --- what the author reads

HEAD = "import pytest\nimport torch\nfrom torch.testing import assert_close\n"

TEST = '''
def {name}(student, rng):
    """Scales.

    pt: Escala.
    """
    x = torch.rand(3, generator=rng)
    {body}
'''

EXPECTED_AFTER = "assert_close(student.scale(x, 2.0), 2 * x)"
EXPECTED_BEFORE = "expected = 2 * x; assert_close(student.scale(x, 2.0), expected)"


def complaints(tree, grader, body):
    """What the audit says of zeroed arguments where all tests are like this one."""
    for path, name in ((tree.public / "test_scaling.py", "a"), (tree.private / "test_scaling_hidden.py", "b")):
        path.write_text(HEAD + TEST.format(name=f"test_{name}", body=body))
    problems = audited(tree, grader, seeds=1).problems
    return [(problem.path.name, problem.line, problem.text) for problem in problems if "zero" in problem.text]


LEAVE = 'or, if scale may change its arguments, say so in exercise.toml: in_place = ["scale"].'


def test_expectations_computed_from_zeroed_arguments(tree, grader):
    text = "scale may zero its arguments and compute with the zeros, and no test notices: they compute what they expect"
    advice = "from the arguments after the call. Compute it before, or from copies;"
    assert complaints(tree, grader, EXPECTED_AFTER) == [("scaling.py", 8, f"{text} {advice} {LEAVE}")]


def test_arguments_that_nobody_looks_at_again(tree, grader):
    text = "scale may zero its arguments after it has computed, and no test notices."
    advice = "Have a test keep copies of the arguments and compare after the call;"
    assert complaints(tree, grader, EXPECTED_BEFORE) == [("scaling.py", 8, f"{text} {advice} {LEAVE}")]


def test_a_function_that_may_change_its_arguments(tree, grader):
    with (tree.public / "exercise.toml").open("a") as file:
        file.write('in_place = ["scale"]\n')
    assert complaints(tree, grader, EXPECTED_BEFORE) == []


def test_a_function_that_is_given_nothing_to_zero(tree, grader):
    assert complaints(tree, grader, "assert student.scale(2.0, 3.0) == 6.0") == []


def test_forbidden_functions_do_not_hinder_the_trial(tree, grader):
    with (tree.public / "exercise.toml").open("a") as file:
        file.write('forbid = ["sys", "numpy", "torch.Tensor.clone"]\n')
    assert len(complaints(tree, grader, EXPECTED_BEFORE)) == 1
