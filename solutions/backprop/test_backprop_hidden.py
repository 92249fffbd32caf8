"""Hidden tests of ``backprop``."""

from __future__ import annotations

import time

import pytest
import torch
import torch.nn.functional as F

KINDS = ("quadratic", "cross_entropy")


def network(rng, *sizes, dtype=torch.float64):
    """Random weights, scaled so that units of any width stay out of saturation, and random biases."""
    Ws = [torch.randn(out, width, generator=rng, dtype=dtype) / width**0.5 for width, out in zip(sizes, sizes[1:])]
    return Ws, [torch.randn(out, generator=rng, dtype=dtype) for out in sizes[1:]]


def batch(rng, n, inputs, outputs, dtype=torch.float64):
    """Random inputs and targets between 0 and 1."""
    return torch.randn(n, inputs, generator=rng, dtype=dtype), torch.rand(n, outputs, generator=rng, dtype=dtype)


def law(X, Y, Ws, bs, kind):
    """The cost from torch's own losses."""
    for W, b in zip(Ws[:-1], bs[:-1]):
        X = F.linear(X, W, b).sigmoid()
    z = F.linear(X, Ws[-1], bs[-1])
    if kind == "quadratic":
        return F.mse_loss(z.sigmoid(), Y, reduction="sum") / (2 * len(X))
    return F.binary_cross_entropy_with_logits(z, Y, reduction="sum") / len(X)


def autograd(X, Y, Ws, bs, kind):
    """The gradient from torch's automatic differentiation, as (gWs, gbs)."""
    leaves = [parameter.clone().requires_grad_() for parameter in [*Ws, *bs]]
    grads = torch.autograd.grad(law(X, Y, leaves[: len(Ws)], leaves[len(Ws) :], kind), leaves)
    return list(grads[: len(Ws)]), list(grads[len(Ws) :])


def assert_same(found, expected, **tolerance):
    """Compare (gWs, gbs) or (Ws, bs) with the expected pair of lists."""
    torch.testing.assert_close(list(found[0]), expected[0], **tolerance)
    torch.testing.assert_close(list(found[1]), expected[1], **tolerance)


def test_forward_fits_layers_of_any_width(student, rng):
    """forward is right for four layers that all have different widths.

    pt: forward está certa para quatro camadas de larguras todas diferentes.
    hint: W is (out, in): the batch (N, in) needs its transpose.
    dica: W é (out, in): o lote (N, in) precisa da transposta.
    """
    (Ws, bs), (X, _) = network(rng, 5, 2, 7, 3, 4), batch(rng, 6, 5, 4)
    zs, activations = student.forward(X, Ws, bs)
    assert len(zs) == 4
    torch.testing.assert_close(activations[0], X)
    for layer, (W, b) in enumerate(zip(Ws, bs)):
        torch.testing.assert_close(zs[layer], F.linear(activations[layer], W, b))
    torch.testing.assert_close(list(activations[1:]), [z.sigmoid() for z in zs])


def test_cost_sums_units_and_averages_samples(student, rng):
    """The cost is summed over the output units and averaged over the samples.

    pt: O custo é somado sobre as unidades de saída e tem a média tirada sobre as amostras.
    hint: Sum over axis 1, then mean; a mean over everything also divides by the number of units.
    dica: Some no eixo 1 e depois tire a média; uma média sobre tudo também divide pelo número de unidades.
    """
    (Ws, bs), (X, Y) = network(rng, 4, 5, 3), batch(rng, 7, 4, 3)
    for kind in KINDS:
        torch.testing.assert_close(student.cost(X, Y, Ws, bs, kind), law(X, Y, Ws, bs, kind))


@pytest.mark.points(3)
def test_gradient_is_exact_in_a_deep_network(student, rng):
    """With four layers of different widths the gradient is right to ten digits.

    pt: Com quatro camadas de larguras diferentes, o gradiente está certo até o décimo dígito.
    hint: Use the chain rule; finite differences are only good for checking.
    dica: Use a regra da cadeia; diferenças finitas só servem para conferir.
    """
    (Ws, bs), (X, Y) = network(rng, 3, 6, 4, 5, 2), batch(rng, 7, 3, 2)
    for kind in KINDS:
        found = student.backprop(X, Y, Ws, bs, kind)
        assert_same(found, autograd(X, Y, Ws, bs, kind), rtol=1e-10, atol=1e-14)


def test_gradient_of_a_single_layer(student, rng):
    """A network without hidden layers has the right gradient too.

    pt: Uma rede sem camadas ocultas também tem o gradiente certo.
    hint: The loop over the earlier layers must be allowed to run zero times.
    dica: O laço sobre as camadas anteriores deve poder rodar zero vezes.
    """
    (Ws, bs), (X, Y) = network(rng, 4, 3), batch(rng, 5, 4, 3)
    for kind in KINDS:
        assert_same(student.backprop(X, Y, Ws, bs, kind), autograd(X, Y, Ws, bs, kind))


