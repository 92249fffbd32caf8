"""The author's check: keeps an exercise's stub, tests, reference, right and wrong solutions in step.

Read this first. ``check_files`` looks at the files alone; ``audit`` also grades every solution and every mutant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grader.audit.equivalent import NAME, Entry, check_entries, read_entries
from grader.audit.finding import AuditResult, Counts, Problem, Survivor, Timing
from grader.audit.layout import check_config, check_folders, check_name, check_public
from grader.audit.signature import check_signatures
from grader.audit.source import parse
from grader.audit.spoiler import spoilers, try_spoilers
from grader.audit.survival import Fate, check_fates, spread, survivors, try_mutants
from grader.audit.training import check_training, note_training
from grader.audit.trial import CAUGHT, OnProgress, Outcome, Panel, Trial, is_absent
from grader.audit.verdict import check_outcomes, check_times, time_tests
from grader.audit.wording import check_statements, check_tests, check_wrong, named_by, suites, tests_of
from grader.exercise import Catalogue, Exercise
from grader.mutation import mutate
from grader.paths import shown

if TYPE_CHECKING:
    from grader.pool import Grader

__all__ = ["AuditResult", "Counts", "Problem", "Survivor", "Timing", "audit", "check_files"]


def check_files(exercise: Exercise, catalogue: Catalogue) -> list[Problem]:
    """Find everything that the files alone show."""
    checks = (check_folders, check_name, check_public, check_signatures, check_tests, check_training, check_wrong)
    problems = [problem for check in (*checks, check_statements) for problem in check(exercise)]
    return [*problems, *check_config(exercise, catalogue)]


def audit(
    exercise: Exercise,
    catalogue: Catalogue,
    grader: Grader,
    *,
    jobs: int = 2,
    seeds: int = 5,
    mutants: int = 0,
    device: str = "auto",
    on_progress: OnProgress | None = None,
) -> AuditResult:
    """Check one exercise whole: its files, its solutions under several seeds, and its tests against mutants.

    ``mutants``: try so many at most, spread over the reference; 0: all. ``on_progress`` is told in this thread how
    many gradings are done, of how many, and what the last one was. Problems are found, not raised; whatever hinders
    the audit itself is one of them.
    """
    problems, notes = check_files(exercise, catalogue), tuple(note_training(exercise))
    reference = exercise.reference
    if reference is None or not _can_run(exercise):
        return AuditResult(exercise.slug, tuple(_sorted(problems)), notes=notes)
    possible = mutate(reference.read_text(encoding="utf-8"))
    chosen = spread(possible, mutants) if mutants else possible
    if len(chosen) < len(possible):
        notes += (Problem(reference, None, f"{len(chosen)} of {len(possible)} mutants are tried."),)
    trials, spoilt = _trials(exercise, reference, seeds), spoilers(exercise, reference)
    total = len(trials) + len(spoilt) + len(chosen)
    panel = Panel(exercise, grader, jobs=jobs, total=total, on_progress=on_progress, device=device)
    tests = {test.name: test for test in tests_of(exercise)}

    outcomes = _grade_all(panel, trials, exercise)
    mine = [outcome for outcome in outcomes if outcome.trial.path == reference]
    timings = time_tests(mine, tests, exercise)
    problems += [*check_outcomes(outcomes, tests, exercise), *check_times(timings, exercise, tests)]

    entries, found = read_entries(reference.with_name(NAME))
    is_whole = _is_whole(mine)
    problems += try_spoilers(panel, reference, spoilt, timings, tests) if is_whole else []
    fates = try_mutants(panel, reference, chosen, timings) if is_whole else []
    problems += [*found, *check_entries(reference.with_name(NAME), entries, possible)]
    problems += _check_mutants(fates, entries, reference)
    return AuditResult(
        exercise.slug,
        tuple(_sorted(problems)),
        _count(exercise, mine, fates, entries),
        survivors(fates, entries, reference),
        timings,
        tuple(test.name for test in mine[0].tests if is_absent(test)) if mine else (),
        notes,
    )


def _grade_all(panel: Panel, trials: list[Trial], exercise: Exercise) -> list[Outcome]:
    """Grade the stub alone first: where the suite itself is broken, every other grading would only repeat that."""
    stub, *others = trials
    outcomes = panel.run_all([(shown(stub.path), partial(panel.grade_apart, stub))])
    if outcomes[0].fault:
        return outcomes
    names = [test.name for test in outcomes[0].tests]
    works = [(shown(trial.path), _work(panel, trial, exercise, names)) for trial in others]
    return [*outcomes, *panel.run_all(works)]


def _work(panel: Panel, trial: Trial, exercise: Exercise, names: list[str]) -> Callable[[], Outcome]:
    if trial.path not in exercise.wrong():
        return partial(panel.grade, trial)
    named = named_by(trial.path)
    return partial(_catch, panel, trial, frozenset(name for name in names if _function(name) in named))


def _catch(panel: Panel, trial: Trial, named: frozenset[str]) -> Outcome:
    """Grade a wrong solution with the tests that it names, and with all where they do not catch it, for advice."""
    if named:
        outcome = panel.grade_apart(replace(trial, only=named))
        caught = {_function(test.name) for test in outcome.tests if test.verdict in CAUGHT}
        if outcome.fault or caught >= {_function(name) for name in named}:
            return outcome
    return panel.grade_apart(trial)


def _check_mutants(fates: list[Fate], entries: list[Entry], reference: Path) -> list[Problem]:
    if fates:
        return list(check_fates(fates, entries, reference))
    return [Problem(reference, None, "no mutant was tried. First make the reference get full score.")]


def _can_run(exercise: Exercise) -> bool:
    """Whether there is something to grade: a stub, a reference and tests that Python can read."""
    paths = [exercise.stub, *suites(exercise), *([exercise.reference] if exercise.reference else [])]
    readable = all(path.is_file() and not isinstance(parse(path), Problem) for path in paths)
    return readable and bool(tests_of(exercise))


def _trials(exercise: Exercise, reference: Path, seeds: int) -> list[Trial]:
    numbers = [str(number) for number in range(1, seeds + 1)]
    whole = [Trial(path, seed) for path in (reference, *exercise.right()) for seed in numbers]
    return [Trial(exercise.stub), *whole, *(Trial(path) for path in exercise.wrong())]


def _function(name: str) -> str:
    """The name of a test without its parameters."""
    return name.partition("[")[0]


def _is_whole(outcomes: list[Outcome]) -> bool:
    """Whether the reference got full score with every seed."""
    reports = [outcome.report for outcome in outcomes]
    return bool(reports) and all(report and report.tests and report.score == report.max_score for report in reports)


def _count(exercise: Exercise, mine: list[Outcome], fates: list[Fate], entries: list[Entry]) -> Counts:
    recorded = {key for entry in entries for key in entry.mutants()}
    return Counts(
        tests=len(tests_of(exercise)),
        points=sum(test.points for test in mine[0].tests) if mine else 0.0,
        right=len(exercise.right()),
        wrong=len(exercise.wrong()),
        mutants=len(fates),
        killed=sum(bool(fate.caught_by) for fate in fates),
        recorded=sum(not fate.caught_by and fate.mutant.key in recorded for fate in fates),
    )


def _sorted(problems: list[Problem]) -> list[Problem]:
    """By place, each once."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (str(problem.path), problem.line or 0, problem.text))
