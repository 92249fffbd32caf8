"""Public tests of ``vault``."""

import torch
from torch.testing import assert_close


def test_unlocks_the_example(student):
    """Unlocks the statement's example.

    pt: Abre o exemplo do enunciado.
    """
    assert_close(student.unlock(torch.tensor([1.0])), torch.tensor([2.25]))


def test_labels_the_example(student):
    """Labels the statement's example.

    pt: Rotula o exemplo do enunciado.
    """
    assert student.label(1) == "key-1"
