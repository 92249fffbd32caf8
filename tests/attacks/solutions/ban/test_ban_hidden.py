"""Hidden tests of ``ban``."""

import torch
from torch.testing import assert_close


def test_is_stable(student):
    """Stays finite for large numbers.

    pt: Continua finito para números grandes.
    """
    assert_close(student.share(torch.tensor([1000.0, 1000.0])), torch.tensor([0.5, 0.5]))
