"""The target of attacks on trainings: ten classes of 8x8 images."""

from __future__ import annotations


def train(images, labels, *, seed=0):
    """Return a torch.nn.Module that gives logits (n, 10) for images (n, 1, 8, 8), trained with the labels (n,)."""
    raise NotImplementedError
