"""Writes an exercise as an nbgrader assignment: a source notebook, and beside it what its tests need.

source/sigmoid/sigmoid.ipynb         statement, solution cells, tests
source/sigmoid/gradiente_tests.py    runs the tests: ``grader/nbgrader/export/kernel.py``
source/sigmoid/conftest.py           fixtures, markers and seeds: what all exercises share
source/sigmoid/exercise.toml         what is forbidden, and what a training check asks for
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.errors import ExerciseError, SubmissionError
from grader.exercise import Exercise
from grader.nbgrader.export import cell, kernel, words
from grader.nbgrader.export.cell import Cell
from grader.nbgrader.export.collected import Collected, collect
from grader.nbgrader.export.merge import Piece, merge
from grader.nbgrader.segment import Segment, cut

_SECTION = re.compile(r"^(?=## )", re.MULTILINE)
_HINTS = re.compile(r"\A## +(Hints|Dicas) *\n")
_CHECK = re.compile(r"\A## +(Check yourself|Verifique você mesmo) *\n")

#: the first lines of cells of tests; see ``grader/nbgrader/export/kernel.py``
PUBLIC, HIDDEN = "%%tests public", "%%tests hidden"

#: what the cell for an explanation is worth
MANUAL_POINTS = 2


@dataclass(frozen=True)
class Exported:
    """What was written."""

    slug: str
    notebook: Path
    points: float
    #: tests that only the portal runs, and why, in the chosen language
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Test:
    """A test of the exercise on its way into a cell."""

    text: str
    found: Collected
    suite: str


def export(exercise: Exercise, source: Path, language: str, *, manual: bool = False, force: bool = False) -> Exported:
    """Write the assignment into a course's folder of sources. Raises ExerciseError."""
    if exercise.reference is None or exercise.hidden_tests is None:
        raise ExerciseError(
            f"{exercise.slug}: the folder of solutions is not here, and the notebook needs reference and hidden "
            "tests. Name it with --solutions.",
            f"{exercise.slug}: a pasta de soluções não está aqui, e o notebook precisa da referência e dos testes "
            "ocultos. Indique-a com --solutions.",
        )
    folder = source / exercise.slug
    if folder.exists() and not force:
        raise SubmissionError(
            f"{folder} is there already. Use --force to write over its files, or remove it.",
            f"{folder} já existe. Use --force para escrever por cima dos arquivos, ou remova a pasta.",
        )
    found = collect(exercise)
    notebook = _Notebook(exercise, language)
    left_out = {
        name: words.why_left_out(test.title[language], reason, language)
        for name, test in found.items()
        if (reason := notebook.why_left_out(test))
    }
    kept = {name: test for name, test in found.items() if name not in left_out}
    cells = notebook.cells(kept, list(left_out.values()), manual)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{exercise.slug}.ipynb"
    path.write_text(cell.notebook(cells), encoding="utf-8")
    shutil.copy(kernel.__file__, folder / "gradiente_tests.py")
    for file in (exercise.shared, exercise.folder / kernel.TERMS):
        shutil.copy(file, folder / file.name)
    if (exercise.folder / kernel.DATA).is_dir():
        shutil.copytree(exercise.folder / kernel.DATA, folder / kernel.DATA, dirs_exist_ok=True)
    points = sum(test.points for test in kept.values()) + (MANUAL_POINTS if manual else 0)
    return Exported(exercise.slug, path, points, tuple(left_out.values()))


