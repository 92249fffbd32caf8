"""Gradients through the wire.

A differentiable result of the other side becomes the output of a ``RemoteNode`` in our autograd graph. Its inputs are
the tensors that were sent and the other side's leaves that are mirrored here, so our own engine accumulates their
gradients and ``torch.autograd.grad`` works. Its ``backward`` asks the other side, where the real graph is.
Second derivatives do not cross the wire: asking for them is an error of torch's own (``once_differentiable``).
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable

from grader.wire.values import MalformedValue, Tree

if TYPE_CHECKING:
    from grader.wire.peer import Peer

# Bound before a candidate's forbidden names are blocked.
_backward = torch.autograd.backward
_enable_grad = torch.enable_grad
_to = torch.Tensor.to


class _Keeper:
    """Lives as long as a graph needs a tensor of the other side."""


def _kind(tensor: Any) -> Any:
    """What a gradient has in common with its tensor."""
    return (tensor.shape, tensor.is_complex()) if isinstance(tensor, torch.Tensor) else None


class RemoteNode(torch.autograd.Function):
    """The other side's computation of one tensor, as a node of our graph."""

    @staticmethod
    def forward(ctx: Any, peer: Peer, number: int, keys: list[Tree], value: torch.Tensor, *inputs: torch.Tensor) -> Any:
        """Return the value that came over the wire; ``keys`` name the inputs after the anchor."""
        ctx.kinds = [_kind(each) for each in inputs[1:]]
        ctx.peer, ctx.number, ctx.keys, ctx.keeper = peer, number, keys, _Keeper()
        weakref.finalize(ctx.keeper, peer.drop_one, number).atexit = False
        return value.detach()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        """Have the other side differentiate and return one gradient per input."""
        grads = ctx.peer.ask("backward", ctx.number, args=(grad, ctx.keys))
        fits = type(grads) is list and len(grads) == len(ctx.kinds)
        if not fits or any(
            each is not None and _kind(each) != kind for each, kind in zip(grads, ctx.kinds, strict=True)
        ):
            raise ctx.peer.refusal(MalformedValue("gradients that do not fit the inputs"))
        return None, None, None, None, None, *grads


def attach(peer: Peer, number: int, value: torch.Tensor, inputs: list[tuple[torch.Tensor, Tree]]) -> torch.Tensor:
    """Tie a tensor that the other side computed into our graph."""
    if not (value.is_floating_point() or value.is_complex()):
        raise MalformedValue("a whole-numbered tensor that requires a gradient")
    tensors = [tensor for tensor, _ in inputs]
    result = RemoteNode.apply(  # type: ignore[no-untyped-call]
        peer, number, [key for _, key in inputs], value, peer.anchor, *tensors
    )
    assert isinstance(result, torch.Tensor)
    return result


def serve(peer: Peer, output: torch.Tensor, grad: torch.Tensor, keys: list[Tree]) -> list[torch.Tensor | None]:
    """Differentiate ``output`` here and return what reaches the tensors that the other side names.

    Their own ``grad`` is left as it was: the other side's engine accumulates. Other leaves accumulate here. The graph
    is kept, because the other side may come back for another result of the same computation.
    """
    leaves = [peer.mirrors.find(key) for key in keys]
    unique = {id(leaf): leaf for leaf in leaves if leaf is not None}
    before = {key: leaf.grad for key, leaf in unique.items()}
    for leaf in unique.values():
        leaf.grad = None
    if grad.device != output.device:  # a GPU that the other side does not use
        grad = _to(grad, output.device)
    try:
        with _enable_grad():
            _backward(output, grad, retain_graph=True)
        # A key that occurs twice names one leaf: its gradient is handed over once.
        collected = {key: leaf.grad for key, leaf in unique.items()}
        return [None if leaf is None else collected.pop(id(leaf), None) for leaf in leaves]
    finally:
        for key, leaf in unique.items():
            leaf.grad = before[key]
