"""What the simulation knows of service times: ``benchmarks/results/scale.json``, by ``benchmarks.scale.measure``."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.grading.recorder import BATCH_SECONDS

RESULTS = Path(__file__).resolve().parents[1] / "results" / "scale.json"


def notes_of(seconds: float) -> int:
    """Transactions in which a grading's progress is written; a short one leaves the telling to its report."""
    return int(seconds / BATCH_SECONDS)


@dataclass(frozen=True)
class Curve:
    """Seconds by the length of the line, measured at some lengths: straight between them and beyond."""

    points: tuple[tuple[float, float], ...]

    def __call__(self, length: float) -> float:
        """At this length."""
        if len(self.points) == 1 or length <= self.points[0][0]:
            return self.points[0][1]
        pairs = zip(self.points, self.points[1:], strict=False)
        (x0, y0), (x1, y1) = next((pair for pair in pairs if length <= pair[1][0]), self.points[-2:])
        return max(y0, y0 + (y1 - y0) * (length - x0) / (x1 - x0))

    @staticmethod
    def flat(seconds: float) -> Curve:
        """The same at any length."""
        return Curve(((0.0, seconds),))


@dataclass(frozen=True)
class Turns:
    """Seconds of the writers' turn for each kind of write."""

    hand_in: float
    claim: Curve
    #: with one event
    note: float
    #: each further event in the same transaction
    note_more: float
    record: float
    #: claiming when nothing waits
    nothing: float
    #: of a process, with its leases, every ten seconds
    leases: float
    #: of the scheduler, before it sends word of some submissions to the broker
    relay: float = 0.0
    #: seconds of CPU of the worker's process, beside the turn: of claim and record together, and of a note
    ends_cpu: float = 0.0
    note_cpu: float = 0.0

    def note_of(self, service: Service, seconds: float) -> float:
        """One note of a grading that takes so long, with the events that it carries on average."""
        events = service.events / max(1, notes_of(seconds))
        return self.note + self.note_more * max(0.0, events - 1.0)

    @staticmethod
    def free() -> Turns:
        """Of a database that takes no time."""
        return Turns(0.0, Curve.flat(0.0), 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Pages:
    """Seconds of a portal process for each request."""

    log_in: float
    exercise: float
    upload: float
    report: float
    #: a look at the state, while the line stands still and when it has moved since the last look
    state: Curve
    state_moved: Curve

    @staticmethod
    def free() -> Pages:
        """Of a portal that takes no time."""
        return Pages(0.0, 0.0, 0.0, 0.0, Curve.flat(0.0), Curve.flat(0.0))


@dataclass(frozen=True)
class Service:
    """Gradings of one exercise."""

    name: str
    #: seconds that were measured, one for each submission
    seconds: tuple[float, ...]
    #: events that are told of
    events: int
    #: seconds of CPU of the process that all gradings of a machine share
    own: float = 0.0
    #: seconds of a GPU that follow; 0: none
    gpu: float = 0.0

    def process(self, turns: Turns, seconds: float) -> float:
        """Seconds of CPU of the worker's own process for one grading, with what it takes there to write."""
        return self.own + turns.ends_cpu + notes_of(seconds) * turns.note_cpu

    @property
    def mean(self) -> float:
        """Mean seconds of a core."""
        return statistics.fmean(self.seconds)


@dataclass(frozen=True)
class Measured:
    """Everything that was measured on one machine."""

    machine: dict[str, Any]
    services: dict[str, Service]
    turns: dict[str, Turns]
    pages: dict[str, Pages]
    #: seconds until a worker that was just started has its first report
    warm_up: float


def load(path: Path = RESULTS) -> Measured:
    """Read the file."""
    found = json.loads(path.read_text(encoding="utf-8"))
    services = {
        name: Service(
            name,
            tuple(each["cpu"]),
            round(statistics.median(each["events"])),
            statistics.median(each["own"]),
        )
        for name, each in found["gradings"].items()
    }
    return Measured(
        found["machine"],
        services,
        {name: read_turns(each) for name, each in found["turns"].items()},
        {name: _pages(each) for name, each in found["pages"].items()},
        found["warm_up"]["first_report"],
    )


def read_turns(found: dict[str, Any]) -> Turns:
    """What ``benchmarks.scale.turns`` has measured of one database."""
    claims = {int(length): each["median"] for length, each in found["claim_by_line"].items()}
    note, many = found["note"]["median"], found["note_of_15"]["median"]
    return Turns(
        hand_in=found["hand_in"]["median"],
        claim=Curve(tuple(sorted((float(length), seconds) for length, seconds in claims.items()))),
        note=note,
        note_more=max(0.0, (many - note) / 14),
        record=found["record"]["median"],
        nothing=found["claim_of_nothing"]["median"],
        leases=found["leases"]["median"],
        relay=found["relay"]["median"],
        ends_cpu=found["claim"]["cpu"] + found["record"]["cpu"],
        note_cpu=found["note"]["cpu"],
    )


def _pages(found: dict[str, Any]) -> Pages:
    def curve(values: dict[str, float]) -> Curve:
        return Curve(tuple(sorted((float(length), seconds) for length, seconds in values.items())))

    single = {name: found[name] for name in ("log_in", "exercise", "upload", "report")}
    return Pages(**single, state=curve(found["state"]), state_moved=curve(found["state_of_moving_line"]))
