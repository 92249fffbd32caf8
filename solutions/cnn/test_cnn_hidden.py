"""Hidden tests of ``cnn``: edges, laws and the training checks."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close


def normal(rng, *shape):
    """Normal numbers in float64."""
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


def lines(rng, count):
    """Noisy 9x9 images of two channels with a lying, standing or slanting line in the second; sorted by class."""
    labels = torch.arange(count) * 3 // count
    images = 0.3 * torch.rand(count, 2, 9, 9, generator=rng)
    places = torch.randint(9, (count,), generator=rng)
    shapes = torch.eye(9)[places].unsqueeze(2).expand(-1, 9, 9).clone()
    shapes[labels == 1] = shapes[labels == 1].mT
    slanting = torch.stack([torch.eye(9).roll(int(place), 0) for place in places])
    images[:, 1] += 0.7 * torch.where((labels == 2)[:, None, None], slanting, shapes)
    return images, labels


def accuracy(student, data, rng, count, held_out, **options):
    """Train on ``count`` images under secretly renamed classes; return the share of right answers on ``held_out``."""
    order = torch.randperm(len(data.labels), generator=rng)[: count + held_out]
    images, labels = data.images[order], torch.randperm(10, generator=rng)[data.labels[order]]
    seed = int(torch.randint(2**31, (), generator=rng))
    model = student.train(images[:count].clone(), labels[:count].clone(), seed=seed, **options)
    logits = torch.cat([model(part).detach() for part in images[count:].split(500)])
    assert logits.shape == (held_out, 10)
    return float((logits.argmax(1) == labels[count:]).float().mean())


# --- Convolution --------------------------------------------------------------------------------------------------


def test_conv2d_takes_pairs(student, rng):
    """Takes a stride and a padding of its own for each axis, rows first.

    pt: Aceita passo e preenchimento próprios para cada eixo, primeiro as linhas.
    hint: stride=(2, 3) moves 2 rows down and 3 columns to the right. F.pad starts with the last axis.
    dica: stride=(2, 3) desce 2 linhas e anda 3 colunas. F.pad começa pelo último eixo.
    """
    x, weight, bias = normal(rng, 2, 3, 9, 8), normal(rng, 4, 3, 2, 4), normal(rng, 4)
    options = {"stride": (2, 3), "padding": (0, 2)}
    expected = F.conv2d(x, weight, bias, **options)
    assert_close(student.conv2d(x, weight, bias, **options), expected, rtol=1e-9, atol=1e-10)


def test_conv2d_filter_may_fill_the_padded_image(student, rng):
    """Takes a filter as large as the padded image and gives one number per filter.

    pt: Aceita um filtro do tamanho da imagem preenchida e dá um número por filtro.
    hint: Compare the filter with the image after padding; equal sizes are fine.
    dica: Compare o filtro com a imagem depois do preenchimento; tamanhos iguais valem.
    """
    x, weight = normal(rng, 1, 2, 3, 4), normal(rng, 3, 2, 5, 8)
    inside = (x * weight[:, :, 1:4, 2:6]).sum((1, 2, 3)).reshape(1, 3, 1, 1)
    assert_close(student.conv2d(x, weight, padding=(1, 2)), inside, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("size", [(6, 2), (2, 7)], ids=["taller", "wider"])
def test_conv2d_rejects_a_filter_larger_than_the_image(student, size):
    """Raises ValueError when the filter is taller or wider than the padded image, even by one pixel.

    pt: Lança ValueError quando o filtro é mais alto ou mais largo que a imagem preenchida, mesmo por um pixel.
    hint: Check both axes, each with its own padding.
    dica: Verifique os dois eixos, cada um com seu preenchimento.
    """
    with pytest.raises(ValueError):
        student.conv2d(torch.zeros(1, 1, 3, 6), torch.zeros(1, 1, *size), padding=(1, 0))


def test_conv2d_follows_a_shift(student, rng):
    """Gives the shifted map for a shifted image, whatever the image.

    pt: Dá o mapa deslocado para a imagem deslocada, qualquer que seja a imagem.
    hint: The same filter at every place: nothing may depend on where the window lies.
    dica: O mesmo filtro em todo lugar: nada pode depender de onde está a janela.
    """
    x, weight, bias = normal(rng, 2, 3, 9, 10), normal(rng, 4, 3, 3, 2), normal(rng, 4)
    part = x[:, :, 2:, 3:].clone()
    whole = student.conv2d(x, weight, bias)
    assert_close(student.conv2d(part, weight, bias), whole[:, :, 2:, 3:], rtol=1e-9, atol=1e-10)


def test_conv2d_of_one_pixel_is_a_matrix_product(student, rng):
    """Mixes the channels of each pixel like a matrix when the filter is 1x1.

    pt: Mistura os canais de cada pixel como uma matriz quando o filtro é 1x1.
    hint: Sum over the channels only; images stay apart and so do places.
    dica: Some só sobre os canais; as imagens ficam separadas, e as posições também.
    """
    x, weight = normal(rng, 1, 3, 4, 5), normal(rng, 2, 3, 1, 1)
    product = (weight[:, :, 0, 0] @ x[0].flatten(1)).reshape(1, 2, 4, 5)
    assert_close(student.conv2d(x, weight), product, rtol=1e-9, atol=1e-10)


def test_conv2d_reads_views_and_leaves_them_alone(student, rng):
    """Reads transposed float32 images and filters correctly, and changes none of its arguments.

    pt: Lê corretamente imagens e filtros float32 transpostos e não altera nenhum argumento.
    hint: Index by axes instead of trusting the order in memory, and pad into a new tensor.
    dica: Indexe pelos eixos em vez de confiar na ordem da memória e preencha em um tensor novo.
    """
    x = torch.randn(3, 6, 8, 2, generator=rng).permute(3, 0, 2, 1)
    weight, bias = torch.randn(2, 3, 3, 4, generator=rng).mT, torch.randn(2, generator=rng)
    before = x.clone(), weight.clone(), bias.clone()
    expected = F.conv2d(x.contiguous(), weight.contiguous(), bias, padding=1)
    assert_close(student.conv2d(x, weight, bias, padding=1), expected, rtol=1e-4, atol=1e-4)
    assert_close((x, weight, bias), before, rtol=0, atol=0)


def test_conv2d_gradient_is_zero_outside_all_windows(student, rng):
    """Sends the right gradient where windows overlap, touch or leave pixels out.

    pt: Leva o gradiente correto onde as janelas se sobrepõem, se tocam ou deixam pixels de fora.
    hint: A pixel adds up the gradients of all windows that hold it; one that no window holds gets 0.
    dica: Um pixel soma os gradientes de todas as janelas que o contêm; um pixel fora de todas recebe 0.
    """
    x, weight = normal(rng, 1, 2, 8, 7).requires_grad_(), normal(rng, 3, 2, 2, 3).requires_grad_()
    other, filters = x.detach().clone().requires_grad_(), weight.detach().clone().requires_grad_()
    student.conv2d(x, weight, stride=(3, 1)).square().sum().backward()
    F.conv2d(other, filters, stride=(3, 1)).square().sum().backward()
    assert_close((x.grad, weight.grad), (other.grad, filters.grad), rtol=1e-8, atol=1e-8)


# --- Pooling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"stride": 1}, {"stride": (3, 2)}], ids=["default", "number", "pair"])
def test_max_pool2d_takes_sizes_and_strides(student, rng, options):
    """Pools windows of any shape with any stride, overlapping ones too, each channel by itself.

    pt: Agrupa janelas de qualquer forma com qualquer passo, também sobrepostas, cada canal por si.
    hint: size=(2, 3) means 2 rows and 3 columns; without stride, the stride is the size.
    dica: size=(2, 3) quer dizer 2 linhas e 3 colunas; sem stride, o passo é o tamanho.
    """
    x = normal(rng, 2, 3, 9, 11) - 8
    expected = F.max_pool2d(x, (2, 3), **options)
    assert_close(student.max_pool2d(x, (2, 3), **options), expected, rtol=0, atol=0)


def test_max_pool2d_reads_views_and_leaves_them_alone(student, rng):
    """Pools transposed float32 images correctly, and does not change them.

    pt: Agrupa corretamente imagens float32 transpostas e não as altera.
    hint: Index by axes instead of trusting the order in memory; overwrite nothing in x.
    dica: Indexe pelos eixos em vez de confiar na ordem da memória; não sobrescreva nada em x.
    """
    x = torch.randn(2, 7, 3, 8, generator=rng).permute(0, 2, 3, 1)
    before, expected = x.clone(), F.max_pool2d(x.contiguous(), 3, 2)
    assert_close(student.max_pool2d(x, 3, 2), expected, rtol=0, atol=0)
    assert_close(x, before, rtol=0, atol=0)


@pytest.mark.parametrize("size", [(4, 1), (1, 6)], ids=["taller", "wider"])
def test_max_pool2d_rejects_a_window_larger_than_the_image(student, size):
    """Raises ValueError when the window is taller or wider than the image; equal is fine.

    pt: Lança ValueError quando a janela é mais alta ou mais larga que a imagem; igual vale.
    hint: Check rows and columns, each by itself.
    dica: Verifique linhas e colunas, cada uma por si.
    """
    image = torch.arange(15.0).reshape(1, 1, 3, 5)
    assert_close(student.max_pool2d(image, (3, 5)), torch.tensor([[[[14.0]]]]))
    with pytest.raises(ValueError):
        student.max_pool2d(image, size)


def test_max_pool2d_sends_the_gradient_to_the_largest(student, rng):
    """Sends the gradient of a window to its largest pixel, and adds up where windows overlap.

    pt: Leva o gradiente da janela ao maior pixel e soma onde as janelas se sobrepõem.
    hint: The pixels that lost get 0; a pixel that won twice gets both gradients.
    dica: Os pixels que perderam recebem 0; um pixel que venceu duas vezes recebe os dois gradientes.
    """
    # A shuffled range has no ties.
    x = torch.randperm(2 * 3 * 6 * 7, generator=rng).double().reshape(2, 3, 6, 7).requires_grad_()
    other = x.detach().clone().requires_grad_()
    upstream = normal(rng, 2, 3, 2, 3)
    (student.max_pool2d(x, 3, 2) * upstream).sum().backward()
    (F.max_pool2d(other, 3, 2) * upstream).sum().backward()
    assert_close(x.grad, other.grad, rtol=1e-9, atol=1e-10)


def test_max_pool2d_does_not_multiply_gradients_of_ties(student, rng):
    """Hands on the gradient of a window once, even if all its pixels are equal.

    pt: Repassa o gradiente da janela uma só vez, mesmo que todos os pixels sejam iguais.
    hint: After a ReLU, whole windows are 0. A mask (x == max) would pay each of these pixels in full.
    dica: Depois de uma ReLU há janelas inteiras iguais a 0. A máscara (x == max) pagaria cada pixel por inteiro.
    """
    x = torch.zeros(2, 3, 4, 6, dtype=torch.float64, requires_grad=True)
    upstream = normal(rng, 2, 3, 2, 3)
    (student.max_pool2d(x, 2) * upstream).sum().backward()
    per_window = x.grad.reshape(2, 3, 2, 2, 3, 2).sum((3, 5))
    assert_close(per_window, upstream, rtol=1e-9, atol=1e-10)


# --- Network ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "channels, size, classes", [(1, 28, 10), (3, 9, 4), (2, 11, 7)], ids=["large", "colourful", "odd"]
)
def test_cnn_fits_other_images(student, rng, channels, size, classes):
    """Takes images of other sizes and channels and gives one logit per class.

    pt: Aceita imagens de outros tamanhos e canais e dá um logit por classe.
    hint: Compute the width of the dense layer from size; pooling rounds down.
    dica: Calcule a largura da camada densa a partir de size; o pooling arredonda para baixo.
    """
    model = student.CNN(channels, size, classes)
    logits = model(torch.rand(2, channels, size, size, generator=rng))
    assert logits.shape == (2, classes)
    assert bool(logits.isfinite().all())


def test_cnn_stays_small_for_large_images(student):
    """Has at most 30,000 parameters for 28x28 images, with at least one bank of filters among them.

    pt: Tem no máximo 30.000 parâmetros para imagens de 28x28, e entre eles ao menos um banco de filtros.
    hint: Filters are parameters of shape (F, C, kh, kw). Pool twice, or use fewer maps.
    dica: Filtros são parâmetros de forma (F, C, kh, kw). Agrupe duas vezes ou use menos mapas.
    """
    parameters = list(student.CNN(1, 28, 10).parameters())
    assert sum(p.numel() for p in parameters) <= 30_000
    assert any(p.ndim == 4 for p in parameters)


def test_every_parameter_gets_a_gradient(student, rng):
    """Sends a gradient from the loss to every parameter.

    pt: Leva um gradiente da perda até cada parâmetro.
    hint: Register filters with nn.Parameter, use each of them in forward, and detach nothing.
    dica: Registre os filtros com nn.Parameter, use cada um no forward e não aplique detach a nada.
    """
    model = student.CNN()
    images, labels = torch.rand(64, 1, 8, 8, generator=rng), torch.randint(10, (64,), generator=rng)
    F.cross_entropy(model(images), labels).backward()
    reached = [p.grad is not None and bool((p.grad != 0).any()) for p in model.parameters()]
    assert reached and all(reached)


def test_forward_gives_logits_not_probabilities(student, rng):
    """Gives raw scores: the cross-entropy applies the softmax itself.

    pt: Dá valores brutos: a entropia cruzada aplica o softmax por conta própria.
    hint: No softmax and no ReLU after the last layer.
    dica: Nada de softmax nem ReLU depois da última camada.
    """
    logits = student.CNN()(torch.rand(50, 1, 8, 8, generator=rng))
    assert bool((logits < 0).any())
    assert bool(((logits.sum(1) - 1).abs() > 1e-3).any())


@pytest.mark.seconds(20)
def test_logits_do_not_depend_on_the_batch(student, rng):
    """Gives each image, once trained, the same logits alone as among others.

    pt: Dá a cada imagem, depois do treino, os mesmos logits sozinha ou entre outras.
    hint: No mean or deviation over the batch in eval mode; nn.BatchNorm2d does the right thing there.
    dica: Nada de média ou desvio sobre o lote no modo eval; nn.BatchNorm2d faz o certo ali.
    """
    images, labels = lines(rng, 60)
    model = student.train(images, labels, classes=3, epochs=1)
    alone = torch.cat([model(image[None]) for image in images[::6]])
    assert_close(alone, model(images)[::6], rtol=1e-4, atol=1e-4)


# --- Training -----------------------------------------------------------------------------------------------------


@pytest.mark.seconds(20)
def test_trained_model_is_ready_for_use(student, rng):
    """Comes back from training in eval mode: two passes over the same images agree.

    pt: Volta do treino no modo eval: duas passagens pelas mesmas imagens concordam.
    hint: Call model.eval() before returning. F.dropout drops by default even then: pass training=self.training.
    dica: Chame model.eval() antes de devolver. Mesmo assim F.dropout descarta por padrão: passe training=self.training.
    """
    images, labels = lines(rng, 30)
    model = student.train(images, labels, classes=3, epochs=1)
    assert isinstance(model, torch.nn.Module)
    assert model.training is False
    assert_close(model(images), model(images), rtol=0, atol=1e-6)


@pytest.mark.seconds(20)
def test_train_leaves_the_data_alone(student, rng):
    """Changes neither the images nor the labels.

    pt: Não altera nem as imagens nem os rótulos.
    hint: Shuffle indices instead of the data, and normalise into a new tensor.
    dica: Embaralhe índices em vez dos dados e normalize em um tensor novo.
    """
    images, labels = lines(rng, 30)
    before = images.clone(), labels.clone()
    student.train(images, labels, classes=3, epochs=1)
    assert_close((images, labels), before, rtol=0, atol=0)


@pytest.mark.seconds(20)
def test_train_is_silent(student, rng, capsys):
    """Prints nothing.

    pt: Não imprime nada.
    hint: Take out the print that helped you while writing.
    dica: Retire o print que ajudou você enquanto escrevia.
    """
    student.train(*lines(rng, 30), classes=3, epochs=1)
    assert "".join(capsys.readouterr()) == ""


@pytest.mark.seconds(20)
def test_classes_decides_the_number_of_logits(student, rng):
    """Gives as many logits as classes says, ten unless said, even if some classes never occur.

    pt: Dá tantos logits quantos classes mandar, dez se não for dito, mesmo que algumas classes nunca apareçam.
    hint: Hand classes on to CNN; labels.max() + 1 may be fewer.
    dica: Repasse classes à CNN; labels.max() + 1 pode ser menos.
    """
    images, labels = lines(rng, 30)
    assert student.train(images, labels, classes=5, epochs=1)(images).shape == (30, 5)
    assert student.train(images, labels + 7, epochs=1)(images).shape == (30, 10)


@pytest.mark.seconds(20)
def test_seed_decides_the_model(student, rng):
    """Gives the same model for the same seed, which is 0 unless said, and another for another seed.

    pt: Dá o mesmo modelo para a mesma semente, que é 0 se não for dita, e outro para outra.
    hint: torch.manual_seed(seed) before making the model.
    dica: torch.manual_seed(seed) antes de criar o modelo.
    """
    images, labels = lines(rng, 40)
    seeds = {}, {"seed": 0}, {"seed": 3}
    models = [student.train(images, labels, classes=3, epochs=1, **seed) for seed in seeds]
    first, again, other = (model(images).detach() for model in models)
    assert_close(again, first, rtol=1e-4, atol=1e-4)
    assert bool(((other - first).abs() > 1e-3).any())


@pytest.mark.seconds(20)
def test_report_changes_nothing_about_the_model(student, rng, curve):
    """Trains the same model with a report as without; what it reports, if anything, are sensible numbers.

    pt: Treina o mesmo modelo com report e sem; o que relata, se relata algo, são números sensatos.
    hint: Draw no random numbers for a report, and call model.train() again if you evaluate in eval mode.
    dica: Não sorteie números para o relato e chame model.train() de novo se avaliar no modo eval.
    """
    images, labels = lines(rng, 60)
    told = []

    def report(step, **values):
        told.append((step, values))
        curve(step, **values)

    watched = student.train(images, labels, classes=3, epochs=3, seed=2, report=report)
    alone = student.train(images, labels, classes=3, epochs=3, seed=2)
    assert_close(watched(images), alone(images), rtol=1e-4, atol=1e-4)
    assert [step for step, _ in told] == sorted({step for step, _ in told})
    assert all(math.isfinite(float(value)) for _, values in told for value in values.values())
    assert all(0 <= values.get("accuracy", 0) <= 1 for _, values in told)


@pytest.mark.seconds(20)
def test_every_epoch_moves_every_parameter(student, rng):
    """Goes on training all parameters, filters included, as long as epochs says.

    pt: Continua treinando todos os parâmetros, inclusive os filtros, enquanto epochs mandar.
    hint: Give the optimizer model.parameters(), all of them, and loop over range(epochs).
    dica: Dê ao otimizador model.parameters(), todos eles, e repita por range(epochs).
    """
    images, labels = lines(rng, 90)
    short = student.train(images, labels, classes=3, epochs=1, seed=5)
    long = student.train(images, labels, classes=3, epochs=3, seed=5)
    moved = [bool((p != q).any()) for p, q in zip(short.parameters(), long.parameters())]
    assert moved and all(moved)


@pytest.mark.points(2)
@pytest.mark.seconds(20)
def test_train_learns_from_sorted_images(student, rng):
    """Learns three kinds of lines in four passes over 600 two-channel images, though they come sorted by class.

    pt: Aprende três tipos de linha em quatro passagens por 600 imagens de dois canais, embora ordenadas por classe.
    hint: Shuffle before each epoch: the last batches must not be all of one class.
    dica: Embaralhe antes de cada época: os últimos lotes não podem ser todos de uma só classe.
    """
    model = student.train(*lines(rng, 600), classes=3, epochs=4)
    images, labels = lines(rng, 150)
    assert (model(images).argmax(1) == labels).float().mean() >= 0.8


def test_recognises_digits(student, task, training):
    """Recognises held-out 8x8 digits after ten epochs on 1,000 images (mean of several trainings, classes renamed).

    pt: Reconhece dígitos 8x8 nunca vistos após dez épocas com 1.000 imagens (média de vários treinos, nomes trocados).
    hint: Watch the loss: it should fall within the first epoch. More maps, padding=1 or a second block go further.
    dica: Acompanhe a perda: ela deve cair já na primeira época. Mais mapas, padding=1 ou um segundo bloco vão além.
    """

    def reached(run):
        digits = task(run.dataset, run.examples, 599, seed=run.seed, turn="flip")
        model = student.train(
            digits.images, digits.labels, epochs=10, seed=run.seed % 2**31, device=run.device, report=run.report
        )
        return digits.accuracy(model)

    training.check(reached)


@pytest.mark.gpu
@pytest.mark.needs("test_train_learns_from_sorted_images")
def test_recognises_mnist_on_a_gpu(student, task, training):
    """Recognises held-out 28x28 digits after ten epochs on all of MNIST, on a GPU (mean of several trainings).

    pt: Reconhece dígitos 28x28 nunca vistos após dez épocas com o MNIST inteiro, em GPU (média de vários treinos).
    hint: Move the model once and the data once, with .to(device). Batches of more than 32 images keep a GPU busy.
    dica: Leve o modelo e os dados uma só vez, com .to(device). Lotes de mais de 32 imagens aproveitam melhor a GPU.
    """

    def reached(run):
        digits = task(run.dataset, run.examples, 10_000, seed=run.seed, turn="flip", twin="digits")
        model = student.train(
            digits.images, digits.labels, epochs=10, seed=run.seed % 2**31, device=run.device, report=run.report
        )
        # The questions lie on the CPU, where nothing but the student's model is needed for them.
        return digits.accuracy(model.cpu())

    training.check(reached)


# Worth nothing, because where MNIST is absent the test is skipped, and that must not cost points.
@pytest.mark.points(0)
@pytest.mark.needs("test_train_learns_from_sorted_images")
@pytest.mark.seconds(120)
def test_mnist_reaches_88_percent(student, mnist, rng, curve):
    """Recognises 88 % of held-out 28x28 digits after two epochs on 6,000 images of MNIST (no points).

    pt: Reconhece 88 % de dígitos 28x28 nunca vistos após duas épocas com 6.000 imagens do MNIST (sem pontos).
    hint: Write the convolution without Python loops over pixels, and take batches of about 32 images.
    dica: Escreva a convolução sem laços de Python sobre os pixels e use lotes de cerca de 32 imagens.
    """
    assert accuracy(student, mnist, rng, 6000, 2000, epochs=2, report=curve) >= 0.88
