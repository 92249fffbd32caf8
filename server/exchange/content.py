"""What comes in: a zip archive is looked through, within bounds, before it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from grader.archive import read_archive
from grader.bundle import TOTAL_BYTES, clean
from grader.errors import SubmissionError

#: how many times as large as what is sent its files may be together, once they are unpacked
FACTOR = 4
NOTEBOOK, PAGE = ".ipynb", ".html"


class TooLarge(SubmissionError):
    """More than is taken."""


@dataclass(frozen=True)
class Content:
    """An archive that can be unpacked without harm."""

    raw: bytes
    #: path in it -> SHA-256 of the file
    files: Mapping[str, str]

    @property
    def notebooks(self) -> list[str]:
        """Paths of its notebooks, in order."""
        return sorted(name for name in self.files if name.endswith(NOTEBOOK))

    @property
    def digest(self) -> str:
        """SHA-256 of the archive: its key in the store."""
        return hashlib.sha256(self.raw).hexdigest()


def read(raw: bytes, most: int) -> Content:
    """Look through an archive. ``most``: bytes that may be sent.

    Raises SubmissionError for what is too large or broken, or made to harm whoever unpacks it.
    """
    most = min(most, TOTAL_BYTES)
    if len(raw) > most:
        raise _too_large(most)
    readers, left_out = read_archive(raw, whole=True)
    if left_out:
        name = clean(left_out[0], 60)
        raise SubmissionError(
            f"The archive holds {name!r}, which is a link or a device. Expected: plain files. Take it out.",
            f"O arquivo contém {name!r}, que é um link ou dispositivo. Esperado: arquivos comuns. Retire-o.",
        )
    left, files = FACTOR * most, {}
    for name, read_file in readers.items():
        # One byte more than there may be: whoever has it is too large.
        content = read_file(left + 1)
        left -= len(content)
        if left < 0:
            raise _too_large(FACTOR * most)
        files[name] = hashlib.sha256(content).hexdigest()
    return Content(raw, files)


def _too_large(most: int) -> TooLarge:
    limit = f"{most / 1e6:g} MB"
    return TooLarge(
        f"This is too large: more than {limit}. Take data sets, trained weights and cells' outputs out of it.",
        f"É grande demais: mais de {limit}. Retire conjuntos de dados, pesos treinados e saídas de células.",
    )
