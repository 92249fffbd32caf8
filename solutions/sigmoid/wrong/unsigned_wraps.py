# caught by: test_takes_every_type_of_number
"""Leaves the conversion to torch.exp, after -x of an unsigned integer has wrapped around."""

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
    return x
