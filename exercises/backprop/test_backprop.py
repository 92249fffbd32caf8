"""Public tests of ``backprop``."""

from __future__ import annotations

import math

import pytest
import torch

KINDS = ("quadratic", "cross_entropy")


def example():
    """The statement's example, (X, Y, Ws, bs): one input, one hidden unit, one output, and every z is 0."""
    Ws, bs = [torch.tensor([[1.0]]), torch.tensor([[2.0]])], [torch.tensor([-3.0]), torch.tensor([-1.0])]
    return torch.tensor([[3.0]]), torch.tensor([[1.0]]), Ws, bs


def network(rng, *sizes):
    """Random weights and biases in float64 for layers of the given sizes."""
    Ws = [torch.randn(out, width, generator=rng, dtype=torch.float64) for width, out in zip(sizes, sizes[1:])]
    return Ws, [torch.randn(out, generator=rng, dtype=torch.float64) for out in sizes[1:]]


def batch(rng, n, inputs, outputs):
    """Random inputs and targets between 0 and 1 in float64."""
    X = torch.randn(n, inputs, generator=rng, dtype=torch.float64)
    return X, torch.rand(n, outputs, generator=rng, dtype=torch.float64)


def law(X, Y, Ws, bs, kind):
    """The cost by its formula; right as long as no unit is saturated."""
    a = X
    for W, b in zip(Ws, bs):
        a = 1 / (1 + torch.exp(-(a @ W.T + b)))
    units = (a - Y) ** 2 / 2 if kind == "quadratic" else -(Y * a.log() + (1 - Y) * (1 - a).log())
    return units.sum() / len(X)


def slopes(f, parameter, eps=1e-5):
    """Central differences: shift one number of ``parameter`` at a time and see how ``f()`` answers."""
    slope, flat = torch.empty_like(parameter), parameter.view(-1)
    for i, start in enumerate(flat.tolist()):
        flat[i] = start + eps
        above = f()
        flat[i] = start - eps
        slope.view(-1)[i] = (above - f()) / (2 * eps)
        flat[i] = start
    return slope


def test_forward_keeps_every_z_and_every_activation(student):
    """forward returns all pre-activations and all activations, the input first.

    pt: forward devolve todas as pré-ativações e todas as ativações, a entrada em primeiro lugar.
    hint: Two layers give two zs and three activations; activations[0] is X itself.
    dica: Duas camadas dão dois zs e três ativações; activations[0] é o próprio X.
    """
    inputs = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
    Ws = [torch.tensor([[1.0, -1.0, 0.0], [0.0, 1.0, 2.0]]), torch.tensor([[0.0, 0.0]])]
    zs, activations = student.forward(inputs, Ws, [torch.tensor([1.0, -2.0]), torch.tensor([0.5])])
    torch.testing.assert_close(zs, [torch.tensor([[0.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.5], [0.5]])])
    half, of_one, of_half = 0.5, 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(-0.5))
    hidden, output = torch.tensor([[half, half], [half, of_one]]), torch.tensor([[of_half], [of_half]])
    torch.testing.assert_close(activations, [inputs, hidden, output])


def test_costs_of_the_worked_example(student):
    """Both costs have the values of the statement's example.

    pt: Os dois custos têm os valores do exemplo do enunciado.
    hint: The quadratic cost has a factor 1/2; the cross-entropy uses the natural logarithm.
    dica: O custo quadrático tem um fator 1/2; a entropia cruzada usa o logaritmo natural.
    """
    torch.testing.assert_close(student.cost(*example()), torch.tensor(0.125))
    torch.testing.assert_close(student.cost(*example(), "quadratic"), torch.tensor(0.125))
    torch.testing.assert_close(student.cost(*example(), kind="cross_entropy"), torch.tensor(math.log(2)))


@pytest.mark.points(2)
def test_gradients_of_the_worked_example(student):
    """Both gradients have the values of the statement's example.

    pt: Os dois gradientes têm os valores do exemplo do enunciado.
    hint: Start at the output: (a - y) for the cross-entropy, times a(1 - a) for the quadratic cost.
    dica: Comece pela saída: (a - y) na entropia cruzada, vezes a(1 - a) no custo quadrático.
    """
    gWs, gbs = student.backprop(*example())
    torch.testing.assert_close(gWs, [torch.tensor([[-0.1875]]), torch.tensor([[-0.0625]])])
    torch.testing.assert_close(gbs, [torch.tensor([-0.0625]), torch.tensor([-0.125])])
    gWs, gbs = student.backprop(*example(), kind="cross_entropy")
    torch.testing.assert_close(gWs, [torch.tensor([[-0.75]]), torch.tensor([[-0.25]])])
    torch.testing.assert_close(gbs, [torch.tensor([-0.25]), torch.tensor([-0.5])])


