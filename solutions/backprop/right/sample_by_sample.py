"""One sample at a time with outer products, and the gradients added up."""

from __future__ import annotations

import torch
from torch import Tensor

KINDS = {"quadratic", "cross_entropy"}


def forward(X: Tensor, Ws: list[Tensor], bs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    if len(Ws) != len(bs) or X.dim() != 2:
        raise ValueError("one bias vector per weight matrix and a batch of rows, please")
    width = X.shape[1]
    for W, b in zip(Ws, bs):
        if W.dim() != 2 or b.dim() != 1 or W.shape[1] != width or W.shape[0] != b.shape[0]:
            raise ValueError(f"{tuple(W.shape)} and {tuple(b.shape)} do not fit an input of width {width}")
        width = W.shape[0]
    rows = [_forward_one(x, Ws, bs) for x in X]
    zs = [torch.stack([row[0][layer] for row in rows]) for layer in range(len(Ws))]
    return zs, [torch.stack([row[1][layer] for row in rows]) for layer in range(len(Ws) + 1)]


def _forward_one(x: Tensor, Ws: list[Tensor], bs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    zs, activations = [], [x]
    for W, b in zip(Ws, bs):
        z = W @ activations[-1] + b
        zs.append(z)
        activations.append(1 / (1 + torch.exp(-z)))
    return zs, activations


def _check(X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(kind)
    if forward(X, Ws, bs)[1][-1].shape != Y.shape:
        raise ValueError("targets and outputs differ in shape")


def cost(X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str = "quadratic") -> Tensor:
    _check(X, Y, Ws, bs, kind)
    total = torch.zeros((), dtype=X.dtype)
    for x, y in zip(X, Y):
        zs, activations = _forward_one(x, Ws, bs)
        if kind == "quadratic":
            total = total + ((activations[-1] - y) ** 2).sum() / 2
        else:
            total = total + (torch.logaddexp(torch.zeros_like(zs[-1]), zs[-1]) - y * zs[-1]).sum()
    return total / len(X)


def backprop(
    X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str = "quadratic"
) -> tuple[list[Tensor], list[Tensor]]:
    _check(X, Y, Ws, bs, kind)
    gWs, gbs = [torch.zeros_like(W) for W in Ws], [torch.zeros_like(b) for b in bs]
    for x, y in zip(X, Y):
        _, activations = _forward_one(x, Ws, bs)
        delta = activations[-1] - y
        if kind == "quadratic":
            delta = delta * activations[-1] * (1 - activations[-1])
        for layer in reversed(range(len(Ws))):
            gWs[layer] += torch.outer(delta, activations[layer])
            gbs[layer] += delta
            a = activations[layer]
            delta = Ws[layer].T @ delta * (a - a * a)
    return [g / len(X) for g in gWs], [g / len(X) for g in gbs]


def sgd_step(
    Ws: list[Tensor], bs: list[Tensor], gWs: list[Tensor], gbs: list[Tensor], eta: float
) -> tuple[list[Tensor], list[Tensor]]:
    if len(Ws) != len(gWs) or len(bs) != len(gbs):
        raise ValueError("as many gradients as parameters, please")
    return [torch.sub(W, g, alpha=eta) for W, g in zip(Ws, gWs)], [torch.sub(b, g, alpha=eta) for b, g in zip(bs, gbs)]


def train(
    X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], *, eta: float, epochs: int, kind: str = "cross_entropy"
) -> tuple[list[Tensor], list[Tensor], list[float]]:
    costs = [float(cost(X, Y, Ws, bs, kind))]
    while len(costs) <= epochs:
        Ws, bs = sgd_step(Ws, bs, *backprop(X, Y, Ws, bs, kind), eta)
        costs.append(float(cost(X, Y, Ws, bs, kind)))
    return Ws, bs, costs
