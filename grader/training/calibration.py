"""What the reference's trainings reach, measured over many seeds: ``solutions/<slug>/calibration.toml``.

``gradiente audit SLUG --calibrate`` writes it; the grader reads the standard deviation, the audit all of it.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import msgspec

from grader.errors import ExerciseError
from grader.exercise import Exercise
from grader.report import LANGUAGES
from grader.toml import Unreadable, read_toml
from grader.training.sequential import Spread
from grader.training.terms import KINDS, Kind

#: Fewer gradings tell too little of how far apart they lie.
LEAST_GRADINGS = 12
NAME = "calibration.toml"

_HEAD = "# What the reference reaches. Written by: gradiente audit {slug} --calibrate\n"


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The runs on one class of devices."""

    #: of what decides the metric: reference, tests, data
    version: str
    date: date
    device: str
    python: str
    torch: str
    mean: float
    #: standard deviation of what is a run's own, and of what all runs of one grading have in common
    own: float
    shared: float
    #: the longest that a run took, on average over its grading
    seconds: float
    #: what each run reached, by grading
    values: list[list[float]]

    @property
    def spread(self) -> Spread:
        """How far the runs lie apart."""
        return Spread(self.own, self.shared)


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file."""

    cpu: Record | None = None
    gpu: Record | None = None

    def record(self, kind: Kind) -> Record | None:
        """What was measured on one class of devices; None: nothing."""
        return self.cpu if kind == "cpu" else self.gpu

    @property
    def spreads(self) -> dict[str, float]:
        """The standard deviations of single runs that there are."""
        found = {kind: self.record(kind) for kind in KINDS}
        return {kind: record.own for kind, record in found.items() if record}


def read_calibration(exercise: Exercise) -> Calibration:
    """Read an exercise's file; where there is none, nothing was measured. Raises ExerciseError."""
    path = exercise.calibration
    if path is None:
        return Calibration()
    try:
        return read_toml(path, Calibration)
    except Unreadable as error:
        raise ExerciseError(*(f"{path}: {error.text[language]}." for language in LANGUAGES)) from error


def version_of(exercise: Exercise, kind: Kind) -> str:
    """A hash of what decides the reference's metric: itself, the tests, the data. Points and times do not."""
    digest = hashlib.sha256(exercise.config.training.digest(kind) if exercise.config.training else b"")
    for path in (exercise.reference, exercise.public_tests, exercise.hidden_tests):
        if path is not None and path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def write_record(exercise: Exercise, kind: Kind, record: Record) -> Path:
    """Write what was measured on one class of devices, beside what is there of the other."""
    assert exercise.private is not None
    calibration = msgspec.structs.replace(read_calibration(exercise), **{kind: record})
    tables = [_table(each, found) for each in KINDS if (found := calibration.record(each))]
    path = exercise.private / NAME
    path.write_text(_HEAD.format(slug=exercise.slug) + "".join(tables), encoding="utf-8")
    return path


def _table(kind: Kind, record: Record) -> str:
    lines = [f"{name} = {_toml(getattr(record, name))}" for name in record.__struct_fields__]
    return "\n".join([f"\n[{kind}]", *lines, ""])


def _toml(value: object) -> str:
    """A value as TOML: texts and lists of numbers are written as in JSON, dates as they are."""
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)
