# caught by: test_cost_sums_units_and_averages_samples, test_train_takes_full_batch_steps
"""The cost is averaged over the output units as well."""

from __future__ import annotations

import torch
from torch import Tensor


def forward(X: Tensor, Ws: list[Tensor], bs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Push a batch (N, D) through the network; keep every pre-activation and every activation."""
    zs, activations = [], [X]
    for W, b in zip(Ws, bs, strict=True):
        a = activations[-1]
        # (out, in) must be the (out,) of the biases followed by the (in,) of what comes in.
        if W.shape != b.shape + a.shape[1:]:
            found = f"input {tuple(a.shape)}, weights {tuple(W.shape)} and biases {tuple(b.shape)}"
            raise ValueError(f"layer {len(zs)}: {found} do not fit")
        zs.append(a @ W.T + b)
        activations.append(torch.sigmoid(zs[-1]))
    return zs, activations


def cost(X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str = "quadratic") -> Tensor:
    """Measure how far the outputs are from the targets: sum over the units, mean over the samples."""
    zs, activations = _checked_forward(X, Y, Ws, bs, kind)
    z, a = zs[-1], activations[-1]
    if kind == "quadratic":
        units = (a - Y).square() / 2
    else:
        # -ln a = ln(1 + e^-z) and -ln(1 - a) = z + ln(1 + e^-z); e is only ever raised to a power that is not positive.
        units = z.clamp(min=0) - z * Y + torch.log1p(torch.exp(-z.abs()))
    return units.mean()


def _checked_forward(
    X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str
) -> tuple[list[Tensor], list[Tensor]]:
    """Run ``forward``; raise ValueError for an unknown cost or targets that have not the outputs' shape."""
    if kind not in ("quadratic", "cross_entropy"):
        raise ValueError(f"the cost is called 'quadratic' or 'cross_entropy', not {kind!r}")
    zs, activations = forward(X, Ws, bs)
    if Y.shape != activations[-1].shape:
        raise ValueError(f"the network gives {tuple(activations[-1].shape)}, the targets are {tuple(Y.shape)}")
    return zs, activations


def backprop(
    X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str = "quadratic"
) -> tuple[list[Tensor], list[Tensor]]:
    """Differentiate the cost with respect to every weight and every bias, from the last layer to the first."""
    _, activations = _checked_forward(X, Y, Ws, bs, kind)
    # delta is dC/dz of the layer at hand, (N, out); the 1/N of the mean goes in here, once and for all layers.
    delta = (activations[-1] - Y) / len(X)
    if kind == "quadratic":
        delta = delta * _slope(activations[-1])  # with cross-entropy, the slope of the sigmoid cancels
    gWs, gbs = [delta.T @ activations[-2]], [delta.sum(dim=0)]
    for layer in range(len(Ws) - 1, 0, -1):
        delta = (delta @ Ws[layer]) * _slope(activations[layer])
        gWs.insert(0, delta.T @ activations[layer - 1])
        gbs.insert(0, delta.sum(dim=0))
    return gWs, gbs


def _slope(a: Tensor) -> Tensor:
    """Differentiate the sigmoid where its value is ``a``."""
    return a * (1 - a)


def sgd_step(
    Ws: list[Tensor], bs: list[Tensor], gWs: list[Tensor], gbs: list[Tensor], eta: float
) -> tuple[list[Tensor], list[Tensor]]:
    """Take one step of length ``eta`` against the gradient, into new tensors."""
    new_Ws = [W - eta * gW for W, gW in zip(Ws, gWs, strict=True)]
    new_bs = [b - eta * gb for b, gb in zip(bs, gbs, strict=True)]
    return new_Ws, new_bs


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
    """Take ``epochs`` steps with the whole batch and record the cost before the first and after each."""
    costs = [cost(X, Y, Ws, bs, kind).item()]
    for _ in range(epochs):
        gWs, gbs = backprop(X, Y, Ws, bs, kind)
        Ws, bs = sgd_step(Ws, bs, gWs, gbs, eta)
        costs.append(cost(X, Y, Ws, bs, kind).item())
    return Ws, bs, costs
