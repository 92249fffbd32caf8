"""Turns an nbgrader course into exercises: reads its notebooks and writes both folders of each exercise."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.audit.layout import find_collision
from grader.errors import SubmissionError
from grader.exercise import READMES, Catalogue, Config
from grader.nbgrader.conversion.config_file import CourseSettings, read_course_settings
from grader.nbgrader.conversion.readme import write_statement
from grader.nbgrader.conversion.remark import about_pictures, remark
from grader.nbgrader.conversion.source import SourceNotebook, data_files, read_source
from grader.nbgrader.conversion.trial import Trial
from grader.nbgrader.conversion.turn import Outcome, Turned, Turner, plain_name
from grader.report import Text
from grader.toml import Unreadable, read_toml

_CONFIG = "exercise.toml"


@dataclass(frozen=True)
class Imported:
    """What became of one notebook."""

    assignment: str
    notebook: str
    #: of the exercise; empty: it became none
    slug: str = ""
    #: why it became none
    why: Text = field(default_factory=dict)
    turned: Turned | None = None
    #: what concerns the whole exercise
    notes: tuple[Text, ...] = ()
    trial: Trial | None = None

    @property
    def lost(self) -> list[Outcome]:
        """The cells that were not turned, or not all of which was."""
        return [outcome for outcome in self.turned.outcomes if outcome.why] if self.turned else []


@dataclass(frozen=True)
class Order:
    """What to import, and where to."""

    course: Path
    exercises: Path
    solutions: Path
    #: a folder of exercises that has the shared files
    shared: Path
    assignments: tuple[str, ...] = ()
    #: language of the notebooks
    language: str = "en"
    force: bool = False

    @property
    def catalogue(self) -> Catalogue:
        """The exercises, once they are written."""
        return Catalogue(self.exercises, self.solutions)


def import_course(order: Order) -> list[Imported]:
    """Write the exercises. Raises SubmissionError where there is nothing to read, or something would be overwritten."""
    settings = read_course_settings(order.course)
    folder = order.course / settings.source
    found = _find(folder if folder.is_dir() else order.course, order.assignments)
    notebooks = [_read(path) for path in found]
    slugs = _slugs([each for each in notebooks if isinstance(each, SourceNotebook)])
    done: list[Imported] = []
    for path, notebook in zip(found, notebooks, strict=True):
        if isinstance(notebook, SourceNotebook):
            done.append(_turn(notebook, slugs[path], settings, order.language))
        else:
            done.append(Imported(path.parent.name, path.stem, why=notebook))
    _check_free([each.slug for each in done if each.slug], order)
    for notebook, each in zip(notebooks, done, strict=True):
        if isinstance(notebook, SourceNotebook) and each.slug and each.turned:
            _write(notebook, each.slug, each.turned, settings, order)
    return done


def _find(folder: Path, wanted: Sequence[str]) -> list[Path]:
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    for name in wanted:
        if name not in names:
            known = ", ".join(names) or "–"
            raise SubmissionError(
                f"There is no assignment {name!r} in {folder}. Found: {known}.",
                f"Não há tarefa {name!r} em {folder}. Existem: {known}.",
            )
    found = [path for name in wanted or names for path in sorted((folder / name).glob("*.ipynb"))]
    if not found:
        raise SubmissionError(
            f"There are no notebooks in {folder}/*/. Expected: the directory of an nbgrader course, with "
            "source/ASSIGNMENT/NOTEBOOK.ipynb in it.",
            f"Não há notebooks em {folder}/*/. Esperado: a pasta de um curso do nbgrader, com "
            "source/TAREFA/NOTEBOOK.ipynb dentro.",
        )
    return found


def _read(path: Path) -> SourceNotebook | Text:
    try:
        return read_source(path, path.parent.name)
    except SubmissionError as error:
        return error.text


def _slugs(notebooks: list[SourceNotebook]) -> dict[Path, str]:
    """A slug for each notebook: its assignment's name, and its own where the assignment has several."""
    slugs: dict[Path, str] = {}
    for notebook in notebooks:
        siblings = [each for each in notebooks if each.assignment == notebook.assignment]
        parts = [notebook.assignment] if len(siblings) == 1 else [notebook.assignment, notebook.name]
        slug = plain_name(*parts)
        while slug in slugs.values() or find_collision(slug):
            slug = f"{slug}_exercise"
        slugs[notebook.path] = slug
    return slugs


