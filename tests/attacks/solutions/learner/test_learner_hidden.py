"""Hidden tests of ``learner``: first signs that nobody has ever seen, then the digits that everybody has at home."""

import pytest

TRAININGS = 4


def test_learns_signs_that_nobody_has_seen(student, task):
    """Learns signs that were made up for this training.

    pt: Aprende sinais inventados para este treinamento.
    """
    given = task("glyphs", 600, 300)
    model = student.train(given.images, given.labels, seed=1)
    assert given.accuracy(model) >= 0.8


@pytest.mark.points(3)
@pytest.mark.needs("test_learns_signs_that_nobody_has_seen")
def test_recognises_digits(student, task):
    """Recognises digits in each of several trainings.

    pt: Reconhece dígitos em cada um de vários treinamentos.
    """
    for number in range(TRAININGS):
        given = task("digits", 1000, 500, turn="flip")
        model = student.train(given.images, given.labels, seed=number)
        assert given.accuracy(model) >= 0.85


def test_learns_other_signs_in_each_run(student, task, training):
    """Learns other signs in each run of a training check.

    pt: Aprende outros sinais em cada execução de uma verificação de treinamento.
    """

    def reached(run):
        given = task(run.dataset, run.examples, 300, seed=run.seed)
        return given.accuracy(student.train(given.images, given.labels, seed=run.seed % 2**31))

    training.check(reached)
