# caught by: test_small_values_keep_their_digits
"""Cuts x off at ±20, so that nothing overflows and nothing is smaller than 2e-9."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-_floating(x).clamp(-20, 20)))


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
