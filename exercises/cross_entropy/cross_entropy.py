"""The softmax and the cross-entropy, computed from logits.

Sizes: N samples, K classes. Logits are a row of K scores per sample, any real numbers. Targets are either
``(N,)`` integers, the class of each sample, or ``(N, K)`` numbers, a distribution over the classes for each sample
(nothing negative, rows that sum to 1; that much may be trusted). A one-hot row is such a distribution.

Allowed: tensor arithmetic, ``exp``, ``log``, ``max``, ``gather``, ``torch.nn.functional.one_hot``. Forbidden:
``softmax``, ``log_softmax``, ``logsumexp``, ``cross_entropy``, ``nll_loss`` and their relatives.
"""

from __future__ import annotations

import torch  # noqa: F401 (you will need it)
from torch import Tensor


def softmax(logits: Tensor) -> Tensor:
    """Turn every row of logits into probabilities: e^z_k divided by the sum of all e^z_j of the row.

    ``logits`` (N, K). Returns (N, K) of the same type; every row sums to 1. Logits of ±1000 are no problem, each row by
    itself, and a logit of minus infinity has probability 0. Differentiable. ``logits`` is not changed.
    """
    raise NotImplementedError


def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    ignore_index: int = -100,
) -> Tensor:
    """Measure how badly softmax(logits) describes the targets: minus the sum of p_k ln(softmax_k) over the classes.

    ``logits`` (N, K); ``targets`` (N,) integers of any integer type, or (N, K) distributions.
    ``label_smoothing`` eps replaces every target distribution p by (1 - eps) p + eps / K.
    ``ignore_index``: a sample whose integer target is this number does not count: its loss and gradient are 0. It
    comes before the check of the range, and has no meaning for (N, K) targets.
    ``reduction``: ``"none"`` gives the losses (N,); ``"sum"`` their sum; ``"mean"`` their sum divided by the number of
    samples that count. Sum and mean are tensors without axes. All results have the type of the logits.

    Right for logits of ±1000, and then as large as it has to be. A class with target probability 0 costs nothing, even
    if its logit is minus infinity. Differentiable with respect to ``logits``. Nothing is changed.

    Raises ValueError if no sample counts (an empty batch, or every target ignored), whatever the reduction; if
    ``reduction`` is none of the three; if ``label_smoothing`` is not from 0 to 1; if ``logits`` has not two axes or
    ``targets`` neither shape; or if an integer target is neither from 0 to K - 1 nor ``ignore_index``.
    """
    raise NotImplementedError


def cross_entropy_gradient(logits: Tensor, targets: Tensor) -> Tensor:
    """Give the gradient of ``cross_entropy(logits, targets)``, with its defaults, with respect to the logits.

    By formula, without autograd: (softmax - p) divided by the number of samples that count, where p is the target
    distribution, and 0 for ignored samples (target -100). Returns (N, K) of the type of ``logits``. Nothing is changed.

    Raises ValueError for the same logits and targets as ``cross_entropy``.
    """
    raise NotImplementedError
