"""What several test folders share: a small exercise tree and one warm grader for the whole run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grader.exercise import Catalogue
from grader.pool import Grader
from tests.layers import broken_layers, layers

ROOT = Path(__file__).resolve().parent.parent

#: files that take minutes: begun first, so that nobody waits for one of them at the end
LONG = (
    "tests/test_exercises.py",
    "tests/browser",
    "tests/server/test_schemathesis.py",
    "tests/attacks/test_attacks.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


_PUBLIC = '''
import pytest
import torch
from torch.testing import assert_close


@pytest.mark.points(2)
def test_doubles(student, rng):
    """Doubles every element.

    pt: Dobra cada elemento.
    hint: Multiply by two.
    dica: Multiplique por dois.
    """
    x = torch.randn(3, 4, generator=rng)
    assert_close(student.double(x), x + x)
'''

_HIDDEN = '''
import pytest
import torch
from torch.testing import assert_close


def test_keeps_the_type(student):
    """Keeps the element type.

    pt: Mantém o tipo dos elementos.
    """
    x = torch.tensor([12345.678], dtype=torch.float64)
    assert_close(student.double(x), torch.tensor([24691.356], dtype=torch.float64))


def test_leaves_its_input_alone(student, rng):
    """Does not change its input.

    pt: Não muda a entrada.
    """
    x = torch.randn(3, generator=rng)
    before = x.clone()
    assert_close(student.double(x), 2 * before)
    assert_close(x, before)


def test_greets(student):
    """Greets by name.

    pt: Cumprimenta pelo nome.
    """
    assert student.greet("Ana") == "Olá, Ana"


@pytest.mark.needs("test_greets")
def test_greets_nobody(student):
    """Greets nobody in particular.

    pt: Cumprimenta ninguém em especial.
    """
    assert student.greet("") == "Olá, "
'''

STUB = '''
"""The stub."""


def double(x):
    """Return twice x."""
    raise NotImplementedError


def greet(name):
    """Return a greeting."""
    raise NotImplementedError
'''

REFERENCE = """
def double(x):
    return 2 * x


def greet(name):
    return f"Olá, {name}"
"""


def write_tree(root: Path, config: str = 'module = "toys"\n[limits]\nseconds = 2\nload_seconds = 2\nmemory_mb = 512\n'):
    """A tree with one exercise, ``toy``, of six points."""
    public, private = root / "exercises" / "toy", root / "solutions" / "toy"
    for folder in (public, private):
        folder.mkdir(parents=True)
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(ROOT / "exercises" / name, public.parent)
    (public / "README.md").write_text("# Toy\n\nWrite `double`.\n")
    (public / "README.pt-BR.md").write_text("# Brinquedo\n\nEscreva `double`.\n")
    (public / "exercise.toml").write_text(config)
    (public / "toy.py").write_text(STUB)
    (public / "test_toy.py").write_text(_PUBLIC)
    (private / "toy.py").write_text(REFERENCE)
    (private / "test_toy_hidden.py").write_text(_HIDDEN)
    return Catalogue(public.parent, private.parent)


@pytest.fixture(scope="session")
def toys(tmp_path_factory):
    """A catalogue with the one exercise ``toy``."""
    return write_tree(tmp_path_factory.mktemp("toys"))


@pytest.fixture(scope="session", autouse=True)
def _look_at_the_sandbox():
    """Before any test starts a thread."""
    layers()


@pytest.fixture(scope="session")
def sandboxed():
    """Skip where this host has no sandbox: grading is refused there, and rightly."""
    if broken := broken_layers():
        pytest.skip(f"no sandbox on this host: {broken[0].name}: {broken[0].detail}")


@pytest.fixture(scope="session")
def grader(toys, sandboxed):
    """Warm processes on this host, for the whole run."""
    with Grader(toys) as started:
        yield started
