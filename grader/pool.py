"""Grades submissions: keeps the warm parents and turns one exercise and one submission into a report.

Read this first. ``Grader.grade`` is the main line:

    submission (files) ─▶ examiner (a fork of the exercise's keeper, runs the tests)
                              │ the wire
                          candidate (a fork of the candidates' parent, sandboxed, holds the student's module)
"""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from grader.errors import ExerciseError, GraderError, InfrastructureError, SubmissionError
from grader.exercise import Catalogue, Exercise
from grader.parent import Keeper, WarmParent
from grader.report import Owner, Report, TestResult, Verdict
from grader.stub import class_names, public_names
from grader.submission import Submission, Upload, read_path, read_upload
from grader.wire.channel import Channel, ChannelClosed, ChannelTimeout, MalformedFrame

Event = dict[str, Any]

#: Seconds beyond the exercise's own limit: for starting, and for tests that do not end.
_PATIENCE = 60.0
#: Exercises whose tests are kept collected.
_KEEPERS = 16


class Grader:
    """The warm parents of one host. Thread-safe: each thread that grades has an examiner and a candidate of its own."""

    def __init__(self, catalogue: Catalogue, *, data: Path | None = None) -> None:
        self._data = None if data is None else data.resolve()
        conftest = catalogue.exercises / "conftest.py"
        if not conftest.is_file():
            raise ExerciseError(f"{conftest} is missing. Every folder of exercises needs Gradiente's conftest.py.")
        self._candidates, self._examiners = WarmParent("candidates", conftest), WarmParent("examiners", conftest)
        self._keepers: dict[tuple[Path, str], Keeper] = {}
        self._lock = threading.Lock()
        try:
            # Both are started before either is waited for: they import side by side.
            self._candidates.expect_ready()
            self._examiners.expect_ready()
        except BaseException:
            self.close()
            raise

    def grade(
        self,
        exercise: Exercise,
        source: Submission | Upload | Path,
        *,
        seed: str | None = None,
        device: str = "auto",
        submission: str = "",
        on_event: Callable[[Event], None] | None = None,
        only: frozenset[str] | None = None,
        stop_at_first: bool = False,
    ) -> Report:
        """Grade one submission.

        What is wrong with a submission is in the report, never an exception. Raises ExerciseError for a broken
        exercise and InfrastructureError when this host could not grade; then nothing is lost and it can be repeated.
        """
        start = time.perf_counter()
        chosen = seed if seed is not None else secrets.token_hex(8)
        blank = Report(submission or _name(source), exercise.slug, exercise.version, chosen, _device(device))
        try:
            read = source if isinstance(source, Submission) else _read(source, exercise.slug)
        except SubmissionError as error:
            return _refused(blank, error, start)
        job = self._job(exercise, read, chosen)
        job |= {"only": None if only is None else sorted(only), "stop_at_first": stop_at_first}
        tests, left_out = self._examine(job, exercise, on_event or (lambda event: None))
        seconds = time.perf_counter() - start
        return replace(blank, tests=tests, left_out=(*read.left_out, *left_out), seconds=seconds)

    def _job(self, exercise: Exercise, read: Submission, seed: str) -> dict[str, Any]:
        work = {
            "slug": exercise.slug,
            "files": read.files,
            "limits": msgspec.to_builtins(exercise.config.limits),
            "forbid": exercise.config.forbid,
            "classes": sorted(class_names(exercise.stub)),
            "names": public_names(exercise.stub),
            "is_notebook": bool(read.cells),
        }
        limit = exercise.config.limits.total_seconds
        return {"seed": seed, "work": work, "total_seconds": limit, "data": str(self._data or "")}

    def _examine(
        self, job: dict[str, Any], exercise: Exercise, on_event: Callable[[Event], None]
    ) -> tuple[tuple[TestResult, ...], list[str]]:
        with self._keeper(exercise) as keeper:
            ours, theirs = socket.socketpair()
            channel = Channel(ours)
            try:
                with keeper.order(theirs, self._candidates.control):
                    return self._converse(channel, job, exercise, on_event)
            finally:
                channel.close()

    @staticmethod
    def _converse(
        channel: Channel, job: dict[str, Any], exercise: Exercise, on_event: Callable[[Event], None]
    ) -> tuple[tuple[TestResult, ...], list[str]]:
        try:
            channel.send(job, timeout=_PATIENCE)
            deadline = time.monotonic() + exercise.config.limits.total_seconds + _PATIENCE
            return _listen(channel, deadline, on_event)
        except ChannelTimeout:
            raise ExerciseError(f"{exercise.slug}: the tests themselves did not end in time") from None
        except (ChannelClosed, MalformedFrame):
            raise InfrastructureError("the examiner ended before its report") from None

    @contextmanager
    def _keeper(self, exercise: Exercise) -> Iterator[Keeper]:
        """The keeper of an exercise as its files are now; an edited exercise gets a new one."""
        key = (exercise.folder, exercise.version)
        with self._lock:
            keeper = self._keepers.pop(key, None)
            if keeper is None or not keeper.is_alive():
                keeper = Keeper(self._examiners, exercise)
            keeper.reserve()
            self._keepers[key] = keeper  # at the end: the first one is the one that was not used for longest
            surplus = [self._keepers.pop(next(iter(self._keepers))) for _ in range(len(self._keepers) - _KEEPERS)]
        for old in surplus:
            old.retire()
        try:
            keeper.expect_ready()
            yield keeper
        finally:
            keeper.release()

    def close(self) -> None:
        """End the warm parents and everything that they started."""
        for keeper in self._keepers.values():
            keeper.close()
        for parent in (self._candidates, self._examiners):
            parent.close()

    def __enter__(self) -> Grader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _listen(
    channel: Channel, deadline: float, on_event: Callable[[Event], None]
) -> tuple[tuple[TestResult, ...], list[str]]:
    """Collect the examiner's events until it is done."""
    results: list[TestResult] = []
    left_out: list[str] = []
    while True:
        event, _ = channel.receive(deadline)
        kind = event["event"]
        if kind == "done":
            return tuple(results), left_out
        if kind == "refused":
            raise (ExerciseError if event["owner"] == Owner.EXERCISE else InfrastructureError)(
                event["message"]["en"], event["message"]["pt-BR"]
            )
        if kind == "test":
            results.append(TestResult(**{**event["test"], "verdict": Verdict(event["test"]["verdict"])}))
        if kind == "read":
            left_out = event["left_out"]
        on_event(event)


def _read(source: Upload | Path, slug: str) -> Submission:
    return read_path(source, slug) if isinstance(source, Path) else read_upload(source, slug)


def _name(source: Submission | Upload | Path) -> str:
    if isinstance(source, Path):
        return str(source)
    return source.filename if isinstance(source, Upload) else source.name


def _refused(blank: Report, error: GraderError, start: float) -> Report:
    seconds = time.perf_counter() - start
    return replace(blank, owner=error.owner, message=error.text, seconds=seconds)


def _device(asked: str) -> str:
    """Where a submission is graded. The sandbox has no GPU yet, and a report must not claim one."""
    if asked in ("auto", "cpu"):
        return "cpu"
    raise InfrastructureError(
        f"This version grades on the CPU alone; found device {asked!r}. Use cpu or auto.",
        f"Esta versão corrige só na CPU; dispositivo pedido: {asked!r}. Use cpu ou auto.",
    )
