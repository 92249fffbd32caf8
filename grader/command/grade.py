"""``gradiente grade``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import click

from grader.command.options import catalogue_of, exercise_of, jobs, json_output, language, language_of, trees
from grader.command.show import show_report
from grader.command.work import progress
from grader.errors import ExerciseError, GraderError, InfrastructureError
from grader.exercise import Exercise
from grader.pool import Grader
from grader.report import Owner, Report
from grader.settings import load_settings


@dataclass(frozen=True)
class _Order:
    exercise: Exercise
    seed: str | None
    device: str


@click.command()
@click.argument("slug")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_output
@click.option("--seed", help="Seed of the random inputs; the same seed gives the same report.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="Where training runs.")
@jobs
@language
@trees
def command(
    slug: str,
    paths: tuple[Path, ...],
    as_json: bool,
    seed: str | None,
    device: str,
    jobs: int | None,
    lang: str | None,
    exercises: Path | None,
    solutions: Path | None,
) -> None:
    """Grade submissions with the hidden suite, in the sandbox.

    Each PATH is one submission: a .py file, a notebook, a folder or a zip. Exit status 0: all graded, whatever the
    scores; 2: wrong usage; 3: something could not be graded for a reason that is not the student's.
    """
    settings = load_settings()
    chosen = language_of(lang, settings)
    exercise = exercise_of(catalogue_of(exercises, solutions, settings), slug)
    order = _Order(exercise, seed, device)
    workers = min(jobs or settings.workers, len(paths))
    failed = 0
    with ExitStack() as stack:
        advance = stack.enter_context(progress(len(paths), slug))
        grader = stack.enter_context(Grader(catalogue_of(exercises, solutions, settings), data=Path(settings.data)))
        for report in _grade_all(grader, order, paths, workers):
            failed += report.owner not in (None, Owner.STUDENT)
            advance(report.submission)
            if as_json:
                click.echo(json.dumps(report.to_dict(chosen), ensure_ascii=False, allow_nan=False))
            else:
                show_report(report, chosen)
    sys.exit(3 if failed else 0)


def _grade_all(grader: Grader, order: _Order, paths: tuple[Path, ...], workers: int) -> Iterator[Report]:
    """Grade in ``workers`` threads and yield reports as they are done, so that a long run loses nothing."""
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_grade_one, grader, order, path) for path in paths]
        for future in as_completed(futures):
            yield future.result()


def _grade_one(grader: Grader, order: _Order, path: Path) -> Report:
    """Grade one submission; a fault of the infrastructure is tried once more before it is reported."""
    for is_last in (False, True):
        try:
            return grader.grade(order.exercise, path, seed=order.seed, device=order.device)
        except InfrastructureError as error:
            if is_last:
                return _fault(order, path, error, Owner.INFRASTRUCTURE)
        except ExerciseError as error:
            return _fault(order, path, error, Owner.EXERCISE)
    raise AssertionError


def _fault(order: _Order, path: Path, error: GraderError, owner: Owner) -> Report:
    blank = Report(str(path), order.exercise.slug, order.exercise.version, order.seed or "", order.device)
    return replace(blank, owner=owner, message=error.text)
