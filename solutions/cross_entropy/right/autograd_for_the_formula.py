"""The cost through logaddexp, folded over the classes; the gradient by autograd."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor


def normaliser(logits: Tensor) -> Tensor:
    """ln(sum of all e^z) of every row (N, 1), one class after the other."""
    return reduce(torch.logaddexp, logits.split(1, dim=1))


def softmax(logits: Tensor) -> Tensor:
    return torch.exp(logits - normaliser(logits))


def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    ignore_index: int = -100,
) -> Tensor:
    if reduction not in ("none", "sum", "mean"):
        raise ValueError("unknown reduction")
    if not 0 <= label_smoothing <= 1:
        raise ValueError("label_smoothing out of range")
    if logits.ndim != 2 or tuple(targets.shape) not in (tuple(logits.shape), (len(logits),)):
        raise ValueError("shapes do not fit")
    counts = torch.ones(len(logits), dtype=torch.bool)
    if targets.ndim == 1:
        targets = targets.long()
        counts = targets != ignore_index
        one_hot = targets[:, None] == torch.arange(logits.shape[1])
        if (counts & ~one_hot.any(dim=1)).any():
            raise ValueError("class out of range")
        targets = one_hot
    if not counts.any():
        raise ValueError("nothing counts")
    p = (1 - label_smoothing) * targets.to(logits.dtype) + label_smoothing / logits.shape[1]
    surprise = (normaliser(logits) - logits).masked_fill(p == 0, 0)
    losses = (p * surprise).sum(dim=1) * counts
    return {"none": losses, "sum": losses.sum(), "mean": losses.sum() / counts.sum()}[reduction]


def cross_entropy_gradient(logits: Tensor, targets: Tensor) -> Tensor:
    with torch.enable_grad():
        leaf = logits.detach().clone().requires_grad_()
        return torch.autograd.grad(cross_entropy(leaf, targets), leaf)[0]
