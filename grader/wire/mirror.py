"""Leaf tensors that both sides hold: parameters of a student's model, inputs of a test that require a gradient.

The owner exports the tensor, the other side has one copy of it, the same each time. Before a frame is sent, each side
compares its tensors with what both last agreed on and adds values and gradients that differ, so that an optimiser on
the test's side moves the student's parameters, and ``p.grad`` can be read wherever ``p`` is.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from grader.wire import gradient
from grader.wire.channel import MalformedFrame
from grader.wire.packer import Packer
from grader.wire.unpacker import Unpacker
from grader.wire.values import Tree

if TYPE_CHECKING:
    from grader.wire.peer import Peer


# Bound before a candidate's forbidden names are blocked.
_to = torch.Tensor.to

#: Reference count of a tensor that only ``Mirrors._held``, a local name and the count itself refer to.
_UNUSED = 3


@dataclass
class _Agreed:
    """What both sides last knew of a tensor."""

    value: torch.Tensor
    grad: torch.Tensor | None = None


class Mirrors:
    """The shared leaves of one side."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._owned: dict[int, tuple[torch.Tensor, _Agreed]] = {}
        self._copies: dict[int, tuple[weakref.ref[torch.Tensor], _Agreed | None]] = {}
        self._by_id: dict[int, int] = {}
        #: copies that somebody here uses: changed and dropped between two frames, their last state must still be told
        self._held: dict[int, torch.Tensor] = {}

    # --- going out

    def reference(self, tensor: torch.Tensor) -> Tree:
        """How the other side will know a tensor that takes part in autograd."""
        number = self._copy_number(tensor)
        if number is not None:
            return ["own", number]
        number = self._peer.publish(tensor)
        if tensor.is_leaf and number not in self._owned:
            self._owned[number] = (tensor, _Agreed(_snapshot(tensor)))
        return ["tensor", number, isinstance(tensor, torch.nn.Parameter)]

    def inputs(self) -> list[tuple[torch.Tensor, Tree]]:
        """The other side's leaves that are here: results may depend on them."""
        return [(tensor, ["own", number]) for number, tensor, _ in self._living()]

    def updates(self, packer: Packer) -> list[Tree]:
        """What changed since the last frame: ``[whose, number, value or None, grad: 0 same 1 new 2 none, tree]``."""
        owned = [(0, number, tensor, agreed) for number, (tensor, agreed) in self._owned.items()]
        copies = [(1, number, tensor, agreed) for number, tensor, agreed in self._living()]
        changes = [change for entry in owned + copies if (change := _difference(*entry, packer)) is not None]
        del copies
        self._let_go()
        return changes

    def _let_go(self) -> None:
        """Drop the copies that nobody but this table holds any more."""
        for number in list(self._held):
            tensor = self._held[number]
            if sys.getrefcount(tensor) <= _UNUSED:
                del self._held[number]

    def forget(self, number: int) -> None:
        """The other side dropped its copy."""
        self._owned.pop(number, None)

    # --- coming in

    def resolver(self, number: int, *, is_parameter: bool) -> Callable[..., torch.Tensor]:
        """A function that makes the tensor from its value, its role and what it may depend on."""

        def resolve(value: torch.Tensor, role: str, inputs: list[tuple[torch.Tensor, Tree]] | None) -> torch.Tensor:
            if role == "leaf":
                return self._copy(number, value, is_parameter)
            if inputs is not None:
                return gradient.attach(self._peer, number, value, inputs)
            # An argument that is itself a result: our gradient ends at a leaf and the caller carries it on. What the
            # callee sees is no leaf, as it would be without the wire.
            leaf = value.requires_grad_(True)
            self._register(number, leaf, None)
            return leaf.clone()

        return resolve

    def find(self, key: Tree) -> torch.Tensor | None:
        """The tensor here that the other side means by a reference of its own."""
        if type(key) is not list or len(key) < 2 or type(key[1]) is not int:
            raise MalformedFrame("a key that is no reference")
        if key[0] == "own":
            tensor = self._peer.export(key[1])
            return tensor if isinstance(tensor, torch.Tensor) else None
        reference, _ = self._copies.get(key[1], (None, None))
        return _alive(reference)

    def apply(self, updates: Any, unpacker: Unpacker) -> None:
        """Take over what the other side changed."""
        for update in updates if type(updates) is list else [updates]:
            if type(update) is not list or len(update) != 5:
                raise MalformedFrame("an update with the wrong number of parts")
            self._apply(update, unpacker)

    def _apply(self, update: list[Any], unpacker: Unpacker) -> None:
        whose, number, value, has_grad, grad = update
        if type(number) is not int:
            raise MalformedFrame("an update of no tensor")
        tensor, agreed = self._theirs(number) if whose == 0 else self._owned.get(number, (None, None))
        new = None if value is None else unpacker.unpack(value)
        new_grad = unpacker.unpack(grad) if has_grad == 1 else None
        if tensor is None or agreed is None:
            return  # dropped here while the frame was under way
        if new is not None:
            _check_fits(tensor, new)
            tensor.detach().copy_(new)
            agreed.value = _snapshot(tensor)
        if has_grad:
            if new_grad is not None:
                _check_fits(tensor, new_grad)
                new_grad = new_grad if new_grad.device == tensor.device else _to(new_grad, tensor.device)
            tensor.grad = new_grad
            agreed.grad = None if new_grad is None else new_grad.clone()

    # --- copies

    def _copy(self, number: int, value: torch.Tensor, is_parameter: bool) -> torch.Tensor:
        found, _ = self._theirs(number)
        if found is not None:
            self._peer.drop_one(number)
            self._held[number] = found
            return found
        made = torch.nn.Parameter(value) if is_parameter else value.requires_grad_(True)
        self._register(number, made, _Agreed(_snapshot(made)))
        self._held[number] = made
        return made

    def _register(self, number: int, tensor: torch.Tensor, agreed: _Agreed | None) -> None:
        key = id(tensor)

        def dropped(_: Any) -> None:
            self._copies.pop(number, None)
            self._by_id.pop(key, None)
            self._peer.drop_one(number)

        self._copies[number] = (weakref.ref(tensor, dropped), agreed)
        self._by_id[key] = number

    def _copy_number(self, tensor: torch.Tensor) -> int | None:
        number = self._by_id.get(id(tensor))
        if number is None or self._copies[number][1] is None:
            return None
        return number if _alive(self._copies[number][0]) is tensor else None

    def _theirs(self, number: Any) -> tuple[torch.Tensor | None, _Agreed | None]:
        reference, agreed = self._copies.get(number, (None, None))
        return _alive(reference), agreed

    def _living(self) -> list[tuple[int, torch.Tensor, _Agreed]]:
        entries = [(number, self._theirs(number)) for number in list(self._copies)]
        return [(number, tensor, agreed) for number, (tensor, agreed) in entries if tensor is not None and agreed]


