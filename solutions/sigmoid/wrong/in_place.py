# caught by: test_does_not_change_its_input
"""Saves memory by working in the caller's tensor."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    x = _floating(x)
    left = x < 0
    e = x.detach().abs_().neg_().exp_()
    return torch.where(left, e, 1) / (1 + e)


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
