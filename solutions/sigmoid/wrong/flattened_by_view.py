# caught by: test_takes_every_shape
"""Flattens with view, which transposed tensors do not allow."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    y = _floating(x).view(-1)
    e = torch.exp(torch.where(y < 0, y, -y))
    return (torch.where(y < 0, e, 1) / (1 + e)).view(x.shape)


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
