"""What came out, run by run, in a JSON file that several processes may add to."""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.headline.device import describe_device
from benchmarks.headline.experiment import Outcome

RESULTS = Path(__file__).resolve().parents[1] / "results" / "headlines.json"
#: digits behind the point that are kept: more are noise, and curves are long
DIGITS = 6


def describe(name: str, seed: int, outcome: Outcome, device: torch.device, seconds: float) -> dict[str, Any]:
    """A run as the file keeps it."""
    return {
        "experiment": name,
        "seed": seed,
        "device": describe_device(device),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        "cpu_seconds": round(seconds, 1),
        "values": {key: round(float(value), DIGITS) for key, value in outcome.values.items()},
        "curves": {key: [round(float(value), DIGITS) for value in curve] for key, curve in outcome.curves.items()},
    }


def load(path: Path) -> list[dict[str, Any]]:
    """All runs in a file; none where there is no file."""
    return json.loads(path.read_text(encoding="utf-8"))["runs"] if path.is_file() else []


def add(path: Path, run: dict[str, Any]) -> None:
    """Put a run into the file, in place of an earlier one of the same experiment, seed and device."""
    with _locked(path):
        runs = {_key(each): each for each in [*load(path), run]}
        lines = (json.dumps(each, ensure_ascii=False) for _, each in sorted(runs.items()))
        beside = path.with_name(f".{path.name}.new")
        beside.write_text('{"runs": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
        os.replace(beside, path)


def _key(run: dict[str, Any]) -> tuple[str, str, int]:
    return run["experiment"], run["device"], run["seed"]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Alone with the file: the lock is on its folder, where it leaves nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
