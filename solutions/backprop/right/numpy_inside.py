"""NumPy inside and tensors outside; the gradient as a recursion over the layers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def _sigmoid(z: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)


def _layers(X: np.ndarray, Ws: list[np.ndarray], bs: list[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    if len(Ws) != len(bs):
        raise ValueError("one bias vector per weight matrix, please")
    zs, activations = [], [X]
    for W, b in zip(Ws, bs):
        if W.ndim != 2 or X.ndim != 2 or b.shape != (len(W),) or W.shape[1] != activations[-1].shape[1]:
            raise ValueError("a layer does not fit")
        zs.append(np.einsum("ni,oi->no", activations[-1], W) + b)
        activations.append(_sigmoid(zs[-1]))
    return zs, activations


def _arrays(tensors: list[Tensor]) -> list[np.ndarray]:
    return [tensor.numpy() for tensor in tensors]


def _tensors(arrays: list[np.ndarray]) -> list[Tensor]:
    return [torch.tensor(array) for array in arrays]


def forward(X: Tensor, Ws: list[Tensor], bs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    zs, activations = _layers(X.numpy(), _arrays(Ws), _arrays(bs))
    return _tensors(zs), _tensors(activations)


def _outputs(X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str) -> tuple[list, list]:
    zs, activations = _layers(X.numpy(), _arrays(Ws), _arrays(bs))
    if kind != "quadratic" and kind != "cross_entropy" or tuple(Y.shape) != zs[-1].shape:
        raise ValueError("an unknown cost or targets of another shape")
    return zs, activations


def cost(X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str = "quadratic") -> Tensor:
    zs, activations = _outputs(X, Y, Ws, bs, kind)
    y = Y.numpy().astype(zs[-1].dtype)
    if kind == "quadratic":
        return torch.tensor(((activations[-1] - y) ** 2).sum(1).mean() / 2)
    return torch.tensor((y * np.logaddexp(0, -zs[-1]) + (1 - y) * np.logaddexp(0, zs[-1])).sum(1).mean())


def _recurse(delta: np.ndarray, activations: list[np.ndarray], Ws: list[np.ndarray]) -> list[tuple]:
    """Gradients (W, b) of all layers up to the one whose delta is given."""
    below = activations[-1]
    here = (delta.T @ below, delta.sum(0))
    if len(Ws) == 1:
        return [here]
    return [*_recurse(delta @ Ws[-1] * below * (1 - below), activations[:-1], Ws[:-1]), here]


def backprop(
    X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str = "quadratic"
) -> tuple[list[Tensor], list[Tensor]]:
    _, activations = _outputs(X, Y, Ws, bs, kind)
    a = activations[-1]
    delta = (a - Y.numpy().astype(a.dtype)) / len(a)
    if kind == "quadratic":
        delta *= a * (1 - a)
    gWs, gbs = zip(*_recurse(delta, activations[:-1], _arrays(Ws)))
    return _tensors(gWs), _tensors(gbs)


def sgd_step(
    Ws: list[Tensor], bs: list[Tensor], gWs: list[Tensor], gbs: list[Tensor], eta: float
) -> tuple[list[Tensor], list[Tensor]]:
    if len(Ws) != len(gWs) or len(bs) != len(gbs):
        raise ValueError("as many gradients as parameters, please")
    step = [[torch.add(p, g, alpha=-eta) for p, g in zip(ps, gs)] for ps, gs in ((Ws, gWs), (bs, gbs))]
    return step[0], step[1]


def train(
    X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], *, eta: float, epochs: int, kind: str = "cross_entropy"
) -> tuple[list[Tensor], list[Tensor], list[float]]:
    costs = []
    for epoch in range(epochs + 1):
        costs.append(cost(X, Y, Ws, bs, kind).item())
        if epoch < epochs:
            Ws, bs = sgd_step(Ws, bs, *backprop(X, Y, Ws, bs, kind), eta)
    return Ws, bs, costs
