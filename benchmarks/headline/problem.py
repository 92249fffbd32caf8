"""A set of images in three parts, as the experiments want them: rows of numbers from 0 to 1 on one device."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from grader.training.images import ImageSet


@dataclass(frozen=True)
class Part:
    """Examples ``X (n, pixels)`` from 0 to 1 with their classes ``y (n,)``."""

    X: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    @property
    def Y(self) -> Tensor:
        """The classes as rows with a single 1."""
        return torch.nn.functional.one_hot(self.y, 10).to(self.X.dtype)

    def first(self, count: int) -> Part:
        """The first examples, in the order of the published files."""
        return Part(self.X[:count], self.y[:count])

    def standardised(self, like: Part) -> Part:
        """With the mean and the spread of all pixels of ``like`` taken away: 0.1307 and 0.3081 for MNIST."""
        return replace(self, X=(self.X - like.X.mean()) / like.X.std())

    def to(self, device: torch.device) -> Part:
        """A copy on the device."""
        return Part(self.X.to(device), self.y.to(device))


@dataclass(frozen=True)
class Problem:
    """What is trained on, what settings are compared on, and what nobody looks at before the end."""

    train: Part
    validation: Part
    test: Part

    @property
    def whole(self) -> Part:
        """All that was published for training: 60,000 images of MNIST."""
        return Part(torch.cat([self.train.X, self.validation.X]), torch.cat([self.train.y, self.validation.y]))

    @property
    def side(self) -> int:
        """Pixels along an edge of the square images."""
        return round(self.test.X.shape[1] ** 0.5)


def split(images: ImageSet, validation: int, test: int, device: torch.device) -> Problem:
    """The course's parts, in the order of the files: MNIST falls into 50,000, 10,000 and 10,000 images.

    Where nothing was published for testing, the last ``test`` images are taken.
    """
    everything = Part(images.images.flatten(1).float() / 255, images.labels.clone()).to(device)
    published = images.train if images.train < len(images) else len(images) - test
    cut = published - validation
    return Problem(
        train=everything.first(cut),
        validation=Part(everything.X[cut:published], everything.y[cut:published]),
        test=Part(everything.X[published:][:test], everything.y[published:][:test]),
    )
