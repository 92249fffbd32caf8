"""One broken exercise per rule of the audit, made from the skeleton, and the message that its author reads."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grader import grading
from grader.audit import audit, check_files
from grader.audit.equivalent import NAME, read_entries
from grader.audit.finding import Counts, Problem, Timing
from grader.audit.leak import leaked_text
from grader.audit.trial import Outcome, Panel, Trial
from grader.audit.verdict import check_outcomes, check_times, time_tests
from grader.audit.wording import FORBIDDEN_TEST
from grader.audit.wording import tests_of as find_tests
from grader.errors import ExerciseError, InfrastructureError
from grader.exercise import Catalogue
from grader.pool import Grader
from grader.report import Report, TestResult, Verdict
from grader.skeleton import write_skeleton

CONFTEST = Path(__file__).parents[2] / "exercises" / "conftest.py"


class Tree:
    """One exercise made from the skeleton, to be broken."""

    def __init__(self, root):
        for name in ("exercises", "solutions"):
            (root / name).mkdir()
        shutil.copy(CONFTEST, root / "exercises")
        self.catalogue = Catalogue(root / "exercises", root / "solutions")
        self.public, self.private = root / "exercises" / "scaling", root / "solutions" / "scaling"
        write_skeleton(self.catalogue, "scaling")

    @property
    def exercise(self):
        return self.catalogue.find("scaling")

    def change(self, path, old, new):
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def problems(self):
        return [
            (problem.path.name, problem.line, problem.text) for problem in check_files(self.exercise, self.catalogue)
        ]

    def only_problem(self):
        [problem] = self.problems()
        return problem


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


# --- the folders


def test_a_missing_file(tree):
    (tree.public / "README.pt-BR.md").unlink()
    assert tree.only_problem() == ("README.pt-BR.md", None, "this file is missing. Write it.")


def test_missing_hidden_tests(tree):
    (tree.private / "test_scaling_hidden.py").unlink()
    shutil.rmtree(tree.private / "wrong")
    texts = [text for _, _, text in tree.problems()]
    assert texts == ["this file is missing. Write it.", "0 solutions; there must be at least 4. Write 4 more."]


def test_no_solutions_at_all(tree):
    shutil.rmtree(tree.private)
    path, _, text = tree.only_problem()
    assert (path, text.partition(".")[0]) == ("scaling", "the exercise has no folder in the solutions tree")


@pytest.mark.parametrize(
    ("place", "name", "advice"),
    [
        ("public", "helper.py", "Remove it, or put it into data/ if the tests read it."),
        ("public", "README.pt_BR.md", "Is it meant to be README.pt-BR.md?"),
        ("private", "equivalents.toml", "Is it meant to be equivalent.toml?"),
        ("private", "wrong/notes.txt", "Remove it, or put it into data/ if the tests read it."),
    ],
)
def test_an_unexpected_file(tree, place, name, advice):
    (getattr(tree, place) / name).write_text("")
    assert tree.only_problem() == (Path(name).name, None, f"this is not expected here. {advice}")


def test_a_misspelt_folder(tree):
    (tree.private / "wrongs").mkdir()
    assert tree.only_problem()[2] == "this is not expected here. Is it meant to be wrong?"


def test_caches_data_and_records_are_no_surprise(tree):
    for folder in (tree.public / "__pycache__", tree.public / "data", tree.private / "wrong" / "__pycache__"):
        folder.mkdir()
    (tree.private / NAME).write_text("")
    (tree.private / "calibration.toml").write_text("")
    assert tree.problems() == []


def test_too_few_right_solutions(tree):
    (tree.private / "right" / "loop.py").unlink()
    assert tree.only_problem() == ("right", None, "1 solutions; there must be at least 2. Write 1 more.")


def test_too_few_wrong_solutions(tree):
    (tree.private / "wrong" / "adds.py").unlink()
    assert tree.only_problem() == ("wrong", None, "3 solutions; there must be at least 4. Write 1 more.")


def test_a_slug_that_is_a_module(tree):
    for folder in (tree.public, tree.private):
        for path in folder.glob("*scaling*"):
            path.rename(path.with_name(path.name.replace("scaling", "random")))
        folder.rename(folder.with_name("random"))
    [problem] = check_files(tree.catalogue.find("random"), tree.catalogue)
    assert problem.text.startswith("random is a module of Python itself, and the student's file would hide it.")


def test_a_public_file_that_names_a_hidden_test(tree):
    tree.change(tree.public / "README.md", "Run `pytest`", "test_leaves_its_input_alone\nRun `pytest`")
    name, line, text = tree.only_problem()
    assert (name, line) == ("README.md", 21)
    assert text == "this names the hidden test test_leaves_its_input_alone. Students must not see its name here."


def test_a_public_file_that_leads_to_the_solutions(tree):
    tree.change(
        tree.public / "test_scaling.py", "import torch\n", "import torch\nfrom solutions.scaling import scaling\n"
    )
    assert tree.only_problem()[1:] == (
        4,
        "students get this file, and it leads to the solutions. Take that out.",
    )


# --- exercise.toml


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('prerequisites = ["softmax"]', "the prerequisite 'softmax' is no exercise. Mend or remove it."),
        ('prerequisites = ["scaling"]', "by its prerequisites the exercise needs itself. Break the circle."),
        ('forbid = ["torch.nothing"]', "forbid names 'torch.nothing', which cannot be imported. Mend or remove it."),
        ('forbid = ["nowhere.at"]', "forbid names 'nowhere.at', which cannot be imported. Mend or remove it."),
        ("limits = {seconds = 0}", "limits.seconds = 0 leaves nothing. Give a number above 0."),
    ],
)
def test_a_wrong_configuration(tree, line, text):
    with (tree.public / "exercise.toml").open("a") as file:
        file.write(f"{line}\n")
    assert tree.only_problem() == ("exercise.toml", None, text)


def test_a_module_that_is_no_word(tree):
    tree.change(tree.public / "exercise.toml", "starters", "First steps")
    assert tree.only_problem()[2] == "module = 'First steps' is not one lower-case word. Use one, such as “neurons”."


def test_forbidden_names_may_be_modules_and_methods(tree):
    with (tree.public / "exercise.toml").open("a") as file:
        file.write('forbid = ["torch.nn", "torch.Tensor.backward", "torch.nn.functional.softmax", "torchvision"]\n')
    assert tree.problems() == []


# --- stub and reference


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "factor: float",
            "c: float",
            "scale(x, c) but the reference has scale(x, factor). Make them equal.",
        ),
        (
            "factor: float",
            "factor: float = 1.0",
            "scale(x, factor=1.0) but the reference has scale(x, factor). Make them equal.",
        ),
        (
            "x: Tensor, factor",
            "x: Tensor, *, factor",
            "scale(x, *, factor) but the reference has scale(x, factor). Make them equal.",
        ),
        (
            "raise NotImplementedError",
            "return x",
            "scale does something. End it with “raise NotImplementedError”, or write it as in the reference.",
        ),
        (
            "\n\ndef scale",
            "\n\nLIMIT = 3\n\n\ndef scale",
            "the reference does not define LIMIT. Define it there, or remove it.",
        ),
    ],
)
def test_a_stub_that_differs_from_the_reference(tree, old, new, text):
    tree.change(tree.public / "scaling.py", old, new)
    name, line, found = tree.only_problem()
    assert (name, found) == ("scaling.py", text)
    assert line in (8, 10, 15)


def test_a_reference_with_a_name_of_its_own(tree):
    with (tree.private / "scaling.py").open("a") as file:
        file.write("\n\nclass Extra:\n    pass\n\n\ndef _private():\n    pass\n")
    text = "the stub does not define Extra. Define it there, or let its name begin with “_”."
    assert tree.only_problem() == ("scaling.py", 15, text)


STUB = '''
class Base:
    def step(self, n: int = 1):
        """Step."""
        raise NotImplementedError

class Net(Base):
    size: int = 8

    def __init__(self, a):
        super().__init__()
        raise NotImplementedError

    @property
    def rate(self):
        return 0.5
'''


def test_methods_are_compared_too(tree):
    for path in (tree.public / "scaling.py", tree.private / "scaling.py"):
        with path.open("a") as file:
            file.write(STUB)
    assert tree.problems() == []
    tree.change(tree.private / "scaling.py", "n: int = 1", "n: int = 2")
    tree.change(tree.private / "scaling.py", "size: int = 8", "size: int = 9")
    tree.change(tree.private / "scaling.py", "@property\n    def rate", "def rate")
    texts = [text for _, _, text in tree.problems()]
    assert texts == [
        "Base.step(self, n=1) but the reference has Base.step(self, n=2). Make them equal.",
        "Net.step(self, n=1) but the reference has Net.step(self, n=2). Make them equal.",
        "Net.size = 8 but the reference has Net.size = 9. Make them equal.",
        "@property Net.rate(self) but the reference has Net.rate(self). Make them equal.",
    ]


def test_a_file_that_python_cannot_read(tree):
    (tree.private / "wrong" / "adds.py").write_text("# caught by: test_scales_the_example\ndef f(:\n")
    assert tree.only_problem() == ("adds.py", 2, "Python cannot read this line (invalid syntax). Mend it.")


# --- what students read


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "Gives the numbers of the statement's example.\n",
            "\n",
            "it has no title. Begin its docstring with a sentence that students read.",
        ),
        (
            "    pt: Dá os números do exemplo do enunciado.\n",
            "",
            "its title has no translation. Add a paragraph “pt: ...” to its docstring.",
        ),
        (
            "    dica: Cada número é multiplicado, não aumentado.\n",
            "",
            "it has a hint in English alone. Add “dica: ...”.",
        ),
        (
            "    hint: Each number is multiplied, not increased.\n",
            "",
            "it has a hint in Portuguese alone. Add “hint: ...”.",
        ),
    ],
)
def test_a_test_without_its_texts(tree, old, new, text):
    tree.change(tree.public / "test_scaling.py", old, new)
    assert tree.only_problem() == ("test_scaling.py", 7, f"test_scales_the_example: {text}")


def test_a_misspelt_label(tree):
    tree.change(tree.public / "test_scaling.py", "pt: Escalar", "pt-br: Escalar")
    texts = [text.partition(": ")[2] for _, _, text in tree.problems()]
    assert texts[1] == "“pt-br:” is no label of a docstring. Use pt:, hint: or dica:."


def test_two_tests_of_one_name(tree):
    tree.change(tree.private / "test_scaling_hidden.py", "test_leaves_its_input_alone", "test_scales_the_example")
    tree.change(tree.private / "wrong" / "in_place.py", "test_leaves_its_input_alone", "test_scales_the_example")
    assert [text for _, _, text in tree.problems()] == [
        "test_scales_the_example: there are 2 tests called test_scales_the_example. Rename all but one.",
    ] * 2


def test_a_need_that_is_no_test(tree):
    path = tree.private / "test_scaling_hidden.py"
    tree.change(path, "@pytest.mark.points(2)", '@pytest.mark.needs("test_scales")')
    text = "it needs 'test_scales', which is no test of this exercise. Mend the marker."
    assert tree.only_problem()[2] == f"test_refuses_factors_that_are_not_positive: {text}"


def test_a_file_without_tests(tree):
    (tree.public / "test_scaling.py").write_text("import torch\n")
    for path in (tree.private / "wrong").iterdir():
        path.write_text("# caught by: test_leaves_its_input_alone\n")
    assert tree.only_problem()[2] == "there is no test in this file. Write one: def test_...(student)."


@pytest.mark.parametrize("first", ["", "# caught by:\n", "# Caught by: test_scales_the_example\n", '"""Text."""\n'])
def test_a_wrong_solution_that_names_no_test(tree, first):
    (tree.private / "wrong" / "adds.py").write_text(first)
    text = "the first line does not say who catches it. Write “# caught by: test_a, test_b”."
    assert tree.only_problem() == ("adds.py", 1, text)


def test_a_wrong_solution_that_names_another_test(tree):
    (tree.private / "wrong" / "adds.py").write_text("# caught by: test_scales_the_example, test_that_is_not_there\n")
    text = "test_that_is_not_there is no test of this exercise. Name one that catches this mistake."
    assert tree.only_problem() == ("adds.py", 1, text)


def test_a_wrong_solution_may_name_the_graders_own_test(tree):
    assert FORBIDDEN_TEST == grading.FORBIDDEN_TEST
    (tree.private / "wrong" / "adds.py").write_text(f"# caught by: {FORBIDDEN_TEST}\n")
    assert len(tree.problems()) == 1
    with (tree.public / "exercise.toml").open("a") as file:
        file.write('forbid = ["torch.nn"]\n')
    assert tree.problems() == []


@pytest.mark.parametrize(
    ("name", "old", "new", "text"),
    [
        ("README.pt-BR.md", "## Dicas\n", "", "2 headings, but README.md has 3"),
        ("README.pt-BR.md", "$$\ny_i = c \\, x_i\n$$", "", "0 formulas ($$), but README.md has 1"),
        ("README.md", "## Hints\n", "## Hints\n```\n# no heading\n```\n", "0 code blocks, but README.md has 1"),
        ("README.md", "$$\n\n|", "\n|", "a $$ or ``` is not closed"),
    ],
)
def test_statements_that_differ(tree, name, old, new, text):
    tree.change(tree.public / name, old, new)
    assert text in [found.partition(". ")[0] for _, _, found in tree.problems()]


def test_a_statement_without_a_heading(tree):
    (tree.public / "README.md").write_text("Scale.\n")
    assert ("README.md", None, "there is no heading. Begin with “# Title”.") in tree.problems()


# --- recorded mutants


def test_a_record_without_a_reason(tree):
    path = tree.private / NAME
    path.write_text('[[equivalent]]\nline = "x"\nbecomes = "y"\nreason = ""\n')
    _, problems = read_entries(path)
    assert problems == [Problem(path, 2, "an entry has no reason. Say why nobody can tell.")]


def test_a_broken_file_of_records(tree):
    path = tree.private / NAME
    path.write_text('[[equivalent]]\nline = "x"\n')
    [problem] = read_entries(path)[1]
    assert "missing required field `becomes`" in problem.text
    assert problem.text.endswith("each entry has where, line, becomes and reason.")


# --- what gradings say, from made-up reports


def outcome(path, *results, fault="", seed="1"):
    report = Report("", "scaling", "", seed, "cpu", tests=results)
    return Outcome(Trial(path, seed), None if fault else report, fault)


def result(name, verdict="passed", **values):
    return TestResult(name, {}, values.pop("points", 1.0), Verdict(verdict), **values)


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


# --- leaks

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


# --- the panel


class Stumbling:
    """A grader that fails a number of times first."""

    def __init__(self, failures):
        self.failures = failures

    def grade(self, exercise, upload, **options):
        self.failures -= 1
        if self.failures >= 0:
            raise InfrastructureError("no process could be started")
        return Report(upload.filename, exercise.slug, "", "1", "cpu", (result("test_a"),))


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


def test_counts_the_share_of_mutants_killed():
    assert Counts(mutants=21, killed=19, recorded=1).rate == 0.95
    assert Counts().rate == 1.0


# --- whole audits, in the sandbox


@pytest.fixture(scope="module")
def grader(tmp_path_factory):
    if sys.platform != "linux":
        pytest.skip("the sandbox is made of Linux namespaces")
    exercises = tmp_path_factory.mktemp("exercises")
    shutil.copy(CONFTEST, exercises)
    try:
        found = Grader(Catalogue(exercises, None))
    except InfrastructureError as error:
        pytest.skip(str(error))
    with found:
        yield found


def audited(tree, grader, **options):
    return audit(tree.exercise, tree.catalogue, grader, **{"seeds": 2, **options})


def test_the_skeleton_passes(tree, grader):
    told = []
    found = audited(tree, grader, seeds=5, on_progress=lambda *values: told.append(values))
    assert [str(problem) for problem in found.problems] == []
    assert found.passed
    assert found.survivors == ()
    assert found.counts == Counts(4, 5.0, 2, 4, found.counts.mutants, found.counts.mutants, 0)
    assert len(found.timings) == 4
    assert told[-1][0] == told[-1][1] == 1 + 3 * 5 + 4 + found.counts.mutants
    assert json.loads(json.dumps(found.to_dict()))["counts"]["rate"] == 1.0


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


def test_an_exercise_that_cannot_be_read_says_where(tree):
    (tree.public / "exercise.toml").write_text("module = 3\n")
    with pytest.raises(ExerciseError, match="Expected `str`, got `int`"):
        tree.exercise  # noqa: B018
