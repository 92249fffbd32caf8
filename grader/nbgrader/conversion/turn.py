"""Turns one notebook of an nbgrader course into an exercise, and accounts for every cell that it cannot turn."""

from __future__ import annotations

import ast
import re
import unicodedata
from dataclasses import dataclass, field

from grader.magic import strip_magics
from grader.nbgrader.conversion import region
from grader.nbgrader.conversion.config_file import CourseSettings
from grader.nbgrader.conversion.inline import Inliner
from grader.nbgrader.conversion.module import CodeCell, Module, build, stub_text
from grader.nbgrader.conversion.own import OwnTests, is_own
from grader.nbgrader.conversion.slice import Needs, Notebook, NotTurned
from grader.nbgrader.conversion.source import Role, SourceCell, SourceNotebook, data_files
from grader.nbgrader.conversion.statement import Names, Owner, Statement, cut_statements
from grader.nbgrader.conversion.testfile import TestFile, title_of
from grader.report import Text

_OWNERS = {Role.GIVEN: Owner.GIVEN, Role.SOLUTION: Owner.STUDENT, Role.ANSWER: Owner.STUDENT, Role.TESTS: Owner.TEST}

BY_HAND: Text = {
    "en": "a person judges it; on the portal, give its points in a review, with a rubric",
    "pt-BR": "uma pessoa avalia; no portal, dê os pontos em uma revisão, com uma rubrica",
}
_BROKEN: Text = {"en": "Python cannot read it", "pt-BR": "o Python não consegue ler"}
_UNCLOSED: Text = {"en": "a BEGIN or END marker has no partner", "pt-BR": "um marcador BEGIN ou END não tem par"}
_AUTOTEST: Text = {
    "en": "AUTOTEST gets its values when nbgrader makes the release version: copy the cell from there",
    "pt-BR": "AUTOTEST recebe os valores quando o nbgrader gera a versão de release: copie a célula de lá",
}
_NO_FUNCTION: Text = {
    "en": "it cannot stand in a function, as with “await” at its margin",
    "pt-BR": "não pode ficar em uma função, como com “await” na margem",
}
_EMPTY: Text = {"en": "it tests nothing", "pt-BR": "não testa nada"}


@dataclass(frozen=True)
class Outcome:
    """What became of a cell."""

    cell: int
    grade_id: str
    role: Role
    points: float = 0.0
    #: the tests that it became
    became: tuple[str, ...] = ()
    #: why it became nothing, or not all of it did
    why: Text = field(default_factory=dict)


@dataclass(frozen=True)
class Turned:
    """An exercise that a notebook has become."""

    module: Module
    public: str
    hidden: str
    outcomes: tuple[Outcome, ...]
    points: float

    @property
    def has_tests(self) -> bool:
        """Whether there is anything to grade."""
        return any(outcome.became for outcome in self.outcomes)

    @property
    def asks_for_code(self) -> bool:
        """Whether students write anything that tests can look at."""
        return self.module.stub != self.module.reference


@dataclass(frozen=True)
class _TestCell:
    """A cell of tests: what students see of it, and all of it."""

    cell: SourceCell
    visible: str
    full: str

    @property
    def has_hidden(self) -> bool:
        return self.visible != self.full

    @property
    def shows_tests(self) -> bool:
        """Whether what students see of it tests anything."""
        return any(
            not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr) or _is_call(node)
            for node in ast.parse(self.visible).body
        )


