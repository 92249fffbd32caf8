"""One place of the map after the other; one block; larger batches and a falling rate."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def both(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def output_size(x, size, stride):
    if size[0] > x.shape[2] or size[1] > x.shape[3]:
        raise ValueError("the window is larger than the image")
    return tuple((x.shape[axis + 2] - size[axis]) // stride[axis] + 1 for axis in range(2))


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> Tensor:
    if weight.shape[1] != x.shape[1]:
        raise ValueError("channels differ")
    (down, right), (rows, columns), (kh, kw) = both(stride), both(padding), weight.shape[2:]
    image = x.new_zeros(x.shape[0], x.shape[1], x.shape[2] + 2 * rows, x.shape[3] + 2 * columns)
    image[:, :, rows : rows + x.shape[2], columns : columns + x.shape[3]] = x
    height, width = output_size(image, (kh, kw), (down, right))
    flat = weight.flatten(1).T
    places = []
    for i in range(height):
        for j in range(width):
            window = image[:, :, i * down : i * down + kh, j * right : j * right + kw]
            places.append(window.flatten(1) @ flat)
    maps = torch.stack(places, -1).unflatten(-1, (height, width))
    if bias is not None:
        maps = maps + bias.view(1, -1, 1, 1)
    return maps


def max_pool2d(x: Tensor, size: int | tuple[int, int], stride: int | tuple[int, int] | None = None) -> Tensor:
    size = both(size)
    down, right = size if stride is None else both(stride)
    height, width = output_size(x, size, (down, right))
    rows = []
    for i in range(height):
        row = [
            x[:, :, i * down : i * down + size[0], j * right : j * right + size[1]].amax((2, 3)) for j in range(width)
        ]
        rows.append(torch.stack(row, -1))
    return torch.stack(rows, -2)


class CNN(nn.Module):
    def __init__(self, channels: int = 1, size: int = 8, classes: int = 10) -> None:
        super().__init__()
        self.filters = nn.Parameter(torch.randn(14, channels, 3, 3) * (2 / (9 * channels)) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(14))
        self.dense = nn.Linear(14 * (size // 2) ** 2, classes)

    def forward(self, images: Tensor) -> Tensor:
        maps = torch.relu(conv2d(images, self.filters, self.bias, padding=1))
        return self.dense(max_pool2d(maps, 2).flatten(1))


def train(
    images: Tensor,
    labels: Tensor,
    *,
    classes: int = 10,
    epochs: int = 20,
    seed: int = 0,
    device: str = "cpu",
    report: Callable[..., None] | None = None,
) -> CNN:
    torch.manual_seed(seed)
    where = torch.device(device)
    model = CNN(images.shape[1], images.shape[2], classes).to(where)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    size = 64 if len(images) < 10_000 else 1024  # a loop takes as long for many images as for few
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = 0.02 * (1 - epoch / epochs)
        for batch in torch.randperm(len(images)).split(size):
            loss = F.cross_entropy(model(images[batch].to(where)), labels[batch].to(where))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    return model
