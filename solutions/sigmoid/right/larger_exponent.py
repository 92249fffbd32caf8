"""A quotient of two powers, shifted so that the larger exponent is 0: the softmax of (x, 0)."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    if not x.is_floating_point():
        x = x.to(torch.get_default_dtype())
    zero = torch.zeros_like(x)
    power, one = torch.exp(torch.minimum(x, zero)), torch.exp(torch.minimum(-x, zero))
    return power / (power + one)


def sigmoid_derivative(x: Tensor) -> Tensor:
    if not x.is_floating_point():
        x = x.to(torch.get_default_dtype())
    e = torch.exp(-torch.abs(x))
    return e / torch.square(1 + e)
