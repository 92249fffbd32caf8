"""The table [training] of exercise.toml, and what its author reads when it cannot be used."""

import msgspec
import pytest

from grader.exercise import BrokenConfig, Catalogue


@pytest.fixture
def find(tmp_path):
    def find(table):
        (tmp_path / "toy").mkdir()
        (tmp_path / "toy" / "exercise.toml").write_text(f'module = "x"\n{table}')
        return Catalogue(tmp_path, None).find("toy").config

    return find


def test_an_exercise_without_training_has_no_table(find):
    config = find("")
    assert config.training is None
    assert config.total_seconds == config.limits.total_seconds


def test_both_classes_of_devices_have_terms_of_their_own(find):
    config = find(
        'training = {dataset = "mnist", seeds = 2, cpu = {examples = 10, budget_s = 3, ladder = [[0.9, 1]]}, '
        "gpu = {budget_s = 20, ladder = [[0.98, 2], [0.99, 4]]}}"
    )
    assert config.training.cpu.examples == 10
    assert config.training.gpu.ladder == [(0.98, 2), (0.99, 4)]
    assert config.training.gpu.points == 4
    # Eight runs of each at most, and time for what lies between them.
    assert config.total_seconds == config.limits.total_seconds + 9 * (3 + 20)


@pytest.mark.parametrize(
    ("cpu", "english", "portuguese"),
    [
        ("ladder = [[0.9, 1]]", "the key training.cpu.budget_s is missing", "falta a chave training.cpu.budget_s"),
        (
            "budget_s = 5\nladder = []",
            "training.cpu: ladder has no rung; write at least one, such as [[0.9, 2]]",
            "training.cpu: ladder não tem degrau; escreva ao menos um, como [[0.9, 2]]",
        ),
        (
            "budget_s = 5\nladder = [[0.9, 2], [0.95, 2]]",
            "training.cpu: the points of ladder must rise from rung to rung, from above 0; found 2, 2",
            "training.cpu: os pontos de ladder devem subir de degrau em degrau, acima de 0; encontrados: 2, 2",
        ),
        (
            "budget_s = 5\nladder = [[0.9, 2], [0.95, 3], [0.92, 4]]",
            "training.cpu: the metrics of ladder must all rise, or all fall where less is better; "
            "found 0.9, 0.95, 0.92",
            "training.cpu: as métricas de ladder devem só subir, ou só cair onde menos é melhor; "
            "encontradas: 0.9, 0.95, 0.92",
        ),
        (
            "budget_s = 5\nladder = [[nan, 2]]",
            "training.cpu: ladder has a number that is not finite",
            "training.cpu: ladder tem um número que não é finito",
        ),
        (
            "budget_s = 0\nladder = [[0.9, 2]]",
            "training.cpu: budget_s must be above 0; found 0",
            "training.cpu: budget_s deve ser maior que 0; encontrado: 0",
        ),
        (
            "budget_s = 5\nexamples = -1\nladder = [[0.9, 2]]",
            "training.cpu: examples must be above 0; found -1",
            "training.cpu: examples deve ser maior que 0; encontrado: -1",
        ),
        (
            "budget_s = 5\nladder = [[0.9, 2]]\nepochs = 3",
            "found the key training.cpu.epochs, which means nothing; expected budget_s, ladder, examples, dataset",
            "encontrada a chave training.cpu.epochs, que não significa nada; "
            "esperadas: budget_s, ladder, examples, dataset",
        ),
        (
            'budget_s = 5\nladder = [[0.9, 2]]\ndataset = "imagenet"',
            "training.cpu: dataset must be one of digits, mnist, fashion_mnist, cifar10, glyphs, synthetic; "
            "found 'imagenet'",
            "training.cpu: dataset deve ser um destes: digits, mnist, fashion_mnist, cifar10, glyphs, synthetic; "
            "encontrado: 'imagenet'",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(find, cpu, english, portuguese):
    with pytest.raises(BrokenConfig) as caught:
        find(f"[training]\n[training.cpu]\n{cpu}")
    assert caught.value.reason["en"].startswith(f"{english}.")
    assert caught.value.reason["pt-BR"].startswith(f"{portuguese}.")


def test_there_must_be_a_run(find):
    with pytest.raises(BrokenConfig, match="training: seeds must be above 0; found 0"):
        find("[training]\nseeds = 0")


def test_a_ladder_may_be_for_a_data_set_of_its_own(find):
    cpu, gpu = "budget_s = 3\nladder = [[0.9, 1]]", 'dataset = "mnist"\nbudget_s = 3\nladder = [[0.98, 2]]'
    training = find(f"[training]\n[training.cpu]\n{cpu}\n[training.gpu]\n{gpu}").training
    assert (training.dataset_of("cpu"), training.dataset_of("gpu")) == ("digits", "mnist")
    other = msgspec.structs.replace(training, gpu=msgspec.structs.replace(training.gpu, dataset="cifar10"))
    assert training.digest("cpu") == other.digest("cpu")
    assert training.digest("gpu") != other.digest("gpu")
