"""``gradiente attack``."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from grader.attack.arena import Outcome
from grader.attack.case import Case
from grader.attack.corpus import Corpus, find_corpus
from grader.attack.crew import Result, attack
from grader.attack.layers import PURPOSE, Table, compare
from grader.attack.worker import Setup
from grader.command.options import catalogue_of, jobs, json_output
from grader.sandbox import Layer, probe
from grader.sandbox.omission import LAYERS, why_it_must_stay
from grader.settings import Settings, load_settings

#: seconds that an attack takes on the average, with the honest submission after it
_USUAL = 3


@click.command()
@click.option(
    "--only", "patterns", multiple=True, metavar="PATTERN", help="Attacks whose name has this in it, or matches 53_*."
)
@click.option(
    "--without",
    type=click.Choice([*LAYERS, "each"]),
    help="Leave one layer of the sandbox out, or each in turn, in namespaces of their own.",
)
@click.option("--corpus", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of the attacks.")
@jobs
@json_output
def command(
    patterns: tuple[str, ...], without: str | None, corpus: Path | None, jobs: int | None, as_json: bool
) -> None:
    """Try every known way to cheat or to harm on this host, with its settings.

    "Accepted" is an attack that gets points that it has not earned, shows a secret, leaves a trace on the host,
    disturbs another grading or breaks the grader. With --without, what gets through while a layer is missing is what
    that layer is for; nothing but the attacks' own exercises is graded then, in namespaces around the whole run.

    Exit status 0: none was accepted, or --without was asked for; 1: some were; 2: wrong usage; 3: a required layer of
    the sandbox is missing, or --without cannot be run safely here.
    """
    # Before any thread: the probe forks.
    layers = probe()
    settings = load_settings()
    found = find_corpus(corpus)
    cases = found.cases(patterns)
    if not cases:
        raise click.UsageError(f"no attack is called {' or '.join(patterns)}.")
    if broken := [layer for layer in layers if layer.required and not layer.holds]:
        for layer in broken:
            click.echo(f"gradiente: {layer.name}: {layer.detail}. {layer.mend}", err=True)
        sys.exit(3)
    setup = _setup(found, settings)
    show = _Show(len(cases), quiet=as_json)
    facts = _facts(layers)
    workers = jobs or settings.workers
    if without == "each":
        _each(cases, setup, workers, show, facts)
    else:
        _once(cases, setup, workers, show, facts, without)


def _setup(corpus: Corpus, settings: Settings) -> Setup:
    conftest = catalogue_of(None, None, settings).exercises / "conftest.py"
    return Setup(str(corpus.folder), str(conftest.resolve()), str(Path(settings.data).resolve()))


class _Show:
    """Tells of attacks while they run: a line each, on standard error where standard output is for a program."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        self.quiet = quiet
        self._total, self._part = total, ""
        self._heard: set[str] = set()

    def begin(self, part: str, total: int) -> None:
        """A part of a longer run begins."""
        self._heard.clear()
        self._total, self._part = total, f"without {'any layer' if part == 'all' else part}  "
        click.echo(f"\n{self._part.strip()}: {total} attacks", err=True)

    def hear(self, outcome: Outcome) -> None:
        """An attack is over."""
        count = "once more" if outcome.case in self._heard else f"{len(self._heard) + 1:>3}/{self._total}"
        self._heard.add(outcome.case)
        said = "ACCEPTED" if outcome.is_accepted else "refused"
        line = f"{self._part}[{count}] {outcome.seconds:5.1f} s  {outcome.case}  {said}"
        click.echo(click.style(line, fg="red" if outcome.is_accepted else None), err=True)

    def say(self, line: str = "") -> None:
        """A line of the summary."""
        if not self.quiet:
            click.echo(line)