def _turn(notebook: SourceNotebook, slug: str, settings: CourseSettings, language: str) -> Imported:
    blank = Imported(notebook.assignment, notebook.name)
    if not notebook.language.startswith(("python", "ipython")):
        why = {
            "en": f"its language is {notebook.language}; exercises are in Python",
            "pt-BR": f"a linguagem é {notebook.language}; os exercícios são em Python",
        }
        return replace(blank, why=why)
    turned = Turner(notebook, settings).turn(_title(notebook), language)
    outcomes = sorted((*turned.outcomes, *about_pictures(notebook)), key=lambda each: each.cell)
    turned = replace(turned, outcomes=tuple(outcomes))
    if not turned.has_tests:
        why = {"en": "it has no tests that can be turned", "pt-BR": "não tem testes que possam ser convertidos"}
        return replace(blank, why=why, turned=turned)
    if not turned.asks_for_code:
        why = {"en": "students write no code in it", "pt-BR": "o estudante não escreve código nele"}
        return replace(blank, why=why, turned=turned)
    return replace(blank, slug=slug, turned=turned, notes=tuple(remark(notebook, turned, language)))


def _title(notebook: SourceNotebook) -> str:
    name = notebook.name
    return name if name == notebook.assignment else f"{notebook.assignment}: {name}"


def _check_free(slugs: list[str], order: Order) -> None:
    """Nothing is written before it is clear that nothing is overwritten."""
    for folder in (root / slug for slug in slugs for root in (order.exercises, order.solutions)):
        if folder.exists() and not order.force:
            raise SubmissionError(
                f"{folder} is there already. Use --force to write over its files, or remove it.",
                f"{folder} já existe. Use --force para escrever por cima dos arquivos, ou remova a pasta.",
            )


def _write(notebook: SourceNotebook, slug: str, turned: Turned, settings: CourseSettings, order: Order) -> None:
    public, private = order.exercises / slug, order.solutions / slug
    for folder in (public, private):
        folder.mkdir(parents=True, exist_ok=True)
    for name in ("conftest.py", "pytest.ini"):
        if not (order.exercises / name).exists():
            shutil.copy(order.shared / name, order.exercises / name)
    statement = write_statement(notebook, settings, _title(notebook), order.language)
    files = {
        public / READMES["en"]: statement,
        public / READMES[order.language]: statement,
        public / f"{slug}.py": turned.module.stub,
        public / f"test_{slug}.py": turned.public,
        public / _CONFIG: _config(notebook),
        private / f"{slug}.py": turned.module.reference,
        private / f"test_{slug}_hidden.py": turned.hidden,
    }
    for path, text in files.items():
        if text:
            path.write_text(text, encoding="utf-8")
        else:
            path.unlink(missing_ok=True)  # of an earlier import
    for folder, tests in ((public, turned.public), (private, turned.hidden)):
        _copy_data(notebook, folder, tests)


def _copy_data(notebook: SourceNotebook, folder: Path, tests: str) -> None:
    """Copy the files that tests read."""
    for name, path in data_files(notebook):
        if any(f"DATA / {quote}{name}{quote}" in tests for quote in "\"'"):
            target = folder / "data" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def _config(notebook: SourceNotebook) -> str:
    """The exercise's settings: those that came with the notebook, or the least that there must be."""
    path = notebook.path.with_name(_CONFIG)
    if path.is_file():
        try:
            read_toml(path, Config)
            return path.read_text(encoding="utf-8")
        except Unreadable:
            pass  # it is somebody else's file of that name
    return f'module = "{plain_name(notebook.assignment)}"\n'
