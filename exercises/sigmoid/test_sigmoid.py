"""Public tests of ``sigmoid``: values, shape, type and gradient."""

from math import log

import pytest
import torch
from torch.testing import assert_close

POINTS = torch.tensor([-log(3), 0.0, log(3), log(9)], dtype=torch.float64)


def test_sigmoid_gives_the_values_of_the_statement(student):
    """sigmoid gives the values of the statement's table.

    pt: sigmoid dá os valores da tabela do enunciado.
    hint: The exponent is -x, with a minus sign, and the logarithms are natural ones.
    dica: O expoente é -x, com sinal de menos, e os logaritmos são naturais.
    """
    assert_close(student.sigmoid(POINTS), torch.tensor([1 / 4, 1 / 2, 3 / 4, 9 / 10], dtype=torch.float64))


def test_derivative_gives_the_values_of_the_statement(student):
    """sigmoid_derivative gives the values of the statement's table.

    pt: sigmoid_derivative dá os valores da tabela do enunciado.
    hint: x is the pre-activation: it must still go through the sigmoid before you form s * (1 - s).
    dica: x é a pré-ativação: ainda tem de passar pela sigmoide antes de formar s * (1 - s).
    """
    slopes = torch.tensor([3 / 16, 1 / 4, 3 / 16, 9 / 100], dtype=torch.float64)
    assert_close(student.sigmoid_derivative(POINTS), slopes)


@pytest.mark.points(2)
def test_is_stable_at_1000(student):
    """Gives 1 for +1000 and 0 for -1000, and the slope 0 for both, without NaN.

    pt: Dá 1 para +1000 e 0 para -1000, e inclinação 0 nos dois, sem NaN.
    hint: Never raise e to a large positive power: where x < 0, use e^x / (1 + e^x).
    dica: Nunca eleve e a uma potência positiva grande: onde x < 0, use e^x / (1 + e^x).
    """
    for dtype in torch.float32, torch.float64:
        x = torch.tensor([1000.0, -1000.0], dtype=dtype)
        assert_close(student.sigmoid(x), torch.tensor([1.0, 0.0], dtype=dtype), rtol=0, atol=0)
        assert_close(student.sigmoid_derivative(x), torch.zeros(2, dtype=dtype), rtol=0, atol=0)


def test_keeps_shape_and_type(student, rng):
    """Results have the shape and the type of the input.

    pt: Os resultados têm a forma e o tipo da entrada.
    hint: Work element by element and make no tensors of a fixed type.
    dica: Trabalhe elemento a elemento e não crie tensores de tipo fixo.
    """
    for dtype in torch.float32, torch.float64:
        x = torch.randn(2, 3, 4, generator=rng, dtype=dtype)
        assert_close(student.sigmoid(x), torch.sigmoid(x))
        assert_close(student.sigmoid_derivative(x), torch.sigmoid(x) * torch.sigmoid(-x))


@pytest.mark.points(2)
def test_gradient_is_the_derivative(student, rng):
    """autograd finds the derivative when it goes back through sigmoid.

    pt: O autograd encontra a derivada ao voltar por sigmoid.
    hint: Use tensor operations only: .item(), .data, .detach() and torch.tensor(...) cut the graph.
    dica: Use só operações de tensores: .item(), .data, .detach() e torch.tensor(...) cortam o grafo.
    """
    x = torch.randn(4, 5, generator=rng, dtype=torch.float64).requires_grad_()
    student.sigmoid(x).sum().backward()
    s = torch.sigmoid(x.detach())
    assert_close(x.grad, s * (1 - s))
    assert_close(x.grad, student.sigmoid_derivative(x.detach()))
