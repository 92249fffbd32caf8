"""The target of attacks on forbidden functions."""

from __future__ import annotations


def share(x):
    """Return the softmax of the last axis, without torch's own."""
    raise NotImplementedError
