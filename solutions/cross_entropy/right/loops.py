"""One sample and one class after the other, with Python loops."""

from __future__ import annotations

import torch
from torch import Tensor


def row_log_softmax(row: Tensor) -> list[Tensor]:
    top = max(float(z) for z in row)
    total = sum((z - top).exp() for z in row)
    return [z - top - total.log() for z in row]


def softmax(logits: Tensor) -> Tensor:
    return torch.stack([torch.stack(row_log_softmax(row)).exp() for row in logits])


def weights(logits: Tensor, targets: Tensor, ignored: int) -> list[list[float] | None]:
    """One row of target probabilities per sample, None for an ignored one."""
    if len(logits.shape) != 2:
        raise ValueError("logits must be (N, K)")
    n, k = logits.shape
    if tuple(targets.shape) == (n, k):
        rows = [row.double().tolist() for row in targets]
    elif tuple(targets.shape) == (n,):
        rows = []
        for target in targets.tolist():
            if target == ignored:
                rows.append(None)
            elif 0 <= target < k:
                rows.append([float(target == j) for j in range(k)])
            else:
                raise ValueError(f"there is no class {target}")
    else:
        raise ValueError("targets must be (N,) or (N, K)")
    if all(row is None for row in rows):
        raise ValueError("nothing to average")
    return rows


def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    ignore_index: int = -100,
) -> Tensor:
    if reduction not in {"none", "sum", "mean"}:
        raise ValueError(f"unknown reduction {reduction}")
    if not (label_smoothing >= 0 and label_smoothing <= 1):
        raise ValueError("label_smoothing must lie between 0 and 1")
    losses, count = [], 0
    for row, ps in zip(logits, weights(logits, targets, ignore_index)):
        loss = torch.zeros((), dtype=logits.dtype)
        if ps is not None:
            count += 1
            for p, log_q in zip(ps, row_log_softmax(row)):
                smooth = (1 - label_smoothing) * p + label_smoothing / len(ps)
                if smooth > 0:
                    loss = loss - smooth * log_q
        losses.append(loss)
    losses = torch.stack(losses)
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / count


def cross_entropy_gradient(logits: Tensor, targets: Tensor) -> Tensor:
    rows = weights(logits, targets, -100)
    count = sum(row is not None for row in rows)
    gradient = torch.zeros_like(logits)
    for i, (s, ps) in enumerate(zip(softmax(logits), rows)):
        if ps is not None:
            gradient[i] = (s - torch.tensor(ps, dtype=logits.dtype)) / count
    return gradient