@pytest.mark.points(3)
def test_gradient_agrees_with_finite_differences(student, rng):
    """Every number of the gradient is the slope of the cost, for both costs.

    pt: Cada número do gradiente é a inclinação do custo, para os dois custos.
    hint: If only the first layers are wrong, look at how delta passes through W and through the slope of the sigmoid.
    dica: Se só as primeiras camadas estiverem erradas, veja como delta passa por W e pela inclinação da sigmoide.
    """
    (Ws, bs), (X, Y) = network(rng, 3, 4, 2), batch(rng, 5, 3, 2)
    for kind in KINDS:
        gWs, gbs = student.backprop(X, Y, Ws, bs, kind)
        for found, parameter in zip([*gWs, *gbs], [*Ws, *bs], strict=True):
            expected = slopes(lambda: law(X, Y, Ws, bs, kind), parameter)
            torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


def test_sgd_step_goes_against_the_gradient(student):
    """A step of length eta goes down the slope.

    pt: Um passo de comprimento eta desce a ladeira.
    hint: New parameter = old parameter - eta * gradient, for weights and biases alike.
    dica: Parâmetro novo = parâmetro antigo - eta * gradiente, tanto para pesos como para vieses.
    """
    gWs, gbs = [torch.tensor([[4.0]]), torch.tensor([[-2.0]])], [torch.tensor([1.0]), torch.tensor([0.0])]
    _, _, Ws, bs = example()
    new_Ws, new_bs = student.sgd_step(Ws, bs, gWs, gbs, 0.25)
    torch.testing.assert_close(new_Ws, [torch.tensor([[0.0]]), torch.tensor([[2.5]])])
    torch.testing.assert_close(new_bs, [torch.tensor([-3.25]), torch.tensor([-1.0])])


def test_train_records_the_cost_before_and_after(student):
    """train returns one cost more than epochs, and the cost falls.

    pt: train devolve um custo a mais do que as épocas, e o custo cai.
    hint: Record the cost once before the first step and once after each step, as a Python float.
    dica: Registre o custo uma vez antes do primeiro passo e uma vez depois de cada passo, como float do Python.
    """
    _, _, costs = student.train(*example(), eta=0.1, epochs=4)
    assert len(costs) == 5
    assert all(isinstance(value, float) for value in costs)
    assert costs[0] == pytest.approx(math.log(2))
    assert all(after < before for before, after in zip(costs, costs[1:]))


@pytest.mark.points(2)
def test_learns_xor(student, rng):
    """The network learns XOR from its four examples.

    pt: A rede aprende o XOR com os quatro exemplos.
    hint: If the outputs stay near 0.5, check the hidden layer's gradient and that biases are updated too.
    dica: Se as saídas ficam perto de 0,5, confira o gradiente da camada oculta e se os vieses também mudam.
    """
    X = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float64)
    Y = torch.tensor([[0], [1], [1], [0]], dtype=torch.float64)
    noise_W, noise_b = network(rng, 2, 3, 1)
    # From here every small change of the start learns: two hidden units lean towards OR and AND, the third is free.
    start_W = [torch.tensor([[2.0, 2.0], [2.0, 2.0], [0.0, 0.0]]), torch.tensor([[2.0, -2.0, 0.0]])]
    Ws = [W + 0.25 * noise.clamp(-2, 2) for W, noise in zip(start_W, noise_W)]
    bs = [b + 0.25 * noise.clamp(-2, 2) for b, noise in zip(torch.tensor([-1.0, -3.0, 0.0, -0.5]).split(3), noise_b)]
    Ws, bs, _ = student.train(X, Y, Ws, bs, eta=2.0, epochs=400)
    outputs = student.forward(X, Ws, bs)[1][-1]
    torch.testing.assert_close(outputs, Y, rtol=0, atol=0.1)


def test_unknown_cost_is_an_error(student):
    """Any other name of a cost is a ValueError.

    pt: Qualquer outro nome de custo é um ValueError.
    hint: An else branch that takes everything else for cross-entropy hides typing mistakes.
    dica: Um else que toma todo o resto por entropia cruzada esconde erros de digitação.
    """
    with pytest.raises(ValueError):
        student.cost(*example(), "cubic")
    with pytest.raises(ValueError):
        student.backprop(*example(), kind="cross-entropy")
    with pytest.raises(ValueError):
        student.train(*example(), eta=0.1, epochs=1, kind="Quadratic")
