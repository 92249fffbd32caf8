# caught by: test_small_values_keep_their_digits, test_small_slopes_keep_their_digits
"""1 + tanh(x / 2) on the whole line: all digits are gone where tanh is close to -1."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    return (1 + torch.tanh(_floating(x) / 2)) / 2


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
