"""Writes both folders of a new exercise: small and real, so that ``gradiente audit`` passes from the start."""

from __future__ import annotations

from pathlib import Path

from grader import starter
from grader.audit.layout import find_collision
from grader.errors import ExerciseError
from grader.exercise import Catalogue, is_slug


def write_skeleton(catalogue: Catalogue, slug: str) -> list[Path]:
    """Write the files and return their paths. Raises ExerciseError where the slug cannot be used."""
    public = catalogue.exercises / slug
    private = (catalogue.solutions or catalogue.exercises.parent / "solutions") / slug
    _check(slug, public, private)
    files = {public / name: text for name, text in starter.PUBLIC.items()}
    files |= {private / name: text for name, text in starter.PRIVATE.items()}
    written = []
    for pattern, text in files.items():
        path = Path(str(pattern).replace("SLUG", slug))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("SLUG", slug), encoding="utf-8")
        written.append(path)
    return written


def _check(slug: str, public: Path, private: Path) -> None:
    if not is_slug(slug):
        raise ExerciseError(
            f"{slug!r} cannot be the name of an exercise. Use lower-case letters, digits and “_”, such as layer_norm.",
            f"{slug!r} não pode ser o nome de um exercício. Use letras minúsculas, dígitos e “_”, como layer_norm.",
        )
    for folder in (public, private):
        if folder.exists():
            raise ExerciseError(
                f"{folder} is there already. Choose another name, or remove that folder.",
                f"{folder} já existe. Escolha outro nome ou remova essa pasta.",
            )
    if find_collision(slug):
        raise ExerciseError(
            f"A module called {slug} is installed here, and the student's file would hide it. Choose another name.",
            f"Já há aqui um módulo chamado {slug}, e o arquivo do estudante o esconderia. Escolha outro nome.",
        )
