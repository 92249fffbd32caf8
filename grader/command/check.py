"""``gradiente check``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from grader.command.options import catalogue_of, exercise_of, language, language_of, trees


@click.command()
@click.argument("target", metavar="SLUG|PATH")
@language
@trees
def command(target: str, lang: str | None, exercises: Path | None, solutions: Path | None) -> None:
    """Run an exercise's public tests in this process: the same as ``pytest exercises/SLUG``.

    TARGET is an exercise's slug, its folder, or the student's file in it.
    """
    path = Path(target)
    if path.is_file():
        folder = path.parent
    elif path.is_dir() and list(path.glob("test_*.py")):
        folder = path
    else:
        folder = exercise_of(catalogue_of(exercises, solutions), target).folder
    os.environ["GRADIENTE_LANG"] = language_of(lang)

    import pytest

    # Another pytest configuration further up, or a plugin of the student's, has no say in an exercise's tests.
    options = ["--tb=short", "-q", "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={folder.parent}"]
    sys.exit(pytest.main([str(folder), *options]))
