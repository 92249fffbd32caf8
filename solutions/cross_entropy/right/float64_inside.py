"""Computes in float64 with einsum and one_hot; the gradient of the formula comes from its matrix form."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot


def log_softmax(logits: Tensor) -> Tensor:
    wide = logits.to(torch.float64)
    wide = wide - wide.amax(1, True)
    return wide - torch.einsum("nk->n", wide.exp()).log().reshape(-1, 1)


def softmax(logits: Tensor) -> Tensor:
    return log_softmax(logits).exp().to(logits.dtype)


def prepare(logits: Tensor, targets: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Targets as float64 rows, and one weight 0 or 1 per sample."""
    if logits.ndim != 2 or (targets.shape != logits.shape and targets.shape != logits.shape[:1]):
        raise ValueError("shapes do not fit")
    if targets.ndim == 2:
        rows, weight = targets.double(), torch.ones(len(targets), dtype=torch.float64)
    else:
        numbers = targets.tolist()
        known = [*range(logits.shape[1]), ignore_index]
        if any(number not in known for number in numbers):
            raise ValueError("no such class")
        weight = torch.tensor([float(number != ignore_index) for number in numbers], dtype=torch.float64)
        classes = torch.tensor([max(number, 0) if number != ignore_index else 0 for number in numbers])
        rows = one_hot(classes.long(), logits.shape[1]).double()
    if weight.sum() < 1:
        raise ValueError("a batch in which nothing counts")
    return rows, weight


def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    ignore_index: int = -100,
) -> Tensor:
    if reduction != "none" and reduction != "sum" and reduction != "mean":
        raise ValueError("reduction is none, sum or mean")
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError("label_smoothing is a share")
    rows, weight = prepare(logits, targets, ignore_index)
    rows = torch.lerp(rows, torch.full_like(rows, 1 / logits.shape[1]), label_smoothing)
    log_q = log_softmax(logits)
    log_q = torch.where(rows == 0, torch.zeros_like(log_q), log_q)
    losses = -torch.einsum("n,nk,nk->n", weight, rows, log_q)
    if reduction == "mean":
        losses = losses.sum() / weight.sum()
    elif reduction == "sum":
        losses = losses.sum()
    return losses.to(logits.dtype)


def cross_entropy_gradient(logits: Tensor, targets: Tensor) -> Tensor:
    rows, weight = prepare(logits, targets, -100)
    return (torch.diag(weight / weight.sum()) @ (log_softmax(logits).exp() - rows)).to(logits.dtype)
