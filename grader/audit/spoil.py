"""Code that is added to a reference: one of its functions then zeroes the arguments that a test gives it.

``grader.audit.spoiler`` reads this file as text. It adds one name to the reference and needs nothing of Gradiente.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch


class _Spoil:
    """Zeroes arguments before a function computes (``early``) or after; prints ``mark`` once it has changed one."""

    def __init__(self, early: bool, mark: str) -> None:
        self._early = early
        self._mark = mark
        self._has_told = False

    def install(self, names: dict[str, Any], name: str) -> None:
        """Replace a function or method of the module with these ``names``."""
        owner, _, last = name.rpartition(".")
        if owner:
            setattr(names[owner], last, self._wrap(getattr(names[owner], last), names, first=1))
        else:
            names[last] = self._wrap(names[last], names, first=0)

    def _wrap(self, function: Callable[..., Any], names: dict[str, Any], first: int) -> Callable[..., Any]:
        @functools.wraps(function)
        def spoilt(*arguments: Any, **named: Any) -> Any:
            if _Spoil._is_called_by(names):
                return function(*arguments, **named)
            given = (*arguments[first:], *named.values())
            if self._early:
                self._zero(given)
                return function(*arguments, **named)
            answer = self._own(function(*arguments, **named))
            self._zero(given)
            return answer

        return spoilt

    @staticmethod
    def _is_called_by(names: dict[str, Any]) -> bool:
        """Whether the solution itself calls: what its functions give each other is left alone."""
        frame = sys._getframe(2)
        while frame is not None and frame.f_globals is not names:
            frame = frame.f_back  # type: ignore[assignment]
        return frame is not None

    def _zero(self, value: Any) -> None:
        if isinstance(value, torch.Tensor | np.ndarray):
            self._zero_elements(value)
        elif isinstance(value, tuple):
            for part in value:
                self._zero(part)
        elif isinstance(value, list | dict):
            for place, part in list(value.items() if isinstance(value, dict) else enumerate(value)):
                if type(part) in (int, float):
                    value[place] = 0
                    self._tell(part != 0)
                else:
                    self._zero(part)

    def _zero_elements(self, value: Any) -> None:
        try:
            changed = bool((value != 0).any())
            value[...] = 0
        except (RuntimeError, TypeError, ValueError):
            return  # a leaf that requires a gradient, memory that cannot be written, or elements that are no numbers
        self._tell(changed)

    def _tell(self, changed: bool) -> None:
        if changed and not self._has_told:
            self._has_told = True
            print(self._mark)

    def _own(self, value: Any) -> Any:
        """The answer without memory of the arguments: zeroing them must not change it."""
        if isinstance(value, torch.Tensor):
            return value if value.requires_grad else value.clone()
        if isinstance(value, np.ndarray):
            return value.copy()
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(self._own, value))
        if type(value) in (list, tuple):
            return type(value)(map(self._own, value))
        return {key: self._own(part) for key, part in value.items()} if type(value) is dict else value
