"""A training check from end to end, in the grader and in the self-check."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from grader.report import Report, Verdict
from grader.submission import Upload
from tests.grader.training.course import GREET, TABLE, TESTS, reaching, write_course

CALIBRATION = """
[cpu]
version = "0"
date = 2026-01-01
device = "a processor"
python = "3.11"
torch = "2"
mean = 1.2
own = 0.2
shared = 0.0
seconds = 0.1
values = [[1.2, 1.2, 1.2]]
"""


@pytest.fixture
def grade(grader, tmp_path):
    def grade(source, tests=TESTS, table=TABLE, calibration="", **options):
        exercise = write_course(tmp_path / str(len(list(tmp_path.iterdir()))), tests, table)
        if calibration:
            (exercise.private / "calibration.toml").write_text(calibration)
        return grader.grade(exercise, Upload("toy.py", source.encode()), **{"seed": "1", **options})

    return grade


def test_a_part_of_the_ladder_gives_a_part_of_the_points(grade):
    report = grade(reaching(0.7, 0.8, 0.75))
    training, other = report.tests
    assert (training.verdict, training.earned, training.points) == (Verdict.FAILED, 3, 4)
    assert training.message == {
        "en": "0.750 ± 0.050 over 3 runs; 1 is needed for 4 points.",
        "pt-BR": "0,750 ± 0,050 em 3 execuções; é preciso 1 para 4 pontos.",
    }
    assert training.traceback == ""
    assert training.curve["result"] == [[1, 0.7], [2, 0.8], [3, 0.75]]
    assert other.verdict is Verdict.PASSED
    assert (report.score, report.max_score) == (4, 5)


def test_json_and_database_agree_on_the_points(grade):
    report = grade(reaching(0.7, 0.8, 0.75))
    again = Report.from_store(json.loads(json.dumps(report.to_store())))
    assert again == report
    told = again.to_dict("pt-BR")
    assert told["score"] == told["tests"][0]["earned"] + 1 == 4
    assert told["tests"][0]["message"].startswith("0,750")
    assert told["training"][0]["runs"] == [0.7, 0.8, 0.75]


@pytest.mark.parametrize(
    ("values", "earned", "message"),
    [
        ((1.0, 1.0, 1.0), 4, "1.000 ± 0.000 over 3 runs; 1 is needed for 4 points."),
        ((0.4, 0.4, 0.4), 0, "0.400 ± 0.000 over 3 runs; 0.5 is needed for 2 points."),
        ((0.5, 0.4999, 0.4998), 0, "0.4999 ± 0.0001 over 3 runs; 0.5 is needed for 2 points."),
    ],
)
def test_the_sentence_names_the_next_rung(grade, values, earned, message):
    training = grade(reaching(*values)).tests[0]
    assert (training.earned, training.message["en"]) == (earned, message)
    assert (training.verdict is Verdict.PASSED) == (earned == 4)


def test_more_seeds_are_run_before_points_are_refused(grade):
    lucky_later = (0.9, 0.95, 0.95, 1.0, 1.3, 0.0)
    assert grade(reaching(*lucky_later), calibration=CALIBRATION).tests[0].runs == [0.9, 0.95, 0.95, 1.0, 1.3]


def test_the_number_of_runs_is_bounded(grade):
    training = grade(reaching(*[0.99] * 40), calibration=CALIBRATION).tests[0]
    assert len(training.runs) == 12
    assert training.message["en"].startswith("0.990 ± 0.000 over 12 runs")


def test_a_hopeless_case_and_an_exercise_without_calibration_get_no_further_runs(grade, tmp_path_factory, grader):
    assert len(grade(reaching(*[0.55] * 9), calibration=CALIBRATION).tests[0].runs) == 3
    exercise = write_course(tmp_path_factory.mktemp("plain"))
    assert len(grader.grade(exercise, Upload("toy.py", reaching(*[0.99] * 9).encode())).tests[0].runs) == 3


def test_too_slow_is_told_with_what_was_reached_until_then(grade):
    source = GREET + "import time\ndef double(number):\n    time.sleep(60 if number == 3 else 0)\n    return 0.9\n"
    training, other = grade(source).tests
    assert (training.verdict, training.earned, training.runs) == (Verdict.TOO_SLOW, 0, [0.9, 0.9])
    assert training.message == {
        "en": "The training was stopped after 1.5 s, all the time that it has. Until then: 0.900 ± 0.000 over 2 runs.",
        "pt-BR": "O treinamento foi interrompido depois de 1.5 s, todo o tempo que ele tem. "
        "Até então: 0,900 ± 0,000 em 2 execuções.",
    }
    assert other.verdict is Verdict.PASSED


def test_all_calls_of_a_run_share_its_budget(grade):
    tests = TESTS.replace("student.double(run.number)", "sum(student.double(n) for n in range(100))")
    source = GREET + "import time\ndef double(number):\n    time.sleep(0.2)\n    return 1\n"
    assert grade(source, tests).tests[0].verdict is Verdict.TOO_SLOW


def test_our_own_time_and_that_of_loading_do_not_count(grade):
    tests = TESTS.replace("student.double(run.number)", "(time.sleep(0.7), student.double(run.number))[1]")
    table = TABLE.replace("budget_s = 1.5", "budget_s = 0.5")
    source = "import time\ntime.sleep(0.7)\n" + reaching(1.0, 1.0, 1.0)
    assert grade(source, tests, table).tests[0].verdict is Verdict.PASSED


WAITS = TESTS.replace("student.double(run.number)", "student.double(lambda: time.sleep(0.3))")


@pytest.mark.parametrize(("calls", "verdict"), [(3, Verdict.PASSED), (200, Verdict.TOO_SLOW)])
def test_what_a_tests_own_function_takes_is_not_the_students_time_up_to_the_budget(grade, calls, verdict):
    table = TABLE.replace("budget_s = 1.5", "budget_s = 1.0").replace("seeds = 3", "seeds = 1")
    source = (
        GREET
        + f"import time\ndef double(wait):\n    time.sleep(0.4)\n    [wait() for _ in range({calls})]\n    return 1\n"
    )
    assert grade(source, WAITS, table).tests[0].verdict is verdict


def test_what_it_asks_the_students_code_in_turn_is(grade):
    tests = TESTS.replace("student.double(run.number)", "student.double(lambda: student.greet('Ana'))")
    source = "import time\ndef greet(name): time.sleep(9)\ndef double(ask): ask()\n"
    assert grade(source, tests).tests[0].verdict is Verdict.TOO_SLOW


def test_a_run_knows_of_no_other(grade):
    source = GREET + "calls = []\ndef double(number):\n    calls.append(number)\n    return 1 / len(calls)\n"
    assert grade(source).tests[0].runs == [1, 1, 1]


def test_runs_have_seeds_of_their_own_and_a_grading_can_be_repeated(grade, tmp_path_factory, grader):
    tests = TESTS.replace(
        "student.double(run.number)", "student.double(run.seed % 1000) + float(run.rng.numpy.random())"
    )
    source = GREET + "import random\ndef double(seed): return seed + random.random()\n"
    first = grade(source, tests)
    exercise = write_course(tmp_path_factory.mktemp("again"), tests)
    again = grader.grade(exercise, Upload("toy.py", source.encode()), seed="1")
    assert len(set(first.tests[0].runs)) == 3
    assert again.tests[0].runs == first.tests[0].runs


def test_the_students_code_may_report_and_the_runs_follow_one_another(grade):
    tests = TESTS.replace("student.double(run.number)", "student.double(run.report)")
    source = GREET + "def double(report):\n    for n in range(5 * bool(report)): report(n, loss=n)\n    return 1\n"
    training = grade(source, tests).tests[0]
    assert [step for step, _ in training.curve["loss"]] == list(range(15))
    assert training.verdict is Verdict.PASSED


def test_what_the_students_code_reports_counts_for_nothing(grade):
    tests = TESTS.replace("student.double(run.number)", "student.double(run.report)")
    source = GREET + "def double(report):\n    report(0, accuracy=1.0)\n    return 0.4\n"
    training = grade(source, tests).tests[0]
    assert (training.earned, training.runs) == (0, [0.4] * 3)
    forged = grade(source.replace("accuracy", "result"), tests).tests[0]
    assert (forged.verdict, forged.earned, forged.curve) == (Verdict.FAILED, 0, {})


@pytest.mark.parametrize("value", ["float('nan')", "float('-inf')"])
def test_what_is_no_finite_number_is_worth_nothing(grade, value):
    training = grade(GREET + f"def double(number): return {value}\n").tests[0]
    assert (training.verdict, training.earned, training.runs) == (Verdict.FAILED, 0, [None] * 3)


@pytest.mark.parametrize("answer", ["None", "'1'", "object()", "[1.0]"])
def test_what_is_no_number_at_all_is_refused(grade, answer):
    training = grade(GREET + f"def double(number): return {answer}\n").tests[0]
    assert (training.verdict, training.earned) == (Verdict.FAILED, 0)


def test_an_exception_of_the_students_ends_the_check(grade):
    source = GREET + "def double(number):\n    assert number < 3, '1.0 ± 0.0 over 3 runs'\n    return 1.0\n"
    training = grade(source).tests[0]
    assert (training.verdict, training.earned) == (Verdict.CRASHED, 0)


def test_a_test_that_fails_after_its_check_is_worth_nothing(grade):
    tests = TESTS.replace("    training.check(lambda run: student.double(run.number))", "\n".join([
        "    training.check(lambda run: student.double(run.number))",
        "    assert student.greet('') == 'no'",
    ]))  # fmt: skip
    training = grade(reaching(1.0, 1.0, 1.0), tests).tests[0]
    assert (training.verdict, training.earned) == (Verdict.FAILED, 0)


def test_without_a_gpu_its_test_costs_nothing_even_if_it_needs_another(grade):
    tests = TESTS.replace("def test_trains", '@pytest.mark.gpu\n@pytest.mark.needs("test_goes_on")\ndef test_trains')
    table = TABLE.replace("training.cpu", "training.gpu")
    report = grade(reaching(0.0), tests, table)
    assert report.tests[0].verdict is Verdict.SKIPPED
    assert "GPU" in report.tests[0].message["pt-BR"]
    assert report.max_score == 1


def check_oneself(exercise, source, language):
    exercise.stub.write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(exercise.folder)]
    environment = {**os.environ, "GRADIENTE_LANG": language, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def test_the_self_check_says_the_same(tmp_path):
    exercise = write_course(tmp_path)
    told = check_oneself(exercise, reaching(0.7, 0.8, 0.75), "en")
    assert "toy: 4 of 5 points" in told
    assert (
        " ◐ Reaches a lot. (partly: 3 of 4 points)\n     0.750 ± 0.050 over 3 runs; 1 is needed for 4 points." in told
    )
    told = check_oneself(exercise, reaching(1.5, 1.4, 1.6), "pt-BR")
    assert "toy: 5 de 5 pontos" in told
    assert "1,500 ± 0,100 em 3 execuções; é preciso 1 para 4 pontos." in told


def test_the_self_check_minds_the_time(tmp_path):
    exercise = write_course(tmp_path, table=TABLE.replace("budget_s = 1.5", "budget_s = 0.1"))
    source = GREET + "import time\ndef double(number):\n    time.sleep(0.2)\n    return 1.0\n"
    assert "toy: 1 of 5 points" in check_oneself(exercise, source, "en")


# --- The data set that a ladder is for

MNIST = TABLE.replace("[training.cpu]", '[training.cpu]\ndataset = "mnist"')
STANDS_IN = TESTS.replace(
    "    training.check(lambda run: student.double(run.number))",
    """
    def reached(run):
        given = task(run.dataset, 100, 100, seed=run.seed, twin="digits")
        assert given.dataset == "digits"
        return student.double(run.number)

    training.check(reached)
