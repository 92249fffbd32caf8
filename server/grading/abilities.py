"""What a worker can grade as its exercise wants it, and what it leaves to workers that can.

Exercises or data sets may lie on some machines alone. A worker without them takes a submission only where nobody else
could do better: then the student learns what is missing instead of waiting without end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from grader.errors import GraderError
from grader.exercise import Catalogue
from grader.training.known import KNOWN
from grader.training.presence import is_present
from server.grading.devices import SILENT_AFTER
from server.models import Worker


@dataclass(frozen=True)
class Abilities:
    """What a worker tells of itself besides its GPUs."""

    #: exercises that are there, with the data set that each wants for processors
    exercises: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    #: the layers of the sandbox that hold
    layers: tuple[str, ...] = ()

    def told(self) -> dict[str, Any]:
        """As the row of the worker keeps it."""
        return {name: list(getattr(self, name)) for name in ("exercises", "datasets", "layers")}


def find_abilities(catalogue: Catalogue, data: Path | None, layers: Sequence[str]) -> Abilities:
    """What this host has."""
    sets = tuple(name for name, known in KNOWN.items() if is_present(known, (data or Path("data")).resolve()))
    return Abilities(tuple(_complete(catalogue, sets)), sets, tuple(layers))


def _complete(catalogue: Catalogue, sets: Sequence[str]) -> list[str]:
    found = []
    for slug in catalogue.slugs():
        try:
            training = catalogue.find(slug).config.training
        except GraderError:
            continue
        wanted = training.dataset if training else ""
        if wanted not in KNOWN or wanted in sets:
            found.append(slug)
    return found


def left_to_others(session: Session, mine: Abilities, me: str, now: datetime, lease: timedelta) -> set[str]:
    """The exercises that this worker cannot grade as wanted, and another one that is there can."""
    found: set[str] = set()
    for detail in session.scalars(_details(now, lease).where(Worker.id != me)):
        if "cpu" in detail.get("queues", ()):
            found.update(detail.get("exercises", ()))
    return found.difference(mine.exercises)


def count_jobs(session: Session, now: datetime, lease: timedelta) -> int:
    """How many gradings on processors the workers that are there do at a time."""
    details = session.scalars(_details(now, lease))
    return sum(int(detail.get("jobs", 1)) for detail in details if "cpu" in detail.get("queues", ("cpu",)))


def _details(now: datetime, lease: timedelta) -> Select[dict[str, Any]]:
    """What they tell who were heard of."""
    return select(Worker.detail).where(Worker.seen_at >= now - SILENT_AFTER * lease)
