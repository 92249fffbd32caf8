"""Finds exercises and their files. The only place that knows the folder layout.

exercises/<slug>/   README.md  README.pt-BR.md  <slug>.py  test_<slug>.py  exercise.toml
solutions/<slug>/   <slug>.py  test_<slug>_hidden.py  right/*.py  wrong/*.py  calibration.toml  equivalent.toml
solutions.sha256    where solutions/ must not be: sha256sum's lines of what decides a report
"""

from __future__ import annotations

import hashlib
import keyword
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import msgspec

from grader.errors import ExerciseError
from grader.report import LANGUAGES, Text
from grader.toml import Unreadable, read_toml
from grader.training.terms import GPU_MEMORY_MB, TrainingTerms

READMES = {"en": "README.md", "pt-BR": "README.pt-BR.md"}


class GradingLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a grading may use. Seconds are wall-clock seconds of the student's side."""

    #: longest time of one call into the student's code, unless the test says otherwise
    seconds: float = 5.0
    #: longest time of loading the student's file
    load_seconds: float = 10.0
    #: longest time of all tests together
    total_seconds: float = 300.0
    #: memory beyond what Python and torch take
    memory_mb: int = 1024
    #: what the student's code may print in one test before it is cut
    output_kb: int = 16
    #: size of one answer
    answer_mb: int = 256


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of ``exercise.toml``."""

    module: str
    chapter: str = ""
    prerequisites: list[str] = []
    forbid: list[str] = []
    #: functions and methods that may change their arguments
    in_place: list[str] = []
    limits: GradingLimits = GradingLimits()
    #: what a training check may use and asks for; None: the exercise has none
    training: TrainingTerms | None = None

    @property
    def total_seconds(self) -> float:
        """Longest time of all tests together: the limit, and beyond it what trainings may take."""
        return self.limits.total_seconds + (self.training.seconds if self.training else 0.0)

    @property
    def most_runs(self) -> int:
        """Candidates that a training check may need, at most."""
        return self.training.plan().most + 1 if self.training else 1

    @property
    def gpu_memory_mb(self) -> int:
        """What a grading may take of a GPU's memory."""
        terms = self.training.gpu if self.training else None
        return terms.memory_mb if terms else GPU_MEMORY_MB


