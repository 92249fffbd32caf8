"""The author's check: keeps an exercise's stub, tests, reference, right and wrong solutions in step.

Read this first. ``check_files`` looks at the files alone; ``audit`` also grades every solution and every mutant.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grader.audit.equivalent import NAME, read_entries
from grader.audit.finding import AuditResult, Counts, Problem, Survivor, Timing, shown
from grader.audit.layout import check_config, check_folders, check_name, check_public
from grader.audit.signature import check_signatures
from grader.audit.source import parse
from grader.audit.survival import Fate, check_fates, survivors, try_mutants
from grader.audit.trial import OnProgress, Outcome, Panel, Trial, is_absent
from grader.audit.verdict import check_outcomes, check_times, time_tests
from grader.audit.wording import check_statements, check_tests, check_wrong, suites, tests_of
from grader.exercise import Catalogue, Exercise
from grader.mutation import mutate

if TYPE_CHECKING:
    from grader.pool import Grader

__all__ = ["AuditResult", "Counts", "Problem", "Survivor", "Timing", "audit", "check_files"]


def check_files(exercise: Exercise, catalogue: Catalogue) -> list[Problem]:
    """Find everything that the files alone show."""
    checks = (check_folders, check_name, check_public, check_signatures, check_tests, check_wrong, check_statements)
    problems = [problem for check in checks for problem in check(exercise)]
    return [*problems, *check_config(exercise, catalogue)]


def audit(
    exercise: Exercise,
    catalogue: Catalogue,
    grader: Grader,
    *,
    jobs: int = 2,
    seeds: int = 5,
    on_progress: OnProgress | None = None,
) -> AuditResult:
    """Check one exercise whole: its files, its solutions under several seeds, and its tests against mutants.

    ``on_progress`` is told in this thread how many gradings are done, of how many, and what the last one was. Problems
    are found, not raised; whatever hinders the audit itself is one of them.
    """
    problems = check_files(exercise, catalogue)
    reference = exercise.reference
    if reference is None or not _can_run(exercise):
        return AuditResult(exercise.slug, tuple(_sorted(problems)))
    mutants = mutate(reference.read_text(encoding="utf-8"))
    entries, found = read_entries(reference.with_name(NAME))
    trials = _trials(exercise, reference, seeds)
    total = len(trials) + len(mutants)
    panel = Panel(exercise, grader, jobs=jobs, total=total, on_progress=on_progress)
    tests = {test.name: test for test in tests_of(exercise)}

    # Alone first: where the suite itself is broken, every grading would say so.
    first, *others = [(shown(trial.path), _work(panel, trial, exercise)) for trial in trials]
    outcomes = panel.run_all([first])
    if outcomes[0].fault:
        problems += [*found, *check_outcomes(outcomes, tests, exercise)]
        return AuditResult(exercise.slug, tuple(_sorted(problems)))
    outcomes += panel.run_all(others)
    mine = [outcome for outcome in outcomes if outcome.trial.path == reference]
    timings = time_tests(mine, tests, exercise)
    problems += [*found, *check_outcomes(outcomes, tests, exercise), *check_times(timings, exercise, tests)]
    fates: list[Fate] = []
    if _is_whole(mine):
        fates = try_mutants(panel, reference, mutants, timings)
        problems += check_fates(fates, entries, reference)
    else:
        problems.append(Problem(reference, None, "no mutant was tried. First make the reference get full score."))
    return AuditResult(
        exercise.slug,
        tuple(_sorted(problems)),
        _count(exercise, mine, fates, {key for entry in entries for key in entry.mutants()}),
        survivors(fates, entries, reference),
        timings,
        tuple(test.name for test in mine[0].tests if is_absent(test)),
    )


def _can_run(exercise: Exercise) -> bool:
    """Whether there is something to grade: a stub, a reference and tests that Python can read."""
    paths = [exercise.stub, *suites(exercise), *([exercise.reference] if exercise.reference else [])]
    readable = all(path.is_file() and not isinstance(parse(path), Problem) for path in paths)
    return readable and bool(tests_of(exercise))


def _trials(exercise: Exercise, reference: Path, seeds: int) -> list[Trial]:
    numbers = [str(number) for number in range(1, seeds + 1)]
    whole = [Trial(path, seed) for path in (reference, *exercise.right()) for seed in numbers]
    return [Trial(exercise.stub), *whole, *(Trial(path) for path in exercise.wrong())]


def _work(panel: Panel, trial: Trial, exercise: Exercise) -> Callable[[], Outcome]:
    must_fail = trial.path == exercise.stub or trial.path in exercise.wrong()
    return partial(panel.grade_apart if must_fail else panel.grade, trial)


def _is_whole(outcomes: list[Outcome]) -> bool:
    """Whether the reference got full score with every seed."""
    return all(
        outcome.report is not None and outcome.report.score == outcome.report.max_score and outcome.tests
        for outcome in outcomes
    )


def _count(
    exercise: Exercise, mine: list[Outcome], fates: list[Fate], recorded: set[tuple[str, str, str, int]]
) -> Counts:
    report = mine[0].report
    return Counts(
        tests=len(tests_of(exercise)),
        points=sum(test.points for test in report.tests) if report else 0.0,
        right=len(exercise.right()),
        wrong=len(exercise.wrong()),
        mutants=len(fates),
        killed=sum(bool(fate.caught_by) for fate in fates),
        recorded=sum(not fate.caught_by and fate.mutant.key in recorded for fate in fates),
    )


def _sorted(problems: list[Problem]) -> list[Problem]:
    """By place, each once."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (str(problem.path), problem.line or 0, problem.text))
