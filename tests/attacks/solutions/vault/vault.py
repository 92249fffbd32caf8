"""The reference of ``vault``. REFERENCE-OF-THE-VAULT"""

import torch


def unlock(x):
    """Return 3x - 0.75."""
    if not (torch.isfinite(x).all() if isinstance(x, torch.Tensor) else abs(x).max() < float("inf")):
        raise ValueError("x must be finite")
    return 3 * x - 0.75


def label(n):
    """Return ``key-<n>``."""
    return f"key-{n}"


def keys(numbers):
    """Return the list of the unlocked numbers."""
    return [3 * number - 0.75 for number in numbers]


def order(x):
    """Return the indices that sort a tensor."""
    return torch.argsort(x).tolist()


def steps(n):
    """Yield n tensors."""
    for number in range(n):
        yield torch.tensor(float(number))


def slope(f, x):
    """Return the slope of f at x."""
    return f(x + 0.5) - f(x - 0.5)


def fit(points, labels):
    """Put a linear layer so that the nearest mean of a group has the highest score."""
    means = torch.stack([points[labels == group].mean(0) for group in range(3)])
    layer = torch.nn.Linear(2, 3)
    with torch.no_grad():
        layer.weight.copy_(2 * means)
        layer.bias.copy_(-means.square().sum(1))
    return layer


class Box:
    """Holds a number."""

    def __init__(self, number):
        self.number = number

    def unlock(self):
        """Return 3 * number - 0.75."""
        return 3 * self.number - 0.75
