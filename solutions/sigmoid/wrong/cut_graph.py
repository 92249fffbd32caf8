# caught by: test_gradient_is_the_derivative, test_gradient_survives_1000, test_gradient_obeys_the_chain_rule
"""Computes with numpy: right values, but no gradient."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    x = _floating(x)
    if x.dtype == torch.bfloat16:
        return sigmoid(x.float()).to(x.dtype)
    array = x.detach().numpy()
    e = np.exp(-np.abs(array))
    return torch.as_tensor(np.where(array < 0, e, 1) / (1 + e), dtype=x.dtype)


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
