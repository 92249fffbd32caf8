"""Networks of fully connected layers, trained in place: the arithmetic of ``solutions/backprop``, without its copies.

A step of ten examples takes some fifty microseconds, so that the book's 150,000 steps take seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Generator, Tensor

from benchmarks.headline.problem import Part


@dataclass
class Network:
    """Weights ``(out, in)`` and biases ``(out,)`` of each layer.

    ``kind`` says what its units and its cost are: sigmoid units with ``cross_entropy`` or ``quadratic`` cost as in the
    book's chapters 5 to 35, or rectified units below a softmax, ``softmax``, as in those after it.
    """

    Ws: list[Tensor]
    bs: list[Tensor]
    kind: str = "cross_entropy"
    #: products in 16 bits, which many processors do four times as fast; weights and their sums keep 32
    coarse: bool = False

    def copy(self) -> Network:
        """Another one with the same numbers."""
        return Network([W.clone() for W in self.Ws], [b.clone() for b in self.bs], self.kind, self.coarse)

    def activations(self, X: Tensor) -> list[Tensor]:
        """The input, and what comes out of each layer; the last one's are logits where the kind is ``softmax``."""
        found = [X]
        for layer, (W, b) in enumerate(zip(self.Ws, self.bs, strict=True), 1):
            z = torch.addmm(b, found[-1], W.T)
            if self.kind != "softmax":
                z = z.sigmoid_()
            elif layer < len(self.Ws):
                z = z.relu_()
            found.append(z)
        return found

    def deltas(self, found: list[Tensor], Y: Tensor) -> list[Tensor]:
        """dC/dz of each layer for each example, not yet divided by their number."""
        a = found[-1]
        # The difference of two numbers near each other is taken in the bits of the targets.
        delta = ((a.to(Y.dtype).softmax(1) if self.kind == "softmax" else a) - Y).to(a.dtype)
        if self.kind == "quadratic":
            delta *= a * (1 - a)
        deltas = [delta]
        for layer in range(len(self.Ws) - 1, 0, -1):
            a = found[layer]
            slope = (a > 0) if self.kind == "softmax" else a * (1 - a)
            deltas.insert(0, (deltas[0] @ self.Ws[layer]).mul_(slope))
        return deltas

    def step(self, X: Tensor, Y: Tensor, eta: float, decay: float = 1.0) -> None:
        """Go against the mean gradient of a mini-batch; weights, not biases, first shrink by ``decay``."""
        rate = eta / len(X)
        if self.coarse:
            self._coarse_step(X, Y, rate, decay)
            return
        found = self.activations(X)
        for W, b, delta, a in zip(self.Ws, self.bs, self.deltas(found, Y), found[:-1], strict=True):
            W.addmm_(delta.T, a, beta=decay, alpha=-rate)
            b.sub_(delta.sum(0), alpha=rate)

    def _coarse_step(self, X: Tensor, Y: Tensor, rate: float, decay: float) -> None:
        half = Network([W.bfloat16() for W in self.Ws], [b.bfloat16() for b in self.bs], self.kind)
        found = half.activations(X.bfloat16())
        for W, b, delta, a in zip(self.Ws, self.bs, half.deltas(found, Y), found[:-1], strict=True):
            (W if decay == 1 else W.mul_(decay)).sub_(delta.T @ a, alpha=rate)
            b.sub_(delta.sum(0), alpha=rate)

    def accuracy(self, part: Part) -> float:
        """Per cent of the examples whose largest output is that of their class."""
        hits = sum(int((self.activations(X)[-1].argmax(1) == y).sum()) for X, y in _pieces(part))
        return 100 * hits / len(part)

    def cost(self, part: Part) -> float:
        """Mean cross-entropy of sigmoid units, summed over the outputs, without the term of the weights."""
        total = 0.0
        for X, y in _pieces(part):
            a = self.activations(X)[-1].double().clamp(1e-12, 1 - 1e-12)
            Y = torch.nn.functional.one_hot(y, a.shape[1])
            total -= float(torch.where(Y == 1, a.log(), (1 - a).log()).sum())
        return total / len(part)


def _pieces(part: Part) -> list[tuple[Tensor, Tensor]]:
    return list(zip(part.X.split(5000), part.y.split(5000), strict=True))


def large(sizes: list[int], generator: Generator, kind: str = "cross_entropy") -> Network:
    """The book's first rule: weights and biases are unit normal."""
    return Network(
        [torch.randn(out, into, generator=generator) for into, out in pairwise(sizes)],
        [torch.randn(out, generator=generator) for out in sizes[1:]],
        kind,
    )


def scaled(sizes: list[int], generator: Generator, kind: str = "cross_entropy") -> Network:
    """The second rule, chapter 25: the weights' standard deviation is 1/sqrt(number of inputs)."""
    network = large(sizes, generator, kind)
    for W in network.Ws:
        W /= W.shape[1] ** 0.5
    return network


def uniform(sizes: list[int], generator: Generator, kind: str = "softmax") -> Network:
    """What torch.nn.Linear starts from: all numbers uniform within 1/sqrt(number of inputs)."""

    def draw(*shape: int, into: int) -> Tensor:
        return (torch.rand(*shape, generator=generator) * 2 - 1) / into**0.5

    pairs = list(pairwise(sizes))
    return Network(
        [draw(out, into, into=into) for into, out in pairs], [draw(out, into=into) for into, out in pairs], kind
    )


def on(device: torch.device, network: Network) -> Network:
    """The network's numbers on a device; they are drawn on the CPU, so that a seed means the same everywhere."""
    return Network([W.to(device) for W in network.Ws], [b.to(device) for b in network.bs], network.kind, network.coarse)


def train(
    network: Network,
    part: Part,
    generator: Generator,
    *,
    eta: float,
    batch: int,
    epochs: int,
    lmbda: float = 0.0,
    after: Callable[[], None] = lambda: None,
) -> None:
    """Stochastic gradient descent with L2 regularisation; ``after`` is called after each epoch."""
    Y, decay = part.Y, 1 - eta * lmbda / len(part)
    for _ in range(epochs):
        order = torch.randperm(len(part), generator=generator).to(part.y.device)
        for x, y in zip(part.X[order].split(batch), Y[order].split(batch), strict=True):
            network.step(x, y, eta, decay)
        after()
