"""What the dispatcher asks of those that it works with: who grades, and who keeps the GPUs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from grader.device.gpu import Gpu
from grader.device.ledger import Standing
from grader.exercise import Exercise
from grader.report import Report
from grader.submission import Upload

Event = dict[str, Any]


class Grade(Protocol):
    """Grades one upload; ``grader.pool.Grader.grade`` is one of these."""

    def __call__(
        self,
        exercise: Exercise,
        upload: Upload,
        /,
        *,
        seed: str | None = None,
        device: str = "auto",
        submission: str = "",
        on_event: Callable[[Event], None] | None = None,
        hidden: bool = True,
        earlier: Report | None = None,
    ) -> Report:
        """Return the report, without ``hidden`` of the public tests alone. Raises GraderError for no verdict.

        With ``earlier``, the report so far, it is that of the tests that ask for a GPU.
        """


class Devices(Protocol):
    """The GPUs of this process; ``grader.device.ledger.Ledger`` is one of these."""

    @property
    def gpus(self) -> Sequence[Gpu]:
        """All of them."""

    def has_room(self, memory_mb: int) -> bool:
        """Whether a grading could begin now."""

    def standings(self) -> Sequence[Standing]:
        """How each of them stands."""

    def recheck(self) -> Sequence[Gpu]:
        """Examine what is out of service, and say what is well again."""


class NoDevices:
    """No GPU."""

    gpus: Sequence[Gpu] = ()

    def has_room(self, memory_mb: int) -> bool:
        """Never."""
        return False

    def standings(self) -> Sequence[Standing]:
        """Nothing stands."""
        return ()

    def recheck(self) -> Sequence[Gpu]:
        """Nothing is out of service."""
        return ()
