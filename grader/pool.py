"""Grades submissions: keeps the warm parents and turns one exercise and one submission into a report.

Read this first. ``Grader.grade`` is the main line:

    submission (files) ─▶ examiner (a fork of the exercise's keeper, runs the tests)
                              │ the wire
                          candidate (a fork of the candidates' parent, sandboxed, holds the student's module)
"""

from __future__ import annotations

import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from grader import libraries
from grader.complaint import Complaint
from grader.device import gpu as devices
from grader.device.discover import Found, find_gpus
from grader.device.gpu import Gpu, Share
from grader.device.health import Finding
from grader.device.ledger import Ledger, NoRoom, SickDevice
from grader.device.physician import Physician
from grader.device.start import CUDA_START
from grader.errors import ExerciseError, GraderError, InfrastructureError, SubmissionError
from grader.exercise import Catalogue, Exercise
from grader.parent import Branch, Keeper, WarmParent
from grader.report import Report, Verdict
from grader.sandbox import Omission
from grader.stub import class_names, public_names
from grader.submission import Submission, Upload, read_path, read_upload
from grader.training.calibration import read_calibration
from grader.transcript import Event, Transcript
from grader.wire.channel import Channel, ChannelClosed, ChannelTimeout, MalformedFrame

_log = logging.getLogger(__name__)

#: Seconds until an examiner must have taken its job.
_PATIENCE = 60.0
#: Exercises whose tests are kept collected.
_KEEPERS = 16


@dataclass(frozen=True)
class _Order:
    """What is to be graded, and how."""

    exercise: Exercise
    read: Submission
    seed: str
    hidden: bool = True
    only: frozenset[str] | None = None
    stop_at_first: bool = False
    on_event: Callable[[Event], None] = lambda event: None


@dataclass(frozen=True)
class Warmth:
    """What a grader has ready."""

    #: by its name, whether a warm parent is there
    parents: dict[str, bool]
    #: exercises whose tests are collected
    keepers: int


