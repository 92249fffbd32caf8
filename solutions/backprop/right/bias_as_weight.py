"""The bias as the weight of an input that is always 1, and everything inside in float64."""

from __future__ import annotations

import torch
from torch import Tensor


def _joined(Ws: list[Tensor], bs: list[Tensor]) -> list[Tensor]:
    """Weights (out, in + 1) whose last column is the bias."""
    if len(Ws) != len(bs):
        raise ValueError("one bias vector per weight matrix, please")
    if any(W.dim() != 2 or b.shape != W.shape[:1] for W, b in zip(Ws, bs)):
        raise ValueError("weights and biases do not fit")
    return [torch.cat([W.double(), b.double().unsqueeze(1)], 1) for W, b in zip(Ws, bs)]


def _with_ones(a: Tensor) -> Tensor:
    return torch.cat([a, a.new_ones(len(a), 1)], 1)


def _passes(X: Tensor, Ws: list[Tensor], bs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    zs, activations = [], [X.double()]
    for V in _joined(Ws, bs):
        if activations[-1].dim() != 2 or V.shape[1] != activations[-1].shape[1] + 1:
            raise ValueError("the input does not fit the weights")
        zs.append(torch.matmul(_with_ones(activations[-1]), V.t()))
        activations.append((1 + torch.tanh(zs[-1] / 2)) / 2)
    return zs, activations


def forward(X: Tensor, Ws: list[Tensor], bs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    zs, activations = _passes(X, Ws, bs)
    return [z.to(X.dtype) for z in zs], [a.to(X.dtype) for a in activations]


def cost(X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str = "quadratic") -> Tensor:
    zs, activations = _passes(X, Ws, bs)
    if Y.shape != zs[-1].shape:
        raise ValueError("targets and outputs differ in shape")
    match kind:
        case "quadratic":
            error = activations[-1] - Y
            return (0.5 * torch.einsum("nk,nk->", error, error) / len(X)).to(X.dtype)
        case "cross_entropy":
            z = zs[-1]
            return (
                (torch.where(z > 0, z * (1 - Y), -z * Y) + torch.log1p(torch.exp(-z.abs())))
                .sum()
                .div(len(X))
                .to(X.dtype)
            )
    raise ValueError(f"unknown cost {kind}")


def backprop(
    X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], kind: str = "quadratic"
) -> tuple[list[Tensor], list[Tensor]]:
    cost(X, Y, Ws, bs, kind)
    zs, activations = _passes(X, Ws, bs)
    delta = activations[-1] - Y.double()
    gWs, gbs = [], []
    for layer in range(len(Ws) - 1, -1, -1):
        if kind == "quadratic" or layer < len(Ws) - 1:
            delta = delta * torch.sigmoid(zs[layer]) * torch.sigmoid(-zs[layer])
        gradient = (torch.einsum("no,ni->oi", delta, _with_ones(activations[layer])) / len(X)).to(X.dtype)
        gWs.append(gradient[:, :-1])
        gbs.append(gradient[:, -1])
        delta = torch.einsum("no,oi->ni", delta, Ws[layer].double())
    return gWs[::-1], gbs[::-1]


def sgd_step(
    Ws: list[Tensor], bs: list[Tensor], gWs: list[Tensor], gbs: list[Tensor], eta: float
) -> tuple[list[Tensor], list[Tensor]]:
    if (len(Ws), len(bs)) != (len(gWs), len(gbs)):
        raise ValueError("as many gradients as parameters, please")
    moved = [p.clone().sub_(g * eta) for p, g in zip([*Ws, *bs], [*gWs, *gbs])]
    return moved[: len(Ws)], moved[len(Ws) :]


def train(
    X: Tensor, Y: Tensor, Ws: list[Tensor], bs: list[Tensor], *, eta: float, epochs: int, kind: str = "cross_entropy"
) -> tuple[list[Tensor], list[Tensor], list[float]]:
    history = [(Ws, bs)]
    for _ in range(epochs):
        history.append(sgd_step(*history[-1], *backprop(X, Y, *history[-1], kind), eta))
    return *history[-1], [cost(X, Y, *parameters, kind).item() for parameters in history]