class _Notebook:
    """The cells of one exercise in one language."""

    def __init__(self, exercise: Exercise, language: str) -> None:
        self._exercise, self._language = exercise, language
        self._suites = {"public": _cut(exercise.public_tests), "hidden": _cut(exercise.hidden_tests)}

    def why_left_out(self, test: Collected) -> str:
        """Why only the portal can run a test; empty: it need not."""
        if test.kind == "gpu":
            return "gpu"
        if test.points == 0:
            return "worthless"
        texts = [segment.text for segment in self._suites["hidden"] if segment.definition]
        private = self._exercise.private / kernel.DATA if self._exercise.private else None
        names = [path.name for path in private.rglob("*")] if private is not None else []
        own = next((text for text in texts if f"def {test.name}(" in text), "")
        return "secret" if any(name in own for name in names) else ""

    def cells(self, found: dict[str, Collected], left_out: list[str], manual: bool) -> list[Cell]:
        """All cells, in order."""
        cells = [*self._statement(left_out), *(each for piece in self._pieces() for each in self._write(piece))]
        # All tests come last: as in a file, a function may use one that stands below it.
        cells += [*self._setup(), *(self._test(test) for test in self._tests(found))]
        return [*cells, *(self._manual() if manual else [])]

    def _pieces(self) -> list[Piece]:
        assert self._exercise.reference is not None
        stub = self._exercise.stub.read_text(encoding="utf-8")
        try:
            return merge(stub, self._exercise.reference.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError) as error:
            raise ExerciseError(
                f"{self._exercise.slug}: stub and reference cannot be joined ({error}). `gradiente audit "
                f"{self._exercise.slug}` says what to mend.",
                f"{self._exercise.slug}: não é possível juntar o esqueleto e a referência ({error}). `gradiente audit "
                f"{self._exercise.slug}` diz o que corrigir.",
            ) from error

    def _tests(self, found: dict[str, Collected]) -> Iterator[_Test]:
        for suite, segments in self._suites.items():
            for segment in segments:
                node = segment.nodes[0]
                if isinstance(node, ast.FunctionDef) and node.name in found:
                    yield _Test(segment.text, found[node.name], suite)

    def _statement(self, left_out: list[str]) -> Iterator[Cell]:
        parts = [part for part in _SECTION.split(self._exercise.statement(self._language)) if part.strip()]
        texts = [_folded(part) for part in parts if not _CHECK.match(part)]
        texts.append(words.how_to(self._language, left_out, bool(self._exercise.config.forbid)))
        for number, text in enumerate(texts, 1):
            yield cell.read_only(cell.markdown(text), f"statement-{number}")

    def _setup(self) -> Iterator[Cell]:
        yield cell.read_only(cell.markdown(f"## {words.say('tests', self._language)}"), "tests")
        lines = f"%load_ext gradiente_tests\n%exercise {self._exercise.slug} {self._language}"
        yield cell.read_only(cell.code(f"# {words.say('setup', self._language)}\n{lines}"), "setup")
        for suite, segments in self._suites.items():
            helpers = _join(segment for segment in segments if not segment.is_test)
            if helpers:
                yield self._helpers(suite, helpers)

    def _helpers(self, suite: str, text: str) -> Cell:
        if suite == "public":
            return cell.read_only(cell.code(f"{PUBLIC}\n{text}"), "helpers-public")
        note = f"# {words.say('hidden_helpers', self._language)}"
        return cell.tests(_hidden(note, text), "helpers-hidden", 0)

    def _write(self, piece: Piece) -> Iterator[Cell]:
        if not piece.name:
            yield cell.code(piece.text)
            return
        if piece.shown:
            shown = f"{words.say('write', self._language)}\n\n```python\n{piece.shown}\n```"
            yield cell.read_only(cell.markdown(shown), f"signature-{piece.name}")
        yield cell.solution(piece.text, f"solution-{piece.name}")

    def _test(self, test: _Test) -> Cell:
        found, terms = test.found, self._exercise.config.training
        notes = []
        if test.suite == "hidden":
            notes.append(words.say("hidden", self._language).format(title=found.title[self._language]))
        if found.kind and terms and terms.cpu:
            seconds = terms.seeds * terms.cpu.budget_s
            notes.append(words.say("trains", self._language).format(count=terms.seeds, seconds=seconds))
        note = "\n".join(f"# {line}" for line in notes)
        text = (
            _hidden(note, test.text) if test.suite == "hidden" else "\n".join(filter(None, [PUBLIC, note, test.text]))
        )
        return cell.tests(text, found.name, found.points)

    def _manual(self) -> Iterator[Cell]:
        question, scheme = words.say("question", self._language), words.say("scheme", self._language)
        text = f"{question}\n\n{cell.BEGIN_SCHEME}\n\n{scheme}\n\n{cell.END_SCHEME}"
        yield cell.task(text, "explanation", MANUAL_POINTS)
        yield cell.markdown(words.say("answer", self._language))


def _cut(path: Path | None) -> list[Segment]:
    return [] if path is None else cut(path.read_text(encoding="utf-8"))


def _join(segments: Iterator[Segment]) -> str:
    """Statements one below the other; imports and constants close together, as they were."""
    text = ""
    end = 0
    for segment in segments:
        text += "\n" * min(3, segment.line - end) if text else ""
        text += segment.text
        end = segment.line + segment.text.count("\n")
    return text


def _hidden(note: str, text: str) -> str:
    return f"{HIDDEN}\n{note}\n{cell.BEGIN_HIDDEN}\n{text}\n{cell.END_HIDDEN}"


def _folded(part: str) -> str:
    """The hints behind a title to click on: not everybody wants to see them at once."""
    if found := _HINTS.match(part):
        return f"<details>\n<summary>{found[1]}</summary>\n\n{part[found.end() :].strip()}\n\n</details>"
    return part
