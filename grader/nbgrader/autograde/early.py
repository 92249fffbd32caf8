"""``nbgrader autograde``, with the grader started before nbgrader is imported: each takes a second or two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.nbgrader.autograde.desk import open_desk


def autograde(words: Sequence[str]) -> None:
    """Run the command in the current folder; ``words``: what follows its name. Raises SystemExit where it fails."""
    if _grades(words):
        open_desk()
    from nbgrader.apps import AutogradeApp

    AutogradeApp.launch_instance(list(words))


def _grades(words: Sequence[str]) -> bool:
    """Whether something will be graded here. What is wrong with the course nbgrader tells."""
    if not words or any(word in ("-h", "--help", "--help-all", "--version", "--generate-config") for word in words):
        return False
    return Path("nbgrader_config.py").is_file()
