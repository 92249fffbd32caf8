"""The target of attacks: easy functions whose tests look at the answers in every way that tests do."""

from __future__ import annotations


def unlock(x):
    """Return 3x - 0.75 for a tensor or an array; raise ValueError where x is not finite."""
    raise NotImplementedError


def label(n):
    """Return ``key-<n>``."""
    raise NotImplementedError


def keys(numbers):
    """Return the list of the unlocked numbers."""
    raise NotImplementedError


def order(x):
    """Return the indices that sort a tensor."""
    raise NotImplementedError


def steps(n):
    """Yield n tensors: 0, 1, 2, ..."""
    raise NotImplementedError


def slope(f, x):
    """Return the slope of f at the number x by a central difference of width 1."""
    raise NotImplementedError


def fit(points, labels):
    """Return a torch.nn.Module that tells three groups of points in the plane apart: scores (n, 3)."""
    raise NotImplementedError


class Box:
    """Holds a number; ``unlock()`` returns it unlocked."""

    def __init__(self, number):
        raise NotImplementedError

    def unlock(self):
        """Return 3 * number - 0.75."""
        raise NotImplementedError
