"""One grading in an examiner: runs the collected tests, each with a living candidate, and sends one event per test."""

from __future__ import annotations

import os
import re
import resource
import socket
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from _pytest.runner import CallInfo

from grader.errors import GraderError, InfrastructureError
from grader.judge import Phase, judge, refused, unwritten
from grader.link import Link, Work
from grader.report import TestResult, Verdict
from grader.sentences import say
from grader.shared import Shared
from grader.wire.channel import Channel

#: The test that stands for reading the submission's sources; its name is taken.
FORBIDDEN_TEST = "test_uses_nothing_forbidden"


class Job(msgspec.Struct, frozen=True):
    """One grading, as the pool orders it."""

    seed: str
    work: Work
    total_seconds: float
    data: str = ""
    only: list[str] | None = None
    stop_at_first: bool = False


@dataclass
class Bench:
    """What a keeper has ready for every grading, and in an examiner the link to the candidate."""

    shared: Shared
    items: list[pytest.Item] = field(default_factory=list)
    link: Link | None = None

    def student(self) -> StudentModule:
        """The stand-in that tests get as ``student``."""
        assert self.link is not None
        return StudentModule(self.link)


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


def examine(bench: Bench, channel_fd: int, candidates_fd: int) -> None:
    """Run one grading whose job comes over the channel."""
    channel = Channel(socket.socket(fileno=channel_fd))
    job = msgspec.convert(channel.receive()[0], Job)
    _bound_memory(job.work.limits.answer_mb)
    os.environ["GRADIENTE_SEED"] = job.seed
    if job.data:
        os.environ["GRADIENTE_DATA"] = job.data
    bench.link = Link(socket.socket(fileno=candidates_fd), job.work)
    grading = Grading(job, bench, bench.link, channel)
    try:
        grading.run()
        # Every process of the candidate has ended before the report is believed to be complete.
        bench.link.stop()
        channel.send({"event": "done"})
    except GraderError as error:
        bench.link.stop()
        channel.send({"event": "refused", "owner": error.owner, "message": error.text})


def _bound_memory(answer_mb: int) -> None:
    """Keep answers that unfold (a range of 10**12, a crowd of small lists) from taking the host down."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    now = int(status["VmData"].split()[0]) << 10
    limit = now + (6 * answer_mb + 512 << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


class Grading:
    """The tests of one submission."""

    def __init__(self, job: Job, bench: Bench, link: Link, channel: Channel) -> None:
        self._job = job
        self._shared = bench.shared
        self._link = link
        self._channel = channel
        self._items = [item for item in bench.items if job.only is None or item.name in job.only]
        self._end = 0.0

    def run(self) -> None:
        """Run every test once, in order. Raises InfrastructureError when this host cannot go on."""
        # Announced before any of the student's code is loaded: nothing that it does can add or remove a test.
        forbids = [FORBIDDEN_TEST] if self._job.work.forbid else []
        self._channel.send({"event": "started", "tests": forbids + [item.name for item in self._items]})
        self._link.start()
        self._link.read_sources()
        self._channel.send({"event": "read", "left_out": self._link.left_out})
        self._end = time.monotonic() + self._job.total_seconds
        if forbids:
            self._report(self._forbidden())
        for number, item in enumerate(self._items):
            following = self._items[number + 1] if number + 1 < len(self._items) else None
            result = self._run(item, following)
            self._report(result)
            if self._job.stop_at_first and result.verdict is not Verdict.PASSED:
                return

    def _run(self, item: pytest.Item, following: pytest.Item | None) -> TestResult:
        blank = self._blank(item)
        if self._link.uses:
            return refused(blank, say("after_forbidden"))
        if time.monotonic() > self._end:
            return refused(blank, say("slow_total", seconds=self._job.total_seconds), Verdict.TOO_SLOW)
        marker = item.get_closest_marker("seconds")
        limit = float(marker.args[0]) if marker else self._job.work.limits.seconds
        # Not the test's own seed: the candidate could draw the test's inputs again.
        seed = self._shared.derive_seed(f"{self._job.seed}/candidate", item.name)
        self._link.start_test(max(0.1, min(limit, self._end - time.monotonic())), self._end, seed)
        start = time.perf_counter()
        calls = self._call_all(item, following)
        output = self._link.take_output()
        return judge(blank, item, calls, output, time.perf_counter() - start, self._title_of)

    def _call_all(self, item: pytest.Item, following: pytest.Item | None) -> list[Phase]:
        had_candidate = self._link.is_alive()
        asked = self._link.asked
        calls = [_call(item, "setup")]
        if calls[0].error is not None and self._link.asked > asked:
            # What a fixture makes of an answer is judged like what a test makes of it.
            calls[0] = replace(calls[0], when="call")
        if calls[0].error is None:
            calls.append(_call(item, "call"))
        # Fixtures that hold objects of a candidate that died in this test must not serve the next one.
        survived = self._link.is_alive() or not had_candidate
        calls.append(_call(item, "teardown", nextitem=following if survived else None))
        for call in calls:
            if isinstance(call.error, InfrastructureError):
                raise call.error
        return calls

    def _title_of(self, name: str) -> dict[str, str]:
        found = next((item for item in self._items if item.name.partition("[")[0] == name), None)
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


def _call(item: pytest.Item, when: Any, **arguments: Any) -> Phase:
    hook = getattr(item.ihook, f"pytest_runtest_{when}")
    call: CallInfo[None] = CallInfo.from_call(lambda: hook(item=item, **arguments), when=when)
    # The shared conftest keeps its own account of outcomes, which ``needs`` reads.
    report = item.ihook.pytest_runtest_makereport(item=item, call=call)
    # Addresses differ from run to run, and the same seed must give the same report.
    text = re.sub(r"\b0x[0-9a-f]{6,}", "0x…", report.longreprtext)
    return Phase(when, None if call.excinfo is None else call.excinfo.value, text)


def _with_parameters(title: dict[str, str], name: str) -> dict[str, str]:
    _, bracket, rest = name.partition("[")
    return {key: f"{text} [{rest.removesuffix(']')}]" if bracket else text for key, text in title.items()}
