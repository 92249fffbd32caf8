"""Hidden tests of ``sigmoid``."""

from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close


def slope(x):
    """The derivative from torch's own sigmoid."""
    return torch.sigmoid(x) * torch.sigmoid(-x)


def test_is_right_from_small_to_large(student, rng):
    """sigmoid is right to ten digits for float64 numbers of all sizes.

    pt: sigmoid está certa até o décimo dígito para números float64 de todos os tamanhos.
    hint: Compute in the type of x, not in float32, and do not clip.
    dica: Calcule no tipo de x, não em float32, e não corte os valores.
    """
    x = 600 * (2 * torch.rand(200, generator=rng, dtype=torch.float64) - 1)
    assert_close(student.sigmoid(x), torch.sigmoid(x), rtol=1e-10, atol=0)
    assert_close(student.sigmoid(x / 100), torch.sigmoid(x / 100), rtol=1e-10, atol=0)


def test_is_right_in_float32(student, rng):
    """In float32, sigmoid is right to four digits down to the smallest values.

    pt: Em float32, sigmoid está certa até o quarto dígito, mesmo nos menores valores.
    hint: For x < 0, e^x / (1 + e^x) has all digits.
    dica: Para x < 0, e^x / (1 + e^x) tem todos os dígitos.
    """
    x = 80 * (2 * torch.rand(200, generator=rng) - 1)
    assert_close(student.sigmoid(x), torch.sigmoid(x.double()).float(), rtol=1e-4, atol=0)


@pytest.mark.points(2)
def test_small_slopes_keep_their_digits(student, rng):
    """sigmoid_derivative is right on both sides where the slope is tiny.

    pt: sigmoid_derivative está correta dos dois lados onde a inclinação é minúscula.
    hint: 1 - s loses its digits when s is close to 1; sigmoid(-x) is the same number with all of them.
    dica: 1 - s perde os dígitos quando s está perto de 1; sigmoid(-x) é o mesmo número com todos eles.
    """
    x = 10 + 60 * torch.rand(50, generator=rng)
    for side in x, -x:
        assert_close(student.sigmoid_derivative(side), slope(side.double()).float(), rtol=1e-4, atol=0)
        assert_close(student.sigmoid_derivative(side.double()), slope(side.double()), rtol=1e-10, atol=0)


def test_obeys_the_symmetries(student, rng):
    """sigmoid(x) + sigmoid(-x) is 1, and the slope at x is the slope at -x.

    pt: sigmoid(x) + sigmoid(-x) é 1, e a inclinação em x é a inclinação em -x.
    hint: Check which of your formulas is used on which side of 0.
    dica: Confira qual das suas fórmulas é usada de que lado do 0.
    """
    x = 5 * torch.randn(100, generator=rng, dtype=torch.float64)
    assert_close(student.sigmoid(x) + student.sigmoid(-x), torch.ones_like(x))
    slopes = student.sigmoid_derivative(x)
    assert_close(slopes, student.sigmoid_derivative(-x))
    assert bool(((slopes > 0) & (slopes <= 0.25)).all())


def test_derivative_is_the_slope_of_sigmoid(student, rng):
    """sigmoid_derivative agrees with a central finite difference of sigmoid.

    pt: sigmoid_derivative concorda com uma diferença finita central de sigmoid.
    hint: The argument is the pre-activation, not the activation.
    dica: O argumento é a pré-ativação, não a ativação.
    """
    x = 3 * torch.randn(50, generator=rng, dtype=torch.float64)
    step = 1e-5
    difference = (student.sigmoid(x + step) - student.sigmoid(x - step)) / (2 * step)
    assert_close(student.sigmoid_derivative(x), difference, rtol=1e-6, atol=1e-8)


@pytest.mark.points(2)
def test_gradient_survives_1000(student):
    """The gradient at ±1000 is finite and vanishes, whatever else is in the tensor.

    pt: O gradiente em ±1000 é finito e se anula, não importa o que mais houver no tensor.
    hint: torch.where goes back through both branches, and 0 times infinity is NaN: choose before torch.exp.
    dica: torch.where volta pelos dois ramos, e 0 vezes infinito é NaN: escolha antes de torch.exp.
    """
    for dtype in torch.float32, torch.float64:
        x = torch.tensor([1000.0, -1000.0, 100.0, -100.0, 2.0], dtype=dtype).requires_grad_()
        student.sigmoid(x).sum().backward()
        assert_close(x.grad, slope(x.detach()), rtol=1e-5, atol=1e-30)


