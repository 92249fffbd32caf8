"""One place of the filter after the other, added on shifted images; dropout; AdamW with a falling rate."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def two(value):
    return (value,) * 2 if isinstance(value, int) else value


def shifted(x, size, stride):
    """For every place (i, j) of the window: that pixel of all windows, (N, C, H', W')."""
    (kh, kw), (down, right) = size, stride
    height, width = x.shape[-2] - kh, x.shape[-1] - kw
    if min(height, width) < 0:
        raise ValueError("window larger than image")
    for i, j in itertools.product(range(kh), range(kw)):
        yield i, j, x[:, :, i : i + height + 1 : down, j : j + width + 1 : right]


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> Tensor:
    if x.shape[1] != weight.shape[1]:
        raise ValueError("different channels")
    top, left = two(padding)
    x = F.pad(x, (left, left, top, top))
    parts = shifted(x, weight.shape[2:], two(stride))
    maps = sum(torch.einsum("fc,nchw->nfhw", weight[:, :, i, j], part) for i, j, part in parts)
    return maps if bias is None else maps + bias.reshape(-1, 1, 1)


def max_pool2d(x: Tensor, size: int | tuple[int, int], stride: int | tuple[int, int] | None = None) -> Tensor:
    parts = shifted(x, two(size), two(size) if stride is None else two(stride))
    return reduce(torch.maximum, (part for _, _, part in parts))


class CNN(nn.Module):
    def __init__(self, channels: int = 1, size: int = 8, classes: int = 10) -> None:
        super().__init__()
        self.first = nn.Parameter(nn.init.kaiming_uniform_(torch.empty(12, channels, 3, 3), nonlinearity="relu"))
        self.second = nn.Parameter(nn.init.kaiming_uniform_(torch.empty(24, 12, 3, 3), nonlinearity="relu"))
        self.biases = nn.ParameterList([torch.zeros(12), torch.zeros(24)])
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.1), nn.Linear(24 * (size // 4) ** 2, classes))

    def forward(self, images: Tensor) -> Tensor:
        maps = max_pool2d(conv2d(images, self.first, self.biases[0], padding=1).relu(), 2)
        maps = max_pool2d(conv2d(maps, self.second, self.biases[1], padding=1).relu(), (2, 2))
        return self.head(maps)


def train(
    images: Tensor,
    labels: Tensor,
    *,
    classes: int = 10,
    epochs: int = 12,
    seed: int = 0,
    device: str = "cpu",
    report: Callable[..., None] | None = None,
) -> CNN:
    torch.manual_seed(seed)
    model = CNN(images.shape[1], images.shape[2], classes).to(device)
    images, labels = images.to(device), labels.to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    for epoch in range(epochs):
        order = torch.randperm(images.shape[0])
        for start in range(0, len(order), 32):
            chosen = order[start : start + 32]
            loss = F.cross_entropy(model(images[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if report:
                report(epoch * len(order) + start, loss=loss.item())
        schedule.step()
    return model.eval()
