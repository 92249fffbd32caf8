"""Checks the two folders: what has to be there, what may be there, the slug and ``exercise.toml``."""

from __future__ import annotations

import difflib
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.audit.finding import Problem
from grader.audit.signature import find_functions
from grader.audit.source import find_tests
from grader.errors import ExerciseError
from grader.exercise import READMES, Catalogue, Exercise, is_slug, read_module_titles
from grader.shared import load_shared

_LEAST_RIGHT = 2
_LEAST_WRONG = 4
_IGNORED = ("__pycache__", ".pytest_cache", ".DS_Store", ".ipynb_checkpoints")
_FREE = ("data",)
_PRIVATE_EXTRAS = ("calibration.toml", "equivalent.toml")


def check_folders(exercise: Exercise) -> Iterator[Problem]:
    """Every file in its place, and no other file."""
    slug, private = exercise.slug, exercise.private
    for path in (exercise.shared, exercise.pytest_ini):
        if not path.is_file():
            yield Problem(path, None, "all exercises share this file, and it is missing. Copy it from Gradiente.")
    public_files = [exercise.stub.name, exercise.public_tests.name, "exercise.toml", *READMES.values()]
    yield from _check_folder(exercise.folder, public_files, ())
    if private is None:
        text = "the exercise has no folder in the solutions tree. Put the reference and the hidden tests there."
        yield Problem(exercise.folder, None, text)
        return
    required = [f"{slug}.py", f"test_{slug}_hidden.py"]
    yield from _check_folder(private, required, _PRIVATE_EXTRAS, folders=("right", "wrong"))
    for name, least, found in (("right", _LEAST_RIGHT, exercise.right()), ("wrong", _LEAST_WRONG, exercise.wrong())):
        yield from _check_folder(private / name, [], [path.name for path in found])
        if len(found) < least:
            text = f"{len(found)} solutions; there must be at least {least}. Write {least - len(found)} more."
            yield Problem(private / name, None, text)


def _check_folder(
    folder: Path, required: list[str], optional: tuple[str, ...] | list[str], folders: tuple[str, ...] = ()
) -> Iterator[Problem]:
    for name in required:
        if not (folder / name).is_file():
            yield Problem(folder / name, None, "this file is missing. Write it.")
    allowed = [*required, *optional]
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        known = (*folders, *_FREE) if path.is_dir() else allowed
        if path.name in known or path.name in _IGNORED:
            continue
        close = difflib.get_close_matches(path.name, [*allowed, *folders, *_FREE], 1)
        advice = f"Is it meant to be {close[0]}?" if close else "Remove it, or put it into data/ if the tests read it."
        yield Problem(path, None, f"this is not expected here. {advice}")


def check_public(exercise: Exercise) -> Iterator[Problem]:
    """The public folder says nothing of the private one."""
    hidden = {test.name for test in find_tests(exercise.hidden_tests)} if exercise.hidden_tests else set()
    hidden -= {test.name for test in find_tests(exercise.public_tests)}
    words = re.compile(rf"\b({'|'.join(sorted(hidden))})\b") if hidden else None
    imports = re.compile(r"\b(from|import)\s+solutions\b|\bsolutions/")
    for path in sorted(exercise.folder.iterdir()):
        if not path.is_file() or path.suffix not in (".md", ".py", ".toml"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if imports.search(line):
                yield Problem(path, number, "students get this file, and it leads to the solutions. Take that out.")
            found = words.search(line) if words else None
            if found:
                yield Problem(
                    path, number, f"this names the hidden test {found[0]}. Students must not see its name here."
                )


def find_collision(slug: str) -> str | None:
    """Say which module a slug would hide, in a fresh interpreter of this environment."""
    if slug in sys.stdlib_module_names or slug in sys.builtin_module_names:
        return f"{slug} is a module of Python itself"
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is not None)"
    # -I: neither the working directory nor PYTHONPATH counts, only what is installed.
    done = subprocess.run([sys.executable, "-I", "-c", code, slug], capture_output=True, check=False)
    return f"{slug} is a module that is installed here" if done.returncode else None


def check_name(exercise: Exercise) -> Iterator[Problem]:
    """The slug hides no module that somebody imports."""
    collision = find_collision(exercise.slug)
    if collision:
        yield Problem(exercise.folder, None, f"{collision}, and the student's file would hide it. Choose another slug.")


def check_config(exercise: Exercise, catalogue: Catalogue) -> Iterator[Problem]:
    """What ``exercise.toml`` names exists."""
    path, config = exercise.folder / "exercise.toml", exercise.config
    if not is_slug(config.module):
        yield Problem(path, None, f"module = {config.module!r} is not one lower-case word. Use one, such as “neurons”.")
    yield from _check_module_titles(catalogue)
    for slug in config.prerequisites:
        if slug not in catalogue.slugs():
            yield Problem(path, None, f"the prerequisite {slug!r} is no exercise. Mend or remove it.")
    if exercise.slug in _needed(exercise, catalogue):
        yield Problem(path, None, "by its prerequisites the exercise needs itself. Break the circle.")
    for name, value in _limits(exercise).items():
        if value <= 0:
            yield Problem(path, None, f"limits.{name} = {value:g} leaves nothing. Give a number above 0.")
    yield from _check_in_place(exercise, path)
    if config.forbid:
        load_shared(exercise.shared).mend_torchvision()
    for name in config.forbid:
        if not _resolves(name):
            yield Problem(path, None, f"forbid names {name!r}, which cannot be imported. Mend or remove it.")


def _check_module_titles(catalogue: Catalogue) -> Iterator[Problem]:
    try:
        read_module_titles(catalogue.exercises)
    except ExerciseError as error:
        yield Problem(catalogue.exercises / "modules.toml", None, str(error))


def _check_in_place(exercise: Exercise, path: Path) -> Iterator[Problem]:
    functions = find_functions(exercise.reference) if exercise.reference else {}
    for name in exercise.config.in_place if functions else []:
        if name not in functions:
            known = ", ".join(functions)
            yield Problem(path, None, f"in_place names {name!r}; the reference has {known}. Mend or remove it.")


def _limits(exercise: Exercise) -> dict[str, float]:
    limits = exercise.config.limits
    return {name: getattr(limits, name) for name in limits.__struct_fields__}


def _needed(exercise: Exercise, catalogue: Catalogue) -> set[str]:
    """Every exercise that comes before this one."""
    needed: set[str] = set()
    waiting = list(exercise.config.prerequisites)
    while waiting:
        slug = waiting.pop()
        if slug not in needed and slug in catalogue.slugs():
            needed.add(slug)
            waiting += _prerequisites(catalogue, slug)
    return needed


def _prerequisites(catalogue: Catalogue, slug: str) -> list[str]:
    try:
        return catalogue.find(slug).config.prerequisites
    except ExerciseError:
        return []  # that exercise's own audit says so


def _resolves(name: str) -> bool:
    """Whether a dotted name leads to something: modules first, then attributes."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False
