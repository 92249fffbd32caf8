"""Whole audits, in the sandbox."""

import json

from grader.audit import audit
from grader.audit.equivalent import NAME
from grader.audit.finding import Counts
from tests.grader.audit.conftest import Stumbling, audited


def test_the_skeleton_passes(tree, grader):
    told = []
    found = audited(tree, grader, seeds=5, on_progress=lambda *values: told.append(values))
    assert [str(problem) for problem in found.problems] == []
    assert found.passed
    assert found.survivors == ()
    assert found.counts == Counts(4, 5.0, 2, 4, found.counts.mutants, found.counts.mutants, 0)
    assert len(found.timings) == 4
    assert told[-1][0] == told[-1][1] == 1 + 3 * 5 + 4 + 2 + found.counts.mutants
    assert json.loads(json.dumps(found.to_dict()))["counts"]["rate"] == 1.0


def test_a_part_of_the_mutants(tree, grader):
    """From the whole file, the same ones each time, and the audit says so; a record of another one is none too many."""
    whole = audited(tree, grader, mutants=1000)
    found = audited(tree, grader, mutants=3)
    assert (found.counts.mutants, found.counts.killed) == (3, 3)
    assert found.problems == whole.problems == ()
    assert whole.notes == ()
    assert [note.text for note in found.notes] == [f"3 of {whole.counts.mutants} mutants are tried."]


def test_weak_tests_let_mutants_live(tree, grader):
    path = tree.private / "test_scaling_hidden.py"
    tree.change(path, "for factor in (0, -1, -0.5)", "for factor in (-5,)")
    tree.change(
        path,
        "student.scale(torch.ones(2), 0.5), torch.full((2,), 0.5)",
        "student.scale(x := torch.ones(2), 1.5), x * 1.5",
    )
    found = audited(tree, grader)
    texts = [problem.text for problem in found.problems]
    assert "takes_zero.py" in [problem.path.name for problem in found.problems]
    assert any("mutants are caught, and 95% must be. Write tests" in text for text in texts)
    boundary = next(survivor for survivor in found.survivors if "if factor < 0:" in survivor.entry)
    assert "-    if factor <= 0:\n+    if factor < 0:\n" in boundary.diff
    assert boundary.line == 10
    assert boundary.file.endswith("solutions/scaling/equivalent.toml")

    entries = "\n".join(survivor.entry.replace('reason = ""', 'reason = "tried"') for survivor in found.survivors)
    (tree.private / NAME).write_text(entries)
    again = audited(tree, grader)
    assert again.survivors == ()
    assert again.counts.recorded == len(found.survivors)
    assert [problem.path.name for problem in again.problems] == ["takes_zero.py"]


def test_records_that_are_not_true(tree, grader):
    (tree.private / NAME).write_text(
        '[[equivalent]]\nwhere = "scale"\nline = "return x * factor"\n'
        'becomes = ["return x / factor", "return x"]\nreason = "none"\n'
    )
    assert [(problem.line, problem.text) for problem in audited(tree, grader).problems] == [
        (3, "no mutant turns “return x * factor” into “return x”. Remove it."),
        (3, "“return x / factor” is not equivalent: test_scales_the_example catches it. Remove the entry."),
    ]


def test_a_reference_that_fails_is_not_mutated(tree, grader):
    tree.change(tree.private / "scaling.py", "x * factor", "x + factor")
    found = audited(tree, grader)
    assert found.counts.mutants == 0
    texts = [problem.text for problem in found.problems if problem.path == tree.exercise.reference]
    assert texts[-1] == "no mutant was tried. First make the reference get full score."
    assert any(text.startswith("it must get full score, but test_") for text in texts)


def test_a_test_held_back_by_another_must_catch_the_mistake_alone(tree, grader):
    path = tree.public / "test_scaling.py"
    marker = '@pytest.mark.needs("test_scales_the_example")\n'
    tree.change(path, "def test_scaling_twice", f"{marker}def test_scaling_twice")
    tree.change(path, "import torch\n", "import pytest\nimport torch\n")
    assert audited(tree, grader).problems == ()


def test_a_suite_that_cannot_be_collected_is_one_problem(tree, grader):
    tree.change(tree.public / "test_scaling.py", "import torch\n", "import torch\nimport nowhere_at_all\n")
    faults = [problem for problem in audited(tree, grader).problems if "could not be graded" in problem.text]
    assert len(faults) == 1
    assert "nowhere_at_all" in faults[0].text


def test_broken_files_are_not_graded(tree):
    (tree.private / "scaling.py").write_text("def f(:\n")
    found = audit(tree.exercise, tree.catalogue, Stumbling(99))
    assert [str(problem.path.name) for problem in found.problems] == ["scaling.py"]
    assert found.counts == Counts()


def test_counts_the_share_of_mutants_killed():
    assert Counts(mutants=21, killed=19, recorded=1).rate == 0.95
    assert Counts().rate == 1.0
