"""The experiments of ``benchmarks/headlines.py`` run and are what they say; the document shows what was recorded."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location

import pytest
import torch

from benchmarks import headlines
from benchmarks.headline import record, table
from benchmarks.headline.batches import Setup, slope_of, summed_norm
from benchmarks.headline.convnet import distort
from benchmarks.headline.experiment import EXPERIMENTS, Outcome, near
from benchmarks.headline.network import Network, large, scaled, uniform
from benchmarks.headline.problem import Part, split
from benchmarks.headline.speeds import layer_norms
from grader.training.images import ImageSet
from grader.training.sets import load_set
from tests.conftest import ROOT

CPU = torch.device("cpu")
#: what makes an experiment small: the numbers of chapters 37 to 39 and of the convolutional networks
SMALL = {name: {"hidden": 16} for name in EXPERIMENTS if name.startswith("batch")} | {
    "summed_gradient": {"hidden": 16, "trials": 2}, "convnets": {"epochs": 16, "nets": 2},
}  # fmt: skip
#: per cent that little training reaches at least on these digits, well above the 10 of chance
REACHED = {
    "cross_entropy_30": ("last", 60), "l2_100_slow": ("best", 75), "overfitting_1000": ("train", 99),
    "batch_2": ("test", 60), "convnets": ("ensemble", 25),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    """Small digits: 300 to train on, 100 for validation, 200 for the end."""
    digits = load_set("digits", tmp_path_factory.mktemp("data"))
    return split(ImageSet("digits", digits.images[:600], digits.labels[:600], train=600), 100, 200, CPU)


@pytest.fixture(scope="module")
def reference():
    spec = spec_from_file_location("backprop_reference", ROOT / "solutions" / "backprop" / "backprop.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def draw(kind: str) -> tuple[Network, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    network = scaled([7, 5, 4, 10], generator, kind)
    network = Network([W.double() for W in network.Ws], [b.double() for b in network.bs], kind)
    X = torch.rand(6, 7, generator=generator, dtype=torch.float64)
    Y = torch.eye(10, dtype=torch.float64)[torch.randint(10, (6,), generator=generator)]
    return network, X, Y


@pytest.mark.parametrize("kind", ["cross_entropy", "quadratic"])
def test_a_step_is_that_of_the_reference_solution(kind, reference):
    network, X, Y = draw(kind)
    gWs, gbs = reference.backprop(X, Y, network.Ws, network.bs, kind)
    Ws = [0.9 * W - 0.3 * gW for W, gW in zip(network.Ws, gWs, strict=True)]
    bs = [b - 0.3 * gb for b, gb in zip(network.bs, gbs, strict=True)]
    network.step(X, Y, 0.3, 0.9)
    torch.testing.assert_close([*network.Ws, *network.bs], [*Ws, *bs])


def test_a_step_with_a_softmax_is_that_of_autograd():
    network, X, Y = draw("softmax")
    free = [tensor.clone().requires_grad_() for tensor in [*network.Ws, *network.bs]]
    a = X
    for layer in range(3):
        z = a @ free[layer].T + free[3 + layer]
        a = z.relu()
    torch.nn.functional.cross_entropy(z, Y.argmax(1)).backward()
    network.step(X, Y, 0.2)
    torch.testing.assert_close([*network.Ws, *network.bs], [(each - 0.2 * each.grad).detach() for each in free])


def test_a_step_in_16_bits_is_nearly_that_in_32():
    network, X, Y = draw("softmax")
    exact = Network([W.float() for W in network.Ws], [b.float() for b in network.bs], network.kind)
    start, coarse = exact.copy(), exact.copy()
    coarse.coarse = True
    for each in (exact, coarse):
        each.step(X.float(), Y.float(), 0.5, 0.9)
    for W, rough, before in zip(exact.Ws, coarse.Ws, start.Ws, strict=True):
        assert rough.dtype == torch.float32
        assert 0 < float((W - rough).norm()) < 0.03 * float((W - 0.9 * before).norm())


def test_costs_and_speeds_are_those_of_the_reference_solution(reference):
    network, X, Y = draw("cross_entropy")
    part = Part(X, Y.argmax(1))
    assert network.cost(part) == pytest.approx(float(reference.cost(X, Y, network.Ws, network.bs, "cross_entropy")))
    _, gbs = reference.backprop(X, Y, network.Ws, network.bs, "cross_entropy")
    assert layer_norms(network, part) == pytest.approx([float(gb.norm()) for gb in gbs[:-1]])


def test_weights_start_as_each_rule_says():
    sizes = [900, 400, 10]
    for rule, spread in ((large, 1.0), (scaled, 1 / 30), (uniform, 1 / 30 / 3**0.5)):
        network = rule(sizes, torch.Generator().manual_seed(1))
        assert float(network.Ws[0].std()) == pytest.approx(spread, rel=0.02)
        assert [tuple(W.shape) for W in network.Ws] == [(400, 900), (10, 400)]


def test_the_parts_are_those_of_the_course():
    images = ImageSet("mnist", torch.zeros(70, 1, 2, 2, dtype=torch.uint8), torch.arange(70) % 10, train=60)
    parts = split(images, 10, 10, CPU)
    assert [len(parts.train), len(parts.validation), len(parts.test), len(parts.whole)] == [50, 10, 10, 60]
    assert parts.test.y.tolist() == images.labels[60:].tolist()


def test_a_branch_leaves_the_network_and_chance_as_they_were(problem):
    plain, branched = (Setup(problem, 0, CPU, 8) for _ in range(2))
    branched.go(1, 64, 0.1)
    assert len(branched.branch(2, 8, 0.1)) == 3
    branched.go(1, 64, 0.1)
    plain.go(2, 64, 0.1)
    torch.testing.assert_close(branched.network.Ws, plain.network.Ws, rtol=0, atol=0)
    assert branched.curve == plain.curve


def test_without_steps_between_the_summed_gradient_is_that_of_the_whole(problem):
    network = uniform([64, 8, 10], torch.Generator().manual_seed(0))
    whole = Part(problem.train.X[:256].double(), problem.train.y[:256])
    network = Network([W.double() for W in network.Ws], [b.double() for b in network.bs], network.kind)
    norms = {batch: summed_norm(network, whole, batch, 1e-9) for batch in (16, 64, 256)}
    assert slope_of(norms) == pytest.approx(-1, abs=1e-3)  # (n / batch) times the mean gradient


def test_distorted_images_are_still_images():
    images = torch.zeros(20, 1, 28, 28)
    images[:, :, 10:18, 10:18] = 1
    found, again = (distort(images, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(found, again)
    assert found.shape == images.shape
    assert 0 <= float(found.min()) <= float(found.max()) <= 1 + 1e-6
    mass = found.sum(dim=(1, 2, 3)) / 64
    assert float(mass.min()) > 0.6
    assert float(mass.max()) < 1.6
    assert float((found - images).abs().amax(dim=(1, 2, 3)).min()) > 0.1


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_runs(name, problem):
    outcome = EXPERIMENTS[name](problem, 0, CPU, **SMALL.get(name, {}))
    assert all(torch.tensor(list(outcome.values.values())).isfinite())
    assert EXPERIMENTS[name].settings
    if name in REACHED:
        key, least = REACHED[name]
        assert outcome.values[key] > least


def test_a_seed_gives_the_same_numbers_again(problem):
    first, again, other = (EXPERIMENTS["cross_entropy_30"](problem, seed, CPU) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_runs_are_kept_and_replaced(tmp_path):
    file = tmp_path / "runs.json"
    values = {figure.key: 0.05 for figure in EXPERIMENTS["layer_speeds"].figures}
    for seed, value in ((1, 0.1), (0, 0.2), (1, 0.3)):
        outcome = Outcome(values | {"2 1": value})
        record.add(file, record.describe("layer_speeds", seed, outcome, CPU, 1.0))
    assert [(run["seed"], run["values"]["2 1"]) for run in record.load(file)] == [(0, 0.2), (1, 0.3)]
    line = next(
        line for line in table.figures_table(record.load(file)).splitlines() if "2 hidden layers, layer 1" in line
    )
    assert [cell.strip() for cell in line.split("|")[3:10]] == [
        "0.07", "book, ch. 34", "0.2500", "0.2000 – 0.3000", "2", "cpu", "**no**",
    ]  # fmt: skip


def test_an_accuracy_agrees_within_one_point():
    figure = near("last", "test", 95.49)
    assert [figure.agrees(value) for value in (94.4, 94.5, 96.4, 96.5)] == [False, True, True, False]


def test_missing_data_is_said_clearly(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GRADIENTE_DATA", str(tmp_path))
    assert headlines.main(["--only", "layer_speeds", "--save", str(tmp_path / "runs.json")]) == 2
    assert f"MNIST is not in {tmp_path}. Get it with `gradiente data fetch mnist`" in capsys.readouterr().err


def test_a_device_that_is_not_there_is_said_clearly(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        headlines.main(["--device", "cuda"])
    assert "sees no GPU here; leave it out for the CPU" in capsys.readouterr().err


def test_only_missing_runs_are_made(tmp_path):
    file = tmp_path / "runs.json"
    outcome = Outcome({figure.key: 0.05 for figure in EXPERIMENTS["l2_30"].figures})
    record.add(file, record.describe("l2_30", 1, outcome, CPU, 1.0))
    arguments = headlines.read_arguments(["--only", "l2_30", "batch_2", "--save", str(file), "--missing"])
    assert headlines.plan(arguments, CPU) == [("l2_30", 0), ("batch_2", 0), ("l2_30", 2)]
    arguments.missing, arguments.seeds = False, 2
    assert headlines.plan(arguments, CPU) == [("l2_30", 0), ("batch_2", 0), ("l2_30", 1), ("batch_2", 1)]


def test_the_document_shows_what_was_recorded():
    runs = record.load(record.RESULTS)
    assert {run["experiment"] for run in runs} <= EXPERIMENTS.keys()
    for run in runs:
        assert {figure.key for figure in EXPERIMENTS[run["experiment"]].figures} <= run["values"].keys(), run
    text = table.DOCUMENT.read_text(encoding="utf-8")
    assert text.count("<!-- table: ") == len(table.TABLES)
    assert table.fill(text, runs) == text, "run `python benchmarks/headlines.py --write-docs`"
