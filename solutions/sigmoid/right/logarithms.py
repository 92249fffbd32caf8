"""By logarithms: ln s = -ln(1 + e^-x), and ln s' = ln s(x) + ln s(-x)."""

from __future__ import annotations

import torch
from torch import Tensor


def log_sigmoid(x: Tensor) -> Tensor:
    return -torch.logaddexp(torch.zeros_like(x), -x)


def as_float(x: Tensor) -> Tensor:
    return x / 1  # a true division turns integers and truth values into the default type


def sigmoid(x: Tensor) -> Tensor:
    x = as_float(x)
    return torch.exp(log_sigmoid(x))


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = as_float(x)
    return torch.exp(log_sigmoid(x) + log_sigmoid(-x))
