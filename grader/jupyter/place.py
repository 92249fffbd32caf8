"""Finds an exercise's public files: in the folder that was downloaded, beside the notebook, or among all exercises."""

from __future__ import annotations

import difflib
from pathlib import Path

from grader.errors import ExerciseError, SubmissionError
from grader.exercise import BrokenConfig, Catalogue, Config, Exercise, default_catalogue, is_slug
from grader.settings import load_settings
from grader.toml import Unreadable, read_toml


def find_exercise(slug: str, beside: Path) -> Exercise:
    """The exercise; ``beside``: where the notebook lies. Its private files are left alone, wherever they are.

    Raises SubmissionError for one that is not there, and ExerciseError for one that is broken.
    """
    catalogue = _catalogue()
    if isinstance(slug, str) and is_slug(slug):
        for folder in (beside, beside / slug):
            if (folder / f"test_{slug}.py").is_file():
                return _whole(_read(slug, folder))
        if catalogue is not None and slug in catalogue.slugs():
            return _whole(_read(slug, catalogue.exercises / slug))
    raise _unknown(slug, beside, catalogue)


def _catalogue() -> Catalogue | None:
    chosen = load_settings().exercises
    try:
        return default_catalogue(Path(chosen) if chosen else None)
    except ExerciseError:
        return None


def _read(slug: str, folder: Path) -> Exercise:
    folder = folder.resolve()
    if not (folder / "exercise.toml").is_file():
        raise SubmissionError(
            f"{folder}: there is no exercise.toml beside test_{slug}.py. Download the exercise (.zip) "
            "again and unpack all of it.",
            f"{folder}: não há exercise.toml ao lado de test_{slug}.py. Baixe o exercício de novo e descompacte tudo.",
        )
    try:
        config = read_toml(folder / "exercise.toml", Config)
    except Unreadable as error:
        raise BrokenConfig(folder / "exercise.toml", error.text) from error
    return Exercise(slug, folder, None, config)


def _whole(exercise: Exercise) -> Exercise:
    if not exercise.shared.is_file():
        raise SubmissionError(
            f"{exercise.shared} is missing. Download the exercise (.zip) again, and unpack all of it.",
            f"{exercise.shared} não existe. Baixe o exercício (.zip) de novo e descompacte tudo.",
        )
    return exercise


def _unknown(slug: object, beside: Path, catalogue: Catalogue | None) -> SubmissionError:
    near = (path.stem.removeprefix("test_") for path in [*beside.glob("test_*.py"), *beside.glob("*/test_*.py")])
    known = sorted({*near, *(catalogue.slugs() if catalogue else ())})
    meant = difflib.get_close_matches(str(slug).lower(), known, 2)
    listed = ", ".join(known[:30])
    english, portuguese = f"There is no exercise {slug!r} here.", f"Não há exercício {slug!r} aqui."
    if meant:
        english += f" Did you mean {' or '.join(map(repr, meant))}?"
        portuguese += f" Você quis dizer {' ou '.join(map(repr, meant))}?"
    if known:
        return SubmissionError(f"{english} Found: {listed}.", f"{portuguese} Existem: {listed}.")
    return SubmissionError(
        f"{english} Download the exercise (.zip) from its page, unpack it, and put this notebook ({beside}) into its "
        "folder.",
        f"{portuguese} Baixe o exercício (.zip) na página dele, descompacte e ponha este notebook ({beside}) na pasta.",
    )
