"""A set of images with its labels, as it lies in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

#: images and labels, as they were read
Arrays = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


@dataclass(frozen=True, repr=False)
class ImageSet:
    """Images ``(n, channels, height, width)`` uint8 and labels ``(n,)`` int64; read-only where they are mapped.

    The ``train`` first ones are the training part as it was published, the rest the published test part; all are
    training where nothing was published.
    """

    name: str
    images: Tensor
    labels: Tensor
    train: int
    classes: int = 10

    def __len__(self) -> int:
        return len(self.labels)
