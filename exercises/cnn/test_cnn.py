"""Public tests of ``cnn``: the main cases of convolution, pooling, network and training."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

IMAGE = torch.tensor([[[[1.0, 2.0, 0.0, 1.0], [0.0, 1.0, 3.0, 2.0], [2.0, 0.0, 1.0, 1.0]]]])


def bars(rng, count):
    """Noisy 8x8 images, each with one bright bar somewhere; class 0 lies, class 1 stands."""
    labels = torch.arange(count) % 2
    images = 0.3 * torch.rand(count, 1, 8, 8, generator=rng)
    for image, label, place in zip(images[:, 0], labels, torch.randint(8, (count,), generator=rng)):
        bar = image[place] if label == 0 else image[:, place]
        bar += 0.7
    return images, labels


def test_conv2d_gives_the_sums_of_the_statement(student):
    """Multiplies window and filter and adds up, without flipping the filter.

    pt: Multiplica janela e filtro e soma, sem espelhar o filtro.
    hint: The top left number of the filter meets the top left pixel of the window.
    dica: O número do canto superior esquerdo do filtro encontra o pixel do canto superior esquerdo da janela.
    """
    weight = torch.tensor([[[[1.0, -1.0], [2.0, 0.0]]]])
    assert_close(student.conv2d(IMAGE, weight), torch.tensor([[[[-1.0, 4.0, 5.0], [3.0, -2.0, 3.0]]]]))


def test_conv2d_handles_batches_channels_and_bias(student, rng):
    """Sums over all channels and adds one bias per filter, for every image of the batch.

    pt: Soma sobre todos os canais e acrescenta um viés por filtro, para cada imagem do lote.
    hint: Each filter has one slice per channel; the bias is added once, after the sum over the channels.
    dica: Cada filtro tem uma fatia por canal; o viés entra uma só vez, depois da soma sobre os canais.
    """
    x = torch.randn(3, 2, 7, 6, generator=rng, dtype=torch.float64)
    weight = torch.randn(5, 2, 3, 4, generator=rng, dtype=torch.float64)
    bias = torch.randn(5, generator=rng, dtype=torch.float64)
    expected = F.conv2d(x, weight, bias)
    assert_close(student.conv2d(x, weight, bias), expected, rtol=1e-9, atol=1e-10)


def test_conv2d_strides_and_pads(student, rng):
    """Moves by the stride in both axes and puts zeros on all four sides.

    pt: Anda conforme o passo nos dois eixos e põe zeros nos quatro lados.
    hint: Pad first, then cut the windows. padding=1 makes the image two rows and two columns larger.
    dica: Primeiro os zeros, depois as janelas. padding=1 aumenta a imagem em duas linhas e duas colunas.
    """
    x = torch.randn(2, 3, 8, 9, generator=rng, dtype=torch.float64)
    weight = torch.randn(4, 3, 3, 2, generator=rng, dtype=torch.float64)
    expected = F.conv2d(x, weight, stride=2, padding=1)
    assert_close(student.conv2d(x, weight, stride=2, padding=1), expected, rtol=1e-9, atol=1e-10)


def test_conv2d_rejects_other_channels(student):
    """Raises ValueError when images and filters differ in channels.

    pt: Lança ValueError quando imagens e filtros têm números de canais diferentes.
    hint: Compare x.shape[1] with weight.shape[1]. One channel does not stand for all.
    dica: Compare x.shape[1] com weight.shape[1]. Um canal só não vale por todos.
    """
    with pytest.raises(ValueError):
        student.conv2d(torch.zeros(2, 3, 5, 5), torch.zeros(4, 1, 3, 3))
    with pytest.raises(ValueError):
        student.conv2d(torch.zeros(2, 1, 5, 5), torch.zeros(4, 3, 3, 3))


def test_conv2d_lets_gradients_through(student, rng):
    """Sends the right gradients to images, filters and biases.

    pt: Leva os gradientes corretos até as imagens, os filtros e os vieses.
    hint: Use tensor operations only: .item(), .data, .detach() and torch.tensor(...) cut the graph.
    dica: Use só operações de tensores: .item(), .data, .detach() e torch.tensor(...) cortam o grafo.
    """
    shapes = (2, 3, 6, 7), (4, 3, 3, 2), (4,)
    ours = [torch.randn(shape, generator=rng, dtype=torch.float64).requires_grad_() for shape in shapes]
    theirs = [tensor.detach().clone().requires_grad_() for tensor in ours]
    upstream = torch.randn(2, 4, 3, 4, generator=rng, dtype=torch.float64)
    (student.conv2d(*ours, stride=2, padding=1) * upstream).sum().backward()
    (F.conv2d(*theirs, stride=2, padding=1) * upstream).sum().backward()
    assert_close([t.grad for t in ours], [t.grad for t in theirs], rtol=1e-8, atol=1e-9)


def test_max_pool2d_keeps_the_largest(student):
    """Keeps the largest pixel of each window, below zero too, and drops what fills no window.

    pt: Guarda o maior pixel de cada janela, também abaixo de zero, e descarta o que não enche uma janela.
    hint: The windows lie side by side when no stride is given. Do not start the maximum at 0.
    dica: Sem stride, as janelas ficam lado a lado. Não comece o máximo em 0.
    """
    assert_close(student.max_pool2d(IMAGE, 2), torch.tensor([[[[2.0, 3.0]]]]))
    assert_close(student.max_pool2d(-IMAGE, 2), torch.tensor([[[[0.0, 0.0]]]]))
    assert_close(student.max_pool2d(IMAGE - 9, 2), torch.tensor([[[[-7.0, -6.0]]]]))


def test_cnn_is_small_and_gives_ten_logits(student, rng):
    """Gives one logit per class with at most 10,000 parameters.

    pt: Dá um logit por classe com no máximo 10.000 parâmetros.
    hint: Almost all numbers of a small CNN sit in the dense layer: pool before it.
    dica: Quase todos os números de uma CNN pequena ficam na camada densa: agrupe (pooling) antes dela.
    """
    model = student.CNN()
    assert model(torch.rand(5, 1, 8, 8, generator=rng)).shape == (5, 10)
    assert sum(p.numel() for p in model.parameters()) <= 10_000


@pytest.mark.points(2)
@pytest.mark.seconds(20)
def test_train_tells_bars_apart(student, rng, curve):
    """Learns, from 200 noisy images, to tell lying bars from standing bars.

    pt: Aprende, com 200 imagens ruidosas, a distinguir barras deitadas de barras em pé.
    hint: For each batch: zero_grad, loss, backward, step. Image i belongs to label i.
    dica: Para cada lote: zero_grad, perda, backward, step. A imagem i pertence ao rótulo i.
    """
    model = student.train(*bars(rng, 200), classes=2, report=curve)
    images, labels = bars(rng, 100)
    logits = model(images)
    assert logits.shape == (100, 2)
    assert (logits.argmax(1) == labels).float().mean() >= 0.9
