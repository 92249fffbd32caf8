"""Chapters 18 to 34: networks of sigmoid units, mini-batches of 10.

Training is on the first 50,000 published training images, settings are compared on the 10,000 that follow
(validation), the test images are those published for it.
"""

from __future__ import annotations

import torch
from torch import Generator

from benchmarks.headline.experiment import Figure, Outcome, experiment, near
from benchmarks.headline.network import Network, large, on, scaled, train
from benchmarks.headline.problem import Part, Problem

BATCH = 10


def fit(
    network: Network, part: Part, judge: Part, generator: Generator, *, eta: float, epochs: int, lmbda: float = 0.0
) -> list[float]:
    """Train in place with mini-batches of 10. Gives the accuracy on ``judge`` after each epoch."""
    curve: list[float] = []
    train(
        network, part, generator, eta=eta, batch=BATCH, epochs=epochs, lmbda=lmbda,
        after=lambda: curve.append(network.accuracy(judge)),
    )  # fmt: skip
    return curve


def sizes(problem: Problem, *hidden: int) -> list[int]:
    """As many inputs as there are pixels, the hidden layers, ten outputs."""
    return [problem.test.X.shape[1], *hidden, 10]


def seeded(seed: int) -> Generator:
    """The source of all chance in a run."""
    return torch.Generator().manual_seed(seed)


def last_and_best(curve: list[float]) -> dict[str, float]:
    """The accuracy after the last epoch and the highest of all."""
    return {"last": curve[-1], "best": max(curve)}


@experiment(
    "book, ch. 18 and 19",
    near("last", "test, last epoch", 95.49),
    near("best", "test, best epoch", 95.49),
    near("train", "training images, last epoch", 97.86),
)
def cross_entropy_30(problem: Problem, seed: int, device: torch.device) -> Outcome:
    """Chapter 18: cross-entropy with 30 hidden units; 95.49 %. Chapter 19, the same: 95.33 %, training 97.86 %.

    [784, 30, 10], cross-entropy, η 0.5, mini-batches of 10, 30 epochs, unit normal weights, 50,000 images
    """
    generator = seeded(seed)
    network = on(device, large(sizes(problem, 30), generator))
    curve = fit(network, problem.train, problem.test, generator, eta=0.5, epochs=30)
    return Outcome(last_and_best(curve) | {"train": network.accuracy(problem.train)}, {"test": curve})


@experiment("book, ch. 18", near("last", "test, last epoch", 96.82), near("best", "test, best epoch", 96.82))
def cross_entropy_100(problem: Problem, seed: int, device: torch.device) -> Outcome:
    """Chapter 18: cross-entropy with 100 hidden units; 96.82 %.

    [784, 100, 10], cross-entropy, η 0.5, mini-batches of 10, 30 epochs, unit normal weights, 50,000 images
    """
    generator = seeded(seed)
    network = on(device, large(sizes(problem, 100), generator))
    curve = fit(network, problem.train, problem.test, generator, eta=0.5, epochs=30)
    return Outcome(last_and_best(curve), {"test": curve})


@experiment("book, ch. 18", near("last", "test, last epoch", 96.59), near("best", "test, best epoch", 96.59))
def quadratic_100(problem: Problem, seed: int, device: torch.device) -> Outcome:
    """Chapter 18, with the settings of chapter 13: the quadratic cost with 100 hidden units; 96.59 %.

    [784, 100, 10], quadratic cost, η 3, mini-batches of 10, 30 epochs, unit normal weights, 50,000 images
    """
    generator = seeded(seed)
    network = on(device, large(sizes(problem, 100), generator, "quadratic"))
    curve = fit(network, problem.train, problem.test, generator, eta=3.0, epochs=30)
    return Outcome(last_and_best(curve), {"test": curve})


@experiment(
    "book, ch. 19",
    near("best", "test, best epoch", 82.27),
    near("last", "test, last epoch", 82.27),
    near("train", "training images, last epoch", 100, 0.0),
    Figure("cheapest", "epoch of the lowest test cost", "15", 8, 22, "", 0),
)
def overfitting_1000(problem: Problem, seed: int, device: torch.device) -> Outcome:
    """Chapter 19: a thousand images are learned by heart; test 82.27 %, training 100 %, lowest test cost in epoch 15.

    [784, 30, 10], cross-entropy, η 0.5, mini-batches of 10, 400 epochs, unit normal weights, first 1,000 images
    """
    generator = seeded(seed)
    few = problem.train.first(1000)
    network = on(device, large(sizes(problem, 30), generator))
    test: list[float] = []
    costs: list[float] = []

    def look() -> None:
        test.append(network.accuracy(problem.test))
        costs.append(network.cost(problem.test))

    train(network, few, generator, eta=0.5, batch=BATCH, epochs=400, after=look)
    values = last_and_best(test) | {"train": network.accuracy(few), "cheapest": costs.index(min(costs)) + 1}
    return Outcome(values, {"test": test, "test cost": costs})


