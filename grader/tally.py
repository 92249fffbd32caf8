"""What a grading cost beside its verdicts: seconds by phase, and how its candidates ended before their time."""

from __future__ import annotations

import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """A part of a grading. They come again where a candidate has to be replaced."""

    #: forking a candidate and isolating it
    SANDBOX = "sandbox"
    #: placing the submission's files, reading them for forbidden names, importing them
    LOAD = "load"
    #: the tests themselves
    TESTS = "tests"


class End(StrEnum):
    """Why a candidate ended before it was told to."""

    MEMORY = "memory"
    GPU_MEMORY = "gpu_memory"
    GPU_FAULT = "gpu_fault"
    #: a call, or the loading, took too long
    TIME = "time"
    #: the examiner was held up by what a candidate had sent
    STUCK = "stuck"
    #: an answer was too large
    ANSWER = "answer"
    #: too much was printed
    OUTPUT = "output"
    #: what came over the wire was no answer
    PROTOCOL = "protocol"
    FILE_SIZE = "file_size"
    PROCESSOR_TIME = "processor_time"
    SYSTEM_CALL = "system_call"
    #: another signal, such as that of a crash in C code
    SIGNAL = "signal"
    #: it ended by itself
    EXIT = "exit"


#: signals by which the kernel enforces a limit
_LIMITS: dict[int, End] = {
    signal.SIGXFSZ: End.FILE_SIZE,
    signal.SIGXCPU: End.PROCESSOR_TIME,
    signal.SIGSYS: End.SYSTEM_CALL,
}


def end_of(number: int) -> End:
    """What a signal tells that ended a candidate."""
    return _LIMITS.get(number, End.SIGNAL)


class Tally:
    """One grading's, gathered by its examiners."""

    def __init__(self) -> None:
        #: by ``Phase``
        self.seconds: defaultdict[str, float] = defaultdict(float)
        #: by ``End``
        self.ends: Counter[str] = Counter()

    @contextmanager
    def spending(self, phase: Phase) -> Iterator[None]:
        """Count the time of a phase; phases within it are counted apart."""
        start, before = time.monotonic(), sum(self.seconds.values())
        try:
            yield
        finally:
            within = sum(self.seconds.values()) - before
            self.seconds[phase] += time.monotonic() - start - within

    def event(self) -> dict[str, Any]:
        """As an examiner tells it."""
        return {"event": "tally", "seconds": dict(self.seconds), "ends": dict(self.ends)}

    def add(self, event: Mapping[str, Any]) -> None:
        """Add what an examiner has told."""
        for phase, seconds in event["seconds"].items():
            self.seconds[phase] += seconds
        self.ends.update(event["ends"])
