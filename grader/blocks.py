"""Makes forbidden functions raise at run time, in the candidate: the second look after reading the source.

Blocked are functions, methods of ``torch.Tensor`` and layers (``torch.nn.Module`` classes), wherever torch exports
them. Modules, and classes that torch itself needs at every step, are left to the reading alone.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NoReturn

import torch

_ROOTS = ("torch", "numpy", "scipy", "sklearn")


class ForbiddenError(Exception):
    """A forbidden function was called; its text is the name."""


def block(names: Sequence[str]) -> list[str]:
    """Replace what can be replaced and return the names that could not."""
    return [name for name in names if not _block(name)]


def _block(name: str) -> bool:
    owner_name, _, attribute = name.rpartition(".")
    owner = _resolve(owner_name)
    found = getattr(owner, attribute, None) if owner is not None else None
    if found is None or isinstance(found, ModuleType):
        return False
    if owner is torch.Tensor:
        return _block_method(attribute, found, name)
    if isinstance(found, type):
        if issubclass(found, torch.nn.Module) and found is not torch.nn.Module:
            _replace_everywhere(attribute, found, _blocked_class(name))
            return True
        return False
    if not isinstance(found, FunctionType | BuiltinFunctionType) and not callable(found):
        return False
    _replace_everywhere(attribute, found, _blocked(name))
    return True


def _block_method(attribute: str, found: Any, name: str) -> bool:
    if not callable(found):
        return False  # a property such as requires_grad, which torch reads everywhere
    setattr(torch.Tensor, attribute, _blocked(name))
    return True


def _resolve(name: str) -> Any:
    """The module or class of a dotted name; None where it cannot be imported."""
    try:
        return importlib.import_module(name)
    except ImportError:
        owner, _, attribute = name.rpartition(".")
        return getattr(_resolve(owner), attribute, None) if owner else None


def _replace_everywhere(attribute: str, found: Any, replacement: Any) -> None:
    """Libraries re-export: every module that has the same object under the same name gets the replacement."""
    for module in list(sys.modules.values()):
        is_library = isinstance(module, ModuleType) and module.__name__.partition(".")[0] in _ROOTS
        if is_library and vars(module).get(attribute) is found:
            setattr(module, attribute, replacement)


def _blocked(name: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise ForbiddenError(name)

    return refuse


def _blocked_class(name: str) -> type:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise ForbiddenError(name)

    return type(name.rpartition(".")[2], (torch.nn.Module,), {"__init__": refuse})
