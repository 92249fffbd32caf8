"""The sigmoid and its derivative, for tensors of any shape.

Allowed: tensor arithmetic, ``torch.exp``, ``torch.tanh``, ``torch.where``, masks, and autograd. Forbidden:
``torch.sigmoid`` and its relatives, ``torch.special`` and all of ``torch.nn``.
"""

from __future__ import annotations

import torch  # noqa: F401 (you will need it)
from torch import Tensor


def sigmoid(x: Tensor) -> Tensor:
    """Squash every number into the interval from 0 to 1: 1 / (1 + e^-x).

    ``x`` has any shape: no axis, many axes, or axes of length 0. The result is a new tensor of the same shape. It has
    the type of ``x`` if that is a floating-point type, and ``torch.get_default_dtype()`` if ``x`` holds integers or
    truth values. ``x`` is not changed.

    The result is right to almost all digits of its type, also where it is tiny: for x = -30 as well as for x = 0. It is
    1 for +1000 and for infinity, 0 for -1000 and for minus infinity, and NaN only for NaN.

    Differentiable with respect to ``x``: the gradient is ``sigmoid_derivative(x)`` everywhere, at 0 too, and 0 for
    ±1000.
    """
    raise NotImplementedError


def sigmoid_derivative(x: Tensor) -> Tensor:
    """Give the slope of the sigmoid at ``x``.

    ``x`` is the pre-activation, what enters the sigmoid, and not the activation that leaves it. Shape, type and digits
    are as for ``sigmoid``: the slope is right to almost all digits for x = 30 and x = -30 too, and 0 for ±1000 and for
    the infinities. ``x`` is not changed.
    """
    raise NotImplementedError
