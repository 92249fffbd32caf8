"""Several workers that share the corpus, and the one that looks again, alone, at what seemed to be accepted."""

from __future__ import annotations

import contextlib
import queue
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

import msgspec

from grader.attack.arena import Outcome
from grader.attack.case import Case
from grader.attack.verdict import Finding, Harm
from grader.attack.worker import Setup, Started
from grader.errors import InfrastructureError

#: seconds until a worker must have started: torch is imported twice, from a cold disk
_START = 300.0
#: seconds beyond an attack's own time, for slow hosts
_PATIENCE = 120.0

Hear = Callable[[Outcome], None]


@dataclass(frozen=True)
class Result:
    """What came of a run."""

    outcomes: tuple[Outcome, ...]
    #: attacks that were not run, with the reason
    skipped: dict[str, str]
    seconds: float

    @property
    def accepted(self) -> list[Outcome]:
        """The attacks that got what they must not get."""
        return [outcome for outcome in self.outcomes if outcome.is_accepted]


class Worker:
    """One attacking process."""

    def __init__(self, setup: Setup) -> None:
        """Start it. Raises InfrastructureError where it cannot attack."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the worker
        command = [sys.executable, "-m", "grader.attack.worker"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True
        )
        self._write(msgspec.json.encode(setup))
        line = self._read(_START)
        told = msgspec.json.decode(line, type=Started) if line else Started(failure=self._last_words())
        if told.failure:
            self.close()
            raise InfrastructureError(f"attacks cannot be run: {told.failure}")

    def attempt(self, case: Case) -> Outcome | None:
        """Have one attack run; None: the worker has ended, or did not answer."""
        with contextlib.suppress(OSError):
            self._write(case.name.encode())
            if line := self._read(_PATIENCE + 2 * case.times * case.seconds):
                return msgspec.json.decode(line, type=Outcome)
        return None

    def close(self) -> None:
        """End it, and everything that it has started."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def abandon(self) -> str:
        """End one that does not answer; what it said last."""
        self._process.kill()
        words = self._last_words()
        self.close()
        return words

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()

    def _read(self, seconds: float) -> bytes:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return b""
        return self._process.stdout.readline()

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def attack(cases: Sequence[Case], setup: Setup, jobs: int, hear: Hear, *, twice: bool = True) -> Result:
    """Run attacks, so many at a time, and ``twice``, alone, those that were accepted: others may be to blame, or load.

    Raises InfrastructureError where no worker can be started.
    """
    start = time.monotonic()
    skipped = {case.name: reason for case in cases if (reason := case.danger(setup.without))}
    chosen = [case for case in cases if case.name not in skipped]
    size = max(1, min(jobs, len(chosen)))
    found = _Crew(chosen, setup, size, hear, twice=twice and size == 1).run()
    if twice and size > 1 and (again := [case for case in chosen if found[case.name].is_accepted]):
        found |= _Crew(again, setup, 1, hear).run()
    return Result(tuple(found[case.name] for case in chosen), skipped, time.monotonic() - start)


class _Crew:
    """Workers that take attacks from one line."""

    def __init__(self, cases: Sequence[Case], setup: Setup, size: int, hear: Hear, *, twice: bool = False) -> None:
        """``twice``: each of them tries at once again what was accepted."""
        self._size = size
        self._twice = twice
        self._setup = setup
        self._hear = hear
        self._waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
        for case in cases:
            self._waiting.put(case)
        self._found: dict[str, Outcome] = {}
        self._errors: list[BaseException] = []

    def run(self) -> dict[str, Outcome]:
        """Start the workers and wait for them."""
        threads = [threading.Thread(target=self._work) for _ in range(self._size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]
        return self._found

    def _work(self) -> None:
        worker: Worker | None = None
        try:
            while not self._errors:
                try:
                    case = self._waiting.get_nowait()
                except queue.Empty:
                    return
                for _ in range(1 + self._twice):
                    worker, outcome = self._attempt(worker or Worker(self._setup), case)
                    self._found[case.name] = outcome
                    self._hear(outcome)
                    if not outcome.is_accepted:
                        break
        except BaseException as error:  # told to whoever waits
            self._errors.append(error)
        finally:
            if worker is not None:
                worker.close()

    @staticmethod
    def _attempt(worker: Worker, case: Case) -> tuple[Worker | None, Outcome]:
        """What came of one attack, and the worker, if it is still there."""
        outcome = worker.attempt(case)
        if outcome is not None:
            return worker, outcome
        words = worker.abandon()
        return None, Outcome(case.name, 0.0, (Finding(Harm.GRADER, f"nothing answers any more: {words}"),))
