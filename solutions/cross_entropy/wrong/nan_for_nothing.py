# caught by: test_refuses_an_empty_batch, test_refuses_a_batch_where_nothing_counts
"""Divides 0 by 0 where no sample counts."""

from __future__ import annotations

import torch
from torch import Tensor


def softmax(logits: Tensor) -> Tensor:
    return _log_softmax(logits).exp()


def _log_softmax(logits: Tensor) -> Tensor:
    shifted = logits - logits.amax(dim=1, keepdim=True)
    return shifted - shifted.exp().sum(dim=1, keepdim=True).log()


def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    ignore_index: int = -100,
) -> Tensor:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"the reduction is called 'mean', 'sum' or 'none', not {reduction!r}")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing lies between 0 and 1, {label_smoothing} does not")
    p, counts = _read_targets(logits, targets, ignore_index)
    p = (1 - label_smoothing) * p + label_smoothing / logits.shape[1]
    p = p * counts[:, None]
    losses = -torch.where(p > 0, p * _log_softmax(logits), 0).sum(dim=1)
    if reduction == "none":
        return losses
    return losses.sum() / (counts.sum() if reduction == "mean" else 1)


def cross_entropy_gradient(logits: Tensor, targets: Tensor) -> Tensor:
    p, counts = _read_targets(logits, targets)
    return counts[:, None] * (softmax(logits) - p) / counts.sum()


def _read_targets(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> tuple[Tensor, Tensor]:
    if logits.ndim != 2 or targets.shape not in (logits.shape, logits.shape[:1]):
        raise ValueError(f"targets {tuple(targets.shape)} do not fit logits {tuple(logits.shape)}: (N,) or (N, K) do")
    if targets.ndim == 2:
        p, counts = targets.to(logits.dtype), logits.new_ones(len(logits))
    else:
        classes = targets.long()
        counts = classes != ignore_index
        wanted = classes[counts]
        if ((wanted < 0) | (wanted >= logits.shape[1])).any():
            raise ValueError(f"targets are classes from 0 to {logits.shape[1] - 1}, or {ignore_index} to be ignored")
        # A one in the column of each sample's class; where a sample is ignored, any column will do.
        p = torch.zeros_like(logits).scatter(1, classes.where(counts, 0)[:, None], 1)
    return p, counts
