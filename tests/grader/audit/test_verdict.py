"""What an author reads of gradings, from made-up results."""

from grader.audit.finding import Timing
from grader.audit.verdict import check_outcomes, check_times, time_tests
from grader.audit.wording import tests_of as find_tests
from grader.report import FORBIDDEN_TEST
from tests.grader.audit.conftest import outcome, result


def judged(tree, *outcomes):
    tests = {test.name: test for test in find_tests(tree.exercise)}
    return [problem.text for problem in check_outcomes(list(outcomes), tests, tree.exercise)]


def test_a_test_that_passes_on_the_stub(tree):
    found = judged(tree, outcome(tree.exercise.stub, result("test_scales_the_example"), result(FORBIDDEN_TEST)))
    assert found == ["test_scales_the_example passes on the stub, so it proves nothing. Have it look at an answer."]


def test_a_stub_that_uses_what_is_forbidden(tree):
    caught = result(FORBIDDEN_TEST, "failed", message={"en": "Line 3 uses torch.nn."})
    assert judged(tree, outcome(tree.exercise.stub, caught)) == [
        "the stub itself uses something forbidden: Line 3 uses torch.nn."
    ]


def test_a_right_solution_that_loses_points(tree):
    path = tree.exercise.right()[0]
    outcomes = [
        outcome(path, result("test_leaves_its_input_alone", "failed", detail="E   assert 1 == 2"), seed=seed)
        for seed in ("2", "5")
    ]
    assert judged(tree, *outcomes) == [
        "it must get full score, but test_leaves_its_input_alone failed with seed 2, 5 (assert 1 == 2). "
        "Mend the tests or the solution."
    ]


def test_a_wrong_solution_that_is_not_caught(tree):
    path = tree.private / "wrong" / "in_place.py"
    found = judged(tree, outcome(path, result("test_leaves_its_input_alone"), result("test_other", "crashed")))
    assert found == [
        "test_leaves_its_input_alone must catch it, but is passed. "
        "Make the test stricter, or name those that catch it: test_other."
    ]


def test_a_test_that_fails_itself(tree):
    found = judged(
        tree, outcome(tree.exercise.stub, result("test_scales_the_example", "grader_error", detail="E  KeyError"))
    )
    assert found == ["test_scales_the_example itself fails on scaling/scaling.py (KeyError). Mend the test."]


def test_what_could_not_be_graded_is_said_once(tree):
    paths = [tree.exercise.stub, *tree.exercise.wrong()]
    found = judged(tree, *(outcome(path, fault="no sandbox here") for path in paths))
    assert found == ["it could not be graded: no sandbox here"]


def test_tests_skipped_on_this_host_are_no_problem(tree):
    skipped = result("test_scales_the_example", "skipped", points=0.0)
    assert judged(tree, *(outcome(path, skipped) for path in (tree.exercise.stub, tree.exercise.reference))) == []


def test_a_reference_that_is_too_slow(tree):
    tests = {test.name: test for test in find_tests(tree.exercise)}
    outcomes = [
        outcome(tree.exercise.reference, result("test_scales_the_example", seconds=seconds))
        for seconds in (0.1, 3.0, 3.2)
    ]
    timings = time_tests(outcomes, tests, tree.exercise)
    assert timings == (Timing("test_scales_the_example", 3.0, 5.0),)
    [problem] = check_times(timings, tree.exercise, tests)
    assert problem.text.startswith(
        "test_scales_the_example takes 3.00 s with the reference, and one call may take 5 s."
    )
