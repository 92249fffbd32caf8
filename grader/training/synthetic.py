"""Problems that are made up from a seed: each function draws inputs and targets from its caller's generator.

All values come from the generator alone, so that a seed gives the same problem wherever it is drawn.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

#: What a problem consists of: inputs and targets.
Problem = tuple[Tensor, Tensor]


def draw_spirals(
    count: int, *, classes: int = 2, turns: float = 1.0, noise: float = 0.05, generator: torch.Generator
) -> Problem:
    """Points ``(count, 2)`` float32 on intertwined spirals, and the number ``(count,)`` int64 of each one's spiral.

    Spiral k of K: r(t) = t, angle(t) = 2 pi (turns t + k / K), with t uniform in [0.1, 1], and normal noise on both
    coordinates.

    Source: K. J. Lang, M. J. Witbrock, Learning to tell two spirals apart, Connectionist Models Summer School 1988.
    """
    labels = torch.randint(classes, (count,), generator=generator)
    radius = 0.1 + 0.9 * torch.rand(count, generator=generator)
    angle = 2 * math.pi * (turns * radius + labels / classes)
    points = radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    return points + noise * torch.randn(count, 2, generator=generator), labels


def all_bars_and_stripes(side: int) -> Tensor:
    """All ``2 ** (side + 1) - 2`` patterns ``(patterns, side, side)`` of 0 and 1: whole columns or whole rows are lit.

    The dark and the bright pattern are both, and occur once. There are 14 for side 3 and 30 for side 4.

    Source: D. J. C. MacKay, Information Theory, Inference, and Learning Algorithms (2003), chapter 43.
    """
    lines = _all_bits(side)
    rows = lines[:, :, None].expand(-1, side, side)
    return torch.cat([rows, rows[1:-1].mT])


def draw_bars_and_stripes(count: int, side: int, *, generator: torch.Generator) -> Problem:
    """Patterns ``(count, side, side)`` float32, and ``(count,)`` int64: 0 where rows are lit, 1 where columns are.

    Each of the ``2 ** (side + 1) - 4`` patterns that are only one of the two is as probable as any other.
    """
    patterns = all_bars_and_stripes(side)
    both = 2**side
    plain = torch.cat([patterns[1 : both - 1], patterns[both:]])
    chosen = torch.randint(len(plain), (count,), generator=generator)
    return plain[chosen], (chosen >= len(plain) // 2).long()


def draw_copies(count: int, length: int, delay: int, *, symbols: int = 8, generator: torch.Generator) -> Problem:
    """Symbols to be repeated after a delay: inputs and targets ``(count, length + delay + 1 + length)`` int64.

    The input is ``length`` symbols 1 to ``symbols``, ``delay`` blanks (0), a cue (``symbols + 1``) and blanks; the
    target is blank up to the cue, and then the symbols in their order.

    Source: S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation 9 (1997); in this form M.
    Arjovsky, A. Shah, Y. Bengio, Unitary evolution recurrent neural networks, ICML 2016.
    """
    word = torch.randint(1, symbols + 1, (count, length), generator=generator)
    inputs = torch.zeros(count, 2 * length + delay + 1, dtype=torch.int64)
    targets = torch.zeros_like(inputs)
    inputs[:, :length] = word
    inputs[:, length + delay] = symbols + 1
    targets[:, length + delay + 1 :] = word
    return inputs, targets


def draw_additions(count: int, length: int, *, generator: torch.Generator) -> Problem:
    """Sequences ``(count, length, 2)`` float32 of numbers and marks, and ``(count,)`` sums of the two marked numbers.

    The numbers are uniform in [0, 1]; one mark lies in the first half, one in the second. Who always says 1 has a mean
    squared error of 1/6.

    Source: S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation 9 (1997), experiment 4.
    """
    numbers = torch.rand(count, length, generator=generator)
    half = length // 2
    first = torch.randint(half, (count, 1), generator=generator)
    second = torch.randint(half, length, (count, 1), generator=generator)
    marks = torch.zeros(count, length).scatter_(1, first, 1.0).scatter_(1, second, 1.0)
    return torch.stack([numbers, marks], 2), (numbers * marks).sum(1)


def draw_running_parities(count: int, length: int, *, generator: torch.Generator) -> Problem:
    """Bits ``(count, length)`` int64, and for each place whether the bits up to there hold an odd number of ones.

    Source: J. L. Elman, Finding structure in time, Cognitive Science 14 (1990), whose first task is the parity of two
    neighbours; here of all that came before.
    """
    bits = torch.randint(2, (count, length), generator=generator)
    return bits, bits.cumsum(1) % 2


def draw_recalls(count: int, length: int, *, symbols: int = 4, generator: torch.Generator) -> Problem:
    """Sequences ``(count, length)`` int64 of symbols, and ``(count,)`` the first of each, to be named at the end.

    Source: Y. Bengio, P. Simard, P. Frasconi, Learning long-term dependencies with gradient descent is difficult, IEEE
    Transactions on Neural Networks 5 (1994), the latching problem.
    """
    inputs = torch.randint(symbols, (count, length), generator=generator)
    return inputs, inputs[:, 0].clone()


def draw_sine_waves(count: int, length: int, *, noise: float = 0.0, generator: torch.Generator) -> Problem:
    """Waves ``(count, length)`` float32, and the value ``(count,)`` without noise that follows each.

    x(t) = a sin(2 pi f t + p) at t = 0, ..., length: amplitude a uniform in [0.5, 1.5], phase p in [0, 2 pi], and f
    such that half a wave to two waves fit into what is seen. Two values and the frequency decide the next one: x(t +
    1) = 2 cos(2 pi f) x(t) - x(t - 1).
    """
    amplitude = 0.5 + torch.rand(count, 1, generator=generator)
    phase = 2 * math.pi * torch.rand(count, 1, generator=generator)
    frequency = (0.5 + 1.5 * torch.rand(count, 1, generator=generator)) / length
    waves = amplitude * torch.sin(2 * math.pi * frequency * torch.arange(length + 1) + phase)
    seen = waves[:, :-1] + noise * torch.randn(count, length, generator=generator)
    return seen, waves[:, -1].clone()


def all_parities(bits: int) -> Problem:
    """All ``2 ** bits`` rows of 0 and 1, ``(2 ** bits, bits)`` float32, and whether each holds an odd number of ones.

    Source: M. Minsky, S. Papert, Perceptrons (1969), chapter 3.
    """
    rows = _all_bits(bits)
    return rows, rows.sum(1).long() % 2


def draw_parities(count: int, bits: int, *, relevant: int | None = None, generator: torch.Generator) -> Problem:
    """Rows ``(count, bits)`` float32 of 0 and 1, and the parity ``(count,)`` int64 of some of their columns.

    ``relevant`` columns are drawn once for all rows; None: all count.
    """
    chosen = torch.randperm(bits, generator=generator)[:relevant]
    rows = torch.randint(2, (count, bits), generator=generator)
    return rows.float(), rows[:, chosen].sum(1) % 2


def draw_glyphs(count: int, *, classes: int = 10, side: int = 8, shift: int = 1, generator: torch.Generator) -> Problem:
    """Images ``(count, 1, side, side)`` float32 in [0, 1] of signs that nobody has ever seen, and ``(count,)`` int64.

    Each class is a sign of its own: white noise, blurred by a 3x3 mean, the brighter half of its pixels lit. An image
    is the sign of its class, moved by up to ``shift`` pixels around the border, times 0.7, and noise uniform in [0,
    0.3]. All signs come from the generator: whoever recognises them has learned them from the examples.

    Our own; after the proofs of training that give each run a task that exists only there.
    """
    noise = torch.rand(classes, 1, side, side, generator=generator)
    blurred = functional.avg_pool2d(functional.pad(noise, (1, 1, 1, 1), mode="circular"), 3, 1)
    signs = (blurred > blurred.flatten(1).median(1).values[:, None, None, None]).float()[:, 0]
    labels = torch.randint(classes, (count,), generator=generator)
    moves = torch.randint(-shift, shift + 1, (2, count, 1), generator=generator)
    rows, columns = (torch.arange(side) + moves) % side
    images = signs[labels[:, None, None], rows[:, :, None], columns[:, None, :]]
    return (0.7 * images + 0.3 * torch.rand(images.shape, generator=generator)).unsqueeze(1), labels


def _all_bits(bits: int) -> Tensor:
    """All rows of 0 and 1, counting in binary."""
    return (torch.arange(2**bits)[:, None] >> torch.arange(bits).flip(0) & 1).float()
