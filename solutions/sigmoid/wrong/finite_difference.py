# caught by: test_small_slopes_keep_their_digits
"""The derivative by a finite difference: half of the digits at best."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    x = _floating(x)
    e = torch.exp(torch.where(x < 0, x, -x))
    return torch.where(x < 0, e, 1) / (1 + e)


def sigmoid_derivative(x: Tensor) -> Tensor:
    wide, step = x.to(torch.float64), 1e-5
    slope = (sigmoid(wide + step) - sigmoid(wide - step)) / (2 * step)
    return slope.to(_floating(x).dtype)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
