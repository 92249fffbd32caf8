"""What the stub of an exercise defines: the names that a submission has to have."""

from __future__ import annotations

import ast
from pathlib import Path


def class_names(stub: Path) -> frozenset[str]:
    """The classes of a stub. The file is the author's: it is parsed here, never a student's."""
    tree = ast.parse(stub.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.ClassDef))
