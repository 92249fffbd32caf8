# caught by: test_small_values_keep_their_digits, test_takes_every_shape, test_takes_infinities_and_keeps_nan
"""Shifts all exponents by one common maximum, which helps only the largest number."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    x = _floating(x)
    top = x.max().clamp(min=0)
    return torch.exp(x - top) / (torch.exp(x - top) + torch.exp(-top))


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
