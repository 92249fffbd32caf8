"""A small exercise whose training is a function that says what it reaches, so that checks take no time."""

from __future__ import annotations

import json

from tests.conftest import write_tree

TABLE = """
module = "toys"
[limits]
seconds = 2
load_seconds = 2
memory_mb = 512
[training]
seeds = 3
[training.cpu]
examples = 100
budget_s = 1.5
ladder = [[0.5, 2], [1.0, 4]]
"""

TESTS = '''
import time

import pytest


def test_trains(student, training):
    """Reaches a lot.

    pt: Alcança muito.
    hint: Reach more.
    dica: Alcance mais.
    """
    training.check(lambda run: student.double(run.number))


def test_goes_on(student):
    """Greets.

    pt: Cumprimenta.
    """
    assert student.greet("Ana") == "Olá, Ana"
'''

GREET = 'def greet(name): return f"Olá, {name}"\n'


def write_course(root, tests=TESTS, table=TABLE):
    """The toy exercise with these public tests and no hidden ones."""
    exercise = write_tree(root, table).find("toy")
    exercise.public_tests.write_text(tests)
    exercise.hidden_tests.unlink()
    return exercise


def reaching(*values):
    """A submission whose n-th run reaches the n-th value."""
    return GREET + f"def double(number): return {json.dumps(list(values))}[number - 1]\n"
