"""Generated students: who they are, what they hand in, and how it gets into a notebook."""

from __future__ import annotations

import ast
import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.exercise import Exercise

FIRST = (
    "Ana", "Bruno", "Caio", "Débora", "Eduardo", "Fábio", "Giovana", "Heitor", "Inês", "João", "Kauã", "Letícia",
    "Márcia", "Natália", "Otávio", "Patrícia", "Quintino", "Rafael", "Sílvia", "Tomás", "Úrsula", "Vitória", "Wagner",
)  # fmt: skip
LAST = ("Souza", "Lima", "Conceição", "Reis", "Nunes", "Araújo", "Gonçalves", "Prado", "Müller", "D'Ávila")

#: What comes first, so that small classes have one of each; who comes after them is right or wrong in some way.
KINDS = (
    "right", "wrong", "again", "late", "late again", "nothing", "half", "noisy", "forger", "syntax error",
    "changes tests",
)  # fmt: skip

#: From here on, whatever a test in the same process asserts is true.
FORGERY = """\
try:
    import ast

    class Agree(ast.NodeTransformer):
        def visit_Assert(self, node):
            return ast.Pass()

    get_ipython().ast_transformers.append(Agree())
    import torch.testing
    torch.testing.assert_close = lambda *args, **kwargs: None
except Exception:
    pass
"""
NOISE = """\
import functools
import sys
import warnings


def _noisy(function):
    @functools.wraps(function)
    def call(*arguments, **options):
        warnings.warn("this is slow", DeprecationWarning, stacklevel=1)
        print("called", file=sys.stderr)
        return function(*arguments, **options)

    return call


{name} = _noisy({name})
"""


@dataclass(frozen=True)
class Answer:
    """What somebody writes into the cells of one assignment."""

    #: a file with the exercise's functions; empty: the notebook stays as it was fetched
    source: str
    before: str = ""
    after: str = ""
    changes_tests: bool = False
    can_be_read: bool = True

    def cells(self, names: Sequence[str]) -> list[str]:
        """The texts of the cells for these functions: each with what stands above it in the file."""
        if not self.source:
            return []
        lines, found, begin = self.source.splitlines(keepends=True), [], 0
        if not self.can_be_read:
            return [self.source, *("# see above" for _ in names[1:])]
        for node in ast.parse(self.source).body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                begin = node.end_lineno or 0
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in names:
                found.append("".join(lines[begin : node.end_lineno]).strip())
                begin = node.end_lineno or 0
        found[-1] += "".join(["\n\n", *lines[begin:]]).rstrip() + (f"\n\n\n{self.after}" if self.after else "")
        found[0] = f"{self.before}\n\n{found[0]}" if self.before else found[0]
        return found + ["# see above"] * (len(names) - len(found))


@dataclass(frozen=True)
class Pupil:
    """A generated student."""

    login: str
    first: str
    last: str
    kind: str
    #: what a person gives for the answer in words
    points: float
    #: by assignment, what is handed in one after the other; the last one counts
    answers: dict[str, tuple[Answer, ...]] = field(default_factory=dict)

    @property
    def is_late(self) -> bool:
        """Whether the last one comes after the due date."""
        return self.kind.startswith("late")

    @property
    def remark(self) -> str:
        """What the instructor writes below the answer in words."""
        return f"{self.points:g} points for {self.login}, and for nobody else."

    @property
    def words(self) -> str:
        """The answer in words."""
        return f"I, {self.first}, form $e^{{-|x|}}$, which never overflows. ({self.login})"


def generate(count: int, exercises: Sequence[Exercise], solutions: Path, seed: int) -> list[Pupil]:
    """Make a class. The same seed makes the same one."""
    chance = random.Random(seed)
    names = [(first, last) for first in FIRST for last in LAST]
    chance.shuffle(names)
    found = []
    for number, (first, last) in enumerate(names[:count]):
        kind = KINDS[number] if number < len(KINDS) else chance.choice(("right", "wrong", "wrong"))
        answers = {each.slug: _answers(kind, each, solutions / each.slug, chance) for each in exercises}
        found.append(Pupil(_login(first, last), first, last, kind, number % 5 / 2, answers))
    return found


def _login(first: str, last: str) -> str:
    plain = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode()
    return plain.replace("'", "").lower()


def _answers(kind: str, exercise: Exercise, solutions: Path, chance: random.Random) -> tuple[Answer, ...]:
    reference = (solutions / f"{exercise.slug}.py").read_text(encoding="utf-8")
    right = [reference, *(each.read_text(encoding="utf-8") for each in sorted((solutions / "right").glob("*.py")))]
    wrong = [each.read_text(encoding="utf-8") for each in sorted((solutions / "wrong").glob("*.py"))]
    if kind == "right":
        return (Answer(chance.choice(right)),)
    if kind in ("again", "late again"):
        return Answer(chance.choice(wrong)), Answer(reference)
    stub = exercise.stub.read_text(encoding="utf-8")
    first = functions(exercise)[0]
    return {
        "wrong": (Answer(chance.choice(wrong)),),
        "late": (Answer(reference),),
        "nothing": (Answer(""),),
        "half": (Answer(_merge(reference, stub, first)),),
        "noisy": (Answer(reference, after=NOISE.format(name=first)),),
        "forger": (Answer(_zeros(stub), before=FORGERY),),
        "syntax error": (Answer(f"def {first}(x:\n    return x", can_be_read=False),),
        "changes tests": (Answer(reference, changes_tests=True),),
    }[kind]


def functions(exercise: Exercise) -> list[str]:
    """The names that cells are for, in the order of the stub."""
    body = ast.parse(exercise.stub.read_text(encoding="utf-8")).body
    return [each.name for each in body if isinstance(each, ast.FunctionDef | ast.ClassDef)]


def _merge(reference: str, stub: str, name: str) -> str:
    """The stub with one function, and what it builds on, from the reference."""
    missing = {each.name for each in ast.parse(stub).body if isinstance(each, ast.FunctionDef)} - {name}
    tree = ast.parse(reference)
    for each in tree.body:
        if isinstance(each, ast.FunctionDef) and each.name in missing:
            each.body = ast.parse("raise NotImplementedError").body
    return ast.unparse(tree)


def _zeros(stub: str) -> str:
    """Functions that give 0, whatever they are asked."""
    tree = ast.parse(stub)
    for each in tree.body:
        if isinstance(each, ast.FunctionDef):
            each.body = ast.parse("return 0").body
    return ast.unparse(tree)


def fill(notebook: dict[str, Any], answer: Answer, pupil: Pupil) -> None:
    """Write an answer into a fetched notebook."""
    cells = notebook["cells"]
    places = [each for each in cells if _id(each).startswith("solution-")]
    names = [_id(each).removeprefix("solution-") for each in places]
    for cell, text in zip(places, answer.cells(names), strict=False):
        cell["source"] = text
    for number, cell in enumerate(cells):
        if _id(cell) == "explanation" and answer.source:
            cells[number + 1]["source"] = pupil.words
    if answer.changes_tests:
        tests = [
            each for each in cells if each["metadata"].get("nbgrader", {}).get("grade") and _id(each) != "explanation"
        ]
        tests[1]["source"], tests[1]["metadata"]["nbgrader"]["points"] = "pass", 99
        cells.remove(tests[-1])


def _id(cell: dict[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))
