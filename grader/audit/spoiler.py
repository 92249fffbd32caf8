"""Tries the tests with solutions that are right but zero what they are given, before or after they compute.

A test that computes what it expects from its inputs after the call agrees with whoever zeroes them before; a test that
never looks at its inputs again lets them be zeroed after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from grader.audit.finding import Problem, Timing
from grader.audit.signature import find_functions
from grader.audit.source import TestFunction
from grader.audit.survival import in_rounds
from grader.audit.trial import CAUGHT, Outcome, Panel, Trial, reason_of
from grader.exercise import Exercise
from grader.report import Verdict

#: What a spoilt function prints when it has changed something: without that, there was nothing to notice.
_MARK = "<an argument was zeroed>"

_CODE = Path(__file__).with_name("spoil.py").read_text(encoding="utf-8")

_LEAVE = 'or, if {name} may change its arguments, say so in exercise.toml: in_place = ["{name}"].'
#: What to do where no test notices, by ``Spoiler.early``.
_ADVICE = {
    True: "{name} may zero its arguments and compute with the zeros, and no test notices: they compute what they expect"
    " from the arguments after the call. Compute it before, or from copies; " + _LEAVE,
    False: "{name} may zero its arguments after it has computed, and no test notices. Have a test keep copies of the"
    " arguments and compare after the call; " + _LEAVE,
}


@dataclass(frozen=True)
class Spoiler:
    """The reference with one function that zeroes its arguments."""

    function: str
    #: of the function in the reference
    line: int
    #: before it computes; otherwise after
    early: bool

    def content(self, reference: Path) -> bytes:
        """The source to grade."""
        call = f"_Spoil({self.early}, {_MARK!r}).install(globals(), {self.function!r})"
        return f"{reference.read_text(encoding='utf-8')}\n\n{_CODE}\n\n{call}\n".encode()


def spoilers(exercise: Exercise, reference: Path) -> list[Spoiler]:
    """Two for each function that has no leave to change its arguments."""
    found = find_functions(reference).items()
    return [
        Spoiler(name, line, early)
        for name, line in found
        if name not in exercise.config.in_place
        for early in (True, False)
    ]


def try_spoilers(
    panel: Panel, reference: Path, found: list[Spoiler], timings: tuple[Timing, ...], tests: dict[str, TestFunction]
) -> Iterator[Problem]:
    """Grade every spoiler until a test catches it, and say which ones none does."""
    rounds = in_rounds(timings)
    # Free of the exercise's ``forbid``: the solution is the author's, and what is added may use anything.
    trials = {spoiler: Trial(reference, content=spoiler.content(reference), bound=False) for spoiler in found}
    works = [
        (f"{spoiler.function} zeroes its arguments", partial(panel.hunt, trial, rounds))
        for spoiler, trial in trials.items()
    ]
    for spoiler, outcomes in zip(found, panel.run_all(works), strict=True):
        yield from _judge(spoiler, outcomes, reference, tests)


def _judge(
    spoiler: Spoiler, outcomes: list[Outcome], reference: Path, tests: dict[str, TestFunction]
) -> Iterator[Problem]:
    name = spoiler.function
    results = [test for outcome in outcomes for test in outcome.tests]
    fault = next((outcome.fault for outcome in outcomes if outcome.fault), "")
    if fault:
        yield Problem(
            reference, spoiler.line, f"it could not be graded with a {name} that zeroes its arguments: {fault}"
        )
    for test in results:
        if test.verdict is Verdict.GRADER_ERROR:
            function = tests[test.name.partition("[")[0]]
            text = f"{test.name} itself fails where {name} zeroes its arguments ({reason_of(test)}). Mend the test."
            yield Problem(function.path, function.line, text)
            return
    if fault or any(test.verdict in CAUGHT for test in results) or not any(_MARK in test.output for test in results):
        return
    yield Problem(reference, spoiler.line, _ADVICE[spoiler.early].format(name=name))