def test_batch_gradient_is_the_mean_of_single_gradients(student, rng):
    """The gradient of a batch is the mean of its samples' gradients; a batch of one works.

    pt: O gradiente de um lote é a média dos gradientes de suas amostras; um lote de uma só funciona.
    hint: Divide by N exactly once, and sum the biases' gradient over the samples.
    dica: Divida por N exatamente uma vez e some o gradiente dos vieses sobre as amostras.
    """
    (Ws, bs), (X, Y) = network(rng, 3, 4, 2), batch(rng, 6, 3, 2)
    singles = [student.backprop(X[i : i + 1], Y[i : i + 1], Ws, bs, "cross_entropy") for i in range(6)]
    means = [[torch.stack(grads).mean(0) for grads in zip(*(single[part] for single in singles))] for part in (0, 1)]
    assert_same(student.backprop(X, Y, Ws, bs, "cross_entropy"), means)
    assert_same(singles[0], autograd(X[:1], Y[:1], Ws, bs, "cross_entropy"))


def test_cross_entropy_is_right_for_saturated_units(student):
    """For pre-activations of ±1000 the cross-entropy and its gradient are right.

    pt: Para pré-ativações de ±1000, a entropia cruzada e seu gradiente estão certos.
    hint: Rewrite the cost with z instead of a, so that no logarithm of 0 and no exponential of 1000 appears.
    dica: Reescreva o custo com z em vez de a, para que não apareça logaritmo de 0 nem exponencial de 1000.
    """
    X = torch.tensor([[1000.0], [-1000.0], [1000.0], [-1000.0]], dtype=torch.float64)
    Y = torch.tensor([[1.0], [0.0], [0.0], [0.75]], dtype=torch.float64)
    Ws, bs = [torch.ones(1, 1, dtype=torch.float64)], [torch.zeros(1, dtype=torch.float64)]
    # Unit by unit: right, right, wrong by 1000, and wrong by 0.75 * 1000.
    expected = torch.tensor(1750.0 / 4, dtype=torch.float64)
    torch.testing.assert_close(student.cost(X, Y, Ws, bs, "cross_entropy"), expected)
    gWs, gbs = student.backprop(X, Y, Ws, bs, "cross_entropy")
    torch.testing.assert_close(gWs[0], torch.full((1, 1), 1750.0 / 4, dtype=torch.float64))
    torch.testing.assert_close(gbs[0], torch.full((1,), 0.25 / 4, dtype=torch.float64))


def test_cross_entropy_is_right_for_large_z(student, rng):
    """The cross-entropy is accurate for pre-activations of all sizes up to hundreds.

    pt: A entropia cruzada é exata para pré-ativações de todos os tamanhos, até centenas.
    hint: Adding a small number inside the logarithm, or clipping a, changes the result.
    dica: Somar um número pequeno dentro do logaritmo, ou limitar a, altera o resultado.
    """
    z = 100 * torch.randn(40, 1, generator=rng, dtype=torch.float64)
    y = torch.cat([torch.zeros(20, 1), torch.ones(20, 1)]).double()
    Ws, bs = [torch.ones(1, 1, dtype=torch.float64)], [torch.zeros(1, dtype=torch.float64)]
    expected = law(z, y, Ws, bs, "cross_entropy")
    torch.testing.assert_close(student.cost(z, y, Ws, bs, "cross_entropy"), expected, rtol=1e-12, atol=0)


def test_quadratic_cost_stands_still_where_saturated(student):
    """Saturated units have a quadratic gradient of exactly 0, not NaN.

    pt: Unidades saturadas têm gradiente quadrático exatamente 0, e não NaN.
    hint: Compute the slope as a(1 - a), not as a quotient of exponentials.
    dica: Calcule a inclinação como a(1 - a), não como um quociente de exponenciais.
    """
    X, Y = torch.tensor([[1.0], [-1.0]]), torch.tensor([[0.0], [1.0]])
    Ws, bs = [torch.tensor([[1000.0], [-1000.0]]), torch.ones(1, 2) * 1000], [torch.zeros(2), torch.zeros(1)]
    for parts in student.backprop(X, Y, Ws, bs):
        torch.testing.assert_close(list(parts), [torch.zeros_like(part) for part in parts], rtol=0, atol=0)
    assert student.backprop(X, Y, Ws, bs)[0][1].shape == (1, 2)
    torch.testing.assert_close(student.cost(X, Y, Ws, bs), torch.tensor(0.25))


