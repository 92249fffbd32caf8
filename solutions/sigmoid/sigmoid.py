"""The sigmoid and its derivative, for tensors of any shape."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    """Squash every number into the interval from 0 to 1: 1 / (1 + e^-x), which is also e^x / (1 + e^x)."""
    x = _floating(x)
    # e^-|x|, which never overflows. Not written with abs(), whose slope at 0 is 0 for autograd.
    e = torch.exp(torch.where(x < 0, x, -x))
    return torch.where(x < 0, e, 1) / (1 + e)


def sigmoid_derivative(x: Tensor) -> Tensor:
    """Give the slope at the pre-activation ``x``: s (1 - s), where 1 - s is the sigmoid of -x with all its digits."""
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def _floating(x: Tensor) -> Tensor:
    """Turn integers into the default type; -x of an unsigned integer would wrap around."""
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
