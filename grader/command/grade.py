"""``gradiente grade``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click

from grader.command.curves import board
from grader.command.options import (
    catalogue_of,
    device,
    exercise_of,
    jobs,
    json_output,
    language,
    language_of,
    started,
    trees,
)
from grader.command.show import show_report
from grader.errors import ExerciseError, GraderError, InfrastructureError
from grader.exercise import Exercise
from grader.pool import Grader
from grader.report import Owner, Report
from grader.settings import load_settings
from grader.transcript import Event

#: told which submission an event belongs to
_Hearer = Callable[[str, Event], None]


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
@device("Where tests that ask for a GPU run: cpu leaves them out, cuda:1 names one.")
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
        watched = stack.enter_context(board(len(paths), slug))
        grader = stack.enter_context(started(catalogue_of(exercises, solutions, settings), settings, workers, device))
        for report in _grade_all(grader, order, paths, workers, watched.hear):
            failed += report.owner not in (None, Owner.STUDENT)
            watched.advance(report.submission)
            if as_json:
                click.echo(json.dumps(report.to_dict(chosen), ensure_ascii=False, allow_nan=False))
            else:
                show_report(report, chosen)
    sys.exit(3 if failed else 0)


def _grade_all(grader: Grader, order: _Order, paths: tuple[Path, ...], workers: int, hear: _Hearer) -> Iterator[Report]:
    """Grade in ``workers`` threads and yield reports as they are done, so that a long run loses nothing."""
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_grade_one, grader, order, path, hear) for path in paths]
        for future in as_completed(futures):
            yield future.result()


def _grade_one(grader: Grader, order: _Order, path: Path, hear: _Hearer) -> Report:
    """Grade one submission; a fault of the infrastructure is tried once more before it is reported."""
    for is_last in (False, True):
        try:
            told = partial(hear, str(path))
            return grader.grade(order.exercise, path, seed=order.seed, device=order.device, on_event=told)
        except InfrastructureError as error:
            if is_last:
                return _fault(order, path, error, Owner.INFRASTRUCTURE)
        except ExerciseError as error:
            return _fault(order, path, error, Owner.EXERCISE)
    raise AssertionError


def _fault(order: _Order, path: Path, error: GraderError, owner: Owner) -> Report:
    blank = Report(str(path), order.exercise.slug, order.exercise.version, order.seed or "", order.device)
    return replace(blank, owner=owner, message=error.text)
