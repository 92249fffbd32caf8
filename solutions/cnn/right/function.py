"""Derivatives by hand in autograd functions, sums in float64; tanh; weights of its own generator."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


class Correlation(torch.autograd.Function):
    @staticmethod
    def forward(context, x, weight, stride):
        context.save_for_backward(x, weight)
        context.stride = stride
        views = x.double().unfold(2, weight.shape[2], stride[0]).unfold(3, weight.shape[3], stride[1])
        return torch.tensordot(views, weight.double(), ([1, 4, 5], [1, 2, 3])).movedim(-1, 1).to(x.dtype)

    @staticmethod
    def backward(context, upstream):
        x, weight = context.saved_tensors
        (down, right), (_, _, height, width) = context.stride, upstream.shape
        to_x, to_weight = torch.zeros_like(x), torch.zeros_like(weight)
        for i in range(weight.shape[2]):
            for j in range(weight.shape[3]):
                place = (..., slice(i, i + down * (height - 1) + 1, down), slice(j, j + right * (width - 1) + 1, right))
                to_x[place] += torch.einsum("nfhw,fc->nchw", upstream, weight[:, :, i, j])
                to_weight[:, :, i, j] = torch.einsum("nfhw,nchw->fc", upstream, x[place])
        return to_x, to_weight, None


def check(x, size):
    if size[0] > x.shape[2] or size[1] > x.shape[3]:
        raise ValueError(f"{size} does not fit into {tuple(x.shape)}")


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> Tensor:
    if x.shape[1] != weight.shape[1]:
        raise ValueError("the channels differ")
    vertical, horizontal = pair(padding)
    x = F.pad(x, (horizontal, horizontal, vertical, vertical))
    check(x, weight.shape[2:])
    maps = Correlation.apply(x, weight, pair(stride))
    return maps if bias is None else maps + bias[None, :, None, None]


def max_pool2d(x: Tensor, size: int | tuple[int, int], stride: int | tuple[int, int] | None = None) -> Tensor:
    size = pair(size)
    stride = size if stride is None else pair(stride)
    check(x, size)
    best = x.detach().unfold(2, size[0], stride[0]).unfold(3, size[1], stride[1]).flatten(4).argmax(4)
    height, width = best.shape[2:]
    rows = torch.arange(height, device=x.device)[:, None] * stride[0] + best // size[1]
    columns = torch.arange(width, device=x.device) * stride[1] + best % size[1]
    return x.flatten(2).gather(2, (rows * x.shape[3] + columns).flatten(2)).unflatten(2, (height, width))


class CNN(nn.Module):
    def __init__(self, channels: int = 1, size: int = 8, classes: int = 10) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(14, channels, 3, 3) / 3)
        self.bias = nn.Parameter(torch.full((14,), 0.1))
        side = size // 2
        self.out = nn.Parameter(torch.randn(14 * side * side, classes) / (4 * side))
        self.offset = nn.Parameter(torch.zeros(classes))

    def forward(self, images: Tensor) -> Tensor:
        maps = max_pool2d(torch.tanh(conv2d(images, self.weight, self.bias, padding=1)), 2)
        return maps.flatten(1) @ self.out + self.offset


def train(
    images: Tensor,
    labels: Tensor,
    *,
    classes: int = 10,
    epochs: int = 25,
    seed: int = 0,
    device: str = "cpu",
    report: Callable[..., None] | None = None,
) -> CNN:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CNN(images.shape[1], images.shape[2], classes).to(device)
    images, labels = images.to(device), labels.to(device)
    generator = torch.Generator().manual_seed(seed)
    size = 16 if len(images) < 10_000 else 64
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = 0.05 * (1 - epoch / epochs)
        for batch in torch.randperm(len(labels), generator=generator).split(size):
            model.zero_grad()
            F.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
    return model.eval()
