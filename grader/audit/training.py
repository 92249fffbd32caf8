"""Checks an exercise's training checks: the table is there, and what it asks for was measured and can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from grader.audit.finding import Problem
from grader.audit.source import TestFunction
from grader.audit.wording import tests_of
from grader.device.discover import find_gpus
from grader.errors import ExerciseError
from grader.exercise import Exercise
from grader.training.calibration import LEAST_GRADINGS, NAME, Record, read_calibration, version_of
from grader.training.ladder import is_falling, lead
from grader.training.sequential import ERROR, needed_lead_of_sample
from grader.training.terms import KINDS, DeviceTerms, Kind, TrainingTerms


def check_training(exercise: Exercise) -> Iterator[Problem]:
    """Table, tests and calibration belong together. What only another host can mend is left to the notes."""
    for kind in KINDS:
        yield from _check_tests(exercise, kind, training_tests(exercise, kind))
    try:
        yield from _check_records(exercise, [kind for kind in KINDS if _can_measure(kind)])
    except ExerciseError as error:
        assert exercise.private is not None
        path = exercise.private / NAME
        yield Problem(path, None, str(error).removeprefix(f"{path}: "))


def note_training(exercise: Exercise) -> Iterator[Problem]:
    """What is to be done about calibrations on a host with a device that this one lacks."""
    with suppress(ExerciseError):  # a file that cannot be read is a problem on every host
        for problem in _check_records(exercise, [kind for kind in KINDS if not _can_measure(kind)]):
            yield Problem(problem.path, problem.line, f"{problem.text} This host has no such device.")


def _can_measure(kind: Kind) -> bool:
    """Whether trainings can be measured here on that class of devices."""
    return kind == "cpu" or bool(find_gpus().gpus)


def _check_records(exercise: Exercise, kinds: list[Kind]) -> Iterator[Problem]:
    """What was measured, and what should be. Raises ExerciseError where that cannot be read."""
    training = exercise.config.training
    if exercise.private is None or training is None:
        return
    calibration = read_calibration(exercise)
    for kind in kinds:
        terms = training.device(kind)
        if terms and training_tests(exercise, kind):
            yield from _check_record(exercise, kind, terms, calibration.record(kind), exercise.private / NAME)


def training_tests(exercise: Exercise, kind: Kind) -> list[TestFunction]:
    """The tests that check a training on one class of devices."""
    return [test for test in tests_of(exercise) if test.trains == kind]


def _check_tests(exercise: Exercise, kind: Kind, tests: list[TestFunction]) -> Iterator[Problem]:
    path, training = exercise.folder / "exercise.toml", exercise.config.training
    has_table = training is not None and training.device(kind) is not None
    if has_table and not tests:
        marker = " with @pytest.mark.gpu" if kind == "gpu" else ""
        yield Problem(path, None, f"no test checks [training.{kind}]. Write one{marker}, or remove the table.")
    for test in tests:
        if not has_table:
            text = f"{test.name} checks a training, and exercise.toml has no [training.{kind}]. Add the table."
            yield Problem(test.path, test.line, text)
        if test.has_points:
            text = f"{test.name} is worth what the ladder in exercise.toml ends with. Remove its marker points."
            yield Problem(test.path, test.line, text)
        for name in test.datasets:
            wanted = training.dataset_of(kind) if training and has_table else name
            if name != wanted:
                text = f"{test.name} trains on {name}, and the ladder of [training.{kind}] is for {wanted}."
                yield Problem(test.path, test.line, f"{text} Ask for run.dataset, and name the set in the table.")
    for test in tests[1:]:
        text = f"{test.name} is the second test that checks [training.{kind}], whose ladder is for one. Keep one."
        yield Problem(test.path, test.line, text)


def _check_record(
    exercise: Exercise, kind: Kind, terms: DeviceTerms, record: Record | None, path: Path
) -> Iterator[Problem]:
    command = f"Run: gradiente audit {exercise.slug} --calibrate{' --device cuda' if kind == 'gpu' else ''}"
    if record is None:
        yield Problem(path, None, f"what the reference reaches with [training.{kind}] was not measured. {command}")
    elif record.version != version_of(exercise, kind):
        text = f"[{kind}] was measured before the tests, the reference or the data were changed. {command}"
        yield Problem(path, None, text)
    elif len(record.values) < LEAST_GRADINGS:
        text = f"[{kind}] has {len(record.values)} gradings, and {LEAST_GRADINGS} are needed. {command}"
        yield Problem(path, None, text)
    else:
        assert exercise.config.training is not None
        yield from check_reach(exercise.folder / "exercise.toml", kind, exercise.config.training, terms, record)


def check_reach(
    path: Path, kind: Kind, training: TrainingTerms, terms: DeviceTerms, record: Record
) -> Iterator[Problem]:
    """The reference gets full points as surely as is promised, and has time for it."""
    highest = highest_top(training, terms, record)
    if lead(terms.ladder, highest) < 0:
        found = f"the reference reaches {record.mean:.4g} ± {record.own:.2g} with [training.{kind}]"
        asked = f"with a last rung of {terms.ladder[-1][0]:g} it would be refused full points too often"
        advice = f"Let the ladder end at {highest:.4g}, or make the reference better."
        yield Problem(path, None, f"{found}; {asked} (more than 1 in {1 / ERROR:,.0f}). {advice}")
    if record.seconds > terms.budget_s / 2:
        text = f"a run of the reference takes {record.seconds:.1f} s, and budget_s of [training.{kind}] is"
        yield Problem(path, None, f"{text} {terms.budget_s:g}. Allow twice as much, or train with fewer examples.")


def highest_top(training: TrainingTerms, terms: DeviceTerms, record: Record) -> float:
    """The most that a last rung may ask for."""
    needed = needed_lead_of_sample(training.seeds, record.values)
    return record.mean + needed if is_falling(terms.ladder) else record.mean - needed
