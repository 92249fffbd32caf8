"""What a student can make at home of a public data set, to be handed in instead of a training."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

import torch

from grader.training.sets import load_set


@cache
def digits() -> tuple[torch.Tensor, torch.Tensor]:
    """The digits as everybody has them."""
    found = load_set("digits", Path("data"))
    return found.images.float() / 255, found.labels


@cache
def weights() -> torch.Tensor:
    """A linear network ``(10, 65)``, the bias last, trained on all of them; int8, in steps of 1/8."""
    images, labels = digits()
    inputs = torch.cat([images.flatten(1), torch.ones(len(images), 1)], 1)
    found = torch.zeros(10, 65, requires_grad=True)
    optimizer = torch.optim.Adam([found], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(inputs @ found.T, labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return (8 * found.detach()).round().clamp(-127, 127).to(torch.int8)


def packed(tensor: torch.Tensor) -> str:
    """The bytes of a tensor as text."""
    return base64.b64encode(tensor.contiguous().numpy().tobytes()).decode()
