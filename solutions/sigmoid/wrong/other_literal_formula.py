# caught by: test_is_stable_at_1000, test_takes_every_type_of_number
"""The other form of the fraction on the whole line: infinity by infinity at +1000."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    e = torch.exp(_floating(x))
    return e / (1 + e)


def sigmoid_derivative(x: Tensor) -> Tensor:
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def _floating(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
