"""Grades the mutants of the reference and finds those that no test catches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from grader.audit.equivalent import NAME, Entry, entry_for, killed_after_all
from grader.audit.finding import Problem, Survivor, Timing
from grader.audit.trial import CAUGHT, Panel, Trial
from grader.mutation import Mutant
from grader.paths import shown
from grader.report import Verdict

#: The least share of mutants that the tests must catch.
LEAST = 0.95
#: Tests of the reference that take longer are tried on those mutants alone that the others let live.
_SLOW = 0.25


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: the test that caught it, or none; or why that is not known."""

    mutant: Mutant
    caught_by: str = ""
    fault: str = ""


def spread(mutants: list[Mutant], count: int) -> list[Mutant]:
    """So many of them, from all parts of the file, and the same ones each time."""
    count = min(count, len(mutants))
    return [mutants[number * len(mutants) // count] for number in range(count)]


def try_mutants(panel: Panel, reference: Path, mutants: list[Mutant], timings: tuple[Timing, ...]) -> list[Fate]:
    """Grade every mutant with one seed until a test catches it."""
    rounds = in_rounds(timings)
    return panel.run_all((mutant.description, partial(_try, panel, reference, mutant, rounds)) for mutant in mutants)


def in_rounds(timings: tuple[Timing, ...]) -> list[frozenset[str]]:
    """The tests that the reference passes, quick ones first."""
    slow = frozenset(timing.test for timing in timings if timing.seconds > _SLOW)
    quick = frozenset(timing.test for timing in timings) - slow
    return [names for names in (quick, slow) if names]


def _try(panel: Panel, reference: Path, mutant: Mutant, rounds: list[frozenset[str]]) -> Fate:
    for outcome in panel.hunt(Trial(reference, content=mutant.source.encode()), rounds):
        if outcome.fault:
            return Fate(mutant, fault=outcome.fault)
        for test in outcome.tests:
            if test.verdict in CAUGHT:
                return Fate(mutant, test.name)
            if test.verdict is Verdict.GRADER_ERROR:
                return Fate(mutant, fault=f"{test.name} itself fails instead of refusing it")
    return Fate(mutant)


def check_fates(fates: list[Fate], entries: list[Entry], reference: Path) -> Iterator[Problem]:
    """Every mutant was graded, no record is of one that was caught, and enough of the others were caught."""
    path = reference.with_name(NAME)
    recorded = {key for entry in entries for key in entry.mutants()}
    for fate in fates:
        if fate.fault:
            text = f"the mutant {fate.mutant.description} could not be graded: {fate.fault}"
            yield Problem(reference, fate.mutant.number, text)
        elif fate.caught_by and fate.mutant.key in recorded:
            yield killed_after_all(path, fate.mutant.key, fate.caught_by)
    counted = [fate for fate in fates if fate.caught_by or fate.mutant.key not in recorded]
    killed = sum(bool(fate.caught_by) for fate in counted)
    if counted and killed < LEAST * len(counted):
        rate = f"{killed} of {len(counted)} mutants are caught, and {LEAST:.0%} must be"
        advice = (
            f"Write tests that catch the survivors, or record in {NAME} why nobody can tell them from the reference"
        )
        yield Problem(reference, None, f"{rate}. {advice}.")


def survivors(fates: list[Fate], entries: list[Entry], reference: Path) -> tuple[Survivor, ...]:
    """The mutants that live and are not recorded, each with its change."""
    recorded = {key for entry in entries for key in entry.mutants()}
    source, name, file = reference.read_text(encoding="utf-8"), shown(reference), shown(reference.with_name(NAME))
    living = [fate.mutant for fate in fates if not (fate.caught_by or fate.fault or fate.mutant.key in recorded)]
    return tuple(Survivor(it.description, it.number, it.diff(source, name), entry_for(it), file) for it in living)