class Grader:
    """The warm parents of one host. Thread-safe: each thread that grades has an examiner and a candidate of its own.

    ``gpus`` are those that it may use, and ``threads`` those of torch that each candidate has.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        data: Path | None = None,
        gpus: Sequence[Gpu] = (),
        problem: str = "",
        threads: int = 1,
        check: Callable[[Gpu], Finding] | None = None,
        grace: float | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        """``problem``: why there are fewer GPUs than somebody may expect. ``check`` examines one, in tests.

        ``grace``: seconds beyond a test's own time until an examiner that is stuck is given up. ``without``: layers of
        the sandbox that are left out while attacks are tried (`grader.attack`). Nothing but their targets is graded
        then; raises PermissionError for others.
        """
        modules = {each.slug: each.config.module for each in catalogue} if without else {}
        self._omission = Omission.among(without, modules)
        self._data = None if data is None else data.resolve()
        self._problem = problem
        self._grace = grace
        self._threads = threads
        conftest = catalogue.exercises / "conftest.py"
        if not conftest.is_file():
            raise ExerciseError(f"{conftest} is missing. Every folder of exercises needs Gradiente's conftest.py.")
        self._candidates = WarmParent("candidates", conftest, self._omission)
        self._examiners = WarmParent("examiners", conftest)
        #: the GPUs, and who uses how much of them
        self.ledger = Ledger(gpus, check or Physician(self._candidates).examine)
        #: a candidates' parent that has imported more; None: nobody has needed it yet
        self._librarian: Branch | None = None
        self._keepers: dict[tuple[Path, str, bool], Keeper] = {}
        self._lock = threading.Lock()
        try:
            # Both are started before either is waited for: they import side by side.
            self._candidates.expect_ready()
            self._examiners.expect_ready()
        except BaseException:
            self.close()
            raise

    @classmethod
    def on_this_host(
        cls, catalogue: Catalogue, *, jobs: int, data: Path | None, gpus: str = "all", device: str = devices.AUTO
    ) -> Grader:
        """Start one for so many gradings at a time, with the GPUs that a setting leaves to it; for ``cpu`` with none.

        Start it before any thread runs: its parents fork later, and a fork copies locks as they are.
        """
        found = Found() if device == devices.CPU else find_gpus()
        allowed = devices.allow(found.gpus, gpus)
        return cls(catalogue, data=data, gpus=allowed, problem=found.problem, threads=devices.threads_of(jobs))

    def grade(
        self,
        exercise: Exercise,
        source: Submission | Upload | Path,
        *,
        seed: str | None = None,
        device: str = "auto",
        submission: str = "",
        on_event: Callable[[Event], None] | None = None,
        hidden: bool = True,
        only: frozenset[str] | None = None,
        stop_at_first: bool = False,
        earlier: Report | None = None,
    ) -> Report:
        """Grade one submission: without ``hidden`` by the public tests alone, as if there were no others.

        Tests that ask for a GPU are run after the others, on one of those that ``device`` names; ``auto`` does without
        where there is none. With ``earlier``, the submission's report so far, they alone are run, and their report is
        returned. What is wrong with a submission is in the report, never an exception. Raises ExerciseError for a
        broken exercise and InfrastructureError when this host could not grade; then nothing is lost and it can be
        repeated.
        """
        start = time.perf_counter()
        self._omission.check(exercise.slug, exercise.config.module)
        gpus = devices.choose(device, self.ledger.gpus, self._problem)
        chosen = seed if seed is not None else secrets.token_hex(8)
        blank = Report(submission or _name(source), exercise.slug, exercise.version, chosen, devices.CPU)
        try:
            read = source if isinstance(source, Submission) else _read(source, exercise.slug)
        except SubmissionError as error:
            return _refused(blank, error, start)
        order = _Order(exercise, read, chosen, hidden, only, stop_at_first, on_event or (lambda event: None))
        if earlier is not None:
            return self._grade_on_gpu(order, blank, earlier, gpus)
        report = self._grade_on_cpu(order, blank)
        if report.awaits_gpu and gpus:
            report = self._complete(order, report, gpus, is_wanted=device != devices.AUTO)
        return report

    def _grade_on_cpu(self, order: _Order, blank: Report) -> Report:
        return self._run(order, replace(blank, hardware=devices.cpu_name()), self._job(order))

    def _complete(self, order: _Order, report: Report, gpus: Sequence[Gpu], *, is_wanted: bool) -> Report:
        """Add what a GPU has to do, on one after the other until one is well; without it, unless one is ``wanted``."""
        while True:
            try:
                return report.joined(self._grade_on_gpu(order, report, report, gpus))
            except SickDevice:
                continue  # it is out of service now: the next round has fewer
            except NoRoom:
                if is_wanted:
                    raise
                return report

    def _grade_on_gpu(self, order: _Order, blank: Report, earlier: Report, gpus: Sequence[Gpu]) -> Report:
        """Run the tests that ask for a GPU, with what came of the others before. Raises SickDevice and NoRoom."""
        with self.ledger.reserve(order.exercise.config.gpu_memory_mb, gpus) as share:
            job = self._job(order, share)
            done = [test for test in earlier.tests if not test.awaits_gpu]
            job["earlier"] = {test.name: test.verdict is Verdict.PASSED for test in done}
            return self._run(order, replace(blank, device=share.gpu.label, hardware=str(share.gpu)), job)

    def _run(self, order: _Order, blank: Report, job: dict[str, Any]) -> Report:
        start = time.perf_counter()
        transcript = Transcript(order.exercise.slug, job["seconds_left"], order.on_event, self._grace)
        try:
            self._examine(job, order.exercise, transcript)
        finally:
            order.on_event(transcript.tally.event())
        left_out = (*order.read.left_out, *transcript.left_out)
        return replace(blank, tests=tuple(transcript.tests), left_out=left_out, seconds=time.perf_counter() - start)

    def _job(self, order: _Order, share: Share | None = None) -> dict[str, Any]:
        exercise, read = order.exercise, order.read
        work = {
            "slug": exercise.slug,
            "files": read.files,
            "limits": msgspec.to_builtins(exercise.config.limits),
            "forbid": exercise.config.forbid,
            "classes": sorted(class_names(exercise.stub)),
            "names": public_names(exercise.stub),
            "cells": read.cells,
            "threads": self._threads,
            "share": msgspec.to_builtins(share),
        }
        return {
            "seed": order.seed,
            "work": work,
            "seconds_left": exercise.config.total_seconds + (CUDA_START * exercise.config.most_runs if share else 0.0),
            "data": str(self._data or ""),
            "training": msgspec.to_builtins(exercise.config.training),
            "spreads": read_calibration(exercise).spreads,
            "hardware": str(share.gpu) if share else "",
            "hidden": order.hidden,
            "only": None if order.only is None else sorted(order.only),
            "stop_at_first": order.stop_at_first,
        }

    def _examine(self, job: dict[str, Any], exercise: Exercise, transcript: Transcript) -> None:
        """Have the tests run, by a further examiner where one was stuck."""
        with self._keeper(exercise, libraries.mentions(job["work"]["files"].values())) as keeper:
            while not self._converse(keeper, job, transcript):
                job |= transcript.resumption()

    def _converse(self, keeper: Keeper, job: dict[str, Any], transcript: Transcript) -> bool:
        """One examiner, from its job to its end; False when it was stuck."""
        ours, theirs = socket.socketpair()
        channel, complaint = Channel(ours), Complaint()
        complaint.listen(channel)
        try:
            with keeper.order(theirs, complaint, apart=job["work"]["share"] is not None):
                channel.send(job, timeout=_PATIENCE)
                return transcript.listen(channel)
        except (ChannelClosed, ChannelTimeout, MalformedFrame):
            complaint.wait(1.0)  # it tells why
            raise InfrastructureError("the examiner ended before its report") from None
        finally:
            channel.close()
            complaint.close()

    @contextmanager
    def _keeper(self, exercise: Exercise, has_libraries: bool) -> Iterator[Keeper]:
        """The keeper of an exercise as its files are now; an edited exercise gets a new one."""
        has_libraries = has_libraries or _uses_libraries(exercise)
        key = (exercise.folder, exercise.version, has_libraries)
        with self._lock:
            self._revive()
            librarian = self._hire() if has_libraries else None
            parent = self._candidates.control if librarian is None else librarian.control
            keeper, surplus = self._keepers.pop(key, None), []
            if keeper is not None and (not keeper.is_alive() or keeper.parent is not parent):
                surplus.append(keeper)
                keeper = None
            if keeper is None:
                keeper = Keeper(self._examiners, parent, exercise)
            keeper.reserve()
            self._keepers[key] = keeper  # at the end: the first one is the one that was not used for longest
            while len(self._keepers) > _KEEPERS:
                surplus.append(self._keepers.pop(next(iter(self._keepers))))
        for old in surplus:
            old.retire()
        try:
            if librarian is not None:
                librarian.expect_ready()
            keeper.expect_ready()
            yield keeper
        finally:
            keeper.release()

    @property
    def pids(self) -> tuple[int, int]:
        """The processes of the candidates' and the examiners' warm parent."""
        return self._candidates.pid, self._examiners.pid

    def _revive(self) -> None:
        """Start a warm parent anew that has died: what comes next can be graded all the same."""
        for parent in (self._candidates, self._examiners):
            if parent.status is not None:
                _log.error("the %s' warm parent has ended (%s) and is started anew", parent.name, parent.status)
                parent.restart()

    def _hire(self) -> Branch:
        """The parent of candidates that have the libraries."""
        if self._librarian is not None and not self._librarian.is_alive():
            self._librarian.close()
            self._librarian = None
        if self._librarian is None:
            self._librarian = Branch(self._candidates.control, {"branch": True, "libraries": True})
        return self._librarian

    def warmth(self) -> Warmth:
        """What is warm now."""
        with self._lock:
            keepers = list(self._keepers.values())
        parents = {each.name: each.status is None for each in (self._candidates, self._examiners)}
        return Warmth(parents, sum(keeper.is_alive() for keeper in keepers))

    def close(self) -> None:
        """End the warm parents and everything that they started."""
        for keeper in self._keepers.values():
            keeper.close()
        if self._librarian is not None:
            self._librarian.close()
        parents = (self._candidates, self._examiners)
        for parent in parents:
            parent.control.close()  # they end side by side
        for parent in parents:
            parent.close()

    def __enter__(self) -> Grader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _uses_libraries(exercise: Exercise) -> bool:
    """Whether its answers may need what takes long to import, by what it gives them."""
    paths = (exercise.stub, exercise.public_tests, exercise.hidden_tests)
    if any(name.startswith("torchvision.") for name in exercise.config.forbid):
        return True
    return libraries.mentions(path.read_bytes() for path in paths if path is not None)


def _read(source: Upload | Path, slug: str) -> Submission:
    return read_path(source, slug) if isinstance(source, Path) else read_upload(source, slug)


def _name(source: Submission | Upload | Path) -> str:
    if isinstance(source, Path):
        return str(source)
    return source.filename if isinstance(source, Upload) else source.name


def _refused(blank: Report, error: GraderError, start: float) -> Report:
    seconds = time.perf_counter() - start
    return replace(blank, owner=error.owner, message=error.text, seconds=seconds)