@experiment("book, ch. 20", near("best", "test, best epoch", 87.1), near("last", "test, last epoch", 87.1))
def l2_1000(problem: Problem, seed: int, device: torch.device) -> Outcome:
    """Chapter 20: the thousand images again, with L2 regularisation; 87.1 %.

    [784, 30, 10], cross-entropy, η 0.5, λ 0.1, mini-batches of 10, 400 epochs, unit normal weights, first 1,000 images
    """
    generator = seeded(seed)
    network = on(device, large(sizes(problem, 30), generator))
    curve = fit(network, problem.train.first(1000), problem.test, generator, eta=0.5, epochs=400, lmbda=0.1)
    return Outcome(last_and_best(curve), {"test": curve})


@experiment("book, ch. 20", near("last", "test, last epoch", 96.49), near("best", "test, best epoch", 96.49))
def l2_30(problem: Problem, seed: int, device: torch.device) -> Outcome:
    """Chapter 20: L2 regularisation with 30 hidden units; 96.49 %.

    [784, 30, 10], cross-entropy, η 0.5, λ 5, mini-batches of 10, 30 epochs, unit normal weights, 50,000 images
    """
    generator = seeded(seed)
    network = on(device, large(sizes(problem, 30), generator))
    curve = fit(network, problem.train, problem.test, generator, eta=0.5, epochs=30, lmbda=5.0)
    return Outcome(last_and_best(curve), {"test": curve})


@experiment(
    "book, ch. 20", near("last", "validation, last epoch", 97.92), near("best", "validation, best epoch", 97.92)
)
def l2_100(problem: Problem, seed: int, device: torch.device) -> Outcome:
    """Chapter 20: L2 regularisation with 100 hidden units; 97.92 %.

    [784, 100, 10], cross-entropy, η 0.5, λ 5, mini-batches of 10, 30 epochs, unit normal weights, 50,000 images
    """
    generator = seeded(seed)
    network = on(device, large(sizes(problem, 100), generator))
    curve = fit(network, problem.train, problem.validation, generator, eta=0.5, epochs=30, lmbda=5.0)
    return Outcome(last_and_best(curve), {"validation": curve})


@experiment(
    "book, ch. 20", near("last", "validation, last epoch", 98.04), near("best", "validation, best epoch", 98.04)
)
def l2_100_slow(problem: Problem, seed: int, device: torch.device) -> Outcome:
    """Chapter 20: the same, slower and longer; 98.04 %.

    [784, 100, 10], cross-entropy, η 0.1, λ 5, mini-batches of 10, 60 epochs, unit normal weights, 50,000 images
    """
    generator = seeded(seed)
    network = on(device, large(sizes(problem, 100), generator))
    curve = fit(network, problem.train, problem.validation, generator, eta=0.1, epochs=60, lmbda=5.0)
    return Outcome(last_and_best(curve), {"validation": curve})


@experiment(
    "book, ch. 25",
    Figure("large 1", "unit normal, epoch 1", "below 87 %", 0, 87),
    near("scaled 1", "1/√n, epoch 1", 93),
    Figure("large 30", "unit normal, epoch 30", "above 96 %", 95, 98),
    Figure("scaled 30", "1/√n, epoch 30", "above 96 %", 95, 98),
)
def initialisation(problem: Problem, seed: int, device: torch.device) -> Outcome:
    """Chapter 25: how weights start; below 87 % against almost 93 % after one epoch, both above 96 % after thirty.

    [784, 30, 10], cross-entropy, η 0.1, λ 5, mini-batches of 10, 30 epochs, 50,000 images, accuracy on validation
    """
    values, curves = {}, {}
    for name, draw in (("large", large), ("scaled", scaled)):
        generator = seeded(seed)
        network = on(device, draw(sizes(problem, 30), generator))
        curves[name] = fit(network, problem.train, problem.validation, generator, eta=0.1, epochs=30, lmbda=5.0)
        values |= {f"{name} 1": curves[name][0], f"{name} 30": curves[name][-1]}
    return Outcome(values, curves)


@experiment(
    "book, ch. 34",
    near("1", "one hidden layer, last epoch", 96.48),
    near("1 best", "one hidden layer, best epoch", 96.48),
    near("2", "two hidden layers, last epoch", 96.90),
    near("2 best", "two hidden layers, best epoch", 96.90),
    near("3", "three hidden layers, last epoch", 96.57),
    near("3 best", "three hidden layers, best epoch", 96.57),
)
def depth(problem: Problem, seed: int, device: torch.device) -> Outcome:
    """Chapter 34: one, two and three hidden layers of 30 units; 96.48, 96.90 and 96.57 %.

    cross-entropy, η 0.1, λ 5, mini-batches of 10, 30 epochs, 1/√n weights, 50,000 images, accuracy on validation
    """
    values, curves = {}, {}
    for layers in ("1", "2", "3"):
        generator = seeded(seed)
        network = on(device, scaled(sizes(problem, *[30] * int(layers)), generator))
        curves[layers] = fit(network, problem.train, problem.validation, generator, eta=0.1, epochs=30, lmbda=5.0)
        values |= {layers: curves[layers][-1], f"{layers} best": max(curves[layers])}
    return Outcome(values, curves)
