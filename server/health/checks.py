"""Whether this process can do its work now: each part that it needs is asked, in bounded time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import text

from server.db import Database
from server.health.bounded import Question, Unanswered

log = logging.getLogger(__name__)

#: seconds that a part may take to answer, and that its answer is good for
PATIENCE, KEEP = 2.0, 1.0

OK, SILENT, FAILED, CLOSING = "ok", "no answer", "failed", "closing"


@dataclass(frozen=True)
class Readiness:
    """What each part has answered: ``ok``, or a word. Why is in the log: who asks need not be known."""

    parts: Mapping[str, str]

    @property
    def is_ready(self) -> bool:
        """Whether all of them are well."""
        return all(word == OK for word in self.parts.values())


class Checks(Collector):
    """The parts of one process. As a collector, it tells them as ``gradiente_ready``."""

    def __init__(
        self, parts: Mapping[str, Callable[[], object]], is_closing: Callable[[], bool] = lambda: False
    ) -> None:
        """``parts``: by name, what raises something where the part is not well."""
        self._questions = {
            name: Question(f"check {name}", ask, patience=PATIENCE, keep=KEEP) for name, ask in parts.items()
        }
        self._is_closing = is_closing
        self._told: dict[str, str] = {}

    def look(self) -> Readiness:
        """Ask all parts, side by side."""
        for question in self._questions.values():
            question.begin()
        found = {name: self._word(name, question) for name, question in self._questions.items()}
        return Readiness(found | {"process": CLOSING if self._is_closing() else OK})

    def collect(self) -> Iterable[Metric]:
        """The parts as numbers."""
        family = GaugeMetricFamily(
            "gradiente_ready", "Whether a part that this process needs is well: 1 or 0.", labels=["part"]
        )
        for part, word in self.look().parts.items():
            family.add_metric([part], float(word == OK))
        return [family]

    def _word(self, name: str, question: Question[object]) -> str:
        why = ""
        try:
            question.answer()
            word = OK
        except Unanswered as error:
            word, why = SILENT, str(error)
        except Exception as error:
            word, why = FAILED, f"{type(error).__name__}: {error}"
        # Once for each change: who asks, asks every few seconds.
        if self._told.get(name, OK) != word:
            log.log(logging.INFO if word == OK else logging.ERROR, "readiness of %s: %s. %s", name, word, why)
        self._told[name] = word
        return word


def parts_of(database: Database, store: Callable[[], object] | None = None) -> dict[str, Callable[[], object]]:
    """What portal, workers and scheduler need; ``store`` checks the store as this process uses it."""

    def answers() -> None:
        with database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    found: dict[str, Callable[[], object]] = {"database": answers, "tables": database.require_tables}
    return found | {"store": store} if store is not None else found