def _snapshot(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().as_subclass(torch.Tensor).clone()


def _difference(whose: int, number: int, tensor: torch.Tensor, agreed: _Agreed, packer: Packer) -> Tree | None:
    value = None
    if not _same(tensor, agreed.value):
        agreed.value = _snapshot(tensor)
        value = packer.pack(agreed.value)
    if _same(tensor.grad, agreed.grad):
        return None if value is None else [whose, number, value, 0, None]
    agreed.grad = None if tensor.grad is None else _snapshot(tensor.grad)
    tree = None if agreed.grad is None else packer.pack(agreed.grad)
    return [whose, number, value, 1 if agreed.grad is not None else 2, tree]


def _same(left: torch.Tensor | None, right: torch.Tensor | None) -> bool:
    if left is None or right is None:
        return left is right
    return left.shape == right.shape and left.device == right.device and torch.equal(left, right)


def _check_fits(tensor: torch.Tensor, new: Any) -> None:
    if not isinstance(new, torch.Tensor) or new.shape != tensor.shape or new.dtype != tensor.dtype:
        raise MalformedFrame("an update that does not fit its tensor")


def _alive(reference: weakref.ref[torch.Tensor] | None) -> torch.Tensor | None:
    tensor = reference() if reference else None
    if tensor is not None:
        tensor._fix_weakref()  # type: ignore[attr-defined]  # torch may hold the object alone: see torch.utils.weak
    return tensor
