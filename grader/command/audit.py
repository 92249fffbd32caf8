"""``gradiente audit``."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from grader.audit import audit
from grader.audit.finding import AuditResult
from grader.command.options import catalogue_of, exercise_of, jobs, json_output, trees
from grader.command.work import counter
from grader.pool import Grader
from grader.settings import load_settings


@click.command()
@click.argument("slugs", metavar="[SLUG...]", nargs=-1)
@json_output
@jobs
@click.option("--seeds", type=click.IntRange(1, 100), default=5, show_default=True, help="Seeds per right solution.")
@trees
def command(
    slugs: tuple[str, ...],
    as_json: bool,
    jobs: int | None,
    seeds: int,
    exercises: Path | None,
    solutions: Path | None,
) -> None:
    """Keep statement, stub, tests and solutions of exercises in step.

    Without SLUG, all exercises. Exit status 0: nothing to mend; 1: something is; 2: wrong usage.
    """
    settings = load_settings()
    catalogue = catalogue_of(exercises, solutions, settings)
    chosen = [exercise_of(catalogue, slug) for slug in slugs] or list(catalogue)
    workers = jobs or settings.workers
    passed = True
    with Grader(catalogue, data=Path(settings.data)) as grader:
        for exercise in chosen:
            with ExitStack() as stack:
                show = stack.enter_context(counter(exercise.slug))
                result = audit(exercise, catalogue, grader, jobs=workers, seeds=seeds, on_progress=show)
            passed = passed and result.passed
            if as_json:
                click.echo(json.dumps(result.to_dict(), ensure_ascii=False))
            else:
                _show(result)
    sys.exit(0 if passed else 1)


def _show(result: AuditResult) -> None:
    console = Console(highlight=False, soft_wrap=True)
    counts = result.counts
    sign, colour = ("✓", "green") if result.passed else ("✗", "red")
    killed = f"{counts.killed} of {counts.mutants - counts.recorded} mutants killed ({counts.rate:.1%})"
    console.print(
        Text(f"{sign} {result.exercise}: {counts.tests} tests, {counts.points:g} points, {killed}", style=colour),
        Text(f"  {counts.right} right, {counts.wrong} wrong, {counts.recorded} mutants recorded as equivalent"),
        sep="\n",
    )
    for problem in result.problems:
        console.print(Text(f"  {problem}", style="red"))
    for survivor in result.survivors:
        console.print(Text(f"  line {survivor.line}: survived: {survivor.description}", style="yellow"))
        console.print(Text(survivor.diff, style="dim"))
    for name in result.skipped:
        console.print(Text(f"  not run on this host: {name}", style="dim"))
