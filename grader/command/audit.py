"""``gradiente audit``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from grader.audit import audit
from grader.audit.finding import AuditResult, Counts, Problem, Survivor
from grader.command.options import (
    catalogue_of,
    device,
    exercise_of,
    instance,
    instance_of,
    jobs,
    json_output,
    started,
    trees,
)
from grader.command.work import counter
from grader.device.gpu import AUTO, CPU
from grader.exercise import BrokenConfig, Catalogue, Exercise
from grader.settings import load_settings
from grader.training.calibration import LEAST_GRADINGS


@click.command()
@click.argument("slugs", metavar="[SLUG...]", nargs=-1)
@json_output
@jobs
@click.option("--store", "stores", is_flag=True, help="Keep what is found in the portal, where authors read it.")
@instance
@click.option("--seeds", type=click.IntRange(1, 100), default=5, show_default=True, help="Seeds per right solution.")
@click.option("--mutants", type=click.IntRange(0), default=0, help="Try so many mutants, spread over the file; 0: all.")
@click.option("--calibrate", "calibrates", is_flag=True, help="Only measure what the reference's trainings reach.")
@click.option(
    "--runs",
    type=click.IntRange(LEAST_GRADINGS, 1000),
    default=LEAST_GRADINGS,
    show_default=True,
    help="With --calibrate: gradings, each with a seed of its own.",
)
@device("Where tests that ask for a GPU run; with --calibrate, where to train (auto: cpu).")
@trees
def command(
    slugs: tuple[str, ...],
    as_json: bool,
    jobs: int | None,
    stores: bool,
    instance: Path | None,
    seeds: int,
    mutants: int,
    calibrates: bool,
    runs: int,
    device: str,
    exercises: Path | None,
    solutions: Path | None,
) -> None:
    """Keep statement, stub, tests and solutions of exercises in step.

    Without SLUG, all exercises. With --calibrate, only those that check a training. Exit status 0: nothing to mend;
    1: something is; 2: wrong usage.
    """
    settings = load_settings()
    catalogue = catalogue_of(exercises, solutions, settings)
    found = {slug: _find(catalogue, slug) for slug in slugs or catalogue.slugs()}
    workers = jobs or settings.workers
    if calibrates:
        from grader.command.calibrate import calibrate_all

        exercises_found = [exercise for exercise in found.values() if isinstance(exercise, Exercise)]
        chosen = CPU if device == AUTO else device
        with started(catalogue, settings, workers, chosen) as grader:
            sys.exit(0 if calibrate_all(exercises_found, grader, chosen, gradings=runs, jobs=workers) else 1)
    passed = True
    keep = _keeper(instance_of(instance, settings)) if stores else None
    with started(catalogue, settings, workers, device) as grader:
        for slug, exercise in found.items():
            if isinstance(exercise, Problem):
                result = AuditResult(slug, (exercise,))
            else:
                with counter(slug) as show:
                    result = audit(
                        exercise,
                        catalogue,
                        grader,
                        jobs=workers,
                        seeds=seeds,
                        mutants=mutants,
                        device=device,
                        on_progress=show,
                    )
            passed = passed and result.passed
            if keep and isinstance(exercise, Exercise):
                keep(slug, exercise.version, result.passed, result.to_dict())
            if as_json:
                click.echo(json.dumps(result.to_dict(), ensure_ascii=False))
            else:
                _show(result)
    sys.exit(0 if passed else 1)


def _keeper(folder: Path) -> Callable[[str, str, bool, dict[str, Any]], None]:
    """What keeps results in a portal; asked before the first audit, for they take long."""
    from server.office.command import keep_audit
    from server.settings import from_environment

    return keep_audit(folder, from_environment())


def _find(catalogue: Catalogue, slug: str) -> Exercise | Problem:
    """One exercise; a broken ``exercise.toml`` is something to mend like everything else that an audit finds."""
    try:
        return exercise_of(catalogue, slug)
    except BrokenConfig as error:
        return Problem(error.path, None, error.reason["en"])


def _show(result: AuditResult) -> None:
    console = Console(highlight=False, soft_wrap=True)
    sign, colour = ("✓", "green") if result.passed else ("✗", "red")
    console.print(Text(f"{sign} {result.exercise}{_sum_up(result.counts)}", style=colour))
    for problem in result.problems:
        console.print(Text(f"  {problem}", style="red"))
    for survivor in result.survivors:
        _show_survivor(survivor, console)
    for note in result.notes:
        console.print(Text(f"  note: {note}", style="dim"))
    for name in result.skipped:
        console.print(Text(f"  not run on this host: {name}", style="dim"))


def _sum_up(counts: Counts) -> str:
    """What there was to look at; nothing where the exercise could not be looked at."""
    if counts == Counts():
        return ""
    killed = f"{counts.killed} of {counts.mutants - counts.recorded} mutants killed ({counts.rate:.1%})"
    solutions = f"{counts.right} right, {counts.wrong} wrong, {counts.recorded} mutants recorded as equivalent"
    return f": {counts.tests} tests, {counts.points:g} points, {killed}\n  {solutions}"


def _show_survivor(survivor: Survivor, console: Console) -> None:
    """The mutant, and the two ways on; the record stands at the margin, to be copied as it is."""
    console.print(Text(f"  line {survivor.line}: survived: {survivor.description}", style="yellow"))
    console.print(Text(survivor.diff, style="dim"))
    last = f"only if nobody can tell it from the reference, add this to {survivor.file} and say why in its reason:"
    console.print(Text(f"  Write a test that catches it; {last}", style="yellow"))
    console.print(Text(survivor.entry))
