"""Public tests of ``ban``."""

import torch
from torch.testing import assert_close


def test_shares(student, rng):
    """Shares are positive and add up to one, in the right proportion.

    pt: As partes são positivas e somam um, na proporção certa.
    """
    x = torch.randn(3, 4, generator=rng)
    powers = x.exp()
    assert_close(student.share(x), powers / powers.sum(-1, keepdim=True))
