"""One grading in an examiner: runs the collected tests, each with a living candidate, and sends one event per test."""

from __future__ import annotations

import math
import os
import re
import resource
import socket
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import pytest
from _pytest.outcomes import Skipped
from _pytest.runner import CallInfo

from grader import tally
from grader.device.start import see_gpu
from grader.errors import GraderError, InfrastructureError
from grader.exercise import GradingLimits
from grader.judge import Phase, judge, refused, unwritten
from grader.link import CALLS, Ended, Link, Work
from grader.notebook import find_cell
from grader.report import FORBIDDEN_TEST, TestResult, Text, Verdict
from grader.sentences import say
from grader.shared import Shared
from grader.training.bench import ExaminersBench
from grader.training.terms import TrainingTerms
from grader.wire.channel import Channel
from grader.wire.fault import RemoteFault
from grader.wire.handle import Handle

#: where the modules of Gradiente lie
_OURS = f"{Path(__file__).parent}{os.sep}"
#: Seconds between two values of a training that are told while it runs.
_METRIC_SECONDS = 0.1


class Job(msgspec.Struct, frozen=True):
    """One grading, as the pool orders it."""

    seed: str
    work: Work
    #: for all tests that are left
    seconds_left: float
    data: str = ""
    #: what a training check may use and asks for
    training: TrainingTerms | None = None
    #: by class of devices, how far the reference's trainings lie apart
    spreads: dict[str, float] = {}
    #: where the work has a share of a GPU: what it is called. Then the tests that ask for one are run alone
    hardware: str = ""
    #: tests that another grading of the submission has run, and whether they passed
    earlier: dict[str, bool] = {}
    #: whether hidden tests are run
    hidden: bool = True
    #: the tests that are run alone; None: all
    only: list[str] | None = None
    stop_at_first: bool = False
    #: where this examiner takes over from one that was stuck: the tests that are reported, and whether they passed
    finished: dict[str, bool] = {}
    #: the test in which it was stuck
    stuck: str = ""

    def runs(self, item: pytest.Item) -> bool:
        """Whether a test of the suite belongs to this grading."""
        is_wanted = (self.hidden or not _is_hidden(item)) and (self.only is None or item.name in self.only)
        return is_wanted and (self.work.share is None or _asks_for_gpu(item))


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
    """The module as the tests see it: always that of the living candidate.

    A function or class that the stub defines is fetched once per test, however often the test names it.
    """

    def __init__(self, link: Link) -> None:
        object.__setattr__(self, "_link", link)

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        if name.startswith("__") and name != "__name__":
            raise AttributeError(name)
        link = self._link
        module = link.module()  # first: a new candidate has nothing that was fetched from the one before
        if name in link.fetched:
            return link.fetched[name]
        try:
            found = getattr(module, name)
        except AttributeError as error:
            raise unwritten(name) from error
        if type(found) is Handle and name in link.work.names:
            link.fetched[name] = found
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.fetched.clear()
        setattr(self._link.module(), name, value)

    def __repr__(self) -> str:
        return "<the student's module>"


def examine(bench: Bench, channel_fd: int, candidates_fd: int, errors_fd: int) -> None:
    """Run one grading whose job comes over the channel. ``errors_fd`` becomes standard error."""
    os.dup2(errors_fd, 2)
    os.close(errors_fd)
    channel = Channel(socket.socket(fileno=channel_fd))
    job = msgspec.convert(channel.receive()[0], Job)
    _bound_memory(job.work.limits)
    os.environ["GRADIENTE_SEED"] = job.seed
    if job.data:
        os.environ["GRADIENTE_DATA"] = job.data
    if job.work.share is not None:
        see_gpu(job.work.share.gpu)
    bench.link = Link(socket.socket(fileno=candidates_fd), job.work)
    grading = Grading(job, bench, bench.link, channel)
    try:
        with bench.link.tally.spending(tally.Phase.TESTS):
            grading.run()
        # Every process of the candidate has ended before the report is believed to be complete.
        bench.link.stop()
        channel.send(bench.link.tally.event())
        channel.send({"event": "done"})
    except GraderError as error:
        bench.link.stop()
        channel.send(bench.link.tally.event())
        channel.send({"event": "refused", "owner": error.owner, "message": error.text})


def memory_of_examiner(limits: GradingLimits) -> int:
    """Mebibytes that an examiner may take beyond what it shares: what a submission may, and room for its answers.

    It keeps answers that unfold (a range of 10**12) or that a test collects from taking the host down.
    """
    return limits.memory_mb + 2 * limits.answer_mb + 256