def test_keeps_the_type_of_the_input(student, rng):
    """float32 in, float32 out, and integer targets are welcome.

    pt: Entra float32, sai float32, e alvos inteiros são bem-vindos.
    hint: Make no tensors of a fixed type; torch.zeros_like keeps the type.
    dica: Não crie tensores de tipo fixo; torch.zeros_like preserva o tipo.
    """
    (Ws, bs), (X, Y) = network(rng, 3, 4, 2, dtype=torch.float32), batch(rng, 5, 3, 2, dtype=torch.float32)
    labels = Y.round().long()
    for kind in KINDS:
        expected = law(X, labels.float(), Ws, bs, kind)
        torch.testing.assert_close(student.cost(X, labels, Ws, bs, kind), expected)
        found = student.backprop(X, labels, Ws, bs, kind)
        assert_same(found, autograd(X, labels.float(), Ws, bs, kind), rtol=1e-4, atol=1e-6)
    assert all(z.dtype == torch.float32 for z in student.forward(X, Ws, bs)[0])


def test_takes_views(student, rng):
    """Tensors that are not contiguous in memory give the same result.

    pt: Tensores não contíguos na memória dão o mesmo resultado.
    hint: reshape works where view does not.
    dica: reshape funciona onde view não funciona.
    """
    (Ws, bs), (X, Y) = network(rng, 3, 4, 2), batch(rng, 5, 3, 2)
    views = [X.T.contiguous().T, Y.T.contiguous().T, [W.T.contiguous().T for W in Ws]]
    torch.testing.assert_close(student.cost(*views, bs), law(X, Y, Ws, bs, "quadratic"))
    assert_same(student.backprop(*views, bs), autograd(X, Y, Ws, bs, "quadratic"))


def test_changes_none_of_its_inputs(student, rng):
    """Batch, weights, biases and gradients are the same after every function.

    pt: Lote, pesos, vieses e gradientes continuam iguais depois de cada função.
    hint: W -= eta * gW changes the caller's tensor; W = W - eta * gW makes a new one.
    dica: W -= eta * gW altera o tensor de quem chamou; W = W - eta * gW cria um novo.
    """
    (Ws, bs), (gWs, gbs), (X, Y) = network(rng, 3, 4, 2), network(rng, 3, 4, 2), batch(rng, 5, 3, 2)
    given = [X, Y, *Ws, *bs, *gWs, *gbs]
    before = [tensor.clone() for tensor in given]
    student.forward(X, Ws, bs)
    student.cost(X, Y, Ws, bs)
    student.backprop(X, Y, Ws, bs)
    student.sgd_step(Ws, bs, gWs, gbs, 0.5)
    student.train(X, Y, Ws, bs, eta=0.5, epochs=2)
    assert len(Ws) == len(bs) == len(gWs) == len(gbs) == 2
    torch.testing.assert_close([X, Y, *Ws, *bs, *gWs, *gbs], before, rtol=0, atol=0)


def test_step_without_length_makes_new_lists(student, rng):
    """Even a step of length 0 returns new lists and new tensors with the same numbers.

    pt: Mesmo um passo de comprimento 0 devolve listas e tensores novos com os mesmos números.
    hint: Build new lists; do not hand back the ones that came in.
    dica: Monte listas novas; não devolva as que entraram.
    """
    (Ws, bs), (gWs, gbs) = network(rng, 3, 4, 2), network(rng, 3, 4, 2)
    new_Ws, new_bs = student.sgd_step(Ws, bs, gWs, gbs, 0.0)
    torch.testing.assert_close([*new_Ws, *new_bs], [*Ws, *bs], rtol=0, atol=0)
    assert new_Ws is not Ws and new_bs is not bs
    assert all(new is not old for new, old in zip([*new_Ws, *new_bs], [*Ws, *bs]))


def test_step_needs_a_gradient_for_every_parameter(student, rng):
    """sgd_step refuses gradients that are more or fewer than the parameters.

    pt: sgd_step recusa gradientes em número diferente do de parâmetros.
    hint: zip drops what is left over without a word, unless you say strict=True.
    dica: zip descarta o que sobra sem avisar, a menos que você diga strict=True.
    """
    Ws, bs = network(rng, 3, 4, 2)
    for gWs, gbs in ((Ws[:1], bs), (Ws, bs[:1]), ([*Ws, Ws[0]], bs), (Ws, [*bs, bs[0]])):
        with pytest.raises(ValueError):
            student.sgd_step(Ws, bs, gWs, gbs, 0.1)


