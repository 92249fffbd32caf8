"""All windows gathered by index tables into one matrix (im2col); batch normalisation; Adam with a falling rate."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def as_pair(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def gather(x, size, stride):
    """Copy all windows out of the images: (N, C, H', W', kh, kw)."""
    tables = []
    for length, window, step in zip(x.shape[2:], size, stride):
        if window > length:
            raise ValueError(f"a window of {window} on an axis of {length}")
        tables.append(torch.arange(0, length - window + 1, step)[:, None] + torch.arange(window))
    rows, columns = tables
    return x[:, :, rows[:, None, :, None], columns[None, :, None, :]]


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> Tensor:
    if x.size(1) != weight.size(1):
        raise ValueError("images and filters differ in channels")
    vertical, horizontal = as_pair(padding)
    windows = gather(nn.ZeroPad2d((horizontal, horizontal, vertical, vertical))(x), weight.shape[2:], as_pair(stride))
    n, _, height, width = windows.shape[:4]
    matrix = windows.permute(0, 2, 3, 1, 4, 5).reshape(n * height * width, -1)
    product = matrix @ weight.reshape(len(weight), -1).T
    if bias is not None:
        product = product + bias
    return product.reshape(n, height, width, -1).permute(0, 3, 1, 2)


def max_pool2d(x: Tensor, size: int | tuple[int, int], stride: int | tuple[int, int] | None = None) -> Tensor:
    windows = gather(x, as_pair(size), as_pair(stride or size))
    return windows.amax(-1).amax(-1)


class Conv(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 3, 3))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x):
        return conv2d(x, self.weight, padding=1)


class CNN(nn.Module):
    def __init__(self, channels: int = 1, size: int = 8, classes: int = 10) -> None:
        super().__init__()
        self.conv = Conv(channels, 12)
        self.norm = nn.BatchNorm2d(12)
        self.dense = nn.Linear(12 * (size // 2) ** 2, classes)

    def forward(self, images: Tensor) -> Tensor:
        maps = F.relu(self.norm(self.conv(images)))
        return self.dense(max_pool2d(maps, 2).flatten(1))


def train(
    images: Tensor,
    labels: Tensor,
    *,
    classes: int = 10,
    epochs: int = 15,
    seed: int = 0,
    device: str = "cpu",
    report: Callable[..., None] | None = None,
) -> CNN:
    torch.manual_seed(seed)
    model = CNN(images.shape[1], images.shape[-1], classes).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 - epoch / epochs)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, labels), batch_size=32, shuffle=True)
    model.train()
    for _ in range(epochs):
        for batch, wanted in loader:
            optimizer.zero_grad()
            nn.CrossEntropyLoss()(model(batch.to(device)), wanted.to(device)).backward()
            optimizer.step()
        schedule.step()
    return model.eval()
