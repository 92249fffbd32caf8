"""Where an examiner checks trainings: with the candidate's time counted, and further runs near a rung.

It stands in for ``Bench`` of the shared conftest, which the self-check uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from grader.training.budget import Budget
from grader.training.terms import Kind, TrainingTerms

if TYPE_CHECKING:
    from grader.link import Link


class ExaminersBench:
    """What the shared conftest's ``Training`` asks."""

    def __init__(self, terms: TrainingTerms | None, spreads: dict[str, float], link: Link) -> None:
        share = link.work.share
        self.terms: dict[str, Any] = msgspec.to_builtins(terms) if terms else {}
        #: what torch calls the device in the candidate
        self.device = share.gpu.torch if share else "cpu"
        self.has_gpu = share is not None
        self._terms = terms
        self._spreads = spreads
        self._link = link
        #: what decides the split of a data set besides the grading's secret: another one for each candidate of a run
        self.split = ""

    def wants_another(self, kind: Kind, leads: list[float]) -> bool:
        """Whether to train once more. ``leads``: by how much each run so far exceeds the next rung."""
        assert self._terms is not None
        return self._terms.plan(self._spreads.get(kind, 0.0)).wants_another(leads)

    @contextmanager
    def clock(self, seconds: float, seed: int) -> Iterator[None]:
        """Give the student's code so many seconds of its own time, in a fresh candidate: a run knows of no other.

        The link ends a candidate that takes more.
        """
        self._link.stop()
        # Whoever is taught now has seen no other run, so that nobody needs to be asked the same questions again.
        self.split = f"/{seed}"
        self._link.seed = seed
        self._link.budget = Budget(seconds)
        try:
            yield
        finally:
            self._link.budget = None

    def limits_of(self, kind: str) -> tuple[float, int] | None:
        """Seconds of one call, and how many such calls a test may take; None for a test that checks no training."""
        table = self.terms.get(kind) if kind else None
        if not table or self._terms is None:
            return None
        # One more than there can be runs: what the examiner itself does between them takes time, too.
        return float(table["budget_s"]), self._terms.plan().most + 1