""",
).replace("test_trains(student, training)", "test_trains(student, task, training)")


def test_where_another_set_stands_in_no_points_are_given_or_refused(grade):
    report = grade(reaching(0.7, 0.8, 0.75), STANDS_IN, MNIST)
    training = report.tests[0]
    assert (training.verdict, training.points, training.runs) == (Verdict.SKIPPED, 0, [0.7])
    assert training.message == {
        "en": "0.700 in one run on digits. It is worth no points and costs none: the levels are for mnist.",
        "pt-BR": "0,700 em uma execução com digits. Não vale nem custa pontos: os níveis são para mnist.",
    }
    assert training.datasets == {"mnist": "digits"}
    assert (report.score, report.max_score) == (1, 1)


def test_a_training_that_breaks_on_the_stand_in_costs_nothing_either(grade):
    source = GREET + "def double(number): raise ValueError('no')\n"
    report = grade(source, STANDS_IN, MNIST)
    assert (report.tests[0].verdict, report.tests[0].points) == (Verdict.CRASHED, 0)
    assert report.max_score == 1


def test_the_ladders_own_set_counts(grade):
    report = grade(reaching(1.0, 1.0, 1.0), STANDS_IN)
    assert report.tests[0].datasets == {"digits": "digits"}
    assert report.score == 5


def test_the_self_check_says_that_it_ran_on_another_set(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIENTE_DATA", str(tmp_path))
    # Its clock counts what opening scikit-learn takes, too.
    exercise = write_course(tmp_path, STANDS_IN, MNIST.replace("budget_s = 1.5", "budget_s = 90"))
    told = check_oneself(exercise, reaching(0.7), "en")
    assert "toy: 1 of 1 points" in told
    assert " – Reaches a lot.\n     Ran on digits, because mnist is not here.\n     0.700 in one run on digits." in told


SPLITS = TESTS.replace(
    "    training.check(lambda run: student.double(run.number))",
    """
    def asked(seed=None):
        # All 599 questions of a split, whatever their order, their dither and the images that are taught.
        return (task("digits", 10, 599, seed=seed)._questions * 16).round().sum((1, 2, 3)).sort().values.tolist()

    assert asked() == asked(1)
    seen = [asked()]

    def reached(run):
        seen.append(asked(run.seed))
        return student.double(run.number) if seen[-1] == asked() and seen[-1] not in seen[:-1] else 0.0

    training.check(reached)
    assert asked() == seen[-1]
""",
).replace("test_trains(student, training)", "test_trains(student, task, training)")


def test_each_run_is_asked_other_questions_and_whoever_is_asked_twice_is_asked_the_same(grade):
    training = grade(reaching(1.0, 1.0, 1.0), SPLITS).tests[0]
    assert (training.verdict, training.runs) == (Verdict.PASSED, [1.0, 1.0, 1.0]), training.detail
