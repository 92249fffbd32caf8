"""Opens a data set: read and checked once, then mapped from a file of its own, so that processes share its pages.

The file is a cache below the data directory, ``.cache/<set>-<checksum>``. Where that cannot be written, each process
that asks reads the set anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import warnings
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from grader.training.files import read_set
from grader.training.images import Arrays, ImageSet
from grader.training.known import KNOWN, DataSet, Form, find_known
from grader.training.presence import is_present

CACHE = ".cache"
_PARTS = ("images.npy", "labels.npy")


@dataclass(frozen=True)
class Presence:
    """Whether a data set is at hand, and where it was looked for."""

    name: str
    present: bool
    where: str


def list_sets(folder: Path) -> list[Presence]:
    """All data sets that Gradiente knows."""
    return [
        Presence(known.name, is_present(known, folder), "scikit-learn" if known.form is Form.BUNDLED else str(folder))
        for known in KNOWN.values()
    ]


def load_set(name: str, folder: Path) -> ImageSet:
    """One data set by its name. Raises ExerciseError where it is unknown, missing or damaged."""
    return open_set(find_known(name), folder.resolve())


@lru_cache(maxsize=8)
def open_set(known: DataSet, folder: Path) -> ImageSet:
    """A set, mapped where that is possible. Raises MissingData or DamagedData."""
    if known.form is Form.BUNDLED:
        return _image_set(known, read_set(known, folder))
    cached = folder / CACHE / f"{known.name}-{_key(known)}"
    arrays = _map(known, cached)
    if arrays is None:
        read = read_set(known, folder)
        with contextlib.suppress(OSError):
            _write(read, cached)
        arrays = _map(known, cached) or read
    return _image_set(known, arrays)


def _key(known: DataSet) -> str:
    """Another one for other contents: a cache holds nothing but what was checked."""
    return hashlib.sha256(repr(asdict(known)).encode()).hexdigest()[:12]


def _image_set(known: DataSet, arrays: Arrays) -> ImageSet:
    images, labels = (_tensor(array) for array in arrays)
    return ImageSet(known.name, images, labels, known.train)


def _tensor(array: npt.NDArray[Any]) -> torch.Tensor:
    """A view of an array that may be mapped read-only: torch warns that nobody may write to it, and nobody does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(array)


def _map(known: DataSet, cached: Path) -> Arrays | None:
    try:
        images, labels = (np.load(cached / part, mmap_mode="r", allow_pickle=False) for part in _PARTS)
    except (OSError, ValueError, EOFError):
        return None
    fits = images.shape == (known.count, *known.shape) and labels.shape == (known.count,)
    return (images, labels) if fits and images.dtype == np.uint8 and labels.dtype == np.int64 else None


def _write(arrays: Arrays, cached: Path) -> None:
    """Beside its place, then moved there at once: whoever looks sees all or nothing."""
    cached.parent.mkdir(exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=cached.parent, prefix=f".{cached.name}-"))
    try:
        images, labels = arrays
        for part, array in ((_PARTS[0], images), (_PARTS[1], labels)):
            with (beside / part).open("wb") as stream:
                np.save(stream, array, allow_pickle=False)
                stream.flush()
                os.fsync(stream.fileno())
        beside.chmod(0o755)
        beside.rename(cached)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