def test_layers_that_do_not_fit_are_an_error(student, rng):
    """Inputs, weights and biases that do not fit are a ValueError, even where torch would broadcast.

    pt: Entradas, pesos e vieses incompatíveis são um ValueError, mesmo onde o torch faria broadcasting.
    hint: Compare W.shape with (len(b), width of what comes in) before multiplying; b has one axis only.
    dica: Compare W.shape com (len(b), largura do que entra) antes de multiplicar; b tem um só eixo.
    """
    (Ws, bs), (X, Y) = network(rng, 3, 4, 2), batch(rng, 5, 3, 2)
    misfits = [
        (X[:, :2], Ws, bs),
        (X[0], Ws, bs),
        (X, [Ws[0], Ws[1][:, :3]], bs),
        (X, [Ws[0].T, Ws[1]], bs),
        (X, Ws, [bs[0][:1], bs[1]]),
        (X, Ws, [bs[0], bs[1][:1]]),
        (X, Ws, [bs[0][None], bs[1]]),
        (X, Ws[:1], bs),
        (X, Ws, bs[:1]),
    ]
    for inputs, weights, biases in misfits:
        for function, arguments in ((student.forward, (inputs,)), (student.cost, (inputs, Y))):
            with pytest.raises(ValueError):
                function(*arguments, weights, biases)
        with pytest.raises(ValueError):
            student.backprop(inputs, Y, weights, biases)


def test_targets_of_another_shape_are_an_error(student, rng):
    """Targets that have not exactly the outputs' shape are a ValueError, even where torch would broadcast.

    pt: Alvos que não têm exatamente a forma das saídas são um ValueError, mesmo onde o torch faria broadcasting.
    hint: (N,) against (N, 1) silently becomes (N, N): compare the shapes yourself.
    dica: (N,) com (N, 1) vira (N, N) sem aviso: compare as formas você mesmo.
    """
    (Ws, bs), (X, Y) = network(rng, 3, 4, 1), batch(rng, 5, 3, 1)
    for targets in (Y[:, 0], Y[:1], Y[:4], Y.expand(5, 2), Y[None]):
        for kind in KINDS:
            with pytest.raises(ValueError):
                student.cost(X, targets, Ws, bs, kind)
            with pytest.raises(ValueError):
                student.backprop(X, targets, Ws, bs, kind)
        with pytest.raises(ValueError):
            student.train(X, targets, Ws, bs, eta=0.1, epochs=1)


@pytest.mark.points(2)
@pytest.mark.seconds(2)
def test_is_fast_in_a_large_network(student, rng):
    """79,510 gradients of a network for MNIST take two passes, not one pass per weight.

    pt: 79.510 gradientes de uma rede para o MNIST custam duas passagens, e não uma passagem por peso.
    hint: Changing one weight at a time needs a forward pass per weight; the chain rule does all of them in one go.
    dica: Alterar um peso de cada vez exige uma passagem por peso; a regra da cadeia faz todos de uma vez.
    """
    (Ws, bs), (X, Y) = network(rng, 784, 100, 10), batch(rng, 100, 784, 10)
    start = time.perf_counter()
    found = student.backprop(X, Y, Ws, bs, "cross_entropy")
    assert time.perf_counter() - start < 2
    assert_same(found, autograd(X, Y, Ws, bs, "cross_entropy"))


@pytest.mark.points(2)
def test_train_takes_full_batch_steps(student, rng):
    """train takes the steps of gradient descent and records their costs, with both costs.

    pt: train dá os passos da descida do gradiente e registra seus custos, com os dois custos.
    hint: Compute all gradients from the same weights, then step; do not mix in weights that are already updated.
    dica: Calcule todos os gradientes com os mesmos pesos e só então dê o passo; não misture pesos já atualizados.
    """
    (Ws, bs), (X, Y) = network(rng, 3, 4, 2), batch(rng, 5, 3, 2)
    for kind in KINDS:
        weights, biases, expected = Ws, bs, [law(X, Y, Ws, bs, kind).item()]
        for _ in range(3):
            gWs, gbs = autograd(X, Y, weights, biases, kind)
            weights = [W - 0.7 * gW for W, gW in zip(weights, gWs)]
            biases = [b - 0.7 * gb for b, gb in zip(biases, gbs)]
            expected.append(law(X, Y, weights, biases, kind).item())
        *found, costs = student.train(X, Y, Ws, bs, eta=0.7, epochs=3, kind=kind)
        assert_same(found, (weights, biases))
        assert costs == pytest.approx(expected)


def test_training_for_no_epochs_returns_the_start(student, rng):
    """With epochs=0 the weights are those that came in, with one cost, the cross-entropy by default.

    pt: Com epochs=0, os pesos são os que entraram, com um único custo, por padrão a entropia cruzada.
    hint: The first cost belongs to the weights before any step.
    dica: O primeiro custo pertence aos pesos antes de qualquer passo.
    """
    (Ws, bs), (X, Y) = network(rng, 3, 4, 2), batch(rng, 5, 3, 2)
    *found, costs = student.train(X, Y, Ws, bs, eta=0.7, epochs=0)
    assert_same(found, (Ws, bs), rtol=0, atol=0)
    assert costs == pytest.approx([law(X, Y, Ws, bs, "cross_entropy").item()])
