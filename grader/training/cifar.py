"""Reads the batches of CIFAR-10, of the Python version without running what a pickle may hold.

Source of both formats: A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.training.images import Arrays

_PIXELS = (3, 32, 32)
#: The only names that a batch refers to: how numpy puts an array together. Old and new names of the same module.
_ALLOWED = {
    (module, name): found
    for module in ("numpy.core.multiarray", "numpy._core.multiarray", "numpy")
    for name, found in (
        ("_reconstruct", np.ndarray.__reduce__(np.empty(0))[0]),
        ("ndarray", np.ndarray),
        ("dtype", np.dtype),
    )
}


class _PlainUnpickler(pickle.Unpickler):
    """Makes arrays and plain values, and calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"a batch of CIFAR-10 does not refer to {module}.{name}")
        return _ALLOWED[module, name]


def parse_pickled(content: bytes) -> Arrays:
    """A batch of the Python version. Raises ValueError for anything else, and runs nothing that it names."""
    try:
        batch = _PlainUnpickler(io.BytesIO(content), encoding="bytes").load()
        pixels, labels = batch[b"data"], np.array(batch[b"labels"], np.int64)
    except (pickle.UnpicklingError, LookupError, TypeError, ValueError, EOFError, AttributeError, ImportError) as error:
        raise ValueError(f"this is no batch of CIFAR-10: {error}") from error
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape != (len(labels), 3072):
        raise ValueError("this is no batch of CIFAR-10: its pixels are of another shape")
    return pixels.reshape(-1, *_PIXELS), labels


def parse_binary(content: bytes) -> Arrays:
    """A batch of the binary version: for each image one byte for the class, and its pixels. Raises ValueError."""
    if not content or len(content) % 3073:
        raise ValueError("this is no batch of CIFAR-10: its length is no multiple of 3,073 bytes")
    rows: npt.NDArray[np.uint8] = np.frombuffer(content, np.uint8).reshape(-1, 3073)
    return rows[:, 1:].reshape(-1, *_PIXELS), rows[:, 0].astype(np.int64)
