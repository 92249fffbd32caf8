"""Hidden tests of ``sigmoid``."""

from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close


def slope(x):
    """The derivative from torch's own sigmoid."""
    return torch.sigmoid(x) * torch.sigmoid(-x)


@pytest.mark.points(2)
def test_small_values_keep_their_digits(student, rng):
    """sigmoid is right for numbers of all sizes, also where its value is tiny, not just nearly 0.

    pt: sigmoid está certa para números de todos os tamanhos, também onde o valor é minúsculo, e não apenas quase 0.
    hint: Compute in the type of x and do not clip. A sum such as 1 + tanh(x / 2) loses all digits near 0.
    dica: Calcule no tipo de x e não corte os valores. Uma soma como 1 + tanh(x / 2) perde todos os dígitos perto de 0.
    """
    x = torch.rand(200, generator=rng, dtype=torch.float64) * 2 - 1
    x = torch.cat([600 * x, 6 * x, -20 - 20 * x.abs()])
    assert_close(student.sigmoid(x), torch.sigmoid(x), rtol=1e-10, atol=0)
    x = x.float().clamp(-80, 80)
    assert_close(student.sigmoid(x), torch.sigmoid(x.double()).float(), rtol=1e-4, atol=0)


@pytest.mark.points(2)
def test_small_slopes_keep_their_digits(student, rng):
    """sigmoid_derivative is right on both sides where the slope is tiny.

    pt: sigmoid_derivative está correta dos dois lados onde a inclinação é minúscula.
    hint: 1 - s loses its digits when s is close to 1; sigmoid(-x) is the same number with all of them.
    dica: 1 - s perde os dígitos quando s está perto de 1; sigmoid(-x) é o mesmo número com todos eles.
    """
    x = 10 + 60 * torch.rand(50, generator=rng)
    x = torch.cat([x, -x, x / 20])
    assert_close(student.sigmoid_derivative(x), slope(x.double()).float(), rtol=1e-4, atol=0)
    assert_close(student.sigmoid_derivative(x.double()), slope(x.double()), rtol=1e-10, atol=0)


@pytest.mark.points(2)
def test_gradient_survives_1000(student):
    """The gradient is finite at ±1000 and right at 0, whatever else is in the tensor.

    pt: O gradiente é finito em ±1000 e correto em 0, não importa o que mais houver no tensor.
    hint: torch.where goes back through both branches, and 0 times infinity is NaN; abs and clamp have no slope at 0.
    dica: torch.where volta pelos dois ramos, e 0 vezes infinito é NaN; abs e clamp não têm inclinação em 0.
    """
    for dtype in torch.float32, torch.float64:
        x = torch.tensor([1000.0, -1000.0, 100.0, -100.0, 2.0, 0.0], dtype=dtype).requires_grad_()
        student.sigmoid(x).sum().backward()
        assert_close(x.grad, slope(x.detach()), rtol=1e-5, atol=1e-30)


@pytest.mark.points(2)
def test_gradient_obeys_the_chain_rule(student, rng):
    """The gradient is right when layers come before and after, also in float32.

    pt: O gradiente está correto quando há camadas antes e depois, também em float32.
    hint: A backward of your own must multiply by the gradient that arrives.
    dica: Um backward próprio tem de multiplicar pelo gradiente que chega.
    """
    weight = torch.randn(4, 3, generator=rng).requires_grad_()
    x, upstream = torch.randn(5, 3, generator=rng), torch.randn(5, 4, generator=rng)
    (student.sigmoid(x @ weight.T) * upstream).sum().backward()
    assert_close(weight.grad, (slope(x @ weight.detach().T) * upstream).T @ x, rtol=1e-4, atol=1e-5)


@pytest.mark.points(2)
def test_takes_every_shape(student, rng):
    """Tensors without axes, without elements, transposed, sliced and expanded ones all work.

    pt: Tensores sem eixos, sem elementos, transpostos, fatiados e expandidos funcionam.
    hint: Work on x as it is: x.view(-1) needs contiguous memory, indexing needs an axis, a maximum needs an element.
    dica: Use x como ele é: x.view(-1) exige memória contígua, um índice exige um eixo, um máximo exige um elemento.
    """
    whole = torch.randn(6, 4, generator=rng, dtype=torch.float64)
    for x in whole[0, 0], whole[:2, :0], whole.T, whole[::2, 1:], whole[:1].expand(3, 4):
        assert_close(student.sigmoid(x), torch.sigmoid(x))
        assert_close(student.sigmoid_derivative(x), slope(x))


@pytest.mark.points(2)
def test_takes_every_type_of_number(student, rng):
    """float16 and bfloat16 stay what they are; integers and truth values become the default floating-point type.

    pt: float16 e bfloat16 continuam o que são; inteiros e booleanos viram o tipo de ponto flutuante padrão.
    hint: Convert integers first: -x of an unsigned one wraps around. In float16, e^12 is infinite already.
    dica: Converta inteiros primeiro: -x de um inteiro sem sinal dá a volta. Em float16, e^12 já é infinito.
    """
    for dtype, rtol in (torch.float16, 5e-3), (torch.bfloat16, 4e-2):
        x = torch.cat([3 * torch.randn(40, generator=rng), torch.tensor([1000.0, -1000.0])]).to(dtype)
        assert_close(student.sigmoid(x), torch.sigmoid(x.double()).to(dtype), rtol=rtol, atol=rtol)
        assert_close(student.sigmoid_derivative(x), slope(x.double()).to(dtype), rtol=rtol, atol=rtol)
    for dtype in torch.int64, torch.uint8, torch.bool:
        x = torch.tensor([[0, 1], [1, 3]]).to(dtype)
        expected = x.to(torch.get_default_dtype())
        assert_close(student.sigmoid(x), torch.sigmoid(expected))
        assert_close(student.sigmoid_derivative(x), slope(expected))
    x = torch.tensor([-1000, -2, 1000])
    assert_close(student.sigmoid(x), torch.sigmoid(x.to(torch.get_default_dtype())))


def test_does_not_change_its_input(student, rng):
    """x is the same after the calls, and the results do not share its memory.

    pt: x continua igual depois das chamadas, e os resultados não usam a memória dele.
    hint: Methods ending in an underscore, out= and x[...] = work in place.
    dica: Métodos terminados em sublinhado, out= e x[...] = alteram o próprio tensor.
    """
    x = 3 * torch.randn(30, generator=rng)
    before = x.clone()
    values, slopes = student.sigmoid(x), student.sigmoid_derivative(x)
    assert_close(x, before, rtol=0, atol=0)
    x.zero_()
    assert_close(values, torch.sigmoid(before), rtol=1e-4, atol=1e-6)
    assert_close(slopes, slope(before), rtol=1e-4, atol=1e-6)


def test_takes_infinities_and_keeps_nan(student):
    """Infinities give the limits, and NaN stays NaN without spoiling its neighbours.

    pt: Infinitos dão os limites, e NaN continua NaN sem estragar os vizinhos.
    hint: Infinity minus infinity is NaN. Do not replace NaN by a number either.
    dica: Infinito menos infinito é NaN. Também não troque NaN por um número.
    """
    x = torch.tensor([float("inf"), -float("inf"), float("nan"), 1.0])
    assert_close(student.sigmoid(x), torch.sigmoid(x), equal_nan=True)
    assert_close(student.sigmoid_derivative(x), slope(x), equal_nan=True)
