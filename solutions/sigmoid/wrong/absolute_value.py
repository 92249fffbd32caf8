# caught by: test_gradient_survives_1000
"""e^-|x| with abs, whose slope autograd takes to be 0 at the kink: the gradient at 0 vanishes."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    x = _floating(x)
    e = torch.exp(-x.abs())
    return torch.where(x < 0, e, 1) / (1 + e)


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