def _bound_memory(limits: GradingLimits) -> None:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    now = int(status["VmData"].split()[0]) << 10
    limit = now + (memory_of_examiner(limits) << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


class Grading:
    """The tests of one submission."""

    def __init__(self, job: Job, bench: Bench, link: Link, channel: Channel) -> None:
        self._job = job
        self._shared = bench.shared
        self._link = link
        self._channel = channel
        self._all = bench.items
        self._items = [item for item in self._all if job.runs(item)]
        self._end = 0.0
        self._last_metric = 0.0
        self._trainings = ExaminersBench(job.training, job.spreads, link)
        for item in self._items[:1]:
            item.config.stash[self._shared.LISTENER] = self._record
            item.config.stash[self._shared.BENCH] = self._trainings

    def run(self) -> None:
        """Run every test once, in order. Raises InfrastructureError when this host cannot go on."""
        # Announced before any of the student's code is loaded: nothing that it does can add or remove a test.
        forbids = [FORBIDDEN_TEST] if self._job.work.forbid and self._job.work.share is None else []
        self._channel.send({"event": "started", "tests": forbids + [item.name for item in self._items]})
        self._link.start()
        self._link.read_sources()
        self._channel.send({"event": "read", "left_out": self._link.left_out})
        self._end = time.monotonic() + self._job.seconds_left
        if forbids and FORBIDDEN_TEST not in self._job.finished:
            self._report(self._forbidden())
        for item in self._all:
            if item.name in self._job.earlier:
                _remember(item, self._job.earlier[item.name])
        for number, item in enumerate(self._items):
            if item.name in self._job.finished:
                _remember(item, self._job.finished[item.name])
                continue
            following = self._items[number + 1] if number + 1 < len(self._items) else None
            result = self._stuck(item) if item.name == self._job.stuck else self._run(item, following)
            self._report(result)
            if self._job.stop_at_first and result.verdict is not Verdict.PASSED:
                return

    def _run(self, item: pytest.Item, following: pytest.Item | None) -> TestResult:
        blank = self._blank(item)
        limits = self._job.work.limits
        if self._link.uses:
            return refused(blank, say("after_forbidden"))
        if self._job.work.share is None and _asks_for_gpu(item):
            return self._leave_to_gpu(item, blank)
        end = self._end + self._link.started
        if time.monotonic() > end:
            return refused(blank, say("slow_total", seconds=limits.total_seconds), Verdict.TOO_SLOW)
        seconds, most_calls = self._limits_of(item)
        # Not the test's own seed: the candidate could draw the test's inputs again.
        seed = self._shared.derive_seed(f"{self._job.seed}/candidate", item.name)
        seconds = max(0.1, min(seconds, end - time.monotonic()))
        within = self._link.start_test(seconds, end, seed, most_calls)
        self._channel.send({"event": "begin", "test": item.name, "within": within})
        start = time.perf_counter()
        calls = self._call_all(item, following)
        output = self._link.take_output()
        curve = {
            name: [list(map(_plain, pair)) for pair in pairs] for name, pairs in self._shared.curve_of(item).items()
        }
        seconds = time.perf_counter() - start
        result = judge(blank, calls, output, seconds, self._title_of, self._shared.credit_of(item))
        if not self._shared.points_of(item):  # another data set stood in for the ladder's
            result = replace(result, points=0.0)
        return replace(result, curve=curve, datasets=dict(self._shared.datasets_of(item)))

    def _leave_to_gpu(self, item: pytest.Item, blank: TestResult) -> TestResult:
        """A test that asks for a GPU, where there is none: no GPU need be asked for what is known without it."""
        known: BaseException | None = self._link.refusal
        try:
            self._shared.pytest_runtest_setup(item)
        except Skipped as held:  # another test must pass first, and did not
            known = held
        if known is not None:
            return judge(blank, [Phase("setup", known, "")], "", 0.0, self._title_of)
        return replace(refused(blank, say("awaits_gpu")), points=0.0, awaits_gpu=True)

    def _record(self, item: pytest.Item, step: int, values: dict[str, float]) -> None:
        """Tell who watches, not more often than they can look."""
        now = time.monotonic()
        if now - self._last_metric >= _METRIC_SECONDS:
            self._last_metric = now
            told = {name: _plain(value) for name, value in values.items()}
            self._channel.send({"event": "metric", "test": item.name, "step": step, "values": told})

    def _limits_of(self, item: pytest.Item) -> tuple[float, int]:
        """Seconds of one call, and how many times as long all calls together may take."""
        marker = item.get_closest_marker("seconds")
        seconds = float(marker.args[0]) if marker else self._job.work.limits.seconds
        return self._trainings.limits_of(self._shared.kind_of(item)) or (seconds, CALLS)

    def _stuck(self, item: pytest.Item) -> TestResult:
        """The test in which the examiner before this one was ended."""
        _remember(item, passed=False)
        seconds, _ = self._limits_of(item)
        return refused(self._blank(item), say("slow_test", seconds=seconds), Verdict.TOO_SLOW)

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
        known = (item for item in self._all if self._job.hidden or not _is_hidden(item))
        found = next((item for item in known if item.name.partition("[")[0] == name), None)
        return self._blank(found).title if found else {"en": name, "pt-BR": name}

    def _blank(self, item: pytest.Item) -> TestResult:
        texts = self._shared.read_texts(getattr(item, "obj", None).__doc__, item.name.partition("[")[0])
        group = item.get_closest_marker("group")
        return TestResult(
            name=item.name,
            title=_with_parameters(texts.title, item, self._all),
            points=self._shared.points_of(item),
            verdict=Verdict.GRADER_ERROR,
            hint=texts.hint,
            hidden=_is_hidden(item),
            group=str(group.args[0]) if group else "",
            device=self._job.hardware,
        )

    def _forbidden(self) -> TestResult:
        uses = self._link.uses
        verdict = Verdict.FAILED if uses else Verdict.PASSED
        message = self._where_forbidden(*uses[0]) if uses else {}
        detail = "\n".join(f"line {line}: {name} ({how})" for line, name, how in uses)
        return TestResult(FORBIDDEN_TEST, say("forbidden_title"), 0.0, verdict, message, detail=detail, hidden=False)

    def _where_forbidden(self, line: int, name: str, _how: str) -> Text:
        if found := find_cell(self._job.work.cells, line):
            return say("forbidden_cell", cell=found[0], line=found[1], name=name)
        return say("forbidden", line=line, name=name)

    def _report(self, result: TestResult) -> None:
        self._channel.send({"event": "test", "test": asdict(result)})


def _call(item: pytest.Item, when: Any, **arguments: Any) -> Phase:
    hook = getattr(item.ihook, f"pytest_runtest_{when}")
    call: CallInfo[None] = CallInfo.from_call(lambda: hook(item=item, **arguments), when=when)
    if call.excinfo is not None:
        call.excinfo = _quoted(call.excinfo, item)
    # The shared conftest keeps its own account of outcomes, which ``needs`` reads.
    report = item.ihook.pytest_runtest_makereport(item=item, call=call)
    # Addresses differ from run to run, and the same seed must give the same report.
    text = re.sub(r"\b0x[0-9a-f]{6,}", "0x…", report.longreprtext)
    return Phase(when, None if call.excinfo is None else call.excinfo.value, text)


def _quoted(found: pytest.ExceptionInfo[BaseException], item: pytest.Item) -> pytest.ExceptionInfo[BaseException]:
    """An error with the frames that are worth showing: pytest looks at each of its own to leave it out."""
    if isinstance(found.value, RemoteFault | Ended):
        _leave_out_the_wire(found.tb)
    code = getattr(getattr(item, "function", None), "__code__", None)
    trace: TracebackType | None = found.tb
    while trace is not None and trace.tb_frame.f_code is not code:
        trace = trace.tb_next
    if trace is None:  # in a fixture
        return found
    return pytest.ExceptionInfo.from_exc_info((found.type, found.value, trace))


def _leave_out_the_wire(trace: TracebackType | None) -> None:
    """Cut our own frames off the end of a traceback.

    Whoever reads it learns nothing of the answer from them, and pytest would parse our modules to quote them.
    """
    last = trace
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(_OURS):
            last = trace
        trace = trace.tb_next
    if last is not None:
        last.tb_next = None


def _is_hidden(item: pytest.Item) -> bool:
    return item.path.stem.endswith("_hidden")


def _asks_for_gpu(item: pytest.Item) -> bool:
    return item.get_closest_marker("gpu") is not None


def _plain(value: float) -> float | None:
    """A number as JSON knows them."""
    return value if math.isfinite(value) else None


def _remember(item: pytest.Item, passed: bool) -> None:
    """Tell the shared conftest of a test that another examiner ran, for those that need it."""

    def outcome() -> None:
        if not passed:
            pytest.fail("in another process")

    item.ihook.pytest_runtest_makereport(item=item, call=CallInfo.from_call(outcome, when="call"))


def _with_parameters(title: dict[str, str], item: pytest.Item, items: list[pytest.Item]) -> dict[str, str]:
    """The title of one case of a test: with pytest's id, or with its number where the id would tell hidden values."""
    function, bracket, case = item.name.partition("[")
    if bracket and _is_hidden(item):
        cases = [each.name for each in items if each.name.partition("[")[0] == function]
        case = f"{cases.index(item.name) + 1}]"
    return {key: f"{text} [{case}" if bracket else text for key, text in title.items()}
