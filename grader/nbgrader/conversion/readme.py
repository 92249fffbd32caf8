"""Makes an exercise's statement out of the texts of a notebook."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from grader.nbgrader.conversion import region
from grader.nbgrader.conversion.config_file import CourseSettings
from grader.nbgrader.conversion.source import Role, SourceCell, SourceNotebook
from grader.nbgrader.export import words

_TITLE = re.compile(r"^# +\S", re.MULTILINE)
_FOLDED = re.compile(r"<details>\s*<summary>([^<]*)</summary>\s*(.*?)\s*</details>", re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]*\]\((?!https?:)([^)\s]+)|<img[^>]*\bsrc=[\"'](?!https?:)([^\"']+)")

_BY_HAND = {
    "en": "*({points}: answered elsewhere, and judged by a person.)*",
    "pt-BR": "*({points}: respondido em outro lugar e avaliado por uma pessoa.)*",
}


def write_statement(notebook: SourceNotebook, settings: CourseSettings, title: str, language: str) -> str:
    """The statement in Markdown; it begins with a title."""
    parts = [part for cell in notebook.cells for part in _texts(cell, settings, language) if part.strip()]
    text = "\n\n".join(part.strip() for part in parts)
    text = _FOLDED.sub(lambda found: f"## {found[1].strip()}\n\n{found[2]}", text)
    first = re.search(r"^#{1,6} ", text, re.MULTILINE)
    if not _TITLE.search(text) or (first and not text[first.start() :].startswith("# ")):
        text = f"# {title}\n\n{text}"
    return text.strip() + "\n"


def _texts(cell: SourceCell, settings: CourseSettings, language: str) -> Iterator[str]:
    if words.is_ours(cell.text):
        return
    if cell.role is Role.TEXT:
        yield cell.text
    elif cell.role in (Role.ANSWER, Role.TASK):
        if cell.role is Role.TASK:
            # The cell is accounted for; without its partner a marker may hide the answer.
            with contextlib.suppress(region.Unclosed):
                yield region.outside(region.split(cell.text, settings.begin_scheme, settings.end_scheme))
        yield _BY_HAND[language].format(points=words.count_points(cell.points, language))


def pictures(cell: SourceCell) -> list[str]:
    """The pictures of a text that lie beside the notebook, or in it."""
    return [found[1] or found[2] for found in _PICTURE.finditer(cell.text)]
