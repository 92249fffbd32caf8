"""Measuring what the reference reaches, and what the audit says of it."""

from __future__ import annotations

import shutil

import msgspec
import pytest

from grader.audit.calibrate import calibrate
from grader.audit.finding import AuditResult, Problem
from grader.audit.training import check_training, note_training
from grader.errors import ExerciseError
from grader.exercise import Catalogue
from grader.training.calibration import Calibration, read_calibration, write_record
from tests.grader.training.course import GREET, TABLE, TESTS, write_course

SPREADING = GREET + "import random\ndef double(number): return random.gauss(2, 0.1)\n"


@pytest.fixture(scope="module")
def measured(grader, tmp_path_factory):
    """An exercise and what a real calibration measured of it."""
    exercise = write_course(tmp_path_factory.mktemp("measured"))
    exercise.reference.write_text(SPREADING)
    done = []
    record = calibrate(
        exercise, grader, "cpu", device="cpu", gradings=12, jobs=2, on_progress=lambda *told: done.append(told[0])
    )
    assert done == list(range(1, 13))
    return exercise, record


@pytest.fixture
def course(measured, tmp_path):
    """A copy of it with its calibration, to be changed."""
    original, record = measured
    shutil.copytree(original.folder.parent.parent, tmp_path / "copy")
    catalogue = Catalogue(tmp_path / "copy" / "exercises", tmp_path / "copy" / "solutions")
    write_record(catalogue.find("toy"), "cpu", record)
    return catalogue


def problems(catalogue):
    return [problem.text for problem in check_training(catalogue.find("toy"))]


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_every_grading_has_runs_of_its_own(measured):
    _, record = measured
    assert [len(runs) for runs in record.values] == [3] * 12
    assert len({value for runs in record.values for value in runs}) == 36
    assert record.mean == pytest.approx(2, abs=0.1)
    assert record.own == pytest.approx(0.1, abs=0.05)
    assert record.device
    assert record.torch


def test_what_was_measured_is_read_back(course, measured):
    assert read_calibration(course.find("toy")) == Calibration(cpu=measured[1])


def test_the_other_class_of_devices_keeps_its_record(course, measured):
    exercise, record = course.find("toy"), measured[1]
    other = msgspec.structs.replace(record, device='NVIDIA "H200"', mean=3.5)
    write_record(exercise, "gpu", other)
    assert read_calibration(course.find("toy")) == Calibration(cpu=record, gpu=other)


def test_a_calibration_is_part_of_the_exercises_version(course):
    before = course.find("toy").version
    (course.solutions / "toy" / "calibration.toml").unlink()
    assert course.find("toy").version != before


def test_what_fits_is_no_problem(course):
    assert problems(course) == []


def test_a_ladder_that_asks_too_much_is_told_what_it_may_ask(course, measured):
    table = course.exercises / "toy" / "exercise.toml"
    change(table, "[1.0, 4]", "[1.95, 4]")
    [text] = problems(course)
    assert "refused full points too often (more than 1 in 1,000)" in text
    change(table, "[1.95, 4]", f"[{text.partition('end at ')[2].partition(',')[0]}, 4]")
    assert [each for each in problems(course) if "measured" not in each] == []


@pytest.mark.parametrize("name", ["exercises/toy/test_toy.py", "solutions/toy/toy.py"])
def test_a_calibration_of_other_files_is_out_of_date(course, name):
    path = course.exercises.parent / name
    path.write_text(path.read_text() + "\n# changed\n")
    [text] = problems(course)
    assert "was measured before" in text
    assert "gradiente audit toy --calibrate" in text


def test_other_points_do_not_make_it_out_of_date(course):
    change(course.exercises / "toy" / "exercise.toml", "[[0.5, 2], [1.0, 4]]", "[[0.6, 3], [1.1, 9]]")
    assert problems(course) == []


def test_a_training_must_be_measured_and_often_enough(course, measured):
    write_record(course.find("toy"), "cpu", msgspec.structs.replace(measured[1], values=measured[1].values[:5]))
    assert problems(course) == ["[cpu] has 5 gradings, and 12 are needed. Run: gradiente audit toy --calibrate"]
    (course.solutions / "toy" / "calibration.toml").unlink()
    [text] = problems(course)
    assert "was not measured. Run: gradiente audit toy --calibrate" in text


