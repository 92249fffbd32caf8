"""Finds out what a cell of tests needs of the cells before it: the student's names, helpers, statements to repeat."""

from __future__ import annotations

import ast
import builtins
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grader.nbgrader.conversion.statement import Names, Owner, Statement
from grader.report import Text

#: what IPython puts into every notebook
_KERNEL = frozenset("get_ipython display In Out _ __ ___ _i _ii _iii exit quit _ih _oh _dh".split())
_LOOKS_AROUND = frozenset({"globals", "locals", "vars", "exec", "eval"})
_PLOTS = frozenset({"matplotlib", "pylab", "seaborn", "plotly", "bokeh"})


class NotTurned(Exception):
    """Why a cell cannot become a test, in each language."""

    def __init__(self, english: str, portuguese: str) -> None:
        super().__init__(english)
        self.text: Text = {"en": english, "pt-BR": portuguese}


@dataclass
class Needs:
    """What a cell of tests needs."""

    #: names that are read from the student's module
    student: set[str] = field(default_factory=set)
    #: statements that can stand at the top of the file of tests
    helpers: list[Statement] = field(default_factory=list)
    #: statements that are repeated at the beginning of the test
    prelude: list[Statement] = field(default_factory=list)


class Notebook:
    """All statements of a notebook, in order, as one of its readers sees them."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.statements = list(statements)
        tests = [each for each in statements if each.owner is Owner.TEST]
        #: names that some cell of tests may change: each test gets values of its own
        self._changed = {name for each in tests for name in each.names.touches | each.names.stores}

    def needs(self, cell: int, names: Names) -> Needs:
        """What the tests of a cell need. Raises NotTurned."""
        self._check(names)
        for statement in self.statements:
            if statement.cell == cell:
                self._check_import(statement)
        before = [each for each in self.statements if each.cell < cell]
        found = Needs()
        chosen: set[int] = set()
        own = {name for name in names.binds | names.stores if not names.reads_first(name)}
        done = set(own)
        for name in names.binds | names.stores:
            self._check_own(name, before, name in own)
        waiting = sorted((names.reads | names.stores) - own)
        while waiting:
            name = waiting.pop()
            if name in done:
                continue
            done.add(name)
            for number in self._find(name, cell, before, found):
                if number not in chosen:
                    chosen.add(number)
                    waiting += before[number].names.reads - before[number].names.binds
        chosen = _with_seeds(chosen, before)
        self._part([before[number] for number in sorted(chosen)], names.binds | names.stores, found)
        return found

    def _check(self, names: Names) -> None:
        kernel = sorted(names.reads & _KERNEL)
        if kernel:
            raise NotTurned(f"uses {kernel[0]}, which only a notebook has", f"usa {kernel[0]}, que só um notebook tem")
        around = sorted(names.reads & _LOOKS_AROUND)
        if around or names.declares_global():
            what = f"{around[0]}()" if around else "global"
            raise NotTurned(f"reads or writes names by {what}", f"lê ou escreve nomes com {what}")

    def _check_own(self, name: str, before: list[Statement], is_fresh: bool) -> None:
        """A test that replaces what the student wrote would do so in its own process alone."""
        for each in before:
            if name not in each.names.binds or each.owner is not Owner.STUDENT or each.is_import:
                continue
            if each.is_definition or not is_fresh:
                raise NotTurned(
                    f"replaces, changes or deletes {name}, which students write: it lies in another process",
                    f"substitui, muda ou apaga {name}, que o estudante escreve: está em outro processo",
                )

    def _find(self, name: str, cell: int, before: list[Statement], found: Needs) -> list[int]:
        """The statements that make a name, by number; none for one of the student's. Raises NotTurned."""
        makers = _writers(name, before)
        if not makers:
            return self._find_elsewhere(name, cell, before)
        if all(before[number].is_import for number in makers):
            for number in makers:
                self._check_import(before[number])
            return makers
        if any(before[number].owner is Owner.STUDENT for number in makers):
            self._check_student(name, cell, before)
            found.student.add(name)
            return []
        changers = [number for number, each in enumerate(before) if name in _changes(each)]
        for number in changers:
            if before[number].owner is Owner.STUDENT:
                raise _changed(name, before[number].cell)
        return changers

    def _find_elsewhere(self, name: str, cell: int, before: list[Statement]) -> list[int]:
        if hasattr(builtins, name):
            return []
        stars = [number for number, each in enumerate(before) if each.is_star]
        if stars:
            return stars
        later = [each.cell for each in self.statements if each.cell >= cell and name in each.names.binds]
        if later:
            raise NotTurned(
                f"uses {name} before cell {later[0]} defines it", f"usa {name} antes de a célula {later[0]} o definir"
            )
        raise NotTurned(f"uses {name}, which no cell defines", f"usa {name}, que nenhuma célula define")

    def _check_student(self, name: str, cell: int, before: list[Statement]) -> None:
        makers = [each for each in self.statements if each.owner is Owner.STUDENT and name in each.names.binds]
        for each in before if not makers[0].is_definition else []:
            # Who replaces a function for a moment puts it back; a value that was changed stays so.
            if each.owner is not Owner.STUDENT and name in each.names.binds | each.names.stores:
                raise _changed(name, each.cell)
        cells = sorted({each.cell for each in makers})
        if len(cells) > 1:
            raise NotTurned(
                f"uses {name}, which cells {', '.join(map(str, cells))} define anew: a file has only the last one",
                f"usa {name}, que as células {', '.join(map(str, cells))} redefinem: um arquivo só tem a última",
            )

    def _check_import(self, statement: Statement) -> None:
        for module in imported_modules(statement):
            if module in _PLOTS:
                raise NotTurned("looks at plots, which are kept in the kernel", "olha gráficos, que ficam no kernel")
            if not _is_installed(module):
                raise NotTurned(f"needs {module}, which is not installed here", f"precisa de {module}, não instalado")

    def _part(self, chosen: list[Statement], own: frozenset[str], found: Needs) -> None:
        """Tell apart what can stand at the top of the file from what belongs into the test."""
        inside = {number for number, each in enumerate(chosen) if not self._is_helper(each, chosen, own)}
        while True:
            local = {name for number in inside for name in chosen[number].names.binds} | found.student
            cells = {chosen[number].cell for number in inside if not chosen[number].is_definition}
            more = {
                number
                for number, each in enumerate(chosen)
                if each.names.reads & local or (each.is_seed and each.cell in cells)
            } - inside
            if not more:
                break
            inside |= more
        found.prelude = [each for number, each in enumerate(chosen) if number in inside]
        found.helpers = [each for number, each in enumerate(chosen) if number not in inside]

    def _is_helper(self, statement: Statement, chosen: list[Statement], own: frozenset[str]) -> bool:
        """Whether all tests may share what a statement makes."""
        if statement.is_import or statement.is_seed:
            return True
        names = statement.names.binds
        if any(name.lower().startswith("test") for name in names):
            return False  # at the top of a file pytest would run it
        if not names or statement.names.stores - names or names & own:
            return False
        others = [each for each in chosen if each is not statement and _changes(each) & names]
        return not others and (statement.is_definition or not names & self._changed)


def imported_modules(statement: Statement) -> Iterator[str]:
    """The top-level modules that a statement imports."""
    for node in statement.segment.nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _writers(name: str, before: list[Statement]) -> list[int]:
    return [number for number, each in enumerate(before) if name in each.names.binds]


def _changes(statement: Statement) -> frozenset[str]:
    """The names that a statement gives a value, or may change; a method of a module changes nothing of the module."""
    names = statement.names
    return names.binds | names.stores | names.touches


def _changed(name: str, cell: int) -> NotTurned:
    return NotTurned(
        f"uses {name}, which cell {cell} changes: the state lies in the kernel",
        f"usa {name}, que a célula {cell} muda: o estado fica no kernel",
    )


def _with_seeds(chosen: set[int], before: list[Statement]) -> set[int]:
    """The chosen statements, and those that start random numbers above them in the same cell."""
    seeds = {number for number, each in enumerate(before) if each.is_seed}
    cells = {before[number].cell: number for number in sorted(chosen) if not before[number].is_definition}
    return chosen | {number for number in seeds if number < cells.get(before[number].cell, -1)}


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
