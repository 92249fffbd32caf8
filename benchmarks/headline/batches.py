"""Chapters 37 to 39: the size of the mini-batch and the learning rate.

The book does not say how its inputs are scaled nor how its weights start. Here they are standardised and start as
torch.nn.Linear's do: with inputs from 0 to 1 everything learns more slowly than the book reports.
"""

from __future__ import annotations

import math
import statistics

import torch
from torch import Generator

from benchmarks.headline.book import seeded, sizes
from benchmarks.headline.device import is_quick_in_16_bits
from benchmarks.headline.experiment import Figure, Outcome, experiment, near
from benchmarks.headline.network import Network, on, train, uniform
from benchmarks.headline.problem import Part, Problem

HIDDEN = 1024
BATCHES = (1, 4, 16, 64, 256, 1024)


class Setup:
    """One network of chapter 37 with what it is trained and judged on, and its test accuracy epoch by epoch."""

    def __init__(self, problem: Problem, seed: int, device: torch.device, hidden: int) -> None:
        self.generator = seeded(seed)
        self.train = problem.whole.standardised(problem.whole)
        self.test = problem.test.standardised(problem.whole)
        self.network = on(device, uniform(sizes(problem, hidden, hidden), self.generator))
        self.curve: list[float] = []

    def go(self, epochs: int, batch: int, eta: float) -> None:
        """Train on. Large mini-batches take their products in 16 bits where that is quicker."""
        self.network.coarse = batch >= 64 and is_quick_in_16_bits(self.train.X.device)
        train(
            self.network, self.train, self.generator, eta=eta, batch=batch, epochs=epochs,
            after=lambda: self.curve.append(self.network.accuracy(self.test)),
        )  # fmt: skip

    def branch(self, epochs: int, batch: int, eta: float) -> list[float]:
        """Train a copy on, from the same point of chance. Gives the whole curve that leads there."""
        network, state, before = self.network, self.generator.get_state(), len(self.curve)
        self.network = network.copy()
        self.go(epochs, batch, eta)
        curve = list(self.curve)
        del self.curve[before:]
        self.network = network
        self.generator.set_state(state)
        return curve


@experiment(
    "book, ch. 37", near("test", "test, epoch 30", 98), near("train", "training images, epoch 30", 100), seeds=1
)
def batch_64(problem: Problem, seed: int, device: torch.device, *, hidden: int = HIDDEN) -> Outcome:
    """Chapter 37: mini-batches of 64; test 98 %, training 100 %.

    [784, 1024, 1024, 10], ReLU, softmax, η 0.01, mini-batches of 64, 30 epochs, 60,000 images
    """
    setup = Setup(problem, seed, device, hidden)
    setup.go(30, 64, 0.01)
    return Outcome(
        {"test": setup.curve[-1], "train": setup.network.accuracy(setup.train)},
        {"mini-batches of 64, η 0.01": setup.curve},
    )


@experiment("book, ch. 37", near("test", "test, epoch 30", 99), seeds=1)
def batch_2(problem: Problem, seed: int, device: torch.device, *, hidden: int = HIDDEN) -> Outcome:
    """Chapter 37: mini-batches of 2; test 99 %.

    [784, 1024, 1024, 10], ReLU, softmax, η 0.01, mini-batches of 2, 30 epochs, 60,000 images
    """
    setup = Setup(problem, seed, device, hidden)
    setup.go(30, 2, 0.01)
    return Outcome({"test": setup.curve[-1]}, {"mini-batches of 2, η 0.01": setup.curve})


@experiment("book, ch. 38", near("test", "test, epoch 30", 98), seeds=1)
def batch_1024_fast(problem: Problem, seed: int, device: torch.device, *, hidden: int = HIDDEN) -> Outcome:
    """Chapter 38: mini-batches of 1,024 with ten times the learning rate; test 98 %.

    [784, 1024, 1024, 10], ReLU, softmax, η 0.1, mini-batches of 1,024, 30 epochs, 60,000 images
    """
    setup = Setup(problem, seed, device, hidden)
    setup.go(30, 1024, 0.1)
    return Outcome({"test": setup.curve[-1]}, {"mini-batches of 1,024, η 0.1": setup.curve})


@experiment(
    "book, ch. 37 and 38",
    near("30", "mini-batches of 1,024, epoch 30", 96),
    Figure("60", "control: the same, epoch 60", "below the others", 0, 97),
    near("raised", "30 epochs of 1,024, then 30 with η 0.1", 98),
    seeds=1,
)
def batch_1024(problem: Problem, seed: int, device: torch.device, *, hidden: int = HIDDEN) -> Outcome:
    """Chapters 37, 38: mini-batches of 1,024; about 96 %. A learning rate raised later on makes it good: 98 %.

    [784, 1024, 1024, 10], ReLU, softmax, η 0.01 (raised: 0.1 from epoch 31), mini-batches of 1,024, 60 epochs
    """
    setup = Setup(problem, seed, device, hidden)
    setup.go(30, 1024, 0.01)
    raised = setup.branch(30, 1024, 0.1)
    setup.go(30, 1024, 0.01)
    return Outcome(
        {"30": setup.curve[29], "60": setup.curve[59], "raised": raised[-1]},
        {"mini-batches of 1,024, η 0.01": setup.curve, "mini-batches of 1,024, η 0.1 from epoch 31": raised},
    )


