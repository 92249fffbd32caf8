"""From what happened in a test to its verdict and to what the student may read about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from _pytest.outcomes import Failed, Skipped

from grader.errors import GraderError
from grader.link import Ended
from grader.report import TestResult, Text, Verdict
from grader.sentences import say
from grader.shared import Credit
from grader.wire.fault import Fault, RemoteFault, revive

_DETAIL = 20_000
_SHOWN = 4_000
#: How messages of Python's and torch's call a stand-in.
_HANDLE = "<class 'grader.wire.handle.Handle'>"


@dataclass(frozen=True)
class Phase:
    """Set-up, call or teardown of one test: the exception that it raised and pytest's account of it."""

    when: str
    error: BaseException | None
    text: str


def refused(blank: TestResult, message: Text, verdict: Verdict = Verdict.SKIPPED) -> TestResult:
    """A test that was not run."""
    return replace(blank, verdict=verdict, message=message)


def unwritten(name: str) -> Exception:
    """What a test meets that reads a name the student's file does not define."""
    return revive(Fault(["AttributeError"], name, "missing"))


def judge(
    blank: TestResult,
    phases: list[Phase],
    output: str,
    seconds: float,
    title_of: Callable[[str], Text],
    credit: Credit | None = None,
) -> TestResult:
    """The result of one test from its set-up, call and teardown, and from what it said of its points."""
    result = replace(blank, verdict=Verdict.PASSED, output=output, seconds=seconds)
    failed = next((phase for phase in phases if phase.error is not None), None)
    if failed is not None:
        result = replace(result, detail=_cut(failed.text or repr(failed.error), _DETAIL))
        if isinstance(failed.error, Skipped):
            result = _skipped(result, failed.error, title_of)
        else:
            result = _failed(result, failed)
    return result if credit is None else _credited(result, credit, failed)


def _credited(result: TestResult, credit: Credit, failed: Phase | None) -> TestResult:
    """What a test said of its points counts where it ended with that, and is told where time ran out."""
    result = replace(result, runs=[value if math.isfinite(value) else None for value in credit.values])
    if failed is None:
        return replace(result, message=credit.text)
    if failed.error is credit.error:
        return replace(result, message=credit.text, traceback="", share=credit.share)
    if result.verdict is Verdict.TOO_SLOW:
        told = {language: f"{text} {credit.text[language]}" for language, text in result.message.items()}
        return replace(result, message=told)
    return result


def _failed(result: TestResult, phase: Phase) -> TestResult:
    error = phase.error
    if isinstance(error, Ended):
        result = replace(result, unloaded=error.unloaded)
        return replace(result, verdict=error.verdict, message=error.message, traceback=error.traceback)
    if isinstance(error, RemoteFault):
        return _raised(result, error.fault)
    if phase.when == "call" and _lacks_memory(error):
        return replace(result, verdict=Verdict.TOO_BIG, message=say("big_answers"))
    shown = "" if result.hidden else _cut(result.detail, _SHOWN)
    if isinstance(error, AssertionError | Failed):
        return replace(result, verdict=Verdict.FAILED, message=say("failed"), traceback=shown)
    if isinstance(error, GraderError) or phase.when != "call":
        return replace(result, verdict=Verdict.GRADER_ERROR, message=say("grader_error"))
    # The test stumbled over an answer of another kind than it expects: None, a tuple, an object.
    kind = type(error).__name__ if result.hidden else f"{type(error).__name__}: {error}"
    message = say("wrong_kind", error=_cut(kind.replace(_HANDLE, "an object of yours"), 300))
    return replace(result, verdict=Verdict.FAILED, message=message, traceback=shown.replace(_HANDLE, "(object)"))


def _lacks_memory(error: BaseException | None) -> bool:
    """Whether this process, whose memory is bounded, could not take more."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error))


def _raised(result: TestResult, fault: Fault) -> TestResult:
    if fault.traceback == "missing":
        return replace(result, verdict=Verdict.CRASHED, message=say("missing", name=fault.message))
    if fault.kind == "NotImplementedError" and "raise NotImplementedError" in fault.traceback:
        return replace(result, verdict=Verdict.CRASHED, message=say("not_written"), traceback=fault.traceback)
    if fault.kind == "ForbiddenError":
        return replace(result, verdict=Verdict.CRASHED, message=say("forbidden_call", name=fault.message))
    message = say("raised", kind=fault.kind, message=fault.message)
    return replace(result, verdict=Verdict.CRASHED, message=message, traceback=fault.traceback)


def _skipped(result: TestResult, error: Skipped, title_of: Callable[[str], Text]) -> TestResult:
    """Skipped for a test that must pass first, or, without cost, because this host lacks something."""
    name = getattr(error, "needs", "")
    if name:
        return replace(result, verdict=Verdict.SKIPPED, message=say("needs", title=title_of(name)))
    return replace(result, verdict=Verdict.SKIPPED, points=0.0, message=say("environment", reason=str(error)))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}\n[... {len(text) - length:,} characters]"
