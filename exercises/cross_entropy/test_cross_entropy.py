"""Public tests of ``cross_entropy``: the main cases of softmax, cost and gradient."""

from math import log

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

# The softmax of these logits is (1, 2, 5) / 8 and (4, 3, 1) / 8.
LOGITS = torch.tensor([[0.0, log(2), log(5)], [log(4), log(3), 0.0]], dtype=torch.float64)
TARGETS = torch.tensor([1, 0])


def test_softmax_gives_the_values_of_the_statement(student):
    """softmax turns the logits of the statement into the probabilities of the statement.

    pt: softmax transforma os logits do enunciado nas probabilidades do enunciado.
    hint: Exponentiate, then divide each row by its own sum (keepdim=True keeps the shapes in step).
    dica: Aplique a exponencial e divida cada linha pela própria soma (keepdim=True mantém as formas compatíveis).
    """
    expected = torch.tensor([[1, 2, 5], [4, 3, 1]], dtype=torch.float64) / 8
    assert_close(student.softmax(LOGITS), expected)


def test_cross_entropy_gives_the_values_of_the_statement(student):
    """cross_entropy gives the cost of the statement, for classes and for one-hot rows.

    pt: cross_entropy dá o custo do enunciado, tanto para classes quanto para linhas one-hot.
    hint: Natural logarithm, a minus sign, sum over the classes, mean over the samples.
    dica: Logaritmo natural, sinal de menos, soma sobre as classes, média sobre as amostras.
    """
    expected = torch.tensor((log(4) + log(2)) / 2, dtype=torch.float64)
    assert_close(student.cross_entropy(LOGITS, TARGETS), expected)
    assert_close(student.cross_entropy(LOGITS, F.one_hot(TARGETS, 3).double()), expected)


@pytest.mark.points(2)
def test_is_stable_at_1000(student):
    """Logits of ±1000 give finite probabilities and the right cost.

    pt: Logits de ±1000 dão probabilidades finitas e o custo correto.
    hint: Subtract the row maximum before exponentiating, and simplify ln(softmax) on paper first.
    dica: Subtraia o máximo de cada linha antes da exponencial e simplifique ln(softmax) no papel primeiro.
    """
    for dtype in torch.float32, torch.float64:
        logits = torch.tensor([[1000.0, -1000.0], [0.0, 1000.0]], dtype=dtype)
        assert_close(student.softmax(logits), torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=dtype))
        losses = student.cross_entropy(logits, torch.tensor([1, 1]), reduction="none")
        assert_close(losses, torch.tensor([2000.0, 0.0], dtype=dtype))


def test_knows_three_reductions(student):
    """ "none" gives one loss per sample, "sum" and "mean" a single number, and anything else a ValueError.

    pt: "none" dá uma perda por amostra, "sum" e "mean" um único número, e qualquer outra palavra um ValueError.
    hint: Compute the losses (N,) first, then reduce them.
    dica: Primeiro calcule as perdas (N,), depois as reduza.
    """
    losses = torch.tensor([log(4), log(2)], dtype=torch.float64)
    assert_close(student.cross_entropy(LOGITS, TARGETS, reduction="none"), losses)
    assert_close(student.cross_entropy(LOGITS, TARGETS, reduction="sum"), losses.sum())
    assert_close(student.cross_entropy(LOGITS, TARGETS, reduction="mean"), losses.mean())
    with pytest.raises(ValueError):
        student.cross_entropy(LOGITS, TARGETS, reduction="average")


def test_smooths_labels(student, rng):
    """Label smoothing takes eps from the target and spreads it over all K classes.

    pt: A suavização de rótulos tira eps do alvo e o distribui entre todas as K classes.
    hint: p becomes (1 - eps) * p + eps / K; the right class gets its share of eps, too.
    dica: p passa a ser (1 - eps) * p + eps / K; a classe certa também recebe sua parte de eps.
    """
    logits = torch.randn(6, 4, generator=rng, dtype=torch.float64)
    targets = torch.randint(4, (6,), generator=rng)
    expected = F.cross_entropy(logits, targets, label_smoothing=0.3)
    assert_close(student.cross_entropy(logits, targets, label_smoothing=0.3), expected)


def test_ignores_marked_samples(student, rng):
    """Samples with the target -100 do not count, and the mean is taken over the others.

    pt: Amostras com alvo -100 não contam, e a média é tirada sobre as outras.
    hint: Divide by the number of samples that count, not by N.
    dica: Divida pelo número de amostras que contam, não por N.
    """
    logits = torch.randn(5, 3, generator=rng, dtype=torch.float64)
    targets = torch.tensor([2, -100, 0, -100, 1])
    assert_close(student.cross_entropy(logits, targets), F.cross_entropy(logits, targets))


@pytest.mark.points(2)
def test_gradient_is_softmax_minus_target(student, rng):
    """The gradient is (softmax - one-hot) / N, by formula and by autograd.

    pt: O gradiente é (softmax - one-hot) / N, pela fórmula e pelo autograd.
    hint: Use tensor operations only: .item(), .data and .detach() cut the graph. Do not forget to divide by N.
    dica: Use só operações de tensores: .item(), .data e .detach() cortam o grafo. Não esqueça de dividir por N.
    """
    logits = torch.randn(7, 4, generator=rng, dtype=torch.float64).requires_grad_()
    targets = torch.randint(4, (7,), generator=rng)
    expected = (F.softmax(logits.detach(), dim=1) - F.one_hot(targets, 4)) / 7
    student.cross_entropy(logits, targets).backward()
    assert_close(logits.grad, expected)
    assert_close(student.cross_entropy_gradient(logits.detach(), targets), expected)


def test_refuses_an_empty_batch(student):
    """A batch without samples is a ValueError, not NaN.

    pt: Um lote sem amostras é um ValueError, não NaN.
    hint: The mean of nothing does not exist. Say so in the message.
    dica: A média de nada não existe. Diga isso na mensagem.
    """
    with pytest.raises(ValueError):
        student.cross_entropy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64))