def test_gradient_is_right_at_zero(student):
    """The gradient at exactly 0 is the derivative there.

    pt: O gradiente exatamente em 0 é a derivada nesse ponto.
    hint: autograd's slope of abs(x) and of clamp(x) at the kink is not what your formula needs: use torch.where.
    dica: A inclinação que o autograd dá a abs(x) e clamp(x) no bico não é a que sua fórmula pede: use torch.where.
    """
    x = torch.zeros(2, 3, dtype=torch.float64).requires_grad_()
    student.sigmoid(x).sum().backward()
    assert_close(x.grad, slope(x.detach()))


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


def test_takes_single_numbers(student):
    """A tensor without axes gives a tensor without axes, of its own type.

    pt: Um tensor sem eixos dá um tensor sem eixos, do mesmo tipo.
    hint: Do not index or flatten without restoring the shape.
    dica: Não indexe nem achate sem restaurar a forma.
    """
    for dtype in torch.float16, torch.float32, torch.float64:
        for value in -2.0, 0.0, 2.0:
            x = torch.tensor(value, dtype=dtype)
            assert_close(student.sigmoid(x), torch.sigmoid(x.double()).to(dtype), rtol=1e-2, atol=0)
            assert_close(student.sigmoid_derivative(x), slope(x.double()).to(dtype), rtol=1e-2, atol=0)


def test_takes_empty_tensors(student):
    """A tensor without elements gives one of the same shape.

    pt: Um tensor sem elementos dá outro da mesma forma.
    hint: A maximum or a loop over the elements must cope with there being none.
    dica: Um máximo ou um laço sobre os elementos deve funcionar quando não há nenhum.
    """
    for shape in (0,), (2, 0, 3):
        x = torch.empty(shape, dtype=torch.float64)
        assert_close(student.sigmoid(x), x)
        assert_close(student.sigmoid_derivative(x), x)


def test_turns_integers_into_floats(student):
    """Integers, unsigned ones too, and truth values give numbers of the default floating-point type.

    pt: Inteiros, mesmo sem sinal, e booleanos dão números do tipo de ponto flutuante padrão.
    hint: Convert first: -x of an unsigned integer wraps around, and a result in an integer tensor loses its fraction.
    dica: Converta primeiro: -x de um inteiro sem sinal dá a volta, e um resultado em tensor inteiro perde a fração.
    """
    for dtype in torch.int64, torch.int32, torch.uint8, torch.bool:
        x = torch.tensor([[0, 1], [1, 3]]).to(dtype)
        expected = x.to(torch.get_default_dtype())
        assert_close(student.sigmoid(x), torch.sigmoid(expected))
        assert_close(student.sigmoid_derivative(x), slope(expected))
    x = torch.tensor([-1000, -2, 1000])
    assert_close(student.sigmoid(x), torch.sigmoid(x.to(torch.get_default_dtype())))


def test_keeps_half_precision(student, rng):
    """float16 and bfloat16 stay what they are, and ±1000 is no problem there.

    pt: float16 e bfloat16 continuam o que são, e ±1000 não é problema neles.
    hint: Results must have the type of x; in float16 e^12 is infinite already.
    dica: O resultado deve ter o tipo de x; em float16, e^12 já é infinito.
    """
    for dtype, rtol in (torch.float16, 5e-3), (torch.bfloat16, 4e-2):
        x = torch.cat([3 * torch.randn(40, generator=rng), torch.tensor([1000.0, -1000.0])]).to(dtype)
        assert_close(student.sigmoid(x), torch.sigmoid(x.double()).to(dtype), rtol=rtol, atol=rtol)
        assert_close(student.sigmoid_derivative(x), slope(x.double()).to(dtype), rtol=rtol, atol=rtol)


def test_takes_transposed_and_sliced_tensors(student, rng):
    """The layout in memory does not matter: transposed, sliced and expanded tensors work.

    pt: A disposição na memória não importa: tensores transpostos, fatiados e expandidos funcionam.
    hint: x.view(-1) needs contiguous memory; work on x as it is.
    dica: x.view(-1) exige memória contígua; trabalhe com x como ele é.
    """
    whole = torch.randn(6, 4, generator=rng, dtype=torch.float64)
    for x in whole.T, whole[::2, 1:], whole[:1].expand(3, 4):
        assert_close(student.sigmoid(x), torch.sigmoid(x))
        assert_close(student.sigmoid_derivative(x), slope(x))


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
