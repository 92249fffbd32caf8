"""Which attacks each layer of the sandbox stops alone: the corpus with one layer missing, for each in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from grader.attack.case import Case
from grader.attack.crew import Hear, Result, attack
from grader.attack.worker import Setup
from grader.errors import InfrastructureError
from grader.sandbox.omission import LAYERS, why_it_must_stay

#: what each layer is there for, and what stands behind it where nothing gets through without it
PURPOSE = {
    "identity": "what escapes is nobody, who owns no file and no other process; root's processes are not counted",
    "processes": "a grading ends with everything that it started, and sees and signals no other process",
    "network": "abstract sockets and addresses of the host are out of reach; seccomp and Landlock refuse them as well",
    "files": "tests, solutions, secrets and other people's work are not there to be opened",
    "scratch": "what a submission writes is bounded, and gone with it",
    "proc": "no defence: without it a submission sees less; Python's own tools want it",
    "descriptors": "no socket or file of the grader's processes stays open in a submission's",
    "rlimits": "memory and processes of one submission are bounded by the kernel itself",
    "capabilities": "nothing may be done as the owner of the namespaces; seccomp refuses the calls for it as well",
    "landlock": "files and TCP once more, where a mount or a namespace should fail",
    "seccomp": "the kernel's other interfaces are out of reach: namespaces, keys, programs, odd sockets",
    "cgroup": "an exact bound on all memory and processes of one submission together; the watchdog stands behind it",
    "watchdog": "the bound on memory where no control group is writable; the second one elsewhere",
}


@dataclass(frozen=True)
class Row:
    """One layer, and the run without it."""

    layer: str
    #: why it was not left out; empty: it was
    stays: str = ""
    result: Result | None = None

    @property
    def alone(self) -> list[str]:
        """The attacks that only this layer stops."""
        return [outcome.case for outcome in self.result.accepted] if self.result else []


@dataclass
class Table:
    """The whole comparison."""

    #: what got through with every layer off at once: only these were tried with one layer off
    survey: Result
    rows: list[Row] = field(default_factory=list)

    @property
    def alone(self) -> set[str]:
        """Attacks that one layer stops alone."""
        return {name for row in self.rows for name in row.alone}


def removable() -> list[str]:
    """The layers that can be left out on this host."""
    return [layer for layer in LAYERS if not why_it_must_stay(layer)]


def compare(cases: Sequence[Case], setup: Setup, jobs: int, hear: Hear, begin: Callable[[str, int], None]) -> Table:
    """First everything without any layer, then, of what got through, each attack without one layer at a time.

    An attack that nothing stops but the separation of the processes is the same with one layer as with none: those
    that fail without all layers are not tried again. ``begin`` is told which part comes next, with how many attacks.
    """
    begin("all", len(cases))
    survey = attack(cases, _without(setup, frozenset(removable())), jobs, hear, twice=False)
    through = {outcome.case for outcome in survey.accepted} | set(survey.skipped)
    chosen = [case for case in cases if case.name in through]
    table = Table(survey)
    for layer in LAYERS:
        if reason := why_it_must_stay(layer):
            table.rows.append(Row(layer, reason))
            continue
        begin(layer, len(chosen))
        try:
            table.rows.append(Row(layer, "", attack(chosen, _without(setup, frozenset({layer})), jobs, hear)))
        except InfrastructureError as error:
            table.rows.append(Row(layer, str(error)))
    return table


def _without(setup: Setup, layers: frozenset[str]) -> Setup:
    return msgspec.structs.replace(setup, without=layers)