def _facts(layers: list[Layer]) -> dict[str, Any]:
    """What ran where."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "gradiente": version("gradiente"),
        "python": platform.python_version(),
        "torch": version("torch"),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "layers": {layer.name: layer.detail for layer in layers if layer.holds},
        "missing": {layer.name: layer.detail for layer in layers if not layer.holds},
    }


def _once(
    cases: list[Case], setup: Setup, workers: int, show: _Show, facts: dict[str, Any], without: str | None
) -> None:
    if without is not None:
        if reason := why_it_must_stay(without):
            raise click.UsageError(f"{without} cannot be left out here: {reason}.")
        setup = Setup(setup.corpus, setup.conftest, setup.data, frozenset({without}))
        show.begin(without, len(cases))
    result = attack(cases, setup, workers, show.hear)
    if show.quiet:
        click.echo(json.dumps(facts | {"without": without, **_result(result)}, ensure_ascii=False))
    else:
        _tell(result, facts, show, without)
    sys.exit(1 if result.accepted and without is None else 0)


def _tell(result: Result, facts: dict[str, Any], show: _Show, without: str | None) -> None:
    _tell_accepted(result, show)
    show.say(f"\n{len(result.accepted)} of {len(result.outcomes)} accepted, in {result.seconds:.0f} s")
    if without is not None:
        show.say(f"WITHOUT {without}: {PURPOSE[without]}.")
        show.say(f"stopped by this layer alone: {_names([each.case for each in result.accepted])}")
        for name, reason in result.skipped.items():
            show.say(f"not run, too dangerous: {name}: {reason}")
    _tell_facts(facts, show)


def _tell_accepted(result: Result, show: _Show) -> None:
    for outcome in result.accepted:
        show.say(f"\n{outcome.case}")
        for finding in outcome.findings:
            show.say(f"  {finding.harm}: {finding.text}")


def _tell_facts(facts: dict[str, Any], show: _Show) -> None:
    show.say(f"layers in force: {', '.join(facts['layers'])}")
    if facts["missing"]:
        show.say(f"missing here: {', '.join(f'{name} ({detail})' for name, detail in facts['missing'].items())}")
    told = ("gradiente", "python", "torch")
    show.say(f"{facts['date']}, {', '.join(f'{name} {facts[name]}' for name in told)}, {facts['kernel']}")


def _each(cases: list[Case], setup: Setup, workers: int, show: _Show, facts: dict[str, Any]) -> None:
    click.echo(f"about {_USUAL * len(cases) * 3 // (60 * workers) + 1} minutes", err=True)
    table = compare(cases, setup, workers, show.hear, show.begin)
    if show.quiet:
        click.echo(json.dumps(facts | _table(table), ensure_ascii=False))
        return
    survey = table.survey
    show.say(f"\nwithout any layer: {len(survey.accepted)} of {len(survey.outcomes)} accepted, {survey.seconds:.0f} s")
    for row in table.rows:
        show.say(f"\n{row.layer}: {PURPOSE[row.layer]}")
        if row.stays:
            show.say(f"  stays: {row.stays}")
        elif row.result is not None:
            show.say(f"  stopped by this layer alone: {_names(row.alone)}")
            for name, reason in row.result.skipped.items():
                show.say(f"  not run, too dangerous: {name}: {reason}")
    several = [each.case for each in survey.accepted if each.case not in table.alone]
    show.say(f"\nstopped by several layers, each of which is enough: {_names(several)}")
    _tell_facts(facts, show)


def _names(names: list[str]) -> str:
    return ", ".join(names) if names else "none"


def _result(result: Result) -> dict[str, Any]:
    return {
        "attacks": len(result.outcomes),
        "accepted": [asdict(outcome) for outcome in result.accepted],
        "skipped": result.skipped,
        "seconds": round(result.seconds, 1),
    }


def _table(table: Table) -> dict[str, Any]:
    rows = {
        row.layer: {"stays": row.stays} if row.result is None else {"stays": "", **_result(row.result)}
        for row in table.rows
    }
    return {"survey": _result(table.survey), "without": rows}
