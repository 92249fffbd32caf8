"""By tanh where the sum does not cancel; on the left half through s(x) = e^x s(-x), which has all digits."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    if not torch.is_floating_point(x):
        x = x.to(torch.get_default_dtype())
    left = x < 0
    size = torch.where(left, -x, x)
    larger = (1 + torch.tanh(size / 2)) / 2
    return torch.where(left, torch.exp(-size) * larger, larger)


def sigmoid_derivative(x: Tensor) -> Tensor:
    return sigmoid(x) * sigmoid(-x.to(torch.float64)).to(sigmoid(x).dtype)
