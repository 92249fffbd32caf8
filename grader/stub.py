"""What the stub of an exercise defines: the names that a submission has to have."""

from __future__ import annotations

import ast
from pathlib import Path


def class_names(stub: Path) -> frozenset[str]:
    """The classes of a stub. The file is the author's: it is parsed here, never a student's."""
    return frozenset(node.name for node in _body(stub) if isinstance(node, ast.ClassDef))


def public_names(stub: Path) -> list[str]:
    """The functions and classes of a stub that a submission has to define."""
    defined = (node.name for node in _body(stub) if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return [name for name in defined if not name.startswith("_")]


def _body(stub: Path) -> list[ast.stmt]:
    return ast.parse(stub.read_text(encoding="utf-8")).body
