"""Packs an exercise for work on a student's computer: a folder that checks itself, or a notebook."""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from grader.exercise import READMES, Exercise
from server.i18n import Translator, mark

_HINTS = re.compile(r"\A## +(Hints|Dicas) *\n")
_SECTION = re.compile(r"^(?=## )", re.MULTILINE)

_HOW = mark(
    "**Your work starts here.** Replace each `raise NotImplementedError` and keep the names and parameters. The last "
    "cell runs the public tests, if this notebook lies in the unpacked folder of the exercise. When you are done, save "
    "and hand in this notebook."
)
_NO_FOLDER = mark(
    "There is no {tests} here. Download the exercise (.zip) from its page, unpack it, move this notebook into the "
    "folder {slug} and run this cell again."
)

#: Runs the public tests on what the notebook has defined: with Gradiente where that is installed, else with pytest
#: alone. It is no cell of tests for whoever reads the notebook as a module: there, ``__name__`` is another one.
_CHECK = '''\
if __name__ == "__main__":
    import os
    import sys
    from pathlib import Path

    os.environ.setdefault("GRADIENTE_LANG", {language!r})
    try:
        get_ipython()
        from grader import check
    except (ImportError, NameError):
        check = None

    class Here:
        """Lets the tests take the functions from this notebook."""

        def pytest_collection_finish(self, session):
            for plugin in session.config.pluginmanager.get_plugins():
                if hasattr(plugin, "load_student"):
                    plugin.load_student = lambda path: sys.modules["__main__"]

    places = [Path({tests!r}), Path({slug!r}, {tests!r})]
    found = [str(place) for place in places if place.is_file()]
    if check:
        check({slug!r})
    elif found:
        import pytest

        pytest.main(["-q", found[0]], plugins=[Here()])
    else:
        print({missing!r})
'''


def pack(exercise: Exercise) -> bytes:
    """Pack what students need: the exercise's folder with what all exercises share beside it."""
    statements = [exercise.folder / name for name in READMES.values()]
    config = exercise.folder / "exercise.toml"  # what is forbidden, and what a training check asks for
    files = [path for path in [*statements, exercise.stub, exercise.public_tests, config] if path.is_file()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (exercise.shared, exercise.pytest_ini):
            archive.writestr(path.name, path.read_bytes())
        # data/: what public tests read
        for path in [*files, *sorted(each for each in exercise.folder.glob("data/**/*") if each.is_file())]:
            name = path.relative_to(exercise.folder).as_posix()
            archive.writestr(f"{exercise.slug}/{name}", path.read_bytes())
    return packed.getvalue()


def notebook(exercise: Exercise, language: Translator) -> bytes:
    """Write the exercise as a Jupyter notebook: statement, stub, and a cell that runs the public tests."""
    statement = [_folded(part) for part in _SECTION.split(exercise.statement(language.tag)) if part.strip()]
    check = _CHECK.format(
        slug=exercise.slug,
        tests=exercise.public_tests.name,
        language=language.tag,
        missing=language.gettext(_NO_FOLDER).format(tests=exercise.public_tests.name, slug=exercise.slug),
    )
    cells = [
        *(("markdown", part) for part in [*statement, language.gettext(_HOW)]),
        *(("code", part) for part in [*split(exercise.stub.read_text(encoding="utf-8")), check]),
    ]
    document = {
        "cells": [_cell(number, kind, text.strip()) for number, (kind, text) in enumerate(cells, 1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    cell = {"id": f"cell-{number}", "cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _folded(part: str) -> str:
    """The hints behind a title to click on: not everybody wants to see them at once."""
    if found := _HINTS.match(part):
        return f"<details>\n<summary>{found[1]}</summary>\n\n{part[found.end() :].strip()}\n\n</details>"
    return part


def split(source: str) -> list[str]:
    """Cut Python source into cells: each function and class has its own, what lies between stays together."""
    try:
        nodes = ast.parse(source).body
    except SyntaxError:
        return [source]
    lines = source.splitlines(keepends=True)
    cuts = [*_cuts(nodes), len(lines)]
    parts = ("".join(lines[start:end]) for start, end in pairwise([0, *cuts]))
    return [part for part in parts if part.strip()]


def _cuts(nodes: list[ast.stmt]) -> Iterator[int]:
    """The lines at which cells end: after each definition, and before one, with the comments above it."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for before, after in pairwise(nodes):
        if isinstance(before, definitions) or isinstance(after, definitions):
            yield before.end_lineno or before.lineno
