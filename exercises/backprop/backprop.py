"""Backpropagation by hand: a network of sigmoid units, its cost, its gradient and its training.

Sizes: N samples, D inputs, K outputs. Layer l has weights ``Ws[l]`` (out, in) and biases ``bs[l]`` (out,); ``in`` is
D in the first layer and the previous layer's ``out`` elsewhere, and ``out`` of the last layer is K. Every layer
computes ``z = a @ W.T + b`` and ``sigmoid(z)``, the last one too. All tensors have one floating-point type, which the
results keep; only Y may be integers.

Allowed: tensor arithmetic, ``torch.sigmoid`` and the like. Forbidden: autograd, ``torch.nn`` and ``torch.optim``.
"""

from __future__ import annotations

import torch  # noqa: F401 (you will need it)
from torch import Tensor


def forward(X: Tensor, Ws: list[Tensor], bs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Push a batch through the network and keep everything on the way.

    ``X`` (N, D). Returns ``(zs, activations)``: ``zs[l]`` (N, out) is what enters the sigmoid of layer l;
    ``activations[0]`` is X and ``activations[l + 1]`` (N, out) is what leaves layer l, so there is one more of them.
    Nothing is changed, and pre-activations of ±1000 give 0 and 1.

    Raises ValueError if there are not as many biases as weights, or if a shape does not fit: ``W`` must be
    (out, in) where ``b`` is (out,) and what comes in is (N, in).
    """
    raise NotImplementedError


def cost(X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str = "quadratic") -> Tensor:
    """Measure how far the outputs are from the targets: a tensor without axes.

    ``Y`` (N, K), numbers from 0 to 1. Summed over the K output units, averaged over the N samples:
    ``"quadratic"`` is (a - y)² / 2; ``"cross_entropy"`` is -(y ln a + (1 - y) ln(1 - a)), which must be right for
    pre-activations of ±1000, where a has been rounded to 0 or 1.

    Raises ValueError for any other ``kind``, if ``Y`` has not exactly the outputs' shape, and where ``forward`` does.
    """
    raise NotImplementedError


def backprop(
    X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str = "quadratic"
) -> tuple[list[Tensor], list[Tensor]]:
    """Differentiate the cost with respect to every weight and every bias.

    ``kind`` is as in ``cost``. Returns ``(gWs, gbs)``, shaped like ``Ws`` and ``bs``.
    It takes one pass forward and one backward, whatever the number of weights, and changes nothing.

    Raises ValueError in the same cases as ``cost``.
    """
    raise NotImplementedError


def sgd_step(
    Ws: list[Tensor], bs: list[Tensor], gWs: list[Tensor], gbs: list[Tensor], eta: float
) -> tuple[list[Tensor], list[Tensor]]:
    """Take one step of length ``eta`` against the gradient.

    Returns ``(new_Ws, new_bs)``: new lists of new tensors. The four lists that came in and their tensors stay as they
    are.

    Raises ValueError if there are not as many gradients as parameters.
    """
    raise NotImplementedError


def train(
    X: Tensor,
    Y: Tensor,
    Ws: list[Tensor],
    bs: list[Tensor],
    *,
    eta: float,
    epochs: int,
    kind: str = "cross_entropy",
) -> tuple[list[Tensor], list[Tensor], list[float]]:
    """Take ``epochs`` steps, each with the gradient of the whole batch.

    Returns ``(Ws, bs, costs)``; ``costs`` holds ``epochs`` + 1 Python floats: the cost at the start and after every
    step, so that the last one belongs to the returned weights. The weights that came in stay as they are.

    Raises ValueError in the same cases as ``cost``.
    """
    raise NotImplementedError
