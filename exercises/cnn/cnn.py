"""Convolution, max-pooling and a small network built on them.

Allowed: slicing, ``Tensor.unfold``, ``torch.nn.functional.pad``, ``einsum`` and the rest of tensor arithmetic; for the
network also ``nn.Module``, ``nn.Parameter``, ``nn.Linear``, ``nn.Dropout``, ``nn.BatchNorm2d``, activations,
``F.cross_entropy`` and ``torch.optim``. Forbidden: everything of the library that convolves or pools.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> Tensor:
    """Cross-correlate every image with every filter: multiply window and filter, and sum.

    ``x`` (N, C, H, W); ``weight`` (F, C, kh, kw), not flipped; ``bias`` (F,), one number per filter, or None.
    ``stride`` and ``padding`` are one number for both axes or a pair (rows, columns); padding adds that many zeros on
    each of the two sides of an axis. The image is not changed, and nothing but whole windows counts.

    Returns (N, F, H', W') with H' = (H + 2 * padding - kh) // stride + 1, and W' likewise; differentiable with respect
    to ``x``, ``weight`` and ``bias``.

    Raises ValueError if ``x`` and ``weight`` differ in channels, or if the filter is taller or wider than the padded
    image.
    """
    raise NotImplementedError


def max_pool2d(x: Tensor, size: int | tuple[int, int], stride: int | tuple[int, int] | None = None) -> Tensor:
    """Keep the largest pixel of every window, each image and each channel by itself.

    ``x`` (N, C, H, W); ``size`` and ``stride`` are one number or a pair (rows, columns); without ``stride`` the windows
    lie side by side (stride = size). Rows and columns that fill no whole window are left out.

    Returns (N, C, H', W') with H' = (H - size) // stride + 1, and W' likewise; differentiable: the gradient of a window
    goes to its largest pixel. Where several are equal, they may share it, but it adds up to the same.

    Raises ValueError if the window is taller or wider than the image.
    """
    raise NotImplementedError


class CNN(torch.nn.Module):
    """A network for square images, built on ``conv2d`` and ``max_pool2d`` above.

    At least one parameter is a bank of filters (F, C, kh, kw). All parameters together have at most 10,000 numbers for
    ``CNN(1, 8, 10)`` and at most 30,000 for ``CNN(1, 28, 10)``. Any ``size`` from 8 on works. Already in a fresh
    network the loss sends a gradient to every parameter.
    """

    def __init__(self, channels: int = 1, size: int = 8, classes: int = 10) -> None:
        super().__init__()
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, channels, size, size) -> logits (N, classes): scores, not probabilities.

        In eval mode the logits of an image depend on that image alone, and two passes give the same.
        """
        raise NotImplementedError


def train(
    images: Tensor,
    labels: Tensor,
    *,
    classes: int = 10,
    epochs: int = 15,
    seed: int = 0,
    device: str = "cpu",
    report: Callable[..., None] | None = None,
) -> CNN:
    """Make a ``CNN`` that fits the data, train it for ``epochs`` passes and return it in eval mode.

    ``images`` (N, C, S, S) float in [0, 1], in any order, perhaps sorted by class; ``labels`` (N,) int64 from 0 to
    ``classes`` - 1, of which some may never occur. The default of ``epochs`` is yours to choose. ``seed`` decides
    everything random (first weights, order of the images): the same call twice gives the same model. Neither images
    nor labels are changed, and nothing is printed.

    ``device`` is where to train, "cpu" or "cuda". Images and labels lie on the CPU; moving them and the model, as in
    ``model.to(device)``, is yours to do. The model that is returned lies there.

    ``report``, if it is not None, may be called as often as you like, ``report(step, loss=0.3, accuracy=0.9)``, with a
    step that grows and plain numbers: the curves are drawn while you train. It changes nothing about the model, and
    who never calls it loses nothing.
    """
    raise NotImplementedError