@dataclass(frozen=True)
class Exercise:
    """One exercise: a public folder and, where solutions are at hand, a private one."""

    slug: str
    folder: Path
    #: None where the solutions tree is absent, as in the portal's image
    private: Path | None
    config: Config = field(repr=False)
    #: hashes of private files that are elsewhere, by name: the version is then the same as where they are
    sealed: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def stub(self) -> Path:
        """The file that students fill in."""
        return self.folder / f"{self.slug}.py"

    @property
    def public_tests(self) -> Path:
        """The tests that students have."""
        return self.folder / f"test_{self.slug}.py"

    @property
    def hidden_tests(self) -> Path | None:
        """The tests that students never see; None where there are none."""
        return self._private_file(f"test_{self.slug}_hidden.py")

    @property
    def reference(self) -> Path | None:
        """The reference solution; None where the solutions tree is absent."""
        return self._private_file(f"{self.slug}.py")

    @cached_property
    def module_title(self) -> Text:
        """What the exercise's module is called, by ``modules.toml``; by its own name where that says nothing."""
        plain = self.config.module.replace("_", " ")
        own = dict.fromkeys(LANGUAGES, plain[:1].upper() + plain[1:])
        try:
            return own | read_module_titles(self.folder.parent).get(self.config.module, {})
        except ExerciseError:  # the audit says so; a page must not fail for it
            return own

    @property
    def shared(self) -> Path:
        """The ``conftest.py`` that all exercises of the tree share."""
        return self.folder.parent / "conftest.py"

    @property
    def pytest_ini(self) -> Path:
        """What makes the folder of exercises pytest's root, so that it finds the ``conftest.py`` there."""
        return self.folder.parent / "pytest.ini"

    @property
    def calibration(self) -> Path | None:
        """What the reference's trainings reach; None where nobody has looked."""
        return self._private_file("calibration.toml")

    def right(self) -> list[Path]:
        """Other correct solutions."""
        return self._private_files("right")

    def wrong(self) -> list[Path]:
        """Typical mistakes."""
        return self._private_files("wrong")

    def statement(self, language: str) -> str:
        """The statement in Markdown; English where the language is missing."""
        for name in (READMES[language], READMES["en"]):
            if (self.folder / name).is_file():
                return (self.folder / name).read_text(encoding="utf-8")
        raise ExerciseError(
            f"{self.folder}: there is no README.md. Write the statement there.",
            f"{self.folder}: não há README.md. Escreva o enunciado nele.",
        )

    @cached_property
    def title(self) -> Text:
        """The first heading of each statement."""
        return {language: _heading(self.statement(language), self.slug) for language in LANGUAGES}

    @cached_property
    def version(self) -> str:
        """A hash of everything that decides a report: both folders' files and the shared conftest."""
        digest = hashlib.sha256()
        for name, content in self._parts():
            digest.update(f"{name}\0".encode())
            digest.update(content)
        return digest.hexdigest()[:12]

    def _parts(self) -> Iterator[tuple[str, bytes]]:
        """Each file that decides a report, as the name of its folder with its own, and the SHA-256 of its content."""
        parts = {
            f"{self.folder.parent.name}/{self.shared.name}": _hash(self.shared),
            f"{self.slug}/{self.public_tests.name}": _hash(self.public_tests),
            f"{self.slug}/test_{self.slug}_hidden.py": self._private_hash(f"test_{self.slug}_hidden.py"),
            f"{self.slug}/exercise.toml": _hash(self.folder / "exercise.toml"),
            f"{self.slug}/calibration.toml": self._private_hash("calibration.toml"),
        }
        return ((name, content) for name, content in parts.items() if content)

    def _private_hash(self, name: str) -> bytes:
        """Empty: there is no such file."""
        return _hash(self.private / name) if self.private else bytes.fromhex(self.sealed.get(name, ""))

    def _private_file(self, name: str) -> Path | None:
        path = self.private / name if self.private else None
        return path if path is not None and path.is_file() else None

    def _private_files(self, name: str) -> list[Path]:
        return sorted((self.private / name).glob("*.py")) if self.private else []


class BrokenConfig(ExerciseError):
    """An ``exercise.toml`` that is missing or wrong; ``reason`` is the message without the path."""

    def __init__(self, path: Path, found: Text) -> None:
        self.path = path
        self.reason: Text = {
            "en": f"{found['en']}. Mend the file; docs/authors.md lists its keys.",
            "pt-BR": f"{found['pt-BR']}. Corrija o arquivo; docs/authors.md lista as chaves.",
        }
        super().__init__(*(f"{path}: {self.reason[language]}" for language in LANGUAGES))


class UnknownExercise(ExerciseError):
    """There is no exercise of that name."""


@dataclass(frozen=True)
class Catalogue:
    """The exercises of one tree, by slug."""

    exercises: Path
    solutions: Path | None
    #: what ``sha256sum`` said of the solutions, where these are elsewhere
    seal: Path | None = None

    def slugs(self) -> list[str]:
        """Every exercise: a folder that holds an ``exercise.toml``."""
        return sorted(path.parent.name for path in self.exercises.glob("*/exercise.toml"))

    def __iter__(self) -> Iterator[Exercise]:
        return (self.find(slug) for slug in self.slugs())

    def find(self, slug: str) -> Exercise:
        """Load one exercise.

        Raises UnknownExercise for one that is not there, and BrokenConfig where its ``exercise.toml`` is missing or
        wrong.
        """
        folder = self.exercises / slug
        if not is_slug(slug) or not folder.is_dir():
            known = ", ".join(self.slugs()) or "none"
            raise UnknownExercise(
                f"There is no exercise {slug!r} in {self.exercises}. Found: {known}.",
                f"Não há exercício {slug!r} em {self.exercises}. Existem: {known}.",
            )
        private = self.solutions / slug if self.solutions and (self.solutions / slug).is_dir() else None
        sealed = _read_seal(self.seal, self.seal.stat().st_mtime_ns).get(slug, {}) if self.seal else {}
        return Exercise(slug, folder, private, _read_config(folder / "exercise.toml"), sealed)


