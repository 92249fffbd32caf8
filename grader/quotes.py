"""Keeps pytest from parsing a whole file of tests anew for each failure that it quotes a line of."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from _pytest._code import code, source

#: by path, what pytest has parsed
_trees: dict[str | Path, ast.AST] = {}


class _Formatter(code.ExceptionInfoFormatter):
    """Shares with all failures what pytest keeps for one."""

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        self.astcache = _trees


def keep_trees() -> None:
    """Quote failures of this process that way."""
    code.ExceptionInfoFormatter = _Formatter  # type: ignore[misc]


def parse_tests(items: Iterable[pytest.Item]) -> None:
    """Parse the files of these tests now, for processes that are forked later."""
    for item in items:
        function = getattr(item, "function", None)
        where = None if function is None else code.Code.from_function(function)
        if where is not None and where.path not in _trees and (text := where.fullsource) is not None:
            _trees[where.path] = source.getstatementrange_ast(0, text)[0]
