"""Where the attacks are, and the exercises that they are handed in for."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from grader.attack.case import Case, read_case
from grader.errors import InfrastructureError
from grader.exercise import Catalogue

_PARTS = ("exercises", "solutions", "submissions")


@dataclass(frozen=True)
class Corpus:
    """A folder with ``submissions``, and the ``exercises`` and ``solutions`` that they attack."""

    folder: Path

    def cases(self, patterns: tuple[str, ...] = ()) -> list[Case]:
        """The attacks, or those whose name a pattern matches: ``53_*``, or a part of the name."""
        paths = sorted(path for path in (self.folder / "submissions").iterdir() if path.name != "__pycache__")
        cases = [read_case(path) for path in paths]
        return [case for case in cases if not patterns or any(_matches(case.name, each) for each in patterns)]

    def lay_out(self, root: Path, conftest: Path) -> Catalogue:
        """Copy the exercises into a folder of their own, beside the shared conftest that is in use here."""
        for name in ("exercises", "solutions"):
            shutil.copytree(self.folder / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(conftest, root / "exercises" / "conftest.py")
        return Catalogue(root / "exercises", root / "solutions")


def find_corpus(folder: Path | None = None) -> Corpus:
    """The corpus in a folder; without one that of the checkout that this package runs from."""
    place = folder or Path(__file__).resolve().parents[2] / "tests" / "attacks"
    if missing := [name for name in _PARTS if not (place / name).is_dir()]:
        raise InfrastructureError(
            f"The attacks are not at {place}: the folder {missing[0]} is missing. They are no part of the installed "
            "package: get Gradiente's source of this version and name its folder tests/attacks with --corpus.",
            f"Os ataques não estão em {place}: falta a pasta {missing[0]}. Eles não fazem parte do pacote instalado: "
            "obtenha o código-fonte desta versão do Gradiente e indique a pasta tests/attacks com --corpus.",
        )
    return Corpus(place.resolve())


def _matches(name: str, pattern: str) -> bool:
    return fnmatch(name, pattern) if re.search(r"[*?\[]", pattern) else pattern in name
