"""From what happened in a test to its verdict and to what the student may read about it."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable
from dataclasses import replace

import pytest
from _pytest.outcomes import Failed, Skipped
from _pytest.runner import CallInfo

from grader.errors import GraderError
from grader.link import Ended
from grader.report import TestResult, Text, Verdict
from grader.sentences import say
from grader.wire.fault import Fault, RemoteFault, revive

_DETAIL = 20_000
_SHOWN = 4_000


def refused(blank: TestResult, message: Text, verdict: Verdict = Verdict.SKIPPED) -> TestResult:
    """A test that was not run."""
    return replace(blank, verdict=verdict, message=message)


def unwritten(name: str) -> Exception:
    """What a test meets that reads a name the student's file does not define."""
    return revive(Fault(["AttributeError"], name, "missing"))


def judge(
    blank: TestResult,
    item: pytest.Item,
    calls: list[CallInfo[None]],
    output: str,
    seconds: float,
    title_of: Callable[[str], Text],
) -> TestResult:
    """The result of one test from its set-up, call and teardown."""
    result = replace(blank, verdict=Verdict.PASSED, output=output, seconds=seconds)
    for call in calls:
        if call.excinfo is not None:
            return _failed(result, item, call, title_of)
    return result


def _failed(result: TestResult, item: pytest.Item, call: CallInfo[None], title_of: Callable[[str], Text]) -> TestResult:
    assert call.excinfo is not None
    error = call.excinfo.value
    detail = _cut(_full(item, call), _DETAIL)
    if isinstance(error, Ended):
        return replace(result, verdict=error.verdict, message=error.message, traceback=error.traceback, detail=detail)
    if isinstance(error, RemoteFault):
        return replace(_raised(result, error.fault), detail=detail)
    if isinstance(error, Skipped):
        return _skipped(result, item, str(error), title_of)
    if isinstance(error, AssertionError | Failed):
        shown = "" if result.hidden else _cut(detail, _SHOWN)
        return replace(result, verdict=Verdict.FAILED, message=say("failed"), traceback=shown, detail=detail)
    if isinstance(error, GraderError) or call.when != "call":
        return replace(result, verdict=Verdict.GRADER_ERROR, message=say("grader_error"), detail=detail)
    # The test stumbled over an answer of another kind than it expects: None, a tuple, an object.
    kind = type(error).__name__ if result.hidden else f"{type(error).__name__}: {error}"
    shown = "" if result.hidden else _cut(detail, _SHOWN)
    message = say("wrong_kind", error=_cut(kind, 300))
    return replace(result, verdict=Verdict.FAILED, message=message, traceback=shown, detail=detail)


def _raised(result: TestResult, fault: Fault) -> TestResult:
    if fault.traceback == "missing":
        return replace(result, verdict=Verdict.CRASHED, message=say("missing", name=fault.message))
    if fault.kind == "NotImplementedError":
        return replace(result, verdict=Verdict.CRASHED, message=say("not_written"), traceback=fault.traceback)
    if fault.kind == "ForbiddenError":
        return replace(result, verdict=Verdict.CRASHED, message=say("forbidden_call", name=fault.message))
    message = say("raised", kind=fault.kind, message=fault.message)
    return replace(result, verdict=Verdict.CRASHED, message=message, traceback=fault.traceback)


def _skipped(result: TestResult, item: pytest.Item, reason: str, title_of: Callable[[str], Text]) -> TestResult:
    """Skipped for a test that must pass first, or, without cost, because this host lacks something."""
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            return replace(result, verdict=Verdict.SKIPPED, message=say("needs", title=title_of(name)))
    return replace(result, verdict=Verdict.SKIPPED, points=0.0, message=say("environment", reason=reason))


def _full(item: pytest.Item, call: CallInfo[None]) -> str:
    """The whole failure as pytest shows it, for instructors."""
    assert call.excinfo is not None
    with contextlib.suppress(Exception):
        return str(item.repr_failure(call.excinfo, style="long"))
    return "".join(traceback.format_exception_only(call.excinfo.value))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}\n[... {len(text) - length:,} characters]"
