# caught by: test_sigmoid_gives_the_values_of_the_statement, test_keeps_shape_and_type, test_takes_every_type_of_number
"""Turns everything into float32."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    x = _floating(x)
    e = torch.exp(torch.where(x < 0, x, -x))
    return torch.where(x < 0, e, 1) / (1 + e)


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def _floating(x: Tensor) -> Tensor:
    return x.float()