def _is_call(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


class Turner:
    """The work on one notebook."""

    def __init__(self, notebook: SourceNotebook, settings: CourseSettings) -> None:
        self._notebook, self._settings = notebook, settings
        self._inliner = Inliner.of(notebook.path.parent)
        self._data = {name: name for name, _ in data_files(notebook)}
        self._own = OwnTests()
        self._outcomes: list[Outcome] = []
        self._code: list[CodeCell] = []
        self._tests: list[_TestCell] = []
        #: statements as students see them, and all of them
        self._visible: list[Statement] = []
        self._full: list[Statement] = []
        self._student: set[str] = set()
        self._names: set[str] = set()

    def turn(self, title: str, language: str) -> Turned:
        """Do it."""
        for cell in self._notebook.cells:
            if cell.role in (Role.ANSWER, Role.TASK):
                self._account(cell, BY_HAND)
            if cell.is_code and cell.role in _OWNERS:
                self._read(cell)
        public = TestFile(f"Public tests of {title}.", self._data, plain=self._own.parts("public"))
        hidden = TestFile(f"Hidden tests of {title}.", self._data, plain=self._own.parts("hidden"))
        for test in self._tests:
            self._write(test, public, hidden, language)
        module = build(self._code, self._student | self._own.student)
        points = sum(outcome.points for outcome in self._outcomes if outcome.became)
        outcomes = tuple(sorted(self._outcomes, key=lambda each: each.cell))
        return Turned(
            module, public.render(), hidden.render() if hidden.functions or hidden.plain else "", outcomes, points
        )

    def _account(self, cell: SourceCell, why: Text, became: tuple[str, ...] = ()) -> None:
        self._outcomes.append(Outcome(cell.number, cell.grade_id, cell.role, cell.points, became, why))

    def _read(self, cell: SourceCell) -> None:
        """Take in a cell of code; one that cannot be read is accounted for and passed over."""
        try:
            if is_own(cell.text):
                self._take_own(cell)
            elif cell.role is Role.TESTS:
                self._read_test(cell)
            else:
                self._read_code(cell)
        except region.Unclosed:
            self._account(cell, _UNCLOSED)
        except (SyntaxError, ValueError):
            self._account(cell, _BROKEN)
        except NotTurned as reason:
            self._account(cell, reason.text)

    def _take_own(self, cell: SourceCell) -> None:
        names = self._own.take(cell.text, self._settings)
        if names:
            self._account(cell, {}, tuple(names))

    def _read_test(self, cell: SourceCell) -> None:
        text, magics = _without_magics(cell)
        if magics:
            line = magics[0]
            raise NotTurned(f"uses a command of IPython: {line}", f"usa um comando do IPython: {line}")
        marks = self._settings
        if re.search(rf"#.*\b{re.escape(marks.autotest)}\b", text):
            raise NotTurned(_AUTOTEST["en"], _AUTOTEST["pt-BR"])
        parts = region.split(text, marks.begin_hidden, marks.end_hidden)
        visible = self._inliner.copy().expand(region.outside(parts))
        test = _TestCell(cell, visible, self._inliner.expand(region.full(parts)))
        full = cut_statements(test.full, cell.number, Owner.TEST)
        self._visible += cut_statements(test.visible, cell.number, Owner.TEST)
        self._full += full
        if all(statement.segment.is_docstring for statement in full):
            self._account(cell, _EMPTY)
        else:
            self._tests.append(test)

    def _read_code(self, cell: SourceCell) -> None:
        marks = self._settings
        text, _ = _without_magics(cell)
        parts = region.split(text, marks.begin_solution, marks.end_solution)
        stub = stub_text(parts) if region.has_region(parts) else None
        full = self._inliner.expand(region.full(parts))
        # Courses that do without nbgrader's metadata have markers all the same.
        owner = Owner.STUDENT if region.has_region(parts) else _OWNERS[cell.role]
        statements = cut_statements(full, cell.number, owner)
        if stub is not None:
            ast.parse(stub)
        self._visible += statements
        self._full += statements
        self._code.append(CodeCell(cell.number, owner, full, stub, cell.role is Role.ANSWER))

    def _write(self, test: _TestCell, public: TestFile, hidden: TestFile, language: str) -> None:
        """Write the tests of a cell. Of one with a hidden region, students get what they see, and all of it counts."""
        name = self._name(test.cell)
        title = title_of(test.visible, "") or title_of(test.full, test.cell.grade_id or f"cell {test.cell.number}")
        translated = title if language == "pt-BR" else ""
        points = test.cell.points
        try:
            full, full_needs = self._prepare(test.cell.number, test.full, self._full)
            if not test.has_hidden:
                public.add(name, full, points, full_needs, title, translated)
                became = [name]
            elif test.shows_tests:
                visible, needs = self._prepare(test.cell.number, test.visible, self._visible)
                public.add(name, visible, 0, needs, title, translated)
                hidden.add(f"{name}_in_full", full, points, full_needs, title, translated)
                became = [name, f"{name}_in_full"]
            else:
                hidden.add(name, full, points, full_needs, title, translated)
                became = [name]
        except NotTurned as reason:
            self._account(test.cell, reason.text)
        except SyntaxError:
            self._account(test.cell, _NO_FUNCTION)
        else:
            self._account(test.cell, {}, tuple(became))

    def _prepare(self, cell: int, text: str, statements: list[Statement]) -> tuple[str, Needs]:
        """A cell's text without its imports of everything, which no function may hold, and what it needs."""
        _check_last(text)
        needs = Notebook(statements).needs(cell, Names(text))
        stars = [each for each in cut_statements(text, cell, Owner.TEST) if each.is_star]
        for each in stars:
            text = text.replace(each.text, "")
        needs.helpers += stars
        self._student |= needs.student
        return text, needs

    def _name(self, cell: SourceCell) -> str:
        plain = re.sub(r"\W+", "_", _ascii(cell.grade_id).lower()).strip("_").removeprefix("test_")
        name = f"test_{plain or f'cell_{cell.number}'}"
        while name in self._names:
            name = f"{name}_{cell.number}"
        self._names |= {name, f"{name}_in_full"}
        return name


def _without_magics(cell: SourceCell) -> tuple[str, list[str]]:
    kept, magics = strip_magics(cell.text.split("\n"))
    return "\n".join(kept), magics


def _check_last(text: str) -> None:
    """A cell that ends with a number gives so many points: a test of pytest passes or fails."""
    last = ast.parse(text).body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Name | ast.BinOp | ast.IfExp):
        raise NotTurned(
            "gives a part of its points by the value on its last line; write a test for each part",
            "dá parte dos pontos pelo valor da última linha; escreva um teste para cada parte",
        )


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def plain_name(*parts: str) -> str:
    """A slug made of names: ``Problem Set 1`` and ``problem-2`` give ``problem_set_1_problem_2``."""
    joined = re.sub(r"[^a-z0-9]+", "_", "_".join(_ascii(part).lower() for part in parts)).strip("_")
    return f"ex_{joined}" if not joined or joined[0].isdigit() else joined