def test_a_reference_without_time_to_spare_is_a_problem(course, measured):
    write_record(course.find("toy"), "cpu", msgspec.structs.replace(measured[1], seconds=1.0))
    [text] = problems(course)
    assert "a run of the reference takes 1.0 s" in text


def test_a_broken_calibration_is_a_problem(course):
    change(course.solutions / "toy" / "calibration.toml", "mean", "middle")
    [text] = problems(course)
    assert "cpu" in text


@pytest.mark.parametrize(
    ("table", "tests", "told"),
    [
        (TABLE.partition("[training]")[0], TESTS, ["exercise.toml has no [training.cpu]"]),
        (
            TABLE,
            TESTS.partition("def test_trains")[0] + "def test_one(student): ...",
            ["no test checks [training.cpu]"],
        ),
        (TABLE, TESTS.replace("def test_trains", "@pytest.mark.points(3)\ndef test_trains"), ["Remove its marker"]),
        (TABLE, TESTS + "\ndef test_more(student, training): ...\n", ["test_more is the second test"]),
        (TABLE, TESTS.replace("student.double(", "task('mnist', 9, 9) or student.double("), ["trains on mnist"]),
        (TABLE, TESTS.replace("student.double(", "task(run.dataset, 9, 9) or student.double("), []),
        (
            TABLE,
            TESTS.replace("def test_trains", "@pytest.mark.gpu\ndef test_trains"),
            ["no test checks [training.cpu]", "has no [training.gpu]"],
        ),
    ],
)
def test_table_and_tests_belong_together(tmp_path, table, tests, told):
    exercise = write_course(tmp_path, tests, table)
    found = [problem.text for problem in check_training(exercise) if "not measured" not in problem.text]
    assert len(found) == len(told)
    assert all(part in text for part, text in zip(told, found, strict=True))


def test_a_reference_that_fails_is_not_calibrated(grader, tmp_path):
    exercise = write_course(tmp_path)
    exercise.reference.write_text(GREET + "def double(number): raise ValueError('no')\n")
    with pytest.raises(ExerciseError, match="test_trains crashed with the reference"):
        calibrate(exercise, grader, "cpu", device="cpu", gradings=2, jobs=2)


BOTH = TABLE + "[training.gpu]\nbudget_s = 9\nladder = [[0.9, 1]]\n"
ON_BOTH = TESTS + "\n\n@pytest.mark.gpu\ndef test_trains_there(student, training): ...\n"


def test_what_only_a_host_with_a_gpu_can_measure_is_a_note(tmp_path, monkeypatch):
    exercise = write_course(tmp_path, ON_BOTH, BOTH)
    monkeypatch.setattr("grader.audit.training._can_measure", lambda kind: kind == "cpu")
    assert ["[training.cpu]" in problem.text for problem in check_training(exercise)] == [True]
    [note] = note_training(exercise)
    assert "[training.gpu] was not measured. Run: gradiente audit toy --calibrate --device cuda" in note.text
    assert "This host has no such device." in note.text
    monkeypatch.setattr("grader.audit.training._can_measure", lambda kind: True)
    assert len([*check_training(exercise)]) == 2
    assert [*note_training(exercise)] == []


def test_a_note_does_not_make_an_audit_fail(tmp_path):
    note = Problem(tmp_path, None, "to be measured elsewhere")
    result = AuditResult("toy", (), notes=(note,))
    assert result.passed
    assert result.to_dict()["notes"][0]["text"] == "to be measured elsewhere"


def test_what_cannot_be_run_here_cannot_be_measured(grader, tmp_path):
    tests = TESTS.replace("    training.check", "    pytest.skip('no such data set')\n    training.check")
    with pytest.raises(ExerciseError, match=r"test_trains cannot be measured here: .*no such data set"):
        calibrate(write_course(tmp_path, tests), grader, "cpu", device="cpu", gradings=2, jobs=2)
