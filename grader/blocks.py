"""Puts stand-ins in the place of forbidden functions and classes, in the parent of candidates.

Whoever reaches a forbidden name by a way that ``forbid`` cannot read meets a stand-in that raises ForbiddenError. No
reference to an original is kept here. torch's own code meets the stand-ins too: ``nn.Softmax`` fails when ``F.softmax``
is forbidden, and that is meant.

=========================  ==========================================================================================
Forbidden                  What happens
=========================  ==========================================================================================
a function                 a stand-in wherever a module of the library holds the same object
a class                    the same; calling it, subclassing it and reading its attributes raise
a method of a class        replaced on the class; attributes that hold data (``requires_grad``) are left alone
a module of torch, numpy   its public functions, where nothing outside of it holds them; its classes and the module
                           itself stay, because torch's own code needs them
another library            importing it raises
``forbid.STATIC_ONLY``,    nothing: what the grader or torch itself needs at every step is found by reading alone
``torch._C``, ``torch.ops``
and the like
=========================  ==========================================================================================
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NoReturn

from grader.forbid import STATIC_ONLY

#: Libraries whose modules are searched for further names of a forbidden object.
_SEARCHED = ("torch", "numpy", "scipy", "sklearn", "torchvision", "functorch")

#: Modules that torch calls into from everywhere, and whole libraries that the grader itself stands on.
_NEEDED = (
    "torch.ops torch.jit torch.library torch.distributed torch.utils torch.overrides torch.cuda torch.backends "
    "torch.compiler torch.serialization torch.random torch.storage torch.types functorch numpy._core numpy.core"
).split()
_WHOLE = ("torch", "numpy", "msgspec", "builtins", "sys", "os", "importlib", "functorch")


# An ImportError, so that libraries which can do without the forbidden one go on doing without it.
class ForbiddenError(ImportError):
    """The student's code used something that the exercise forbids; the message is its name alone."""


@dataclass(frozen=True)
class Blocked:
    """What was done about each forbidden name."""

    blocked: tuple[str, ...]
    static_only: tuple[str, ...]
    unresolved: tuple[str, ...]


def block(forbidden: Sequence[str]) -> Blocked:
    """Replace what can be replaced. For good: only a process that does nothing but serve submissions may call this."""
    outcomes: dict[str, list[str]] = {"blocked": [], "static_only": [], "unresolved": []}
    # All are looked up before any is replaced: a stand-in has no attributes.
    found = {name: _resolve(name) for name in forbidden if not _is_needed(name)}
    holders = _holders()
    for name in forbidden:
        outcomes[_block(name, found[name], holders) if name in found else "static_only"].append(name)
    return Blocked(*(tuple(outcomes[key]) for key in ("blocked", "static_only", "unresolved")))


@dataclass
class _Found:
    """A resolved name: what it is an attribute of, and what it is; for a library of its own, nothing but its name."""

    owner: Any = None
    last: str = ""
    value: Any = None


#: The namespaces and names under which an object is held, by its identity.
_Holders = dict[int, list[tuple[dict[str, Any], str]]]


def _is_needed(name: str) -> bool:
    package, _, last = name.rpartition(".")
    # torch._softmax is a function like others; torch._C, torch._refs and what is in them are not for others to change.
    is_function = package == "torch" and isinstance(getattr(sys.modules.get("torch"), last, None), BuiltinFunctionType)
    if name.startswith("torch._") and not is_function:
        return True
    return name in STATIC_ONLY or name in _WHOLE or any(_is_below(name, one) for one in _NEEDED)


def _is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _resolve(name: str) -> _Found | None:
    """Find what a dotted name stands for; a library is not imported for it, only looked for."""
    top, _, rest = name.partition(".")
    if not rest:
        is_there = top in sys.modules or importlib.util.find_spec(top) is not None
        return _Found(last=top) if is_there else None
    try:
        owner: Any = None
        value: Any = importlib.import_module(top)
        path = top
        for part in rest.split("."):
            path = f"{path}.{part}"
            if not hasattr(value, part):
                importlib.import_module(path)
            owner, value = value, getattr(value, part)
    except Exception:  # a library may fail to import in many ways; the report names what it was
        return None
    return _Found(owner, rest.rpartition(".")[2], value)


@cache
def _holders() -> _Holders:
    found: _Holders = {}
    for space in _namespaces(_SEARCHED):
        for key, value in list(space.items()):
            if callable(value):
                found.setdefault(id(value), []).append((space, key))
    return found


