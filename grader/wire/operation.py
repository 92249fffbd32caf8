"""What can be done with an object of the other side: the operations of the wire, performed where the object lives."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from typing import Any

_SIMPLE: dict[str, Callable[..., Any]] = {
    "get": lambda subject, name: getattr(subject, name),
    "set": lambda subject, name, value: setattr(subject, name, value),
    "del": lambda subject, name: delattr(subject, name),
    "len": lambda subject, _: len(subject),
    "iter": lambda subject, _: iter(subject),
    "next": lambda subject, _: next(subject),
    "item": lambda subject, _, key: subject[key],
    "set_item": lambda subject, _, key, value: operator.setitem(subject, key, value),
    "del_item": lambda subject, _, key: operator.delitem(subject, key),
    "contains": lambda subject, _, item: item in subject,
    "float": lambda subject, _: float(subject),
    "int": lambda subject, _: int(subject),
    "index": lambda subject, _: operator.index(subject),
    "truth": lambda subject, _: bool(subject),
    "text": lambda subject, _: str(subject),
    "enter": lambda subject, _: type(subject).__enter__(subject),
    "exit": lambda subject, _, *error: type(subject).__exit__(subject, *error),
    "copy": lambda subject, _: copy.copy(subject),
    "deepcopy": lambda subject, _: copy.deepcopy(subject),
    "dir": lambda subject, _: [name for name in dir(subject) if isinstance(name, str)],
}

#: Python's operators by the name of their method, with the function that applies them.
OPERATORS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name)
    for name in (
        "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "neg", "pos", "abs", "invert",
    )
}  # fmt: skip

REFLECTED = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")


def perform(op: str, subject: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Do one operation with an object of ours and return what comes of it, or raise what it raises."""
    if op == "call":
        return subject(*args, **kwargs)
    if op == "method":
        return getattr(subject, name)(*args, **kwargs)
    if op == "operator":
        return OPERATORS[name](subject, *args)
    if op == "reflected":
        return OPERATORS[name](args[0], subject)
    return _SIMPLE[op](subject, name, *args)
