"""How paths are written in what people read."""

from __future__ import annotations

from pathlib import Path


def shown(path: Path) -> str:
    """The path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
