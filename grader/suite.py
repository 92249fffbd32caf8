"""Runs an exercise's suite with pytest in the examiner: our fixtures in place of the shared ones, a verdict per test.

The shared conftest is a plain plugin here, so its seeds, markers and ``needs`` work as in the self-check; only
``student`` is replaced by the stand-in. Each test's result leaves through the channel as soon as it is known.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import CallInfo

from grader.errors import ExerciseError, InfrastructureError
from grader.judge import judge, refused, unwritten
from grader.link import Ended, Link
from grader.report import TestResult, Verdict
from grader.sentences import say
from grader.shared import Shared, load_shared
from grader.wire.channel import Channel

if TYPE_CHECKING:
    from grader.examiner import Job

FORBIDDEN_TEST = "test_uses_nothing_forbidden"


class Suite:
    """The pytest plugin of one grading."""

    def __init__(self, job: Job, link: Link, channel: Channel, shared: Shared) -> None:
        self._job = job
        self._link = link
        self._channel = channel
        self._shared = shared
        self._end = 0.0
        self._spent = 0.0
        self.broken: list[str] = []
        self.fault: InfrastructureError | None = None

    # --- fixtures

    @pytest.fixture(scope="session")
    def student(self) -> Any:
        """The student's module, behind the wire."""
        return StudentModule(self._link)

    # --- collection

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what could not be collected: that is the exercise's fault."""
        if report.failed:
            self.broken.append(report.longreprtext)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests that were asked for."""
        if self._job.only is not None:
            items[:] = [item for item in items if item.name in self._job.only]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Announce the tests, before any of the student's code is loaded; then read the submission's sources."""
        if self.broken or not session.items:
            reason = "\n".join(self.broken) or "there is no test"
            raise ExerciseError(f"the suite of {self._job.exercise} cannot be collected: {reason}")
        names = [item.name for item in session.items]
        if self._job.work.forbid:
            names.insert(0, FORBIDDEN_TEST)
        doubles = {name for name in names if names.count(name) > 1}
        if doubles:
            raise ExerciseError(f"{self._job.exercise}: two tests are called {', '.join(sorted(doubles))}. Rename one.")
        self._channel.send({"event": "started", "tests": names})
        self._link.read_sources()
        self._channel.send({"event": "read", "left_out": self._link.left_out})
        self._end = time.monotonic() + self._job.total_seconds

    # --- running

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run every test once, in order, each with a living candidate."""
        if self._job.work.forbid:
            self._report(self._forbidden())
        items = session.items
        for number, item in enumerate(items):
            following = items[number + 1] if number + 1 < len(items) else None
            result = self._run(item, following)
            self._report(result)
            if self.fault is not None or (self._job.stop_at_first and result.verdict is not Verdict.PASSED):
                break
        return True

    def _run(self, item: pytest.Item, following: pytest.Item | None) -> TestResult:
        blank = self._blank(item)
        if self._link.uses:
            return refused(blank, say("after_forbidden"))
        if time.monotonic() > self._end:
            return refused(blank, say("slow_total", seconds=self._job.total_seconds), Verdict.TOO_SLOW)
        marker = item.get_closest_marker("seconds")
        limit = float(marker.args[0]) if marker else self._job.work.limits.seconds
        self._link.seconds = max(0.1, min(limit, self._end - time.monotonic()))
        self._link.seed = self._shared.derive_seed(f"{self._job.seed}/candidate", item.name)
        had_candidate = self._link.is_alive()
        start = time.perf_counter()
        calls = self._protocol(item)
        seconds = time.perf_counter() - start
        # Fixtures that hold objects of a candidate that died in this test must not serve the next one.
        survived = self._link.is_alive() or not had_candidate
        calls.append(_call(item, "teardown", nextitem=following if survived else None))
        self._notice(calls)
        return judge(blank, item, calls, self._link.take_output(), seconds, self._titles)

    def _protocol(self, item: pytest.Item) -> list[CallInfo[None]]:
        calls = [_call(item, "setup")]
        if calls[0].excinfo is None:
            calls.append(_call(item, "call"))
        return calls

    def _notice(self, calls: list[CallInfo[None]]) -> None:
        errors = [call.excinfo.value for call in calls if call.excinfo is not None]
        self.fault = next((error for error in errors if isinstance(error, InfrastructureError)), self.fault)

    def _titles(self, item: pytest.Item, name: str) -> dict[str, str]:
        found = next((other for other in item.session.items if other.name.partition("[")[0] == name), None)
        return self._blank(found).title if found else {"en": name, "pt-BR": name}

    def _blank(self, item: pytest.Item) -> TestResult:
        texts = self._shared.read_texts(getattr(item, "obj", None).__doc__, item.name)
        points, group = item.get_closest_marker("points"), item.get_closest_marker("group")
        return TestResult(
            name=item.name,
            title=_with_parameters(texts.title, item.name),
            points=float(points.args[0]) if points else 1.0,
            verdict=Verdict.GRADER_ERROR,
            hint=texts.hint,
            hidden=item.path.stem.endswith("_hidden"),
            group=str(group.args[0]) if group else "",
        )

    def _forbidden(self) -> TestResult:
        uses = self._link.uses
        message = say("forbidden", line=uses[0][0], name=uses[0][1]) if uses else {}
        verdict = Verdict.FAILED if uses else Verdict.PASSED
        detail = "\n".join(f"line {line}: {name} ({how})" for line, name, how in uses)
        return TestResult(FORBIDDEN_TEST, say("forbidden_title"), 0.0, verdict, message, detail=detail, hidden=False)

    def _report(self, result: TestResult) -> None:
        self._channel.send({"event": "test", "test": asdict(result)})


class StudentModule:
    """The module as the tests see it: always that of the living candidate."""

    def __init__(self, link: Link) -> None:
        object.__setattr__(self, "_link", link)

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        if name.startswith("__") and name != "__name__":
            raise AttributeError(name)
        try:
            return getattr(self._link.module(), name)
        except AttributeError as error:
            raise unwritten(name) from error

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._link.module(), name, value)

    def __repr__(self) -> str:
        return "<the student's module>"


def _call(item: pytest.Item, when: Any, **arguments: Any) -> CallInfo[None]:
    hook = getattr(item.ihook, f"pytest_runtest_{when}")
    call = CallInfo.from_call(lambda: hook(item=item, **arguments), when=when)
    # The shared conftest keeps its own account of outcomes, which ``needs`` reads.
    item.ihook.pytest_runtest_makereport(item=item, call=call)
    return call


def _with_parameters(title: dict[str, str], name: str) -> dict[str, str]:
    _, bracket, rest = name.partition("[")
    return {key: f"{text} [{rest.removesuffix(']')}]" if bracket else text for key, text in title.items()}


def run_suite(job: Job, link: Link, channel: Channel, unused: tuple[str, ...]) -> None:
    """Run all tests and send one event each. Raises ExerciseError and InfrastructureError."""
    shared = load_shared(Path(job.conftest))
    plugin = Suite(job, link, channel, shared)
    os.chdir(Path(job.suites[0]).parent)
    status = _pytest(job.suites, [shared, plugin], unused)
    if plugin.fault is not None:
        raise plugin.fault
    if plugin.broken:
        raise ExerciseError(f"the suite of {job.exercise} cannot be collected: {plugin.broken[0]}")
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise ExerciseError(f"pytest ended with status {status} in the suite of {job.exercise}")
    channel.send({"event": "done"})


def _pytest(suites: list[str], plugins: list[Any], unused: tuple[str, ...]) -> int:
    arguments = [*suites, "--noconftest", "-c", os.devnull, f"--rootdir={Path(suites[0]).parent}", "--import-mode=importlib"]
    arguments += ["--capture=no", "-q", "-q", "--no-header", "--no-summary", "--tb=short"]
    for name in unused:
        arguments += ["-p", f"no:{name}"]
    with open(os.devnull, "w") as nowhere:
        outputs, sys.stdout = sys.stdout, nowhere
        try:
            return int(pytest.main(arguments, plugins=plugins))
        finally:
            sys.stdout = outputs


def warm(conftest: Path, unused: tuple[str, ...]) -> None:
    """Run one trivial session so that everything lazy in pytest has happened before the first fork."""


__all__ = ["FORBIDDEN_TEST", "Ended", "StudentModule", "Suite", "run_suite", "warm"]
