"""One grading from end to end: what the report says of right, wrong, broken and hostile submissions."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.errors import ExerciseError
from grader.report import Owner, Report, Verdict
from grader.submission import Upload
from tests.conftest import REFERENCE, ROOT, STUB, write_tree

GREET = 'def greet(name): return f"Olá, {name}"\n'
TESTS = ["test_doubles", "test_keeps_the_type", "test_leaves_its_input_alone", "test_greets", "test_greets_nobody"]


@pytest.fixture
def grade(grader, toys):
    def run(source: str | bytes, name: str = "toy.py", **options) -> Report:
        content = source if isinstance(source, bytes) else source.encode()
        return grader.grade(toys.find("toy"), Upload(name, content), **{"seed": "1", **options})

    return run


def by_name(report: Report) -> dict:
    return {test.name: test for test in report.tests}


def test_the_reference_gets_full_score(grade):
    report = grade(REFERENCE)
    assert (report.score, report.max_score, report.owner) == (6, 6, None)
    assert [test.name for test in report.tests] == TESTS


def test_the_stub_gets_nothing_and_is_told_why(grade):
    report = grade(STUB)
    assert report.score == 0
    assert by_name(report)["test_doubles"].verdict is Verdict.CRASHED
    assert by_name(report)["test_doubles"].message["pt-BR"].startswith("Ainda não escrito")


def test_a_test_whose_need_failed_is_skipped_with_its_title(grade):
    found = by_name(grade("def double(x): return 2 * x"))["test_greets_nobody"]
    assert found.verdict is Verdict.SKIPPED
    assert found.message["en"] == "Skipped: first make “Greets by name.” pass."


def test_titles_and_hints_are_in_both_languages(grade):
    test = by_name(grade("def double(x): return x\n" + GREET))["test_doubles"]
    assert test.title == {"en": "Doubles every element.", "pt-BR": "Dobra cada elemento."}
    assert test.hint["pt-BR"] == "Multiplique por dois."


def test_what_takes_long_to_import_is_there_for_sources_that_name_it_and_for_no_others(grade):
    # Not named itself: that would be a reason.
    seen = "print('torch._dyn' + 'amo' in sys.modules)"
    source = f"import sys\n\n\ndef double(x):\n    {seen}\n    return 2 * x\n\n\n{GREET}"
    for more, expected in (("", "False\n"), ("# torchvision\n", "True\n")):
        report = grade(more + source)
        assert report.score == 6
        assert by_name(report)["test_doubles"].output == expected


def test_a_test_that_crashes_shows_its_own_lines_and_none_of_the_graders(grade):
    source = f"def double(x):\n    raise ValueError('no')\n\n\n{GREET}"
    detail = by_name(grade(source))["test_doubles"].detail
    assert "student.double" in detail
    assert "peer.py" not in detail
    # What could not be loaded is raised in each test anew.
    unloaded = [test.detail for test in grade("def double(").tests if test.detail]
    assert len(unloaded) > 2
    assert max(map(len, unloaded)) < 5_000


def test_public_tests_show_what_was_expected(grade):
    test = by_name(grade("def double(x): return x\n" + GREET))["test_doubles"]
    assert "not close" in test.traceback
    assert "assert_close(student.double(x), x + x)" in test.traceback
    assert str(ROOT) not in test.traceback
    assert "/solutions" not in test.traceback


def test_hidden_tests_show_nothing_but_the_requirement(grade):
    test = by_name(grade("def double(x): return x\n" + GREET))["test_keeps_the_type"]
    assert test.verdict is Verdict.FAILED
    assert test.message["en"] == "The result is not as required."
    assert "24691" not in test.message["en"] + test.traceback + test.output
    assert "24691" in test.detail


def test_own_exceptions_are_shown_with_own_lines_alone(grade):
    test = by_name(grade("def double(x):\n    return helper(x)\ndef helper(x):\n    raise ValueError('mine')\n"))[
        "test_keeps_the_type"
    ]
    assert test.verdict is Verdict.CRASHED
    assert test.message["en"] == "Your code raised ValueError: mine"
    assert 'File "toy.py", line 4, in helper' in test.traceback
    assert "raise ValueError('mine')" in test.traceback
    assert "grader" not in test.traceback


def test_own_output_is_shown_with_the_test_that_caused_it(grade):
    report = by_name(grade("def double(x):\n    print('twice')\n    return 2 * x\n" + GREET))
    assert report["test_doubles"].output == "twice\n"
    assert report["test_greets"].output == ""


def test_in_place_changes_are_caught(grade):
    report = by_name(grade("def double(x):\n    x *= 2\n    return x\n" + GREET))
    assert report["test_leaves_its_input_alone"].verdict is Verdict.FAILED


def test_a_missing_function_is_named(grade):
    test = by_name(grade(GREET))["test_doubles"]
    assert test.verdict is Verdict.CRASHED
    assert test.message["en"] == "Your file does not define double. Keep the names of the stub."


def test_a_wrong_signature_is_explained(grade):
    test = by_name(grade("def double(): return 1\n" + GREET))["test_doubles"]
    assert "double() takes 0 positional arguments but 1 was given" in test.message["en"]


LOADING = {
    "syntax": ("def double(x)\n    return x", Verdict.CRASHED, "SyntaxError: expected ':'"),
    "no package": ("import tensorflow_of_mine", Verdict.CRASHED, "No module named 'tensorflow_of_mine'"),
    "endless": ("while True: pass", Verdict.TOO_SLOW, "Loading your file was stopped after 2 s"),
    "exit": ("import os\nos._exit(0)", Verdict.CRASHED, "ended the Python process (status 0)"),
    "sys.exit": ("import sys\nsys.exit(3)", Verdict.CRASHED, "SystemExit: 3"),
    "deep": ("x = " + "(" * 5000 + ")" * 5000, Verdict.CRASHED, "too many nested parentheses"),
}


@pytest.mark.parametrize("case", LOADING)
def test_a_file_that_cannot_be_loaded_says_so_in_every_test(grade, case):
    source, verdict, message = LOADING[case]
    report = grade(source)
    assert report.score == 0
    assert report.owner is None
    first = report.tests[0]
    assert first.verdict is verdict
    assert message in first.message["en"]
    assert {test.verdict for test in report.tests} <= {verdict, Verdict.SKIPPED}
    assert [test.unloaded for test in report.tests] == [test.verdict is verdict for test in report.tests]
    assert report.obstacle is first


def test_a_file_that_loads_is_in_nobodys_way(grade):
    report = grade("def double(x): import tensorflow_of_mine\n" + GREET)

    assert "tensorflow_of_mine" in by_name(report)["test_doubles"].message["en"]
    assert report.obstacle is None


def test_a_syntax_error_shows_the_line(grade):
    assert 'File "toy.py", line 1' in grade("def double(x)\n    return x").tests[0].traceback


CALLS = {
    "endless": ("while True: pass", Verdict.TOO_SLOW, "A call was stopped after 2 s"),
    "asleep": ("import time; time.sleep(60)", Verdict.TOO_SLOW, "A call was stopped after 2 s"),
    "exit": ("import os; os._exit(7)", Verdict.CRASHED, "(status 7)"),
    "segfault": ("import ctypes; ctypes.string_at(0)", Verdict.CRASHED, "Segmentation fault"),
    "40 GB": ("import torch; return torch.ones(10**10)", Verdict.TOO_BIG, "more than the 512 MB of memory"),
    "40 GB in Python": ("return bytearray(40 * 2**30)", Verdict.TOO_BIG, "more than the 512 MB of memory"),
    "slow memory": ("l = []\n    while True: l.append(bytearray(2**26))", Verdict.TOO_BIG, "512 MB of memory"),
    "50 MB of output": ("print('x' * 50_000_000); return 2 * x", Verdict.TOO_BIG, "printed more than"),
    "huge answer": ("import torch; return torch.zeros(1).expand(2**40)", Verdict.TOO_BIG, "too large an answer"),
    "deep answer": ("l = []\n    for _ in range(1000): l = [l]\n    return l", Verdict.TOO_BIG, "levels deep"),
    "cyclic answer": ("l = []\n    l.append(l)\n    return l", Verdict.TOO_BIG, "levels deep"),
    "many parts": ("return list(range(10**7))", Verdict.TOO_BIG, "parts"),
    "nan": ("return x * float('nan')", Verdict.FAILED, "not as required"),
    "none": ("return None", Verdict.FAILED, "not as required"),
    "text": ("return 'two'", Verdict.FAILED, "could not use what your code returned (TypeError"),
    "shape": ("return (2 * x).reshape(-1, 1)", Verdict.FAILED, "not as required"),
    "dtype": ("return (2 * x).int()", Verdict.FAILED, "not as required"),
    "device": ("return (2 * x).to('meta')", Verdict.CRASHED, "cannot leave the process"),
    "object": ("return object()", Verdict.FAILED, "an object of yours"),
    "sparse": ("return (2 * x).to_sparse()", Verdict.CRASHED, "cannot leave the process"),
    "recursion": ("return double(x)", Verdict.CRASHED, "RecursionError"),
}


@pytest.mark.parametrize("case", CALLS)
def test_a_call_that_goes_wrong_costs_its_own_test_alone(grade, case):
    body, verdict, message = CALLS[case]
    report = by_name(grade(f"def double(x):\n    {body}\n{GREET}"))
    test = report["test_doubles"]
    assert test.verdict is verdict, test
    assert message in test.message["en"] + test.traceback
    assert report["test_greets"].verdict is Verdict.PASSED
    assert report["test_greets_nobody"].verdict is Verdict.PASSED


def test_a_fork_bomb_is_contained(grade):
    report = by_name(grade(f"def double(x):\n    import os\n    while True: os.fork()\n{GREET}"))
    assert report["test_doubles"].verdict in (Verdict.CRASHED, Verdict.TOO_SLOW, Verdict.TOO_BIG)
    assert report["test_greets"].verdict is Verdict.PASSED


REFUSED = {
    "empty": (b"", "toy.py", "no code"),
    "comments": (b"# nothing\n\n", "toy.py", "no code"),
    "latin": ("def double(x): return 'ação'".encode("latin-1"), "toy.py", "UTF-8"),
    "nul": (b"x = 1\0", "toy.py", "NUL"),
    "no notebook": (b"not json", "toy.ipynb", "JSON"),
    "no zip": (b"PK but no", "toy.zip", "zip"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_is_no_submission_is_the_students_to_mend(grade, case):
    content, name, word = REFUSED[case]
    report = grade(content, name)
    assert report.owner is Owner.STUDENT
    assert report.tests == ()
    assert word.lower() in report.message["en"].lower()
    assert report.message["pt-BR"]
    assert report.message["pt-BR"] != report.message["en"]


def notebook(*cells: str) -> str:
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [
                {
                    "cell_type": "code",
                    "source": cell,
                    "metadata": {},
                    "outputs": [],
                    "execution_count": None,
                    "id": f"{i}",
                }
                for i, cell in enumerate(cells)
            ],
        }
    )


def test_a_traceback_of_a_notebook_names_cells(grade):
    report = grade(notebook("import torch", "def double(x):\n    y = 1\n    return x + missing", GREET), "toy.ipynb")
    assert 'File "cell 2", line 3, in double' in by_name(report)["test_doubles"].traceback
    assert "return x + missing" in by_name(report)["test_doubles"].traceback


def test_a_syntax_error_of_a_notebook_names_its_cell(grade):
    report = grade(notebook("import torch", "x = 1\ndef double(x:\n    return x", GREET), "toy.ipynb")
    assert 'File "cell 2", line 2' in by_name(report)["test_doubles"].traceback


def test_a_notebook_is_graded_by_its_definitions(grade):
    cells = [
        "%matplotlib inline\nimport torch",
        "def double(x):\n    return 2 * x",
        "!pip install x\n" + GREET,
        "plot()",
    ]
    report = grade(notebook(*cells), "toy.ipynb")
    assert report.score == 6
    assert any("%matplotlib inline" in line for line in report.left_out)
    assert any("!pip install x" in line for line in report.left_out)
    assert any("plot()" in line for line in report.left_out)


def test_the_same_seed_gives_the_same_report(grade):
    source = "import random\ndef double(x): return 2 * x * (random.random() < 0.5)\n" + GREET
    reports = {json.dumps(grade(source, seed="7").without_times().to_store()) for _ in range(50)}
    assert len(reports) == 1


def test_two_gradings_at_once_do_not_disturb_each_other(grade):
    source = "import random\nprint(random.random())\ndef double(x): return 2 * x * (random.random() < 0.5)\n" + GREET
    alone = grade(source, seed="7").without_times()
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: grade(source, seed="7").without_times(), range(40)))
    assert set(map(str, reports)) == {str(alone)}


def test_another_seed_gives_other_inputs(grade):
    source = "def double(x):\n    print(x.sum().item())\n    return 2 * x\n" + GREET
    outputs = {by_name(grade(source, seed=str(seed)))["test_doubles"].output for seed in range(3)}
    assert len(outputs) == 3


def test_the_candidates_seed_is_not_the_tests_seed(grade):
    source = "import torch\ndef double(x):\n    print(torch.equal(torch.randn(3, 4, generator=torch.Generator()"
    source += ".manual_seed(torch.initial_seed())), x))\n    return 2 * x\n" + GREET
    assert by_name(grade(source))["test_doubles"].output == "False\n"


def test_events_announce_all_tests_before_the_first_verdict(grade):
    events = []
    grade(REFERENCE, on_event=events.append)
    assert [event["event"] for event in events][:2] == ["started", "read"]
    assert events[0]["tests"] == TESTS
    assert [event["test"]["name"] for event in events if event["event"] == "test"] == TESTS


def test_some_tests_can_be_run_alone(grade):
    report = grade(REFERENCE, only=frozenset({"test_greets"}))
    assert [test.name for test in report.tests] == ["test_greets"]


def test_hidden_tests_can_be_left_out(grade):
    events = []
    report = grade(REFERENCE, hidden=False, on_event=events.append)

    assert [test.name for test in report.tests] == events[0]["tests"] == ["test_doubles"]
    assert (report.score, report.max_score) == (2, 2)
    assert report.without_times().tests == grade(REFERENCE).public.without_times().tests


def test_a_suite_without_public_tests_can_leave_out_the_hidden_ones(grade):
    report = grade(REFERENCE, hidden=False, only=frozenset({"test_greets"}))
    assert (report.tests, report.max_score, report.owner) == ((), 0, None)


def test_grading_can_stop_at_the_first_failure(grade):
    assert len(grade(STUB, stop_at_first=True).tests) == 1


@pytest.mark.parametrize(
    ("code", "word"),
    [("def test_(student: ", "SyntaxError"), ("import nothing_here", "nothing_here"), ("x = 1", "no test")],
)
def test_a_broken_suite_is_the_exercises_fault(grader, tmp_path, code, word):
    catalogue = write_tree(tmp_path)
    exercise = catalogue.find("toy")
    exercise.public_tests.write_text(code)
    if word == "no test":
        exercise.hidden_tests.unlink()
    with pytest.raises(ExerciseError, match=word):
        grader.grade(exercise, Upload("toy.py", REFERENCE.encode()))


def test_a_fixture_that_fails_is_a_grader_error_and_costs_nothing(grader, tmp_path):
    exercise = write_tree(tmp_path).find("toy")
    exercise.hidden_tests.write_text(
        'import pytest\n@pytest.fixture\ndef broken(): raise OSError("disk")\n'
        'def test_x(student, broken):\n    """X.\n\n    pt: X.\n    """\n'
    )
    report = grader.grade(exercise, Upload("toy.py", REFERENCE.encode()), seed="1")
    test = by_name(report)["test_x"]
    assert test.verdict is Verdict.GRADER_ERROR
    assert (report.score, report.max_score) == (2, 2)
    assert "disk" not in test.message["en"]
    assert "disk" in test.detail


def test_an_edited_exercise_is_collected_anew(grader, tmp_path):
    exercise = write_tree(tmp_path).find("toy")
    assert len(grader.grade(exercise, Upload("toy.py", REFERENCE.encode())).tests) == 5
    exercise.hidden_tests.unlink()
    edited = write_tree(tmp_path / "again").find("toy")
    edited.hidden_tests.unlink()
    assert len(grader.grade(edited, Upload("toy.py", REFERENCE.encode())).tests) == 1


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp("strict"), 'module = "toys"\nforbid = ["torch.add"]\n').find("toy")


def test_a_forbidden_function_is_named_with_its_line(grader, strict):
    source = "import torch\ndef double(x): return torch.add(x, x)\n" + GREET
    report = grader.grade(strict, Upload("toy.py", source.encode()), seed="1")
    assert report.score == 0
    assert report.tests[0].message["en"] == "Line 2 uses torch.add, which this exercise forbids. Write it yourself."
    assert {test.verdict for test in report.tests[1:]} == {Verdict.SKIPPED}
    assert report.obstacle is report.tests[0]


def test_a_forbidden_function_that_is_called_while_loading_is_named(grader, strict):
    source = "import torch\nadd = vars(torch)[''.join(['a', 'dd'])]\nnothing = add(1, 1)\n" + REFERENCE
    found = grader.grade(strict, Upload("toy.py", source.encode()), seed="1").obstacle
    assert found.message["en"] == "Your code called torch.add, which this exercise forbids. Write it yourself."
    assert "line 3" in found.traceback


def test_a_forbidden_function_in_a_notebook_is_named_with_its_cell(grader, strict):
    cells = notebook("import torch", "\ndef double(x): return torch.add(x, x)", GREET)
    report = grader.grade(strict, Upload("toy.ipynb", cells.encode()), seed="1")
    assert report.tests[0].message["en"].startswith("Line 2 of cell 2 uses torch.add")


def test_a_forbidden_function_that_reading_does_not_find_raises(grader, strict):
    source = "import torch\ndef double(x): return vars(torch)['a' + 'dd'](x, x)\n" + GREET
    tests = by_name(grader.grade(strict, Upload("toy.py", source.encode()), seed="1"))
    assert tests["test_doubles"].verdict is not Verdict.PASSED
    assert tests["test_greets"].verdict in (Verdict.PASSED, Verdict.SKIPPED)


def test_cases_of_hidden_tests_are_numbered(tmp_path, grader):
    catalogue = write_tree(tmp_path)
    path = tmp_path / "solutions" / "toy" / "test_toy_hidden.py"
    marker = '\n@pytest.mark.parametrize("name", ["Ana", "0.731"])'
    text = path.read_text().replace("\ndef test_greets(student)", f"{marker}\ndef test_greets(student, name)")
    path.write_text(text.replace('student.greet("Ana") == "Olá, Ana"', 'student.greet(name) == f"Olá, {name}"'))
    exercise = catalogue.find("toy")
    for only in (None, frozenset({"test_greets[0.731]"})):
        report = grader.grade(exercise, Upload("toy.py", REFERENCE.encode()), seed="1", only=only)
        titles = [test.title["pt-BR"] for test in report.tests if test.name.startswith("test_greets[")]
        assert titles[-1] == "Cumprimenta pelo nome. [2]"
        assert "0.731" not in str([test.title for test in report.tests])
