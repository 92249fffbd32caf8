"""What an examiner tells of one grading, heard by the pool, and until when it must have told more.

A test can be held up where no deadline inside the examiner reaches: in C code that an answer was made for, such as a
set of a hundred thousand numbers with one hash. So the pool keeps time too. It ends an examiner that exceeds a test's
time, and another one takes over with the tests that are left.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from grader.errors import ExerciseError, InfrastructureError
from grader.report import Owner, TestResult, Verdict
from grader.tally import End, Tally
from grader.wire.channel import Channel, ChannelTimeout

Event = dict[str, Any]

#: Seconds beyond a test's own time: for starting, for its set-up and for what it computes itself.
_GRACE = 20.0


class Transcript:
    """The events of one grading, through however many examiners it takes."""

    def __init__(
        self, slug: str, total_seconds: float, on_event: Callable[[Event], None], grace: float | None = None
    ) -> None:
        """``grace``: seconds beyond a test's own time that an examiner gets."""
        self.tests: list[TestResult] = []
        self.left_out: list[str] = []
        self.tally = Tally()
        self._slug = slug
        self._grace = _GRACE if grace is None else grace
        self._on_event = on_event
        self._end = time.monotonic() + total_seconds
        self._current = ""
        self._deadline = 0.0
        self._told: set[str] = set()

    def listen(self, channel: Channel) -> bool:
        """Hear an examiner to its end; False when it was stuck in a test.

        Raises ExerciseError or InfrastructureError where there can be no report.
        """
        self._deadline = time.monotonic() + self.seconds_left() + self._grace
        while True:
            try:
                event, _ = channel.receive(self._deadline)
            except ChannelTimeout:
                if self._current:
                    self.tally.ends[End.STUCK] += 1
                    return False
                raise ExerciseError(f"{self._slug}: the tests themselves did not end in time") from None
            if event["event"] == "done":
                return True
            self._hear(event)

    def resumption(self) -> dict[str, Any]:
        """What the next examiner must know: the tests that are done, the one that was stuck, the time that is left."""
        verdicts = {test.name: test.verdict is Verdict.PASSED for test in self.tests}
        return {"finished": verdicts, "stuck": self._current, "seconds_left": self.seconds_left()}

    def seconds_left(self) -> float:
        """Seconds until the whole grading must be over."""
        return max(0.0, self._end - time.monotonic())

    def _hear(self, event: Event) -> None:
        kind = event["event"]
        if kind == "tally":
            self.tally.add(event)
            return
        if kind == "refused":
            raise (ExerciseError if event["owner"] == Owner.EXERCISE else InfrastructureError)(
                event["message"]["en"], event["message"]["pt-BR"]
            )
        if kind == "begin":
            self._current = event["test"]
            self._deadline = time.monotonic() + event["within"] + self._grace
        elif kind == "test":
            self._current = ""
            self._deadline = time.monotonic() + self.seconds_left() + self._grace
            self.tests.append(TestResult(**{**event["test"], "verdict": Verdict(event["test"]["verdict"])}))
        elif kind in self._told:  # a second examiner starts over; who listens has heard it
            return
        elif kind == "read":
            self.left_out = event["left_out"]
        self._told |= {kind} & {"started", "read"}
        self._on_event(event)
