"""Chapter 34: how fast the layers of a network learn."""

from __future__ import annotations

import statistics

import torch

from benchmarks.headline.book import seeded, sizes
from benchmarks.headline.experiment import Figure, Outcome, experiment
from benchmarks.headline.network import Network, on, scaled
from benchmarks.headline.problem import Part, Problem

_REPORTED = {2: (0.07, 0.31), 3: (0.012, 0.060, 0.283), 4: (0.003, 0.017, 0.070, 0.285)}


def layer_norms(network: Network, part: Part) -> list[float]:
    """Of each hidden layer, the length of the mean gradient of its biases."""
    deltas = network.deltas(network.activations(part.X), part.Y)
    return [float(delta.mean(0).norm()) for delta in deltas[:-1]]


def _figures() -> list[Figure]:
    """Agreed: within half and twice. One network is drawn, and a factor of 1.4 lies between two such draws."""
    return [
        Figure(f"{depth} {layer}", f"{depth} hidden layers, layer {layer}", f"{value:g}", value / 2, value * 2, "", 4)
        for depth, norms in _REPORTED.items()
        for layer, value in enumerate(norms, 1)
    ]


@experiment("book, ch. 34", *_figures(), seeds=20)
def layer_speeds(problem: Problem, seed: int, device: torch.device) -> Outcome:
    """Chapter 34: lengths of the bias gradients at the start; 0.07, 0.31; 0.012, 0.060, 0.283; 0.003 to 0.285.

    hidden layers of 30, cross-entropy, 1/√n weights, mean gradient of the first 1,000 images before any step
    """
    few, values = problem.train.first(1000), {}
    for depth in _REPORTED:
        network = on(device, scaled(sizes(problem, *[30] * depth), seeded(seed)))
        values |= {f"{depth} {layer}": norm for layer, norm in enumerate(layer_norms(network, few), 1)}
    return Outcome(values)


@experiment(
    "book, ch. 34",
    Figure("ratio", "last over first layer, median", "about 100", 50, 200, "", 0),
    Figure("ordered", "epochs with the first layer slowest", "all", 100, 100, "%", 0),
    seeds=5,
)
def layer_speeds_in_training(problem: Problem, seed: int, device: torch.device) -> Outcome:
    """Chapter 34: with four hidden layers the first learns about 100 times more slowly than the last.

    four hidden layers of 30, cross-entropy, η 0.1, λ 5, 1/√n weights, whole batch of 1,000 images, first 50 epochs
    """
    few = problem.train.first(1000)
    network = on(device, scaled(sizes(problem, 30, 30, 30, 30), seeded(seed)))
    norms, Y = [], few.Y
    for _ in range(50):
        norms.append(layer_norms(network, few))
        network.step(few.X, Y, 0.1, 1 - 0.1 * 5 / len(few))
    ratios = [row[-1] / row[0] for row in norms]
    ordered = sum(row[0] == min(row) for row in norms)
    return Outcome(
        {"ratio": statistics.median(ratios), "ordered": 100 * ordered / len(norms)},
        {f"layer {layer}": list(column) for layer, column in enumerate(zip(*norms, strict=True), 1)},
    )
