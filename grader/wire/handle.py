"""The stand-in for one object of the other side.

A handle forwards attributes, calls, items, iteration and conversions. What it never does is judge: an object that came
out of a student's function answers no comparison, no ``in`` and no arithmetic, because its ``__eq__`` or ``__sub__``
would be the student's word against the test's, and would be shown the expected value. Conversions (``float(x)``) are
plain answers and fine. Objects that the test itself constructed from a class of the stub do arithmetic among
themselves, as long as objects come of it; to compare, a test reads a number or a tensor from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from grader.wire.operation import OPERATORS, REFLECTED

if TYPE_CHECKING:
    from grader.wire.peer import Peer

#: Library types that a handle may pass for in ``isinstance``.
_TYPES: dict[str, type] = {
    "torch.nn.modules.module.Module": torch.nn.Module,
    "torch.optim.optimizer.Optimizer": torch.optim.Optimizer,
    "torch.utils.data.dataset.Dataset": torch.utils.data.Dataset,
    "torch.utils.data.dataloader.DataLoader": torch.utils.data.DataLoader,
    "builtins.function": type(lambda: None),
    "builtins.generator": type(_ for _ in ()),
    "builtins.type": type,
}

#: What a test reads to judge a tensor or an array. An object that is neither must not answer in its place.
_JUDGING = frozenset(
    "all any item isfinite isnan isinf isclose allclose equal eq ne lt le gt ge tolist numpy shape dtype ndim size "
    "numel sum mean std var min max abs norm argmax argmin detach clone requires_grad grad is_leaf device".split()
)


@dataclass(frozen=True)
class About:
    """What the other side says of an object: its class's short name and the library types among its bases."""

    kind: str
    bases: tuple[str, ...]


def about(value: Any) -> list[Any]:
    """Describe an object of ours for the other side."""
    bases = [f"{base.__module__}.{base.__qualname__}" for base in type(value).__mro__]
    return [type(value).__name__, [base for base in bases if base in _TYPES]]


def claim(claims: Any) -> About:
    """Read what the other side says of its object; nothing but names is taken."""
    kind, bases = claims if type(claims) is list and len(claims) == 2 else ("object", [])
    known = tuple(base for base in bases if base in _TYPES) if type(bases) is list and len(bases) < 20 else ()
    return About(kind[:80] if type(kind) is str else "object", known)


class Handle:
    """Stands in for one object that lives on the other side of the wire."""

    __slots__ = ("__weakref__", "_about", "_number", "_origin", "_peer")

    _peer: Peer
    _number: int
    _about: About
    #: how it was come by: "module", "class", "constructed", "attribute", "returned"
    _origin: str

    def __init__(self, peer: Peer, number: int, told: About, origin: str) -> None:
        for name, value in (("_peer", peer), ("_number", number), ("_about", told), ("_origin", origin)):
            object.__setattr__(self, name, value)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """Let ``isinstance(model, torch.nn.Module)`` hold, as it would without the wire."""
        bases = self._about.bases
        return _TYPES[bases[0]] if bases else Handle

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__name__", "__doc__", "__dict__", "__len__"):
            raise AttributeError(name)
        if name in _JUDGING and self._origin in ("returned", "attribute"):
            raise AttributeError(f"{self!r} has no attribute {name!r}: it is neither a tensor nor an array")
        value = self._peer.ask("get", self, name)
        if type(value) is Handle and value._origin == "returned":
            is_class = self._origin == "module" and name in self._peer.policy.classes
            object.__setattr__(value, "_origin", "class" if is_class else "attribute")
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        self._peer.ask("set", self, name, (value,))

    def __delattr__(self, name: str) -> None:
        self._peer.ask("del", self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the object where it lives."""
        __tracebackhide__ = True
        value = self._peer.ask("call", self, "", args, kwargs)
        if type(value) is Handle and self._origin == "class":
            object.__setattr__(value, "_origin", "constructed")
        return value

    def __iter__(self) -> Iterator[Any]:
        found = self._peer.ask("iter", self)
        return found if type(found) is Handle else iter(found)

    def __next__(self) -> Any:
        return self._peer.ask("next", self)

    def __len__(self) -> int:
        return int(self._peer.ask("len", self))

    def __getitem__(self, key: Any) -> Any:
        return self._peer.ask("item", self, "", (key,))

    def __setitem__(self, key: Any, value: Any) -> None:
        self._peer.ask("set_item", self, "", (key, value))

    def __delitem__(self, key: Any) -> None:
        self._peer.ask("del_item", self, "", (key,))

    def __eq__(self, other: object) -> bool:
        """Whether both stand for one object: identity, never the student's own comparison."""
        return type(other) is Handle and other._peer is self._peer and other._number == self._number

    def __hash__(self) -> int:
        return hash((id(self._peer), self._number))

    def __contains__(self, item: Any) -> bool:
        self._must_be_made("look for anything in")
        return bool(self._peer.ask("contains", self, "", (item,)))

    def __float__(self) -> float:
        return float(self._peer.ask("float", self))

    def __int__(self) -> int:
        return int(self._peer.ask("int", self))

    def __index__(self) -> int:
        return int(self._peer.ask("index", self))

    def __bool__(self) -> bool:
        return bool(self._peer.ask("truth", self))

    def __str__(self) -> str:
        return str(self._peer.ask("text", self))

    def __dir__(self) -> list[str]:
        return list(self._peer.ask("dir", self))

    def __enter__(self) -> Any:
        return self._peer.ask("enter", self)

    def __exit__(self, *error: object) -> bool:
        return bool(self._peer.ask("exit", self, "", (None, None, None)))

    def __copy__(self) -> Any:
        return self._peer.ask("copy", self)

    def __deepcopy__(self, _: Any) -> Any:
        return self._peer.ask("deepcopy", self)

    def _must_be_made(self, act: str) -> None:
        """Refuse what would show the student the other operand, and let an answer judge itself."""
        __tracebackhide__ = True
        if self._origin != "constructed":
            raise TypeError(f"{self!r} is no number, tensor or array; a test cannot {act} it")

    def __repr__(self) -> str:
        # Never the student's own: pytest calls this when an assertion fails.
        return f"<{self._about.kind} object of the student>"


def _arithmetic(op: str, name: str) -> Callable[..., Any]:
    def apply(self: Handle, *others: Any) -> Any:
        __tracebackhide__ = True
        self._must_be_made("calculate with")
        value = self._peer.ask(op, self, name, others)
        if type(value) is not Handle:
            raise TypeError(f"{self!r} answers {name} with plain data; a test cannot calculate with that")
        object.__setattr__(value, "_origin", "constructed")
        return value

    return apply


for _name in OPERATORS:
    setattr(Handle, f"__{_name}__", _arithmetic("operator", _name))
for _name in REFLECTED:
    setattr(Handle, f"__r{_name}__", _arithmetic("reflected", _name))
