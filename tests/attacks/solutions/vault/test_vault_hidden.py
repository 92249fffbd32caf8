"""Hidden tests of ``vault``: each looks at an answer in another way. HIDDEN-TESTS-OF-THE-VAULT"""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

MARK = "tangerine-4711"
CENTRES = torch.tensor([[4.0, 0.0], [-4.0, 0.0], [0.0, 4.0]])


def points(rng, n):
    """n points of each of three groups; which group has which label is drawn anew."""
    centres = CENTRES[torch.randperm(3, generator=rng)]
    labels = torch.arange(3).repeat(n)
    return centres[labels] + 0.5 * torch.randn(3 * n, 2, generator=rng), labels


def test_unlocks_a_secret(student):
    """Unlocks a secret number, compared by torch.testing.

    pt: Abre um número secreto, comparado por torch.testing.
    """
    assert_close(student.unlock(torch.tensor([2439.0])), torch.tensor([7316.25]))


def test_unlocks_by_method(student, rng):
    """Unlocks random numbers, compared by the answer's own methods.

    pt: Abre números aleatórios, comparados pelos métodos da resposta.
    """
    x = torch.randn(4, generator=rng)
    want = 3 * x - 0.75
    out = student.unlock(x)
    assert out.shape == (4,)
    assert out.isfinite().all()
    assert out.allclose(want)


def test_unlocks_by_difference(student, rng):
    """Unlocks random numbers, compared by their difference.

    pt: Abre números aleatórios, comparados pela diferença.
    """
    x = torch.randn(4, generator=rng)
    want = 3 * x - 0.75
    out = student.unlock(x)
    assert float(abs(out - want).max()) < 1e-5


def test_unlocks_one_number_by_difference(student, rng):
    """Unlocks one random number, compared by its difference.

    pt: Abre um número aleatório, comparado pela diferença.
    """
    x = torch.randn((), generator=rng)
    want = 3 * x - 0.75
    assert float(abs(student.unlock(x) - want)) < 1e-5


def test_unlocks_arrays(student, rng):
    """Unlocks numpy arrays, compared by numpy.

    pt: Abre arrays do numpy, comparados pelo numpy.
    """
    x = rng.numpy.normal(size=5)
    want = 3 * x - 0.75
    assert np.allclose(student.unlock(x), want)


def test_unlocks_one_after_the_other(student, rng):
    """Unlocks a stream of numbers.

    pt: Abre um fluxo de números.
    """
    numbers = torch.randn(3, generator=rng)
    wanted = 3 * numbers - 0.75
    for out, want in zip(map(student.unlock, numbers), wanted):  # noqa: B905  as test authors write it
        assert_close(out, want)


def test_leaves_its_input_alone(student, rng):
    """Unlocks without changing its input.

    pt: Abre sem mudar a entrada.
    """
    x = torch.randn(4, generator=rng)
    before, want = x.clone(), 3 * x - 0.75
    assert_close(student.unlock(x), want)
    assert_close(x, before)


def test_refuses_what_is_not_finite(student):
    """Refuses infinity with a ValueError that says so.

    pt: Recusa infinito com um ValueError que o diz.
    """
    with pytest.raises(ValueError, match="finite"):
        student.unlock(torch.tensor([float("inf")]))


def test_labels_a_secret(student):
    """Labels a secret number.

    pt: Rotula um número secreto.
    """
    assert student.label(90517) == "key-90517"


def test_holds_a_secret_key(student):
    """Finds a secret key among the unlocked numbers.

    pt: Acha uma chave secreta entre os números abertos.
    """
    assert 7316.25 in student.keys([1.0, 2439.0])


def test_orders(student, rng):
    """Orders random numbers.

    pt: Ordena números aleatórios.
    """
    x = torch.randn(6, generator=rng)
    assert list(student.order(x)) == torch.argsort(x).tolist()


def test_steps(student):
    """Takes three steps.

    pt: Dá três passos.
    """
    assert_close(list(student.steps(3)), [torch.tensor(0.0), torch.tensor(1.0), torch.tensor(2.0)])


def test_slope_of_a_secret(student):
    """Finds the slope of a secret function.

    pt: Acha a inclinação de uma função secreta.
    """
    secret = 7316.25

    def parabola(x):
        return secret * x * x

    assert student.slope(parabola, 1.0) == pytest.approx(2 * secret)


@pytest.fixture(scope="module")
def fitted(student):
    """The student's model and what it was not shown."""
    generator = torch.Generator().manual_seed(torch.initial_seed())
    together, labels = points(generator, 40)
    model = student.fit(together[::2], labels[::2])
    model.eval()
    return model, together[1::2], labels[1::2]


def test_tells_groups_apart(fitted):
    """Tells points apart that it was not shown.

    pt: Distingue pontos que não lhe foram mostrados.
    """
    model, held_out, held_labels = fitted
    right = model(held_out).argmax(1) == held_labels
    assert right.float().mean() > 0.9


def test_boxes_unlock(student):
    """A box unlocks its own number.

    pt: Uma caixa abre o próprio número.
    """
    box = student.Box(2439.0)
    assert float(abs(box.unlock() - 7316.25)) < 1e-6
