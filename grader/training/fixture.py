"""The ``task`` that tests get from an examiner: with all data sets, under salt, and with its answers kept here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.shared import loaded_shared
from grader.training.salt import Turn
from grader.training.task import Terms, draw_task


@pytest.fixture
def task(request: pytest.FixtureRequest, _seeded: int) -> Callable[..., Any]:
    """Draws a training, as the shared conftest's fixture of the same name does."""
    count = 0

    def draw(
        dataset: str, examples: int | None, questions: int, *, seed: int | None = None, twin: str = "", turn: str = ""
    ) -> Any:
        nonlocal count
        count += 1
        shared = loaded_shared()
        terms = Terms(dataset, examples, questions, Turn(turn or "none"), twin)
        found = draw_task(
            terms,
            Path(os.environ.get("GRADIENTE_DATA", "data")),
            secret=os.environ.get("GRADIENTE_SEED", "0") + _split(request),
            seed=shared.derive_seed(str(_seeded), f"task {count}") if seed is None else seed,
        )
        shared.datasets_of(request.node)[dataset] = found.dataset
        return shared.Task(found.dataset, found.images, found.labels, found.questions, found.answers)

    return draw


def _split(request: pytest.FixtureRequest) -> str:
    """What a run of a training check adds to the grading's secret: its candidate knows of no other run."""
    bench = request.config.stash.get(loaded_shared().BENCH, None)
    return str(getattr(bench, "split", ""))
