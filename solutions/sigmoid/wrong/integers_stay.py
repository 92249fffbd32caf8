# caught by: test_takes_every_type_of_number
"""Gives the result the type of the input, integers too: every fraction becomes 0."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    y = _floating(x)
    e = torch.exp(torch.where(y < 0, y, -y))
    return (torch.where(y < 0, e, 1) / (1 + e)).to(x.dtype)


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
