# caught by: test_small_slopes_keep_their_digits
"""s (1 - s): for large x, s rounds to 1 and nothing remains."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    x = _floating(x)
    e = torch.exp(torch.where(x < 0, x, -x))
    return torch.where(x < 0, e, 1) / (1 + e)


def sigmoid_derivative(x: Tensor) -> Tensor:
    s = sigmoid(x)
    return s * (1 - s)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