@experiment("book, ch. 38", near("test", "1 epoch of 1,024, then 30 of 64", 98), seeds=1)
def batch_64_after_1(problem: Problem, seed: int, device: torch.device, *, hidden: int = HIDDEN) -> Outcome:
    """Chapter 38: one epoch with mini-batches of 1,024, then smaller ones; 98 %.

    [784, 1024, 1024, 10], ReLU, softmax, η 0.01, 1 epoch with mini-batches of 1,024, 30 with 64, 60,000 images
    """
    setup = Setup(problem, seed, device, hidden)
    setup.go(1, 1024, 0.01)
    setup.go(30, 64, 0.01)
    return Outcome({"test": setup.curve[-1]}, {"1 epoch of 1,024, then of 64": setup.curve})


@experiment("book, ch. 38", near("test", "30 epochs of 1,024, then 30 of 64", 98), seeds=1)
def batch_64_after_30(problem: Problem, seed: int, device: torch.device, *, hidden: int = HIDDEN) -> Outcome:
    """Chapter 38: thirty epochs with mini-batches of 1,024, then smaller ones; 98 %.

    [784, 1024, 1024, 10], ReLU, softmax, η 0.01, 30 epochs with mini-batches of 1,024, 30 with 64, 60,000 images
    """
    setup = Setup(problem, seed, device, hidden)
    setup.go(30, 1024, 0.01)
    setup.go(30, 64, 0.01)
    return Outcome({"test": setup.curve[-1]}, {"30 epochs of 1,024, then of 64": setup.curve})


def summed_norm(network: Network, part: Part, batch: int, eta: float) -> float:
    """Train a copy once through the examples. Gives the length of the sum of the last layer's gradients."""
    network, Y = network.copy(), part.Y
    network.coarse = False
    start = network.Ws[-1].clone()
    for x, y in zip(part.X.split(batch), Y.split(batch), strict=True):
        network.step(x, y, eta)
    # Plain descent: what the weights moved is the learning rate times the sum of the gradients.
    return float((network.Ws[-1] - start).norm()) / eta


def slope_of(norms: dict[int, float]) -> float:
    """By which power of the batch size the lengths grow: least squares on the logarithms."""
    xs, ys = [math.log(batch) for batch in norms], [math.log(norm) for norm in norms.values()]
    return statistics.linear_regression(xs, ys).slope


@experiment(
    "book, ch. 39",
    Figure("early", "power of the batch size, after 2 epochs", "0.5 (√B)", 0.4, 0.6, "", 2),
    Figure("late", "power of the batch size, after 30 epochs", "0.5 (√B)", 0.4, 0.6, "", 2),
    Figure("early over late", "length after 2 epochs over that after 30, B = 1,024", "above 1", 1, 1e9, "", 2),
    Figure("spread early", "spread over mean, B = 1,024 against B = 1, 2 epochs", "above 1", 1, 1e9, "", 2),
    Figure("spread late", "spread over mean, B = 1,024 against B = 1, 30 epochs", "above 1", 1, 1e9, "", 2),
    seeds=1,
)
def summed_gradient(
    problem: Problem, seed: int, device: torch.device, *, hidden: int = HIDDEN, trials: int = 10
) -> Outcome:
    """Chapter 39: the length of the summed gradient of the last layer grows like the root of the batch size.

    the network of chapter 37 after 2 and 30 epochs of 1,024, η 0.01, mean of the batch; 10 draws of 1,024 images
    """
    setup = Setup(problem, seed, device, hidden)
    values, curves, large = {}, {}, {}
    for when, epochs in (("early", 2), ("late", 28)):
        setup.go(epochs, 1024, 0.01)
        norms = _measure(setup.network, setup.train, setup.generator, trials)
        means = {batch: statistics.fmean(found) for batch, found in norms.items()}
        spreads = {batch: statistics.pstdev(found) / means[batch] for batch, found in norms.items()}
        large[when] = means[max(BATCHES)]
        values |= {when: slope_of(means), f"spread {when}": spreads[max(BATCHES)] / spreads[1]}
        curves[f"after {len(setup.curve)} epochs"] = list(means.values())
    return Outcome(values | {"early over late": large["early"] / large["late"]}, curves)


def _measure(network: Network, part: Part, generator: Generator, trials: int) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {batch: [] for batch in BATCHES}
    for _ in range(trials):
        drawn = torch.randperm(len(part), generator=generator)[: max(BATCHES)].to(part.y.device)
        for batch in BATCHES:
            found[batch].append(summed_norm(network, Part(part.X[drawn], part.y[drawn]), batch, 0.01))
    return found
