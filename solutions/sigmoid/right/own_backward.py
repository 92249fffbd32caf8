"""A function with its own backward pass, computed in float64 inside."""

from __future__ import annotations

import torch
from torch import Tensor


def parts(x: Tensor) -> tuple[Tensor, Tensor]:
    """sigmoid and derivative in float64, from e^-|x|."""
    wide = x.to(torch.float64)
    e = torch.exp(-wide.abs())
    return torch.where(wide >= 0, torch.ones_like(e), e) / (1 + e), e / (1 + e) ** 2


class Sigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return parts(x)[0].to(x.dtype)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return gradient * parts(x)[1].to(x.dtype)


def convert(x: Tensor) -> Tensor:
    return x if x.dtype.is_floating_point else x.to(torch.get_default_dtype())


def sigmoid(x: Tensor) -> Tensor:
    return Sigmoid.apply(convert(x))


def sigmoid_derivative(x: Tensor) -> Tensor:
    return parts(x)[1].to(convert(x).dtype)
