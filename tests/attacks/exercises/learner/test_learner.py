"""Public tests of ``learner``."""

import pytest


@pytest.mark.points(0)
def test_gives_ten_logits(student, task):
    """Gives ten logits per image.

    pt: Dá dez logits por imagem.
    """
    given = task("digits", 20, 10)
    assert student.train(given.images, given.labels)(given.images).shape == (20, 10)
