"""The process in which a notebook's code is checked: the exercise's public tests, with pytest, one event per test.

It reads a job from standard input and writes events, one JSON object in each line, to what was standard output; what
the tests and the student's code print goes elsewhere. It is no sandbox: it keeps a solution that hangs, crashes or
takes all memory from taking the notebook along.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import re
import sys
from collections.abc import Generator
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

import msgspec
import pytest
from _pytest.runner import CallInfo

from grader.judge import Phase, judge, refused
from grader.jupyter.loading import Job, Student
from grader.link import CALLS
from grader.notebook import find_cell
from grader.report import FORBIDDEN_TEST, TestResult, Text, Verdict
from grader.sentences import say
from grader.shared import Shared, load_shared
from grader.training.terms import TrainingTerms

_OUTPUT = 16_000
#: mebibytes beyond what the exercise allows: here nobody is cheated, and pytest takes some, too
_MORE_MEMORY = 1024


def main() -> None:
    """Run a job."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as events:
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(null, descriptor)
        _die_first()
        shared = load_shared(Path(job.shared))
        student = Student(job, shared)
        options = ["-c", os.devnull, f"--rootdir={Path(job.tests).parent}", "--noconftest", "--import-mode=importlib"]
        options += ["-p", "no:cacheprovider", "-p", "no:faulthandler", "--capture=fd", "--tb=short", "-q"]
        listener = Listener(job, shared, student, events)
        status = pytest.main([job.tests, *options], plugins=[shared, listener])
        listener.send("done", status=int(status), problem=listener.problem)


class Listener:
    """A pytest plugin that judges each test as the portal would, and tells it."""

    def __init__(self, job: Job, shared: Shared, student: Student, events: TextIO) -> None:
        self.problem = ""
        self._job, self._shared, self._student, self._events = job, shared, student, events
        self._items: list[pytest.Item] = []
        self._uses: list[tuple[int, str]] = []
        self._phases: list[Phase] = []
        self._output = ""
        self._seconds = 0.0
        self._is_remembering = False
        self._hang = open(job.hang, "w")  # noqa: SIM115  # faulthandler writes to it until the end

    def send(self, event: str, **values: Any) -> None:
        """Tell one thing."""
        self._events.write(json.dumps({"event": event, **values}) + "\n")
        self._events.flush()

    @pytest.fixture(scope="module", name="student")
    def _module(self) -> ModuleType:
        """The notebook's code, in the place of the file that lies beside the tests."""
        return self._student.load()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember why tests could not be collected."""
        if report.failed:
            self.problem = self.problem or report.longreprtext[-2_000:]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Announce the tests, and read the code for what is forbidden."""
        self._items = session.items
        forbids = bool(self._job.config.forbid)
        tests = [asdict(test) for test in [*[self._forbidden()] * forbids, *map(self._blank, self._items)]]
        self.send("started", tests=tests, left_out=self._student.left_out)
        self._uses = self._student.uses()
        if forbids and FORBIDDEN_TEST not in self._job.finished:
            self._tell(self._forbidden())
        _bound_memory(self._job.config.limits.memory_mb + _MORE_MEMORY)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Run a test, unless an earlier child has, or something forbidden stands in the way."""
        if item.name in self._job.finished:
            self._remember(item, self._job.finished[item.name])
            return True
        if self._uses:
            self._tell(refused(self._blank(item), say("after_forbidden")))
            return True
        self._phases, self._output, self._seconds = [], "", 0.0
        seconds = self._limit_of(item)
        self.send("begin", test=asdict(self._blank(item)), seconds=seconds)
        faulthandler.dump_traceback_later(seconds, exit=True, file=self._hang)
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: CallInfo[None]) -> Generator[None, Any, Any]:
        """Note down set-up, call and teardown."""
        report = yield
        if not self._is_remembering:
            error = None if call.excinfo is None else self._student.explain(call.excinfo.value)
            text = re.sub(r"\b0x[0-9a-f]{6,}", "0x…", report.longreprtext).replace(self._job.tests, "test")
            self._phases.append(Phase(call.when, error, text))
            self._output = "".join(body for title, body in report.sections if title.startswith("Captured std"))
            self._seconds += call.duration
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Judge the test that has ended."""
        faulthandler.cancel_dump_traceback_later()
        item = next(item for item in self._items if item.nodeid == nodeid)
        credit = self._shared.credit_of(item)
        result = judge(self._blank(item), self._phases, self._output[:_OUTPUT], self._seconds, self._title_of, credit)
        if not self._shared.points_of(item):
            result = replace(result, points=0.0)
        self._tell(replace(result, detail="", datasets=dict(self._shared.datasets_of(item))))

    def _tell(self, result: TestResult) -> None:
        self.send("test", test=asdict(result))

    def _blank(self, item: pytest.Item) -> TestResult:
        function, bracket, case = item.name.partition("[")
        texts = self._shared.read_texts(getattr(item, "obj", None).__doc__, function)
        title = {language: f"{text} [{case}" if bracket else text for language, text in texts.title.items()}
        points = self._shared.points_of(item)
        return TestResult(item.name, title, points, Verdict.GRADER_ERROR, hint=texts.hint, hidden=False)

    def _title_of(self, name: str) -> Text:
        found = next((item for item in self._items if item.name.partition("[")[0] == name), None)
        return self._blank(found).title if found else {"en": name, "pt-BR": name}

    def _forbidden(self) -> TestResult:
        result = TestResult(FORBIDDEN_TEST, say("forbidden_title"), 0.0, Verdict.PASSED, hidden=False)
        if not self._uses:
            return result
        line, name = self._uses[0]
        if found := find_cell(self._job.cells, line):
            message = say("forbidden_cell", cell=found[0], line=found[1], name=name)
        else:
            message = say("forbidden", line=line, name=name)
        return replace(result, verdict=Verdict.FAILED, message=message)

    def _limit_of(self, item: pytest.Item) -> float:
        if self._job.seconds is not None:
            return self._job.seconds
        kind, terms = self._shared.kind_of(item), self._job.config.training
        if kind and isinstance(terms, TrainingTerms) and (table := getattr(terms, kind, None)):
            return float(table.budget_s) * (terms.plan().most + 1)
        marker = item.get_closest_marker("seconds")
        return CALLS * (float(marker.args[0]) if marker else self._job.config.limits.seconds)

    def _remember(self, item: pytest.Item, passed: bool) -> None:
        """Let the shared conftest know, for tests that need this one."""

        def outcome() -> None:
            if not passed:
                pytest.fail("in another process")

        self._is_remembering = True
        item.ihook.pytest_runtest_makereport(item=item, call=CallInfo.from_call(outcome, when="call"))
        self._is_remembering = False


def _die_first() -> None:
    """Where memory runs out all the same, let the system end this process and not the notebook's."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _bound_memory(megabytes: int) -> None:
    with contextlib.suppress(ImportError, OSError, ValueError, KeyError):
        import resource

        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
        limit = (int(status["VmData"].split()[0]) << 10) + (megabytes << 20)
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (limit if most < 0 else min(limit, most), most))
