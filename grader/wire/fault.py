"""Exceptions over the wire: described as plain strings on one side, raised again on the other."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

_MESSAGE = 2_000
_TRACEBACK = 6_000

#: Exceptions of the libraries that a test may want to catch by type.
_LIBRARY: dict[str, type[Exception]] = {
    "torch.OutOfMemoryError": torch.OutOfMemoryError,
    "torch.cuda.OutOfMemoryError": torch.OutOfMemoryError,
    "numpy.linalg.LinAlgError": np.linalg.LinAlgError,
    "numpy.exceptions.AxisError": np.exceptions.AxisError,
}


@dataclass(frozen=True)
class Fault:
    """An exception as the wire carries it. ``names``: the full names of its type and their bases, nearest first."""

    names: list[str]
    message: str
    traceback: str = ""
    number: int = -1

    @property
    def kind(self) -> str:
        """The short name of the exception's type."""
        return self.names[0].rpartition(".")[2] if self.names else "Exception"


class RemoteFault(Exception):
    """Mixed into every exception that the other side raised: ``fault`` says all that is known of it."""

    fault: Fault

    def __str__(self) -> str:
        return self.fault.message


def describe(error: BaseException, traceback: str = "") -> Fault:
    """Put an exception into strings, whatever its own methods do."""
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__[:-1]]
    try:
        message = str(error)
    except BaseException:  # the exception is the student's: its __str__ may fail as well
        message = "(the exception's text could not be read)"
    return Fault(
        [name.removeprefix("builtins.")[:200] for name in names][:20], message[:_MESSAGE], traceback[-_TRACEBACK:]
    )


def revive(fault: Fault) -> Exception:
    """An exception to raise in place of the other side's: of the same built-in type, as near as there is one."""
    checked = _checked(fault)
    base = next((found for name in checked.names if (found := _find(name)) is not None), Exception)
    error: type[RemoteFault] = _kind(checked.kind, base)  # type: ignore[arg-type]  # classes are hashable
    raised = error.__new__(error)
    raised.fault = checked
    raised.args = (checked.message,)
    return raised


def _checked(fault: Fault) -> Fault:
    names = [name for name in _strings(fault.names) if len(name) <= 200][:20]
    number = fault.number if type(fault.number) is int else -1
    return Fault(names, _string(fault.message)[:_MESSAGE], _string(fault.traceback)[:_TRACEBACK], number)


def _strings(value: Any) -> list[str]:
    return [item for item in value if type(item) is str] if type(value) is list else []


def _string(value: Any) -> str:
    return value if type(value) is str else ""


def _find(name: str) -> type[Exception] | None:
    found = _LIBRARY.get(name) or (vars(builtins).get(name) if "." not in name else None)
    # A group of exceptions cannot be made without those that are in it, which stay where they were raised.
    is_plain = isinstance(found, type) and issubclass(found, Exception) and not issubclass(found, BaseExceptionGroup)
    return found if is_plain else None


@lru_cache(256)  # the names are the student's: an endless supply of them must not fill our memory
def _kind(name: str, base: type[Exception]) -> type[RemoteFault]:
    # The built-in type comes first: Python makes the object with the first base's own constructor.
    bases = (RemoteFault,) if base is Exception else (base, RemoteFault)
    members = {"__module__": "student", "__str__": RemoteFault.__str__}
    return type(name if name.isidentifier() else "Exception", bases, members)
