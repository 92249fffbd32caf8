"""The table ``[training]`` of ``exercise.toml``: what a training check may use and what its metric is worth."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from grader.report import Text
from grader.toml import Wrong
from grader.training.known import KNOWN
from grader.training.ladder import Rung, find_fault
from grader.training.sequential import Plan

#: The two classes of devices: the twin that everybody can run, and the GPU.
Kind = Literal["cpu", "gpu"]
KINDS: tuple[Kind, ...] = ("cpu", "gpu")
#: What a check may train on: the sets that are known, signs made up for each run, and what the test makes up itself.
DATASETS = (*KNOWN, "glyphs", "synthetic")

#: Megabytes of a GPU's memory that a grading may take where its exercise says nothing.
GPU_MEMORY_MB = 4096


class DeviceTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a check asks for on one class of devices."""

    #: seconds of the student's time for one run; imports, data and the start of CUDA are ours
    budget_s: float
    #: the mean of the runs and the points that it is worth, linear in between
    ladder: list[Rung]
    #: examples to train with; without it all
    examples: int | None = None
    #: the data set that the ladder is for, where it is not that of the table above
    dataset: str | None = None

    def __post_init__(self) -> None:
        if self.dataset is not None:
            _check_dataset(self.dataset)
        if self.budget_s <= 0:
            raise Wrong(_above_nothing("budget_s", self.budget_s))
        if self.examples is not None and self.examples <= 0:
            raise Wrong(_above_nothing("examples", self.examples))
        fault = find_fault(self.ladder)
        if fault:
            raise Wrong(fault)

    @property
    def points(self) -> float:
        """What the check is worth."""
        return self.ladder[-1][1]


class GpuTerms(DeviceTerms, frozen=True, forbid_unknown_fields=True):
    """What a check asks for on a GPU."""

    #: what the student's code may take of its memory, besides CUDA's own
    memory_mb: int = GPU_MEMORY_MB

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.memory_mb <= 0:
            raise Wrong(_above_nothing("memory_mb", self.memory_mb))


class TrainingTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a check asks for."""

    dataset: str = "digits"
    #: independent runs, each with a secret seed; near a rung there are more
    seeds: int = 3
    cpu: DeviceTerms | None = None
    gpu: GpuTerms | None = None

    def __post_init__(self) -> None:
        _check_dataset(self.dataset)
        if self.seeds <= 0:
            raise Wrong(_above_nothing("seeds", self.seeds))

    def device(self, kind: Kind) -> DeviceTerms | None:
        """The terms on one class of devices; None: the check does not run there."""
        return self.cpu if kind == "cpu" else self.gpu

    def dataset_of(self, kind: Kind) -> str:
        """The data set that the ladder of one class of devices is for."""
        terms = self.device(kind)
        return terms.dataset if terms and terms.dataset else self.dataset

    def plan(self, own: float = 0.0) -> Plan:
        """How many runs there are, where those of the reference have this standard deviation."""
        return Plan(self.seeds, own)

    @property
    def seconds(self) -> float:
        """Seconds that the trainings may take at most, with as many runs as there can be."""
        found = [terms.budget_s for terms in (self.cpu, self.gpu) if terms]
        return (self.plan().most + 1) * sum(found)

    def digest(self, kind: Kind) -> bytes:
        """A hash of what decides the metric on one class of devices: not of what it is worth."""
        terms = self.device(kind)
        decisive = [self.dataset_of(kind), terms.examples if terms else None]
        return hashlib.sha256(msgspec.json.encode(decisive)).digest()


def _above_nothing(name: str, found: float) -> Text:
    return {
        "en": f"{name} must be above 0; found {found:g}",
        "pt-BR": f"{name} deve ser maior que 0; encontrado: {found:g}",
    }


def _check_dataset(name: str) -> None:
    if name not in DATASETS:
        names = ", ".join(DATASETS)
        raise Wrong(
            {
                "en": f"dataset must be one of {names}; found {name!r}",
                "pt-BR": f"dataset deve ser um destes: {names}; encontrado: {name!r}",
            }
        )
