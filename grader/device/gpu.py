"""What a device is called and which one somebody means by ``auto``, ``cpu``, ``cuda`` or ``cuda:1``."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import InfrastructureError

AUTO, CPU, CUDA = "auto", "cpu", "cuda"

_MOST_THREADS = 16

_NAMED = re.compile(r"cuda:(\d+)")
_ONE_GPU = re.compile(r"\d+")


@dataclass(frozen=True)
class Gpu:
    """One GPU of this host."""

    #: its place in the order of the bus: the N of ``cuda:N``
    number: int
    #: how the driver tells it from all others
    uuid: str
    name: str
    memory_mb: int
    #: of its node, /dev/nvidia<minor>; -1: it has none
    minor: int = -1
    #: what torch calls it in a process that sees no other one; a stand-in for tests is ``cpu``
    torch: str = CUDA
    #: whether the driver says how much memory each process uses
    accounts: bool = False
    #: the driver's libraries, as this host has them
    libraries: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What it is called on the command line."""
        return f"{CUDA}:{self.number}"

    @property
    def is_real(self) -> bool:
        """Whether CUDA is started for it."""
        return self.torch == CUDA

    def __str__(self) -> str:
        return f"{self.name} ({self.label})"


@dataclass(frozen=True)
class Share:
    """A part of a GPU that a grading has for itself."""

    gpu: Gpu
    #: what the student's code may take of its memory
    memory_mb: int


class UnknownDevice(InfrastructureError):
    """A device that is not there."""

    def __init__(self, asked: str, gpus: Sequence[Gpu], problem: str = "") -> None:
        found = ", ".join([CPU, *(f"{gpu.label} ({gpu.name}, {gpu.memory_mb:,} MB)" for gpu in gpus)])
        why = (f" About GPUs: {problem}.", f" Sobre GPUs: {problem}.") if problem else ("", "")
        super().__init__(
            f"There is no device {asked!r} here; found: {found}.{why[0]} Use one of these, or auto.",
            f"Não há dispositivo {asked!r} aqui; existem: {found}.{why[1]} Use um destes, ou auto.",
        )


def choose(asked: str, gpus: Sequence[Gpu], problem: str = "") -> list[Gpu]:
    """The GPUs that somebody who asks for a device may get; none for ``cpu``, and all for ``auto``.

    ``problem``: why there may be fewer than the operator expects. Raises UnknownDevice for one that is not there.
    """
    if asked == CPU:
        return []
    if asked == AUTO:
        return list(gpus)
    named = _NAMED.fullmatch(asked)
    found = [gpu for gpu in gpus if asked == CUDA or (named and gpu.number == int(named[1]))]
    if not found:
        raise UnknownDevice(asked, gpus, problem)
    return found


def is_device(asked: str) -> bool:
    """Whether a text could name a device of some host."""
    return asked in (AUTO, CPU, CUDA) or bool(_NAMED.fullmatch(asked))


def allow(gpus: Iterable[Gpu], allowed: str) -> list[Gpu]:
    """The GPUs that a setting leaves to a grader: ``all``, ``none``, or numbers and UUIDs such as ``0,2``.

    Raises InfrastructureError for a setting that says nothing of this kind.
    """
    words = [word.strip() for word in allowed.split(",") if word.strip()]
    if words in (["all"], ["none"]):
        return list(gpus) if words == ["all"] else []
    if not words or not all(_ONE_GPU.fullmatch(word) or word.startswith("GPU-") for word in words):
        raise InfrastructureError(
            f"gpus is {allowed!r}. Say all, none, or numbers and UUIDs with commas, such as 0,2.",
            f"gpus é {allowed!r}. Diga all, none, ou números e UUIDs com vírgulas, como 0,2.",
        )
    return [gpu for gpu in gpus if str(gpu.number) in words or gpu.uuid in words]


def cpu_name() -> str:
    """What this host calls its processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_of(jobs: int) -> int:
    """Threads of one grading, where so many run at a time: its share of the processors, at least one and not too many.

    Small networks gain nothing from more, and a candidate may have 64 in all.
    """
    return max(1, min(cores() // max(1, jobs), _MOST_THREADS))
