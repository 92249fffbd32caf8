"""Reads the IDX format of MNIST: two zero bytes, a type, the number of axes, their sizes big-endian, then the data.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits, section "FILE FORMATS".
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

_UNSIGNED_BYTE = 0x08


def parse_idx(content: bytes) -> npt.NDArray[np.uint8]:
    """The array in a file of unsigned bytes. Raises ValueError for anything else."""
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE:
        raise ValueError("this is no IDX file of unsigned bytes")
    axes = content[3]
    start = 4 + 4 * axes
    shape = [int.from_bytes(content[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(axes)]
    if len(content) != start + math.prod(shape):
        raise ValueError(f"{len(content):,} bytes do not hold an array of {shape}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