def is_slug(name: str) -> bool:
    """Whether a name can be an exercise: a lower-case Python identifier."""
    return name.isidentifier() and name.islower() and name.isascii() and not keyword.iskeyword(name)


def default_catalogue(exercises: Path | None = None, solutions: Path | None = None) -> Catalogue:
    """The trees in use: the arguments, ``GRADIENTE_EXERCISES`` and ``GRADIENTE_SOLUTIONS``, or those of this checkout.

    Without a word about solutions they are looked for beside the exercises.
    """
    root = exercises or _from_environment("GRADIENTE_EXERCISES") or _nearest("exercises")
    if not root.is_dir():
        raise ExerciseError(
            f"There is no folder of exercises at {root}. Name one with --exercises or GRADIENTE_EXERCISES.",
            f"Não há pasta de exercícios em {root}. Indique uma com --exercises ou GRADIENTE_EXERCISES.",
        )
    private = solutions or _from_environment("GRADIENTE_SOLUTIONS") or root.parent / "solutions"
    if private.is_dir():
        return Catalogue(root.resolve(), private.resolve())
    seal = private.with_name(f"{private.name}.sha256")
    return Catalogue(root.resolve(), None, seal.resolve() if seal.is_file() else None)


def _from_environment(name: str) -> Path | None:
    return Path(os.environ[name]) if os.environ.get(name) else None


def _nearest(name: str) -> Path:
    """The folder in the working directory, else the one of the checkout that this package runs from."""
    here = Path.cwd() / name
    return here if here.is_dir() else Path(__file__).resolve().parent.parent / name


def read_module_titles(exercises: Path) -> dict[str, Text]:
    """The titles of a tree's modules, from its ``modules.toml``. Raises ExerciseError for one that is not readable."""
    path = exercises / "modules.toml"
    if not path.is_file():
        return {}
    try:
        return _parse_titles(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ExerciseError(
            f'{path}: {error}. Expected: one table per module, such as [neurons] with en = "…" and pt-BR = "…".',
            f'{path}: {error}. Esperado: uma tabela por módulo, como [neurons] com en = "…" e pt-BR = "…".',
        ) from error


@lru_cache(8)
def _parse_titles(path: Path, _changed: int) -> dict[str, Text]:
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, Text])


def _hash(path: Path) -> bytes:
    """The SHA-256 of a file; empty: it is not there."""
    return hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""


_SEALED = re.compile(r"([0-9a-f]{64})  (?:\./)?(\w+)/([\w.]+)")


@lru_cache(8)
def _read_seal(path: Path, _changed: int) -> dict[str, dict[str, str]]:
    """The hashes of private files by exercise and name. Raises ExerciseError for a line that is none of sha256sum's."""
    found: dict[str, dict[str, str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        told = _SEALED.fullmatch(line)
        if told is None:
            raise ExerciseError(
                f"{path}: {line[:80]!r} is no line of sha256sum. Make the file in the folder of solutions, with "
                "sha256sum */test_*_hidden.py */calibration.toml.",
                f"{path}: {line[:80]!r} não é uma linha de sha256sum. Crie o arquivo na pasta das soluções, com "
                "sha256sum */test_*_hidden.py */calibration.toml.",
            )
        found.setdefault(told[2], {})[told[3]] = told[1]
    return found


def _read_config(path: Path) -> Config:
    try:
        return read_toml(path, Config)
    except Unreadable as error:
        raise BrokenConfig(path, error.text) from error


def _heading(statement: str, slug: str) -> str:
    headings = (line.lstrip("# ").strip() for line in statement.splitlines() if line.startswith("# "))
    return next(headings, slug)
