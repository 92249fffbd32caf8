"""People who use nbgrader with a portal as its exchange."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")

from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from traitlets.config import Config

from grader.nbgrader.exchange import configure


def notebook(*cells: str, **metadata: Any) -> str:
    """A notebook with code cells."""
    made = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell{number}",
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(cells)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"cells": made, "metadata": {"kernelspec": kernel, **metadata}, "nbformat": 4, "nbformat_minor": 5}
    )


class Person:
    """Somebody with a token and a folder of their own."""

    def __init__(self, folder: Path, url: str, token: str, login: str, course: str) -> None:
        self.folder, self.login = folder, login
        folder.mkdir(exist_ok=True)
        self.config = Config()
        configure(self.config, url, course, token)
        self.config.CourseDirectory.root = str(folder)
        self.config.Exchange.assignment_dir = str(folder)

    def part(self, name: str, assignment: str = "", **traits: Any) -> Any:
        """A part of the exchange, such as ``Submit``, as nbgrader's commands make it."""
        coursedir = {key: traits.pop(key) for key in list(traits) if key in CourseDirectory.class_trait_names()}
        directory = CourseDirectory(config=self.config, assignment_id=assignment, **coursedir)
        found = getattr(ExchangeFactory(config=self.config), name)(coursedir=directory)
        for key, value in traits.items():
            setattr(found, key, value)
        return found

    def do(self, name: str, assignment: str = "", **traits: Any) -> Any:
        """Do what one command does."""
        return self.part(name, assignment, **traits).start()

    def write(self, path: str, text: str = "") -> Path:
        """Write a file into the folder."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def read(self, path: str) -> str:
        """Read a file of the folder."""
        return (self.folder / path).read_text(encoding="utf-8")

    def files(self, path: str = "") -> list[str]:
        """The files below a folder."""
        root = self.folder / path
        return sorted(each.relative_to(root).as_posix() for each in root.rglob("*") if each.is_file())

    def generate(self, assignment: str = "ps1", **files: str) -> None:
        """Have an assignment ready to be released."""
        for name, text in (files or {"p1": notebook("x = 1")}).items():
            self.write(f"release/{assignment}/{name}.ipynb", text)
