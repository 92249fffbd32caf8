"""Classes pick their logarithm by index, smoothing is a mean over the row, ignored samples are left out."""

from __future__ import annotations

import torch
from torch import Tensor

REDUCTIONS = {"none": lambda losses, count: losses, "sum": lambda losses, count: losses.sum()}
REDUCTIONS["mean"] = lambda losses, count: losses.sum() / count


def softmax(logits: Tensor) -> Tensor:
    powers = torch.exp(logits - logits.max(dim=-1, keepdim=True).values.detach())
    return powers / powers.sum(dim=-1, keepdim=True)


def log_softmax(logits: Tensor) -> Tensor:
    top = logits.detach().max(dim=-1, keepdim=True).values
    return logits - (top + torch.log(torch.exp(logits - top).sum(dim=-1, keepdim=True)))


def check(logits: Tensor, targets: Tensor, ignore_index: int) -> Tensor:
    """Raise ValueError for what cannot be used; give the mask of the samples that count."""
    if logits.dim() != 2:
        raise ValueError("logits are (N, K)")
    if targets.shape == logits.shape:
        kept = torch.ones(targets.shape[0], dtype=torch.bool)
    elif targets.shape == (logits.shape[0],):
        kept = targets.to(torch.int64) != ignore_index
        if kept.any() and not (targets[kept].min() >= 0 and targets[kept].max() < logits.shape[1]):
            raise ValueError("class out of range")
    else:
        raise ValueError("targets are (N,) or (N, K)")
    if kept.sum() == 0:
        raise ValueError("no sample counts")
    return kept


def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    ignore_index: int = -100,
) -> Tensor:
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction is one of {sorted(REDUCTIONS)}")
    if label_smoothing < 0 or label_smoothing > 1 or label_smoothing != label_smoothing:
        raise ValueError("label_smoothing is between 0 and 1")
    kept = check(logits, targets, ignore_index)
    log_q, wanted = log_softmax(logits[kept]), targets[kept]
    if wanted.dim() == 1:
        losses = -log_q.gather(1, wanted.to(torch.int64).unsqueeze(1)).squeeze(1)
    else:
        losses = -(wanted.to(log_q.dtype) * log_q).masked_fill(wanted == 0, 0).sum(dim=1)
    if label_smoothing:
        losses = (1 - label_smoothing) * losses - label_smoothing * log_q.mean(dim=1)
    everything = torch.zeros(len(logits), dtype=logits.dtype).masked_scatter(kept, losses)
    return REDUCTIONS[reduction](everything, len(losses))


def cross_entropy_gradient(logits: Tensor, targets: Tensor) -> Tensor:
    kept = check(logits, targets, -100)
    gradient = torch.zeros_like(logits)
    slopes = softmax(logits[kept])
    if targets.dim() == 1:
        slopes[torch.arange(len(slopes)), targets[kept].to(torch.int64)] -= 1
    else:
        slopes -= targets
    gradient[kept] = slopes / len(slopes)
    return gradient
