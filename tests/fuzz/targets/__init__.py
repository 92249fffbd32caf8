"""One module per target: ``run(data)`` returns or raises one of ``ALLOWED``; ``SEEDS`` are inputs that are read."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

NAMES = ("frames", "values", "examiner", "candidate", "archive", "notebook", "source")


@dataclass(frozen=True)
class Target:
    name: str
    run: Callable[[bytes], object]
    #: the documented errors: what a caller of the reader has to expect
    allowed: tuple[type[BaseException], ...]
    seeds: list[bytes]
    #: what inputs are made of: "trees" are msgpack and changed as such
    kind: str
    #: bytes that one input may make the process grow by
    memory: int


def load(name: str) -> Target:
    module: ModuleType = importlib.import_module(f"tests.fuzz.targets.{name}")
    return Target(name, module.run, module.ALLOWED, module.SEEDS, module.KIND, module.MEMORY)
