"""Checks code in a child process, and goes on in another one when a test hangs or takes the first one down."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from grader.errors import ExerciseError, InfrastructureError
from grader.exercise import Exercise
from grader.notebook import Notebook, find_cell
from grader.report import TestResult, Verdict
from grader.sentences import say
from grader.stub import public_names

#: seconds until the tests must have been collected: torch may come from a slow disk
_START = 120.0
#: seconds that a child has beyond a test's time to end by itself
_GRACE = 5.0

Event = dict[str, Any]


class Check:
    """One check: its tests so far. ``on_change`` is called as they are done."""

    def __init__(self, exercise: Exercise, notebook: Notebook, language: str, seconds: float | None) -> None:
        self.tests: list[TestResult] = []
        self.left_out: list[str] = []
        #: all tests that there are, without verdicts
        self.all: list[TestResult] = []
        #: the test that runs now
        self.current: TestResult | None = None
        self._exercise, self._notebook, self._language, self._seconds = exercise, notebook, language, seconds
        self._deadline = 0.0
        #: seconds of the test that runs now
        self._limit = 0.0

    def run(self, on_change: Callable[[], None]) -> None:
        """Run all public tests. Raises ExerciseError where they cannot be run; whatever is raised ends the child."""
        with tempfile.TemporaryDirectory(prefix="gradiente-", ignore_cleanup_errors=True) as folder:
            end = time.monotonic() + self._exercise.config.total_seconds
            while not self._run_once(Path(folder), on_change):
                if time.monotonic() > end:
                    self._give_up()
                    return

    def _run_once(self, folder: Path, on_change: Callable[[], None]) -> bool:
        """Run a child; False: it ended in a test, and another one takes the rest."""
        self.current = None
        hang = folder / "hang"
        hang.write_text("")
        child = _start(folder, self._language)
        try:
            assert child.stdin is not None
            child.stdin.write(self._job(hang))
            child.stdin.close()
            self._deadline = time.monotonic() + _START
            for event in _listen(child, lambda: self._deadline):
                if event["event"] == "done":
                    return self._conclude(event)
                self._hear(event)
                on_change()
            status = child.poll()
        finally:
            _end(child)
        if self.current is None:
            raise InfrastructureError(
                f"The tests could not be started (status {status}). Restart the kernel and try again.",
                f"Não foi possível iniciar os testes (status {status}). Reinicie o kernel e tente de novo.",
            )
        self.tests.append(self._explain_end(self.current, status, hang))
        on_change()
        return False

    def _give_up(self) -> None:
        """What is left is not run: each of these tests might hang, too."""
        done = {test.name for test in self.tests}
        message = say("slow_total", seconds=self._exercise.config.total_seconds)
        left = [test for test in self.all if test.name not in done]
        self.tests += [replace(test, verdict=Verdict.TOO_SLOW, message=message) for test in left]

    def _job(self, hang: Path) -> bytes:
        exercise = self._exercise
        return msgspec.json.encode(
            {
                "slug": exercise.slug,
                "tests": str(exercise.public_tests),
                "shared": str(exercise.shared),
                "source": self._notebook.source,
                "cells": self._notebook.cells,
                "names": public_names(exercise.stub) if exercise.stub.is_file() else [],
                "config": exercise.config,
                "hang": str(hang),
                "seconds": self._seconds,
                "finished": {test.name: test.verdict is Verdict.PASSED for test in self.tests},
            }
        )

    def _hear(self, event: Event) -> None:
        if event["event"] == "started":
            self.all, self.left_out = [_result(test) for test in event["tests"]], event["left_out"]
        elif event["event"] == "begin":
            self.current = _result(event["test"])
            self._limit = event["seconds"]
            self._deadline = time.monotonic() + self._limit + _GRACE
        elif event["event"] == "test":
            self.current = None
            self.tests.append(_result(event["test"]))
            self._deadline = time.monotonic() + _START

    def _conclude(self, event: Event) -> bool:
        if self.current is not None:  # the student's code has ended pytest itself
            message = say("exited", status=event["status"])
            self.tests.append(replace(self.current, verdict=Verdict.CRASHED, message=message))
            return False
        if event["problem"] or not self.tests:
            reason = event["problem"] or f"pytest: {event['status']}"
            raise ExerciseError(
                f"The public tests of {self._exercise.slug} cannot be run. Tell the course staff. {reason}",
                f"Não é possível rodar os testes públicos de {self._exercise.slug}. Avise a equipe do curso. {reason}",
            )
        return True

    def _explain_end(self, test: TestResult, status: int | None, hang: Path) -> TestResult:
        told = hang.read_text(encoding="utf-8", errors="replace")
        if told or status is None:
            message = say("slow_call", seconds=self._limit)
            return replace(test, verdict=Verdict.TOO_SLOW, message=message, traceback=self._own_lines(told))
        if status < 0:
            name = signal.strsignal(-status) or str(-status)
            return replace(test, verdict=Verdict.CRASHED, message=say("killed", signal=name))
        return replace(test, verdict=Verdict.CRASHED, message=say("exited", status=status))

    def _own_lines(self, told: str) -> str:
        """The student's lines of what was running when the time was over."""
        pattern = rf'File "{re.escape(self._exercise.slug)}\.py", line (\d+) in (\S+)'
        lines = []
        source = self._notebook.source.split("\n")
        for line, name in reversed(re.findall(pattern, told)[:10]):
            if found := find_cell(self._notebook.cells, int(line)):
                text = source[int(line) - 1].strip() if int(line) <= len(source) else ""
                lines.append(f'  File "cell {found[0]}", line {found[1]}, in {name}\n    {text}\n')
        return "".join(lines)


def _result(told: Event) -> TestResult:
    return TestResult(**{**told, "verdict": Verdict(told["verdict"])})


def _start(folder: Path, language: str) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[2])
    # Found last: this package's neighbours must not stand before Python's own modules.
    program = f"import sys; sys.path.append({root!r}); from grader.jupyter.child import main; main()"
    environment = {
        "GRADIENTE_DATA": str(Path("data").absolute()),
        **os.environ,
        "GRADIENTE_CHECKING": "1",
        "GRADIENTE_LANG": language,
        "MPLBACKEND": "Agg",
        "PYTEST_ADDOPTS": "",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    # In a session of its own: what interrupts the notebook does not reach it, and all that it starts ends with it.
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _listen(child: subprocess.Popen[bytes], deadline: Callable[[], float]) -> Iterator[Event]:
    """What a child tells, until it has ended or its time is over."""
    assert child.stdout is not None
    descriptor, rest = child.stdout.fileno(), b""
    while time.monotonic() < deadline():
        ready, _, _ = select.select([descriptor], [], [], 0.2)
        if not ready:
            if child.poll() is not None:
                return
            continue
        more = os.read(descriptor, 1 << 16)
        if not more:
            # What was printed last is heard before what became of the child is known.
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_GRACE)
            return
        *lines, rest = (rest + more).split(b"\n")
        for line in lines:
            yield json.loads(line)


def _end(child: subprocess.Popen[bytes]) -> None:
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):  # it may never have read its job
                stream.close()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
