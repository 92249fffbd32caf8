"""Writes cells of tests as pytest functions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grader.nbgrader.conversion.rewrite import indented, through_student, with_data, without_first
from grader.nbgrader.conversion.slice import Needs
from grader.nbgrader.conversion.statement import Statement
from grader.nbgrader.segment import is_text

_DATA = 'DATA = Path(__file__).resolve().parent / "data"'


@dataclass
class TestFile:
    """One of the two files of tests of an exercise."""

    __test__ = False

    title: str
    #: files that tests may read, as notebooks name them
    data: Mapping[str, str]
    helpers: list[Statement] = field(default_factory=list)
    #: parts that are taken as they are: of notebooks that came from an exercise
    plain: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)

    def add(self, name: str, text: str, points: float, needs: Needs, title: str, translated: str) -> None:
        """Write a cell as a function. Raises SyntaxError for what only a notebook may have at its margin."""
        body = [self._inner(each.text, needs) for each in needs.prelude if not each.is_star]
        own = without_title(text)
        rewritten, aliases = through_student(own, needs.student)
        for each in needs.prelude:
            aliases += through_student(each.text, needs.student)[1]
        body = [*(f"{alias} = student.{alias}" for alias in sorted(set(aliases))), *body]
        docstring = [_quoted(title), *([""] if translated else []), *([f"pt: {translated}"] if translated else [])]
        lines = "\n".join([*body, with_data(rewritten, self.data).strip("\n")])
        marker = f"@pytest.mark.points({points:g})\n"
        doc = indented("\n".join(['"""' + docstring[0], *docstring[1:]]) + ('\n"""' if len(docstring) > 1 else '"""'))
        function = f"def {name}(student):\n{doc}\n{indented(lines)}"
        compile(function, name, "exec")
        self.helpers += [each for each in needs.helpers if each not in self.helpers]
        self.functions.append(marker + function)

    def _inner(self, text: str, needs: Needs) -> str:
        return with_data(through_student(text, needs.student)[0], self.data)

    def render(self) -> str:
        """The text of the file."""
        helpers = sorted(self.helpers, key=lambda each: (each.cell, each.segment.line))
        top = _unique(line for each in helpers if each.is_import for line in each.text.split("\n"))
        rest = [with_data(each.text, self.data) for each in helpers if not each.is_import]
        everything = "\n".join([*rest, *self.functions])
        if "DATA /" in everything:
            top.append("from pathlib import Path")
            rest.insert(0, _DATA)
        if self.functions and "@pytest." in everything and not self.plain:
            top.append("import pytest")
        future = [line for line in top if line.startswith("from __future__")]
        imports = sorted({line for line in top if line not in future}, key=lambda line: line.split()[1])
        head = [] if self.plain else [_docstring(self.title)]
        parts = [*head, *future, "\n".join(imports), "\n\n".join(rest), *self.plain]
        text = "\n\n".join(part for part in parts if part)
        return "\n\n\n".join([part for part in (text, *self.functions) if part]).strip("\n") + "\n"


def title_of(text: str, fallback: str) -> str:
    """What a cell says that it tests: its first text, else the comment at its top, else its name."""
    tree = ast.parse(text)
    if tree.body and is_text(tree.body[0]):
        assert isinstance(tree.body[0], ast.Expr)
        found = " ".join(str(ast.literal_eval(tree.body[0].value)).split())
    else:
        lines = text.strip("\n").split("\n")
        comments = (line.lstrip("# ").strip() for line in lines[: _comments(lines)])
        found = " ".join(comment for comment in comments if comment)
    title = found or re.sub(r"[-_]+", " ", fallback).strip().capitalize()
    # What students read must not be taken for one of the labels of a docstring.
    return re.sub(r"^(pt|hint|dica):", r"\1 –", title)


def without_title(text: str) -> str:
    """A cell without the text, or the comment at its top, that has become the docstring."""
    if is_text(ast.parse(text).body[0]):
        return without_first(text)
    lines = text.strip("\n").split("\n")
    return "\n".join(lines[_comments(lines) :])


def _comments(lines: list[str]) -> int:
    """How many lines of comment are at the top."""
    return next((number for number, line in enumerate(lines) if not line.startswith("#")), 0)


def _quoted(text: str) -> str:
    """Safe within triple quotes."""
    escaped = text.replace("\\", "\\\\").replace('"""', "'''")
    return f"{escaped} " if escaped.endswith('"') else escaped


def _docstring(text: str) -> str:
    return f'"""{_quoted(text)}"""'


def _unique(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))
