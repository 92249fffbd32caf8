"""What the author or the operator reads where a data set is not there, or is not what was published."""

from __future__ import annotations

from pathlib import Path

from grader.errors import ExerciseError
from grader.training.known import DataSet


class MissingData(ExerciseError):
    """A data set is not in the data directory."""

    def __init__(self, known: DataSet, folder: Path) -> None:
        super().__init__(
            f"{known.title} is not in {folder}. Get it with `gradiente data fetch {known.name}`, "
            "or name the folder that holds it in GRADIENTE_DATA.",
            f"{known.title} não está em {folder}. Obtenha-o com `gradiente data fetch {known.name}` "
            "ou indique em GRADIENTE_DATA a pasta que o contém.",
        )


class DamagedData(ExerciseError):
    """A file of a data set is not the one that was published."""

    def __init__(self, known: DataSet, path: Path, reason: tuple[str, str] = ("", "")) -> None:
        english, portuguese = (f" ({text})" if text else "" for text in reason)
        super().__init__(
            f"{path} is not the file of {known.title} that was published{english}. "
            f"Remove it and get it again with `gradiente data fetch {known.name}`.",
            f"{path} não é o arquivo do {known.title} que foi publicado{portuguese}. "
            f"Apague-o e obtenha-o de novo com `gradiente data fetch {known.name}`.",
        )