def _namespaces(packages: Iterable[str]) -> Iterator[dict[str, Any]]:
    chosen = frozenset(packages)
    below = tuple(f"{package}." for package in chosen)
    for name, module in list(sys.modules.items()):
        if (name in chosen or name.startswith(below)) and isinstance(module, ModuleType):
            yield vars(module)


def _block(name: str, found: _Found | None, holders: _Holders) -> str:
    if found is None:
        return "unresolved"
    if found.owner is None:
        _refuse_import(name)
        return "blocked"
    if isinstance(found.value, ModuleType):
        return "blocked" if _block_module(name, found.value.__name__, holders) else "static_only"
    if isinstance(found.owner, type):
        return "blocked" if _block_method(name, found) else "static_only"
    if not callable(found.value):
        return "static_only"
    _replace(found.value, _stand_in(name, found.value), holders)
    return "blocked"


def _replace(value: object, stand_in: object, holders: _Holders) -> None:
    for space, key in holders.get(id(value), ()):
        space[key] = stand_in


def _stand_in(name: str, value: object) -> object:
    if isinstance(value, type):
        return _ForbiddenType(name.rpartition(".")[2], (), {"_forbidden": name})
    return _Forbidden(name)


def _block_method(name: str, found: _Found) -> bool:
    """Replace a method on its class. Attributes that hold data are told by being written through the class."""
    if hasattr(type(found.value), "__set__") or not callable(found.value):
        return False
    try:
        setattr(found.owner, found.last, _method(name))
    except (TypeError, AttributeError):  # a class made in C
        return False
    return True


def _block_module(name: str, module: str, holders: _Holders) -> bool:
    """Replace the public functions of a module and those below it. Returns whether there were any."""
    functions = _functions_of(module)
    for space, key in functions:
        space[key] = _Forbidden(f"{name}{space['__name__'].removeprefix(module)}.{key}")
    return bool(functions)


@cache
def _functions_of(module: str) -> list[tuple[dict[str, Any], str]]:
    """Where the public functions of a module and of those below it are held."""
    holders, found = _holders(), []
    inside = [id(space) for space in _namespaces([module])]
    for space in _namespaces([module]):
        # torch._higher_order_ops and the like are torch's own machinery, whatever they lie below.
        if any(part.startswith("_") for part in space.get("__name__", "").split(".")):
            continue
        for key, value in space.items():
            if not key.startswith("_") and _is_own_function(value, module, holders, inside):
                found.append((space, key))
    return found


def _is_own_function(value: Any, module: str, holders: _Holders, inside: list[int]) -> bool:
    """Whether a function belongs to a module, rather than being held there for use."""
    is_function = isinstance(value, FunctionType | BuiltinFunctionType) or type(value).__module__ == "numpy"
    if isinstance(value, type) or not is_function:
        return False
    if _is_below(value.__module__ or "", module):
        return True
    if isinstance(value, FunctionType):
        return False
    # A function made in C says at most which part of the library's core it comes from.
    outside = [space for space, _ in holders.get(id(value), ()) if id(space) not in inside]
    return all(space.get("__name__", "").startswith("torch._C") for space in outside)


# --- what stands in


class _Forbidden:
    """In place of a function. Names with two underscores are missing, as libraries ask for those of anything."""

    def __init__(self, name: str) -> None:
        self._forbidden = name

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ForbiddenError(self._forbidden)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ForbiddenError(self._forbidden)


class _ForbiddenType(type):
    """The type of what is in place of a class. It stays a type, so that isinstance goes on answering: no."""

    def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any], **_: Any) -> _ForbiddenType:
        for base in bases:
            if isinstance(base, _ForbiddenType):
                raise ForbiddenError(type.__getattribute__(base, "_forbidden"))
        return super().__new__(cls, name, bases, members)

    def __call__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise ForbiddenError(type.__getattribute__(cls, "_forbidden"))

    def __getattribute__(cls, name: str) -> Any:
        if name.startswith("__"):
            return type.__getattribute__(cls, name)
        raise ForbiddenError(type.__getattribute__(cls, "_forbidden"))


def _method(name: str) -> Callable[..., NoReturn]:
    def forbidden(self: object, *args: Any, **kwargs: Any) -> NoReturn:
        raise ForbiddenError(name)

    return forbidden


class _Refusal:
    """The first finder that an import asks: refuses one library."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Raise ForbiddenError for the library, leave everything else to the other finders."""
        if _is_below(name, self._name):
            raise ForbiddenError(self._name)
        return None


def _refuse_import(name: str) -> None:
    # Those that hold a module of it already, because they need it themselves, keep it.
    for known in [known for known in sys.modules if _is_below(known, name)]:
        del sys.modules[known]
    sys.meta_path.insert(0, _Refusal(name))
