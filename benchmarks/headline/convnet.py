"""Beyond the book: convolutional networks on MNIST, one alone and five together.

The book announces them in chapters 40 to 43 and reports no accuracy. The figures are those of the English book that it
follows: M. Nielsen, Neural Networks and Deep Learning, chapter 6.
"""

from __future__ import annotations

import math
import statistics
import sys

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from benchmarks.headline.book import seeded
from benchmarks.headline.device import is_quick_in_16_bits
from benchmarks.headline.experiment import Figure, Outcome, experiment
from benchmarks.headline.problem import Part, Problem

BATCH, EPOCHS, NETS = 128, 8, 5
RATE, MOMENTUM, DECAY, SMOOTHING = 0.1, 0.9, 5e-4, 0.05
_SOURCE = "Nielsen 2015, ch. 6"


def network(widths: tuple[int, int, int] = (16, 32, 64)) -> nn.Sequential:
    """A 5×5 convolution and two pairs of 3×3 ones, each of the three followed by halving; batch normalisation."""
    first, second, third = widths
    return nn.Sequential(
        # What is largest is made small before anything else is done with it.
        nn.Conv2d(1, first, 5, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(first), nn.ReLU(),
        *_unit(first, second), nn.Conv2d(second, second, 3, padding=1, bias=False),
        nn.MaxPool2d(2), nn.BatchNorm2d(second), nn.ReLU(),
        *_unit(second, third), nn.Conv2d(third, third, 3, padding=1, bias=False),
        nn.AdaptiveMaxPool2d(3), nn.BatchNorm2d(third), nn.ReLU(), nn.Flatten(), nn.Linear(third * 9, 10),
    )  # fmt: skip


def _unit(into: int, out: int) -> list[nn.Module]:
    return [nn.Conv2d(into, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]


def distort(images: Tensor, generator: Generator) -> Tensor:
    """Each image ``(n, 1, side, side)`` turned, scaled, slanted, shifted and bent a little, each in its own way."""
    count, side = len(images), images.shape[-1]

    def uniform(within: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * within

    angle, slant = uniform(math.radians(12)), uniform(0.15)
    wide, high = 1 + uniform(0.12), 1 + uniform(0.12)
    shift = torch.stack([uniform(3 / side), uniform(3 / side)], 1)  # 1.5 pixels: the image is two units wide
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(-1, 2, 2)
    stretch = torch.stack([wide, slant, torch.zeros(count), high], 1).view(-1, 2, 2)
    grid = F.affine_grid(torch.cat([turn @ stretch, shift[:, :, None]], 2), list(images.shape), align_corners=False)
    # The bend: six by six shifts of 0.7 pixels or so, and a smooth field between them.
    bend = torch.randn(count, 2, 6, 6, generator=generator) * (1.4 / side)
    field = F.interpolate(bend, size=(side, side), mode="bicubic", align_corners=True)
    return F.grid_sample(images, (grid + field.permute(0, 2, 3, 1)).to(images.device), align_corners=False)


def fit(part: Part, side: int, seed: int, device: torch.device, epochs: int) -> nn.Sequential:
    """Train one network. The learning rate rises for a fifth of the steps and falls to nothing by a cosine."""
    generator = seeded(seed)
    torch.manual_seed(seed)  # the layers draw their weights from torch's own source
    model = network().to(device, memory_format=torch.channels_last)
    images = part.X.view(-1, 1, side, side)
    optimiser = torch.optim.SGD(model.parameters(), RATE, MOMENTUM, weight_decay=DECAY, nesterov=True)
    steps = epochs * math.ceil(len(part) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=steps, pct_start=0.2, cycle_momentum=False, final_div_factor=1e3
    )
    for _ in range(epochs):
        order = torch.randperm(len(part), generator=generator).to(device)
        for rows in order.split(BATCH):
            batch = distort(images[rows], generator).contiguous(memory_format=torch.channels_last)
            with _fast(device):
                loss = F.cross_entropy(model(batch).float(), part.y[rows], label_smoothing=SMOOTHING)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def _fast(device: torch.device) -> torch.autocast:
    """Products in 16 bits where the device is quicker with them; weights and sums stay in 32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=is_quick_in_16_bits(device))


@torch.no_grad()
def probabilities(model: nn.Sequential, part: Part, side: int) -> Tensor:
    """What the network believes of each image, ``(n, 10)``, in 32 bits."""
    pieces = part.X.view(-1, 1, side, side).split(1000)
    return torch.cat([model(piece.contiguous(memory_format=torch.channels_last)).softmax(1) for piece in pieces])


def hits(believed: Tensor, part: Part) -> float:
    """Per cent of the images whose class is believed most."""
    return 100 * int((believed.argmax(1) == part.y).sum()) / len(part)


@experiment(
    "beyond the book",
    Figure("mean", "test, one network, mean of five", "99.23 %", 99.2, 100, source=_SOURCE),
    Figure("worst", "test, the worst of the five", "99.23 %", 99.2, 100, source=_SOURCE),
    Figure("ensemble", "test, the five together", "99.67 %", 99.6, 100, source=_SOURCE),
    seeds=1,
)
def convnets(problem: Problem, seed: int, device: torch.device, *, epochs: int = EPOCHS, nets: int = NETS) -> Outcome:
    """Not in the book: a convolutional network above 99.2 % (99.23 %), five together above 99.6 % (99.67 %).

    5 convolutions (16, 32, 32, 64, 64), batch norm, distorted images, SGD, mini-batches of 128, 8 epochs, 60,000 images
    """
    whole, found, curve = problem.whole, [], []
    for net in range(nets):
        model = fit(whole, problem.side, NETS * seed + net, device, epochs)
        found.append(probabilities(model, problem.test, problem.side))
        curve.append(hits(found[-1], problem.test))
        print(f"  network {net}: {curve[-1]:.2f} %", file=sys.stderr, flush=True)
    together = hits(torch.stack(found).mean(0), problem.test)
    return Outcome({"mean": statistics.fmean(curve), "worst": min(curve), "ensemble": together}, {"networks": curve})
