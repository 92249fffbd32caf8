"""The two halves of the line by masks, each with its harmless formula; the derivative by autograd."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    if not x.is_floating_point():
        x = x.to(torch.get_default_dtype())
    result = torch.empty_like(x)
    left = x < 0
    result[~left] = 1 / (1 + torch.exp(-x[~left]))
    power = torch.exp(x[left])
    result[left] = power / (1 + power)
    return result


def sigmoid_derivative(x: Tensor) -> Tensor:
    if not x.is_floating_point():
        x = x.to(torch.get_default_dtype())
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(sigmoid(x).sum(), x)
    return slope
