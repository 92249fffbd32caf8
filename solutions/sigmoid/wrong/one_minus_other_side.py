# caught by: test_small_values_keep_their_digits
"""For negative x, 1 - sigmoid(-x): stable, but the digits cancel."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    x = _floating(x)
    larger = 1 / (1 + torch.exp(torch.where(x < 0, x, -x)))
    return torch.where(x < 0, 1 - larger, larger)


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
