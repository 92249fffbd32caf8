"""Hidden tests of ``cross_entropy``."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

F64 = torch.float64
REDUCTIONS = ("none", "sum", "mean")


def batch(rng, n, k, dtype=F64):
    """Random logits (n, k) and classes (n,)."""
    return 2 * torch.randn(n, k, generator=rng, dtype=dtype), torch.randint(k, (n,), generator=rng)


def distributions(rng, n, k, dtype=F64):
    """Random rows of positive numbers that sum to 1."""
    rows = torch.rand(n, k, generator=rng, dtype=dtype) + 0.1
    return rows / rows.sum(dim=1, keepdim=True)


def autograd(loss, logits):
    """The gradient of ``loss(logits)`` with respect to the logits."""
    leaf = logits.clone().requires_grad_()
    loss(leaf).backward()
    return leaf.grad


def test_softmax_treats_each_row_by_itself(student, rng):
    """softmax is right for rows of very different height, and rows sum to 1.

    pt: softmax está correta para linhas de alturas muito diferentes, e as linhas somam 1.
    hint: Subtract each row's own maximum; the maximum of the whole batch makes the other rows vanish.
    dica: Subtraia o máximo da própria linha; o máximo do lote inteiro faz as outras linhas sumirem.
    """
    logits, _ = batch(rng, 5, 3)
    shifts = torch.tensor([[-1000.0], [0.0], [30.0], [800.0], [1000.0]], dtype=F64)
    assert_close(student.softmax(logits + shifts), F.softmax(logits, dim=1))
    assert_close(student.softmax(logits + shifts).sum(dim=1), torch.ones(5, dtype=F64))


def test_softmax_keeps_small_probabilities(student):
    """Small probabilities keep their digits, and a logit of minus infinity has probability 0.

    pt: Probabilidades pequenas conservam seus dígitos, e um logit de menos infinito tem probabilidade 0.
    hint: Add no small number to the denominator and clip nothing: the largest power is 1 already.
    dica: Não some um número pequeno ao denominador nem corte nada: a maior potência já é 1.
    """
    logits = torch.tensor([[0.0, -30.0, -60.0], [1.0, -float("inf"), 1.0]])
    expected = F.softmax(logits.double(), dim=1).float()
    assert_close(student.softmax(logits), expected, rtol=1e-4, atol=0)


def test_softmax_lets_gradients_through(student, rng):
    """Gradients go back through softmax: s * (g - sum of g s).

    pt: Os gradientes voltam por softmax: s * (g - soma de g s).
    hint: Use tensor operations only, on the whole way from the logits to the probabilities.
    dica: Use só operações de tensores, em todo o caminho dos logits até as probabilidades.
    """
    logits, _ = batch(rng, 4, 5)
    upstream = torch.randn(4, 5, generator=rng, dtype=F64)
    s = F.softmax(logits, dim=1)
    found = autograd(lambda z: (student.softmax(z) * upstream).sum(), logits)
    assert_close(found, s * (upstream - (s * upstream).sum(dim=1, keepdim=True)))


@pytest.mark.points(2)
def test_agrees_with_the_law_for_classes(student, rng):
    """With integer targets every reduction is right, with and without label smoothing.

    pt: Com alvos inteiros, todas as reduções estão corretas, com e sem suavização de rótulos.
    hint: Smoothing spreads eps over all K classes, and the losses are reduced over the samples only.
    dica: A suavização distribui eps entre todas as K classes, e as perdas são reduzidas só sobre as amostras.
    """
    logits, targets = batch(rng, 9, 5)
    for reduction in REDUCTIONS:
        for eps in 0.0, 0.1, 1.0:
            options = {"reduction": reduction, "label_smoothing": eps}
            assert_close(student.cross_entropy(logits, targets, **options), F.cross_entropy(logits, targets, **options))


@pytest.mark.points(2)
def test_agrees_with_the_law_for_distributions(student, rng):
    """With probabilities as targets every reduction is right, with and without label smoothing.

    pt: Com probabilidades como alvos, todas as reduções estão corretas, com e sem suavização de rótulos.
    hint: Use the whole row of targets, not only its largest entry.
    dica: Use a linha inteira de alvos, não só a maior entrada.
    """
    logits, targets = batch(rng, 6, 4)[0], distributions(rng, 6, 4)
    for reduction in REDUCTIONS:
        for eps in 0.0, 0.25, 1.0:
            options = {"reduction": reduction, "label_smoothing": eps}
            assert_close(student.cross_entropy(logits, targets, **options), F.cross_entropy(logits, targets, **options))


def test_is_smallest_where_prediction_meets_target(student, rng):
    """The cost equals the entropy of the targets where the softmax equals them, and is larger elsewhere.

    pt: O custo é igual à entropia dos alvos onde a softmax coincide com eles, e maior em qualquer outro ponto.
    hint: It is p that multiplies the logarithm and the softmax that goes into it, not the other way round.
    dica: É p que multiplica o logaritmo e a softmax que entra nele, e não o contrário.
    """
    p = distributions(rng, 6, 4)
    entropy = -(p * p.log()).sum(dim=1)
    assert_close(student.cross_entropy(p.log() + 7, p, reduction="none"), entropy)
    # Towards each class in turn: towards a single one, a wrong cost rises in all rows in some of the draws.
    for shift in torch.eye(4, dtype=F64):
        assert bool((student.cross_entropy(p.log() + shift, p, reduction="none") > entropy + 1e-6).all())


def test_two_classes_are_a_sigmoid(student, rng):
    """For K = 2 the cost is the binary cross-entropy of the difference of the logits.

    pt: Para K = 2, o custo é a entropia cruzada binária da diferença dos logits.
    hint: Nothing in your code should depend on there being more than two classes.
    dica: Nada no seu código deve depender de haver mais de duas classes.
    """
    logits, targets = batch(rng, 8, 2)
    expected = F.binary_cross_entropy_with_logits(logits[:, 1] - logits[:, 0], targets.double())
    assert_close(student.cross_entropy(logits, targets), expected)


def test_takes_one_sample_and_one_class(student, rng):
    """A batch of one sample works, and with a single class the cost is 0.

    pt: Um lote de uma só amostra funciona, e com uma única classe o custo é 0.
    hint: squeeze() removes axes of length 1 that you still need.
    dica: squeeze() remove eixos de comprimento 1 de que você ainda precisa.
    """
    logits, targets = batch(rng, 1, 4)
    assert_close(student.cross_entropy(logits, targets), F.cross_entropy(logits, targets))
    assert_close(student.cross_entropy(logits, targets, reduction="none"), F.cross_entropy(logits, targets).reshape(1))
    losses = student.cross_entropy(torch.ones(3, 1), torch.tensor([0, -100, 0]), reduction="none")
    assert_close(losses, torch.zeros(3))
    assert_close(student.cross_entropy_gradient(torch.ones(3, 1), torch.tensor([0, -100, 0])), torch.zeros(3, 1))


def test_results_have_the_type_of_the_logits(student, rng):
    """Results have the type of the logits, whatever the type of the targets.

    pt: Os resultados têm o tipo dos logits, qualquer que seja o tipo dos alvos.
    hint: Make new tensors like the logits, and convert the targets to what you need.
    dica: Crie tensores novos do tipo dos logits e converta os alvos no que você precisa.
    """
    for dtype, other in (torch.float32, F64), (F64, torch.float32):
        logits, targets = batch(rng, 5, 3, dtype)
        losses, slope = F.cross_entropy(logits, targets), (F.softmax(logits, dim=1) - F.one_hot(targets, 3)) / 5
        rows = F.one_hot(targets, 3)
        for t in targets, targets.int(), targets.to(torch.uint8), rows, rows.to(other):
            assert_close(student.cross_entropy(logits, t), losses)
            assert_close(student.cross_entropy_gradient(logits, t), slope)


@pytest.mark.points(2)
def test_gradient_is_stable_at_1000(student):
    """At logits of ±1000 both gradients are finite and right.

    pt: Com logits de ±1000, os dois gradientes são finitos e corretos.
    hint: ln(softmax) has the slope 1 / 0 where the softmax is 0; z - ln(sum of e^z) has none of that.
    dica: ln(softmax) tem inclinação 1 / 0 onde a softmax é 0; z - ln(soma de e^z) não tem esse problema.
    """
    for dtype in torch.float32, F64:
        logits = torch.tensor([[1000.0, -1000.0, 0.0], [-1000.0, 0.0, 1000.0]], dtype=dtype)
        expected = torch.tensor([[0.5, -0.5, 0.0], [0.0, 0.0, 0.0]], dtype=dtype)
        targets = torch.tensor([1, 2])
        assert_close(autograd(lambda z: student.cross_entropy(z, targets), logits), expected)
        assert_close(student.cross_entropy_gradient(logits, targets), expected)


def test_gradients_for_distributions(student, rng):
    """With probabilities as targets the gradient is (softmax - p) / N, by formula and by autograd.

    pt: Com probabilidades como alvos, o gradiente é (softmax - p) / N, pela fórmula e pelo autograd.
    hint: The formula is the same; only p is no longer one-hot.
    dica: A fórmula é a mesma; só que p já não é one-hot.
    """
    logits, p = batch(rng, 6, 4)[0], distributions(rng, 6, 4)
    expected = (F.softmax(logits, dim=1) - p) / 6
    assert_close(student.cross_entropy_gradient(logits, p), expected)
    assert_close(autograd(lambda z: student.cross_entropy(z, p), logits), expected)


def test_gradients_of_all_options(student, rng):
    """autograd finds the right gradient with smoothing, ignored samples and every reduction.

    pt: O autograd encontra o gradiente correto com suavização, amostras ignoradas e todas as reduções.
    hint: Ignored samples get the gradient 0.
    dica: Amostras ignoradas recebem gradiente 0.
    """
    logits, targets = batch(rng, 6, 4)
    targets[2] = -100
    for reduction in REDUCTIONS:
        options = {"reduction": reduction, "label_smoothing": 0.2}
        expected = autograd(lambda z: F.cross_entropy(z, targets, **options).square().sum(), logits)
        found = autograd(lambda z: student.cross_entropy(z, targets, **options).square().sum(), logits)
        assert_close(found, expected)


def test_formula_agrees_with_finite_differences(student, rng):
    """cross_entropy_gradient agrees with finite differences of cross_entropy, with ignored samples too.

    pt: cross_entropy_gradient concorda com diferenças finitas de cross_entropy, também com amostras ignoradas.
    hint: Divide by the number of samples that count; rows of ignored samples are 0.
    dica: Divida pelo número de amostras que contam; as linhas de amostras ignoradas são 0.
    """
    logits, targets = batch(rng, 4, 3)
    targets[1] = -100
    slope = student.cross_entropy_gradient(logits, targets)
    for step in torch.eye(12, dtype=F64).reshape(12, 4, 3):
        up, down = (student.cross_entropy(logits + move, targets) for move in (1e-5 * step, -1e-5 * step))
        assert_close((slope * step).sum(), (up - down) / 2e-5, rtol=1e-6, atol=1e-8)


@pytest.mark.points(2)
def test_ignores_the_chosen_index(student, rng):
    """Any number can be the one to ignore, a class among them, with every reduction and with smoothing.

    pt: Qualquer número pode ser o ignorado, até o de uma classe, com todas as reduções e com suavização.
    hint: Find out which samples count first; set the others to 0 after smoothing.
    dica: Descubra primeiro quais amostras contam; zere as outras depois da suavização.
    """
    logits, _ = batch(rng, 6, 4)
    for ignored in 0, 3, -1, 255:
        targets = torch.tensor([1, ignored, 2, ignored, ignored, 1])
        for reduction in REDUCTIONS:
            for eps in 0.0, 0.3:
                options = {"reduction": reduction, "label_smoothing": eps, "ignore_index": ignored}
                expected = F.cross_entropy(logits, targets, **options)
                assert_close(student.cross_entropy(logits, targets, **options), expected)


def test_ignores_no_distribution(student, rng):
    """ignore_index concerns classes only: numbers of (N, K) targets are never ignored.

    pt: ignore_index diz respeito só a classes: números de alvos (N, K) nunca são ignorados.
    hint: Look at the number of axes of the targets before you compare with ignore_index.
    dica: Olhe o número de eixos dos alvos antes de comparar com ignore_index.
    """
    logits, targets = batch(rng, 5, 5)
    rows = F.one_hot(targets, 5)
    for ignored in 0, 1:
        assert_close(student.cross_entropy(logits, rows, ignore_index=ignored), F.cross_entropy(logits, targets))


def test_refuses_a_batch_where_nothing_counts(student):
    """An empty batch and a batch of ignored samples are a ValueError, whatever the reduction.

    pt: Um lote vazio e um lote só de amostras ignoradas são um ValueError, qualquer que seja a redução.
    hint: Count the samples that count before you compute anything.
    dica: Conte as amostras que contam antes de calcular qualquer coisa.
    """
    for n in 0, 3:
        logits, targets = torch.zeros(n, 4), torch.full((n,), -100)
        for reduction in REDUCTIONS:
            with pytest.raises(ValueError):
                student.cross_entropy(logits, targets, reduction=reduction)
        with pytest.raises(ValueError):
            student.cross_entropy_gradient(logits, targets)
    with pytest.raises(ValueError):
        student.cross_entropy(torch.zeros(0, 4), torch.zeros(0, 4))
    with pytest.raises(ValueError):
        student.cross_entropy_gradient(torch.zeros(0, 4), torch.zeros(0, 4))


def test_refuses_classes_out_of_range(student):
    """Classes below 0 or from K on are a ValueError; the first and the last class are fine.

    pt: Classes abaixo de 0 ou a partir de K são um ValueError; a primeira e a última classe são aceitas.
    hint: Index -1 means the last column to Python, and gather raises another error: check beforehand.
    dica: O índice -1 é a última coluna para o Python, e gather lança outro erro: verifique antes.
    """
    logits = torch.zeros(3, 4)
    assert_close(student.cross_entropy(logits, torch.tensor([0, 3, 3])), torch.tensor(4.0).log())
    for wrong in -1, 4, 5, -101:
        targets = torch.tensor([0, wrong, 3])
        with pytest.raises(ValueError):
            student.cross_entropy(logits, targets)
        with pytest.raises(ValueError):
            student.cross_entropy_gradient(logits, targets)
    with pytest.raises(ValueError):
        student.cross_entropy(logits, torch.tensor([0, -100, 3]), ignore_index=2)


def test_refuses_shapes_that_do_not_fit(student):
    """Logits without two axes and targets of any other shape are a ValueError.

    pt: Logits sem dois eixos e alvos de qualquer outra forma são um ValueError.
    hint: Compare the shapes yourself: broadcasting turns (N, 1) into (N, K) without a word.
    dica: Compare você mesmo as formas: o broadcasting transforma (N, 1) em (N, K) sem avisar.
    """
    shapes = [((4, 3), wrong) for wrong in ((3,), (5,), (1,), (), (4, 1), (1, 3), (3, 4), (4, 4), (4, 3, 1))]
    for logits, targets in [*shapes, ((3,), (3,)), ((3,), ()), ((), ()), ((2, 3, 4), (2, 3, 4)), ((2, 3, 4), (2,))]:
        arguments = torch.zeros(logits), torch.zeros(targets, dtype=torch.int64)
        with pytest.raises(ValueError):
            student.cross_entropy(*arguments)
        with pytest.raises(ValueError):
            student.cross_entropy_gradient(*arguments)


def test_refuses_smoothing_out_of_range(student, rng):
    """label_smoothing below 0 or above 1 is a ValueError, both ends are allowed.

    pt: label_smoothing abaixo de 0 ou acima de 1 é um ValueError; os dois extremos são permitidos.
    hint: 0 <= eps <= 1 in Python means what it says.
    dica: 0 <= eps <= 1 em Python significa exatamente isso.
    """
    logits, targets = batch(rng, 4, 3)
    assert_close(student.cross_entropy(logits, targets, label_smoothing=0), F.cross_entropy(logits, targets))
    expected = F.cross_entropy(logits, targets, label_smoothing=1.0)
    assert_close(student.cross_entropy(logits, targets, label_smoothing=1), expected)
    for wrong in -0.01, 1.01, float("nan"):
        with pytest.raises(ValueError):
            student.cross_entropy(logits, targets, label_smoothing=wrong)


def test_impossible_classes_cost_nothing(student):
    """A class with the logit minus infinity costs nothing where its target is 0, and spoils no gradient.

    pt: Uma classe com logit menos infinito não custa nada onde seu alvo é 0, e não estraga nenhum gradiente.
    hint: 0 times infinity is NaN on the machine: leave out the terms with p = 0, or pick the right class by index.
    dica: 0 vezes infinito é NaN na máquina: deixe de fora os termos com p = 0, ou busque a classe certa pelo índice.
    """
    logits = torch.tensor([[1.0, -float("inf"), 2.0], [0.5, 0.0, -float("inf")]], dtype=F64)
    targets = torch.tensor([2, 0])
    expected = F.cross_entropy(logits, targets)
    slope = (F.softmax(logits, dim=1) - F.one_hot(targets, 3)) / 2
    for t in targets, F.one_hot(targets, 3).double():
        assert_close(student.cross_entropy(logits, t), expected)
        assert_close(student.cross_entropy_gradient(logits, t), slope)
        assert_close(autograd(lambda z: student.cross_entropy(z, t), logits), slope)


def test_takes_transposed_and_sliced_tensors(student, rng):
    """The layout in memory does not matter: transposed and sliced logits and targets work.

    pt: A disposição na memória não importa: logits e alvos transpostos ou fatiados funcionam.
    hint: view needs contiguous memory; use reshape or indexing with [:, None].
    dica: view exige memória contígua; use reshape ou indexação com [:, None].
    """
    logits, targets = batch(rng, 8, 5)[0].T[:, ::2], torch.randint(4, (10,), generator=rng)[::2]
    p = distributions(rng, 4, 5).T
    assert_close(student.softmax(logits), F.softmax(logits, dim=1))
    for t in targets, p:
        assert_close(student.cross_entropy(logits, t), F.cross_entropy(logits, t))
    slope = (F.softmax(logits, dim=1) - F.one_hot(targets, 4)) / 5
    assert_close(student.cross_entropy_gradient(logits, targets), slope)


def test_does_not_change_its_inputs(student, rng):
    """Logits and targets are the same after the calls.

    pt: Logits e alvos continuam iguais depois das chamadas.
    hint: -=, methods ending in an underscore and targets[mask] = 0 work in place: use new tensors.
    dica: -=, métodos terminados em sublinhado e targets[mask] = 0 alteram o próprio tensor: crie tensores novos.
    """
    logits, classes = batch(rng, 6, 4)
    classes[3] = -100
    rows = distributions(rng, 6, 4)
    before = logits.clone(), classes.clone(), rows.clone()
    assert_close(student.softmax(logits), F.softmax(before[0], dim=1))
    for t, copy in (classes, before[1]), (rows, before[2]):
        value = student.cross_entropy(logits, t, label_smoothing=0.1)
        assert_close(value, F.cross_entropy(before[0], copy, label_smoothing=0.1))
        slope = student.cross_entropy_gradient(logits, t)
        assert_close(slope, autograd(lambda z, copy=copy: F.cross_entropy(z, copy), before[0]))
    assert_close((logits, classes, rows), before, rtol=0, atol=0)
