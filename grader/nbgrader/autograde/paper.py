"""The exercise that a source notebook of the course is, and which of its cells the grader takes."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from grader.errors import ExerciseError
from grader.exercise import Exercise
from grader.nbgrader.conversion.course import Imported, Order, import_course
from grader.report import LANGUAGES, Report, TestResult, Text, Verdict

_DEADLY = (Verdict.CRASHED, Verdict.TOO_SLOW, Verdict.TOO_BIG)
_SETUP = re.compile(r"%exercise\s+\w+\s+([\w-]+)")


@dataclass(frozen=True)
class Paper:
    """What a notebook's submissions are graded by."""

    #: None: no cell could be turned
    exercise: Exercise | None
    #: of what is printed into notebooks
    language: str
    #: the tests that each cell has become, by its grade_id
    tests: dict[str, tuple[str, ...]]
    #: why other graded cells are not taken
    why: dict[str, Text] = field(default_factory=dict)
    #: why there is no exercise
    refusal: Text = field(default_factory=dict)

    def results(self, grade_id: str, report: Report) -> Result | None:
        """What a cell earned; None: the grader does not take it."""
        names = self.tests.get(grade_id)
        if names is None:
            return None
        found = [test for test in report.tests if test.name.partition("[")[0] in names]
        counted = [test for test in found if test.points] or found
        if not counted or any(test.verdict is Verdict.GRADER_ERROR for test in counted):
            return Result(None, found)
        total = sum(test.points for test in counted)
        if not total:
            return Result(float(all(test.verdict is Verdict.PASSED for test in counted)), found)
        return Result(sum(test.earned for test in counted) / total, found)


@dataclass(frozen=True)
class Result:
    """What a cell earned."""

    #: of its points; None: a fault of ours, so somebody has to look
    share: float | None
    tests: list[TestResult]

    @property
    def is_deadly(self) -> bool:
        """Whether the answer ended its process, or had to be ended."""
        return any(test.verdict in _DEADLY for test in self.tests)


def find_source(folder: Path) -> Path:
    """The folder of an assignment's source notebooks. Raises ExerciseError where it is missing."""
    if not folder.is_dir():
        raise ExerciseError(
            f"{folder} is missing. The grader takes the tests from the source notebooks of the course: put the folder "
            "back, or set c.Autograde.autograde_preprocessors to nbgrader's own.",
            f"{folder} não existe. O corretor tira os testes dos notebooks de origem do curso: reponha a pasta, ou "
            "volte c.Autograde.autograde_preprocessors aos do próprio nbgrader.",
        )
    return folder.resolve()


def write_paper(course: Path, source: Path, notebook: str, shared: Path) -> Paper:
    """Make an exercise of a notebook of a source folder. Raises ExerciseError where it cannot even be read."""
    return _write(course, source, notebook, shared, _digest(source))


def _digest(folder: Path) -> str:
    """Of everything that an exercise is made of: an instructor may edit a notebook while the formgrader runs."""
    digest = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        digest.update(f"{path}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


@lru_cache(50)
def _write(course: Path, source: Path, notebook: str, shared: Path, _digest: str) -> Paper:
    # Kept as long as the process: whoever grades has keepers that read these files.
    folder = Path(tempfile.mkdtemp(prefix="gradiente-nbgrader-"))
    _FOLDERS.append(folder)
    language = _language(source / f"{notebook}.ipynb")
    order = Order(course, folder / "exercises", folder / "solutions", shared, (source.name,), language)
    found = next((each for each in import_course(order) if each.notebook == notebook), None)
    if found is None or found.turned is None:
        refusal = _refuse(source / f"{notebook}.ipynb", found)
        raise ExerciseError(refusal["en"], refusal["pt-BR"])
    outcomes = found.turned.outcomes
    why = {each.grade_id: each.why for each in outcomes if each.why and not each.became}
    if not found.slug:
        return Paper(None, language, {}, why, _refuse(source / f"{notebook}.ipynb", found))
    tests = {each.grade_id: each.became for each in outcomes if each.became}
    return Paper(order.catalogue.find(found.slug), language, tests, why)


#: removed when the process ends
_FOLDERS: list[Path] = []


def folders() -> Iterable[Path]:
    """The folders that were made."""
    return tuple(_FOLDERS)


def _language(path: Path) -> str:
    """The language that an exported notebook names; otherwise English."""
    found = _SETUP.search(path.read_text(encoding="utf-8")) if path.is_file() else None
    return found[1] if found and found[1] in LANGUAGES else LANGUAGES[0]


def _refuse(path: Path, found: Imported | None) -> Text:
    why = found.why if found and found.why else {"en": "it is not there", "pt-BR": "ele não está lá"}
    return {
        "en": f"{path} cannot be graded: {why['en']}. `gradiente nbgrader import` says so cell by cell. nbgrader's own "
        'rule grades Python in a sandboxed kernel: write rest="kernel" into the line of configure in '
        "nbgrader_config.py.",
        "pt-BR": f"{path} não pode ser corrigido: {why['pt-BR']}. `gradiente nbgrader import` diz por quê, célula por "
        'célula. A regra do próprio nbgrader corrige Python num kernel na sandbox: escreva rest="kernel" na linha de '
        "configure em nbgrader_config.py.",
    }
