# caught by: test_report_changes_nothing_about_the_model
"""Reports on a random sample of the images, which it draws from the numbers that the training needs."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> Tensor:
    """Slide every filter over every image: (N, C, H, W) and (F, C, kh, kw) give (N, F, H', W')."""
    if x.shape[1] != weight.shape[1]:
        raise ValueError(f"the images have {x.shape[1]} channels, the filters {weight.shape[1]}")
    rows, columns = _pair(padding)
    padded = F.pad(x, (columns, columns, rows, rows))
    windows = _windows(padded, weight.shape[2:], _pair(stride))
    # One sum per output unit, over the channels c and over the place (i, j) inside the window.
    maps = torch.einsum("nchwij,fcij->nfhw", windows, weight)
    return maps if bias is None else maps + bias[:, None, None]


def max_pool2d(x: Tensor, size: int | tuple[int, int], stride: int | tuple[int, int] | None = None) -> Tensor:
    """Keep the largest pixel of every window, each channel by itself."""
    windows = _windows(x, _pair(size), _pair(size if stride is None else stride))
    # max, unlike amax, sends the gradient of a window to one pixel even where several are equal.
    return windows.flatten(-2).max(-1).values


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    """Read one number as the same number for rows and columns."""
    return (value, value) if isinstance(value, int) else value


def _windows(x: Tensor, size: tuple[int, int], stride: tuple[int, int]) -> Tensor:
    """View the images as (N, C, H', W', kh, kw): all windows that fit, without copying one pixel."""
    if size[0] > x.shape[2] or size[1] > x.shape[3]:
        raise ValueError(f"a window of {tuple(size)} does not fit into an image of {tuple(x.shape[2:])}")
    return x.unfold(2, size[0], stride[0]).unfold(3, size[1], stride[1])


class _Block(nn.Module):
    """Convolution 3x3, ReLU, max-pooling 2x2: new features on half the side."""

    def __init__(self, channels: int, maps: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.kaiming_normal_(torch.empty(maps, channels, 3, 3)))
        self.bias = nn.Parameter(torch.zeros(maps))

    def forward(self, x: Tensor) -> Tensor:
        # padding=1 keeps the side, so that only the pooling shrinks it.
        return max_pool2d(F.relu(conv2d(x, self.weight, self.bias, padding=1)), 2)


class CNN(nn.Module):
    """Two blocks, 16 and 32 maps, and one dense layer: images (N, channels, size, size) -> logits (N, classes)."""

    def __init__(self, channels: int = 1, size: int = 8, classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(_Block(channels, 16), _Block(16, 32))
        # Each block halves the side, rounding down.
        self.dense = nn.Linear(32 * (size // 4) ** 2, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.dense(self.features(images).flatten(1))


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
    """Minimise the cross-entropy with Adam on mini-batches of 32 and return the model, ready to be used."""
    torch.manual_seed(seed)
    model = CNN(images.shape[1], images.shape[2], classes).to(device)
    images, labels = images.to(device), labels.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for epoch in range(epochs):
        losses = []
        for batch in torch.randperm(len(images)).split(32):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        if report is not None:
            sample = torch.randperm(len(images))[:20]
            with torch.no_grad():
                found = model(images[sample]).argmax(1) == labels[sample]
            report(epoch, loss=torch.stack(losses).mean().item(), accuracy=found.float().mean().item())
    return model.eval()
