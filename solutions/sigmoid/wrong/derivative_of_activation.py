# caught by: test_derivative_gives_the_values_of_the_statement
"""Takes x for the activation: x (1 - x)."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    x = _floating(x)
    e = torch.exp(torch.where(x < 0, x, -x))
    return torch.where(x < 0, e, 1) / (1 + e)


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = _floating(x)
    return x * (1 - x)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
