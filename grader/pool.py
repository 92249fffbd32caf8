"""Grades submissions: keeps the warm parents and turns one exercise and one submission into a report.

Read this first. ``Grader.grade`` is the main line:

    submission (files) ─▶ examiner (a fork of its warm parent, runs pytest)
                              │ the wire
                          candidate (a fork of its own warm parent, sandboxed, holds the student's module)
"""

from __future__ import annotations


import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from grader.errors import ExerciseError, GraderError, InfrastructureError, SubmissionError
from grader.exercise import Catalogue, Exercise
from grader.nursery import ask_nursery
from grader.report import Owner, Report, TestResult, Verdict
from grader.stub import class_names
from grader.submission import Submission, Upload, read_path, read_upload
from grader.wire.channel import Channel, ChannelClosed, ChannelTimeout, MalformedFrame

Event = dict[str, Any]

#: Beyond the exercise's own limit: starting, collecting, and tests that do not end.
_MARGIN = 60.0
_START = 120.0


class Grader:
    """The warm parents of one host. Thread-safe: each thread that grades has an examiner and a candidate of its own."""

    def __init__(self, catalogue: Catalogue, *, data: Path | None = None) -> None:
        self._catalogue = catalogue
        self._data = data
        self._cache = Path(tempfile.mkdtemp(prefix="gradiente-"))
        conftest = catalogue.exercises / "conftest.py"
        if not conftest.is_file():
            raise ExerciseError(f"{conftest} is missing. Every folder of exercises needs Gradiente's conftest.py.")
        self._nurseries = {kind: self._start(kind, conftest) for kind in ("candidates", "examiners")}
        try:
            for kind, (process, control) in self._nurseries.items():
                _expect_ready(kind, process, control)
        except BaseException:
            self.close()
            raise

    def _start(self, kind: str, conftest: Path) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """Start a warm parent with nothing of this process but one socket."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # One thread each: gradings run side by side, and a thread pool does not survive a fork. Hashes are fixed so
        # that sets iterate in the same order and the same seed gives the same report.
        environment = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""}
        if kind == "examiners":
            environment["GRADIENTE_PYCACHE"] = str(self._cache)
        process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-m", "grader.nursery", kind, str(theirs.fileno()), str(conftest)],
            env=environment,
            stdin=subprocess.DEVNULL,
            cwd="/",
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C in a terminal is ours to handle
        )
        theirs.close()
        return process, ours

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
        name = submission or _name(source)
        blank = Report(name, exercise.slug, exercise.version, chosen, _device(device))
        try:
            read = source if isinstance(source, Submission) else _read(source, exercise.slug)
        except SubmissionError as error:
            return _refused(blank, error, start)
        job = self._job(exercise, read, chosen, only, stop_at_first)
        tests, left_out = self._examine(job, exercise, on_event or (lambda event: None))
        return Report(
            name, exercise.slug, exercise.version, chosen, blank.device, tests,
            left_out=(*read.left_out, *left_out), seconds=time.perf_counter() - start,
        )  # fmt: skip

    def _job(
        self, exercise: Exercise, read: Submission, seed: str, only: frozenset[str] | None, stop_at_first: bool
    ) -> dict[str, Any]:
        suites = [path for path in (exercise.public_tests, exercise.hidden_tests) if path is not None]
        work = {
            "slug": exercise.slug,
            "files": read.files,
            "limits": msgspec.to_builtins(exercise.config.limits),
            "forbid": exercise.config.forbid,
            "classes": sorted(class_names(exercise.stub)),
            "is_notebook": bool(read.cells),
        }
        return {
            "exercise": exercise.slug,
            "conftest": str(exercise.shared),
            "suites": [str(path) for path in suites],
            "seed": seed,
            "work": work,
            "total_seconds": exercise.config.limits.total_seconds,
            "data": str(self._data or os.environ.get("GRADIENTE_DATA", "")),
            "only": None if only is None else sorted(only),
            "stop_at_first": stop_at_first,
        }

    def _examine(
        self, job: dict[str, Any], exercise: Exercise, on_event: Callable[[Event], None]
    ) -> tuple[tuple[TestResult, ...], list[str]]:
        ours, theirs = socket.socketpair()
        life, its_life = socket.socketpair()
        channel = Channel(ours)
        try:
            self._order(its_life, theirs)
            channel.send(job, timeout=60.0)
            deadline = time.monotonic() + exercise.config.limits.total_seconds + _MARGIN
            return _listen(channel, deadline, on_event)
        except ChannelTimeout:
            raise ExerciseError(f"{exercise.slug}: the tests themselves did not end in time") from None
        except (ChannelClosed, MalformedFrame):
            raise InfrastructureError("the examiner ended before its report") from None
        finally:
            life.close()
            channel.close()

    def _order(self, its_life: socket.socket, theirs: socket.socket) -> None:
        """Have an examiner forked, with a line to the candidates' parent."""
        candidates = self._nurseries["candidates"][1]
        try:
            ask_nursery(self._nurseries["examiners"][1], {}, [its_life.fileno(), theirs.fileno(), candidates.fileno()])
        except OSError as error:
            raise InfrastructureError(f"the warm parents are gone: {error}") from error
        finally:
            its_life.close()
            theirs.close()

    def close(self) -> None:
        """End the warm parents and everything that they started."""
        for _, control in self._nurseries.values():
            control.close()
        for process, _ in self._nurseries.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self._cache, ignore_errors=True)

    def __enter__(self) -> Grader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _expect_ready(kind: str, process: subprocess.Popen[bytes], control: socket.socket) -> None:
    control.settimeout(_START)
    try:
        ready = control.recv(16)
    except TimeoutError:
        raise InfrastructureError(f"the {kind}' warm parent did not start within {_START:g} s") from None
    if ready != b"ready":
        raise InfrastructureError(f"the {kind}' warm parent ended at its start (status {process.wait()})")
    control.settimeout(None)


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
    import dataclasses

    seconds = time.perf_counter() - start
    return dataclasses.replace(blank, owner=error.owner, message=error.text, seconds=seconds)


def _device(asked: str) -> str:
    return "cpu" if asked == "auto" else asked


