"""The examiner's connection to a candidate: asks the nursery for one, loads the submission, notices its end.

A candidate that hangs, dies or grows too large ends the test that it happened in with an ``Ended``; the next test gets
a fresh one. An ``Ended`` is no Exception, so that neither a test nor ``pytest.raises`` swallows it.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import socket
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec

from grader.device.gpu import Share
from grader.device.guard import GPU_FAULT, GPU_MEMORY
from grader.device.start import CUDA_START
from grader.errors import InfrastructureError
from grader.exercise import GradingLimits
from grader.nursery import ask_nursery
from grader.report import Text, Verdict
from grader.sentences import say
from grader.stranger import StrangerPeer, StrangerPolicy
from grader.tally import End, Phase, Tally, end_of
from grader.training.budget import Budget
from grader.wire.channel import Channel, ChannelClosed, ChannelTimeout
from grader.wire.fault import Fault, RemoteFault
from grader.wire.handle import About, Handle
from grader.wire.values import FRAME, Bounds

#: Output beyond this many times the shown size ends the candidate.
_OUTPUT_FACTOR = 64
#: All calls of one test together may take this many times as long as one.
CALLS = 4
#: And so many times for a candidate that had to wait for a processor.
_OVERTIME = 2

#: Seconds until a candidate must be there, and so many more where CUDA is started for it.
_PATIENCE, _CUDA_PATIENCE = 30.0, 150.0

#: What sources can be made to raise in who reads them.
_UNREADABLE = frozenset({"SyntaxError", "UnicodeError", "ValueError", "RecursionError", "MemoryError"})


class Ended(BaseException):
    """A test is over because of the candidate, with this verdict."""

    def __init__(self, verdict: Verdict, message: Text, traceback: str = "", *, unloaded: bool = False) -> None:
        super().__init__(message["en"])
        #: whether the submission could not be loaded, so that no test can be run
        self.unloaded = unloaded
        self.verdict = verdict
        self.message = message
        self.traceback = traceback


@dataclass(frozen=True)
class Work:
    """What a candidate is started with."""

    slug: str
    files: dict[str, bytes]
    limits: GradingLimits
    forbid: list[str] = field(default_factory=list)
    #: what the stub defines
    names: list[str] = field(default_factory=list)
    classes: frozenset[str] = frozenset()
    #: of a notebook: the first line of each cell in the file made of it, and the cell's number
    cells: list[tuple[int, int]] = field(default_factory=list)
    load_seed: int = 0
    #: threads of torch's
    threads: int = 1
    #: the GPU that it computes on; None: it has none
    share: Share | None = None


class Link:
    """One candidate after the other, for one grading."""

    def __init__(self, nursery: socket.socket, work: Work) -> None:
        self.work = work
        self.left_out: list[str] = []
        self.uses: list[tuple[int, str, str]] = []
        self.output = bytearray()
        self.seconds = work.limits.seconds
        #: the seed that the candidate gets before the next request
        self.seed: int | None = None
        self._nursery = nursery
        #: None when there is no candidate
        self.peer: StrangerPeer | None = None
        self._life: Channel | None = None
        #: the kernel's account of the candidate's time; -1 where it keeps none
        self._schedstat = -1
        self._pipe = -1
        self._printed = 0
        self._delay = 0.0
        self._granted = 0.0
        #: until when the asks of this test may take together
        self.test_end = math.inf
        #: of the training that runs; None: no training does
        self.budget: Budget | None = None
        #: how often the candidate was asked
        self.asked = 0
        #: seconds spent on starting CUDA, which are not the student's
        self.started = 0.0
        #: what it took, and how candidates ended
        self.tally = Tally()
        self._module: Handle | None = None
        #: functions and classes of the module that this test has asked for
        self.fetched: dict[str, Handle] = {}
        self._refusal: Ended | None = None

    # --- life and death

    def start(self) -> None:
        """Have the nursery fork a candidate; nothing of the student's runs yet."""
        with self.tally.spending(Phase.SANDBOX):
            self._start()

    def _start(self) -> None:
        began = time.monotonic()
        ours, theirs = socket.socketpair()
        life, its_life = socket.socketpair()
        self._pipe, pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        answer = self.work.limits.answer_mb
        order = {
            "slug": self.work.slug,
            "memory_mb": self.work.limits.memory_mb,
            "answer_mb": answer,
            "threads": self.work.threads,
            "share": msgspec.to_builtins(self.work.share),
        }
        self._life = Channel(life, 1 << 16)
        try:
            ask_nursery(self._nursery, order, [its_life.fileno(), theirs.fileno(), pipe])
        finally:
            theirs.close()
            its_life.close()
            os.close(pipe)
        channel = Channel(ours, FRAME, has_maps=False)
        channel.listen(self._pipe, self._hear)
        channel.overtime = self._overtime
        self.peer = StrangerPeer(channel, StrangerPolicy(Bounds(bytes=answer << 20), self.work.classes, self), self)
        self.peer.publish(None)  # number 0 is no object of ours
        pid = self._expect_pid()
        with contextlib.suppress(OSError):
            self._schedstat = os.open(f"/proc/{pid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        if self.work.share is not None:
            took = time.monotonic() - began
            self.started += took
            self.test_end += took

    def _expect_pid(self) -> int:
        assert self._life is not None
        try:
            patience = _PATIENCE if self.work.share is None else _CUDA_PATIENCE
            told, _ = self._life.receive(time.monotonic() + patience)
        except (ChannelClosed, ChannelTimeout):
            told = {}
        if "pid" not in told:
            self._bury()
            raise InfrastructureError(told.get("failed", "the candidates' warm parent does not answer"))
        return int(told["pid"])

    def read_sources(self) -> None:
        """Place the files and read them for forbidden names, before any of the student's code runs."""
        with self.tally.spending(Phase.LOAD):
            self._read_sources()

    def _read_sources(self) -> None:
        self.seconds = self.work.limits.load_seconds
        desk = self._desk()
        try:
            self.left_out = [str(line) for line in desk.place(self.work.files, self.work.cells, self.work.names)]
            uses = desk.forbidden(list(self.work.forbid))
            self.uses = [(int(line), str(name), str(how)) for line, name, how in uses]
        except RemoteFault as error:
            fault = error.fault
            if not _UNREADABLE.intersection(fault.names):
                # None of the student's code has run yet: what else can go wrong here is ours.
                raise InfrastructureError(f"the submission could not be read: {fault.kind}: {fault.message}") from None
            self._refuse(fault)
        except Ended as ended:
            self._refusal = self._loading(ended)

    def module(self) -> Handle:
        """The student's module, loaded in a living candidate. Raises Ended where it cannot be loaded."""
        if self._refusal is not None:
            # What is raised again would keep, and show, the frames of every test before.
            raise self._refusal.with_traceback(None)
        if self._module is None:
            # The test's seed and times are for its own requests; loading has its own.
            kept = self.seed, self.budget, self.seconds
            self.seed, self.budget, self.seconds = None, None, self.work.limits.load_seconds
            try:
                if self.peer is None:
                    self.start()
                    self.read_sources()
                    if self._refusal is not None:
                        raise self._refusal
                with self.tally.spending(Phase.LOAD):
                    self._module = self._load()
            finally:
                self.seed, self.budget, self.seconds = kept
        return self._module

    def _load(self) -> Handle:
        try:
            found = self._desk().load(self.work.load_seed)
        except RemoteFault as error:
            self._refuse(error.fault)
        except Ended as ended:
            self._refusal = self._loading(ended)
        if self._refusal is not None:
            raise self._refusal
        assert type(found) is Handle
        object.__setattr__(found, "_origin", "module")
        return found

    def _refuse(self, fault: Fault) -> None:
        message = say("no_load", kind=fault.kind, message=fault.message)
        if fault.kind == "ForbiddenError":
            message = say("forbidden_call", name=fault.message)
        self._refusal = Ended(Verdict.CRASHED, message, fault.traceback, unloaded=True)

    def _loading(self, ended: Ended) -> Ended:
        message = ended.message
        if ended.verdict is Verdict.TOO_SLOW:
            message = say("slow_load", seconds=self.work.limits.load_seconds)
        return Ended(ended.verdict, message, ended.traceback, unloaded=True)

    def _desk(self) -> Handle:
        assert self.peer is not None
        return Handle(self.peer, 0, About("Candidate", ()), "module")

    def stop(self) -> None:
        """End the candidate and everything that it started."""
        if self._life is not None:
            with contextlib.suppress(ChannelClosed, ChannelTimeout):
                self._life.send("kill", timeout=1.0)
        self._bury()

    @property
    def refusal(self) -> Ended | None:
        """Why the student's file cannot be loaded; None: it can, or that was not tried yet."""
        return self._refusal

    def is_alive(self) -> bool:
        """Whether the candidate of this test can still be asked."""
        return self.peer is not None

    def _bury(self, patience: float = 10.0) -> dict[str, Any]:
        """Wait for the candidate's end, forget it and say how it ended; "orphaned": its warm parent is gone."""
        found: dict[str, Any] = {}
        if self._life is not None:
            try:
                while "ended" not in found:
                    found, _ = self._life.receive(time.monotonic() + patience)
            except ChannelTimeout:
                pass
            except ChannelClosed:
                found = {"orphaned": True}
            if "ended" not in found:
                with contextlib.suppress(ChannelClosed, ChannelTimeout):
                    self._life.send("kill", timeout=1.0)
                    self._life.receive(time.monotonic() + 10.0)
            self._life.close()
        if self.peer is not None:
            self._drain()
            self.peer.channel.close()
            os.close(self._pipe)
        self.peer = self._life = self._module = None
        self.fetched.clear()
        if self._schedstat >= 0:
            os.close(self._schedstat)
            self._schedstat = -1
        return found

    def start_test(self, seconds: float, end: float, seed: int, calls: int = CALLS) -> float:
        """Set the limits of the test that begins: of one call, and of all its calls together.

        ``calls``: all together may take so many times as long as one. Returns the seconds that all of the candidate's
        part of the test may take at most, with loading it anew.
        """
        now = time.monotonic()
        self.seconds, self.seed = seconds, seed
        self.test_end = min(end, now + calls * seconds)
        self._granted = 0.0
        self.fetched.clear()
        starts = 0.0 if self.work.share is None else calls * CUDA_START
        return self.test_end - now + _OVERTIME * seconds + self.work.limits.load_seconds + starts

    def ended(self) -> Ended:
        """The candidate hung up: find out why. One that only closed the wire and stays is ended."""
        found = self._bury(patience=1.0)
        if "orphaned" in found:
            # Whatever ended the parent has ended the candidate with it: that says nothing about the student's code.
            raise InfrastructureError("the candidates' warm parent ended while something was graded")
        status, reason = found.get("ended", 0), found.get("reason", "")
        if reason == "memory":
            return self.out_of_memory()
        if reason == GPU_MEMORY:
            return self.out_of_memory(on_gpu=True)
        if reason == GPU_FAULT:
            self.tally.ends[End.GPU_FAULT] += 1
            raise InfrastructureError("the driver has told of a fault of the GPU")
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            self.tally.ends[end_of(number)] += 1
            if number == signal.SIGSYS:  # the filter kills for nothing else
                return Ended(Verdict.CRASHED, say("refused_call"))
            return Ended(Verdict.CRASHED, say("killed", signal=signal.strsignal(number) or number))
        self.tally.ends[End.EXIT] += 1
        return Ended(Verdict.CRASHED, say("exited", status=os.waitstatus_to_exitcode(status)))

    # --- what the wire asks of us

    def deadline(self) -> float:
        """Until when the request that is about to be sent may take."""
        self._delay = self._waited()
        self.asked += 1
        seconds = self.seconds if self.budget is None else self.budget.left
        return min(time.monotonic() + seconds, self.test_end)

    def _overtime(self, deadline: float) -> float | None:
        """A later deadline for a candidate that was ready to run and had to wait for a processor."""
        delay = self._waited()
        more, self._delay = delay - self._delay, delay
        # Bounded: a candidate can make itself wait, with a crowd of processes of its own.
        more = min(more, _OVERTIME * self.seconds - self._granted)
        self._granted += max(0.0, more)
        if self.budget is None:
            return deadline + more if more > 0.05 * self.seconds else None
        self.budget.refund(max(0.0, more))
        # Nor has it spent what our own side took to answer it.
        now = time.monotonic()
        later = min(now + self.budget.left, self.test_end)
        return later if later - now > 0.01 else None

    def _waited(self) -> float:
        """Seconds that the candidate has spent waiting for a processor (Documentation/scheduler/sched-stats)."""
        try:
            return int(os.pread(self._schedstat, 128, 0).split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return 0.0

    def too_slow(self) -> Ended:
        """The deadline has passed: end the candidate."""
        self.tally.ends[End.TIME] += 1
        self.stop()
        if self.budget is not None:
            return Ended(Verdict.TOO_SLOW, say("slow_run", seconds=self.budget.seconds))
        return Ended(Verdict.TOO_SLOW, say("slow_call", seconds=self.seconds))

    def too_big(self, reason: str) -> Ended:
        """An answer was refused for its size."""
        self.tally.ends[End.ANSWER] += 1
        return Ended(Verdict.TOO_BIG, say("big_answer", reason=reason))

    def out_of_memory(self, *, on_gpu: bool = False) -> Ended:
        """The student's code ran into a limit on memory: the host's, or its GPU's."""
        self.tally.ends[End.GPU_MEMORY if on_gpu else End.MEMORY] += 1
        if on_gpu and self.work.share is not None:
            return Ended(Verdict.TOO_BIG, say("gpu_memory", megabytes=self.work.share.memory_mb))
        return Ended(Verdict.TOO_BIG, say("memory", megabytes=self.work.limits.memory_mb))

    def broken(self) -> Ended:
        """The candidate does not speak the protocol: end it."""
        self.tally.ends[End.PROTOCOL] += 1
        self.stop()
        return Ended(Verdict.CRASHED, say("broken_answer"))

    def lost(self) -> Ended:
        """An object of a candidate that is gone was used."""
        return Ended(Verdict.CRASHED, say("lost"))

    # --- output

    def take_output(self) -> str:
        """What the student's code printed since the last call, cut to the limit."""
        if self.peer is not None:
            with contextlib.suppress(Ended):
                self._drain()
        text = self.output.decode("utf-8", "replace")
        shown = self.work.limits.output_kb << 10
        if self._printed > shown:
            text += f"\n[... {self._printed - shown:,} bytes]"
        self.output.clear()
        self._printed = 0
        return text

    def _hear(self) -> None:
        self._drain()
        if self._printed > (self.work.limits.output_kb << 10) * _OUTPUT_FACTOR:
            self.tally.ends[End.OUTPUT] += 1
            self.stop()
            raise Ended(Verdict.TOO_BIG, say("big_output", kilobytes=self.work.limits.output_kb * _OUTPUT_FACTOR))

    def _drain(self) -> None:
        room = self.work.limits.output_kb << 10
        for _ in range(64):  # a flood must not keep us from the wire
            try:
                data = os.read(self._pipe, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                if self.peer is not None:
                    self.peer.channel.ignore(self._pipe)
                return
            self._printed += len(data)
            self.output += data[: max(0, room - len(self.output))]


def work_from(job: dict[str, Any]) -> Work:
    """Read a grading job's part for the candidate."""
    return msgspec.convert(job, Work)
