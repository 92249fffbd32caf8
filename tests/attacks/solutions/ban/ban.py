"""The reference of ``ban``."""


def share(x):
    """Return the softmax of the last axis."""
    powers = (x - x.amax(-1, keepdim=True)).exp()
    return powers / powers.sum(-1, keepdim=True)
