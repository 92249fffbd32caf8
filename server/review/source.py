"""What was handed in, as lines to remark on: a Python file, the cells of a notebook, the files of an archive.

Files are read as grading reads them, so that lines have the numbers that tracebacks name. Nothing is ever unpacked, and
what cannot be read is shown as far as it is text.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from itertools import count

from grader.errors import SubmissionError
from grader.report import Text
from grader.submission import Submission as Read
from grader.submission import Upload, read_upload
from server import render

#: bytes of one file, and lines of all files together, that a page shows
MAX_BYTES, MAX_LINES = 200_000, 5_000
#: of a file's path, as a remark keeps it
MAX_PATH = 200

Cells = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Line:
    """One line."""

    #: from 1, in the file as it was graded
    number: int
    #: what the reader sees: of a notebook, the number in its cell
    label: int
    #: highlighted and escaped
    html: str


@dataclass(frozen=True)
class Block:
    """Lines that stand together: a cell of a notebook, or all of a file."""

    #: from 1; 0: it is no cell
    cell: int
    lines: tuple[Line, ...]
    #: its place among all blocks that can be remarked on; None: it cannot
    place: int | None = None


@dataclass(frozen=True)
class File:
    """One file."""

    #: in an archive; empty: it is the only one
    path: str
    size: int
    blocks: tuple[Block, ...] = ()
    #: whether it is not shown: it is too long, or no text
    is_left_out: bool = False


@dataclass(frozen=True)
class Source:
    """All that was handed in."""

    files: tuple[File, ...]
    #: names of what grading does not use
    left_out: tuple[str, ...] = ()
    #: why grading cannot read it, in all languages; empty: it can
    problem: Text | None = None

    @property
    def places(self) -> list[tuple[File, Block]]:
        """The blocks that can be remarked on."""
        return [(file, block) for file in self.files for block in file.blocks if block.place is not None]

    def find(self, place: int, label: int) -> tuple[str, int] | None:
        """The file and the line that the reader means; None: there is no such line."""
        if not 0 <= place < len(self.places):
            return None
        file, block = self.places[place]
        return next(((file.path, line.number) for line in block.lines if line.label == label), None)

    def shows(self, path: str, number: int) -> bool:
        """Whether a line is shown, so that a remark can stand beside it."""
        blocks = (block for file in self.files if file.path == path for block in file.blocks)
        return any(line.number == number for block in blocks for line in block.lines)


def read(file_name: str, content: bytes, slug: str) -> Source:
    """Read what was handed in."""
    try:
        found = read_upload(Upload(file_name, content), slug)
    except SubmissionError as error:
        return Source(_number([_raw(content)]), problem=error.text)
    main = f"{slug}.py"
    is_archive = file_name.lower().endswith(".zip")
    files: list[File] = []
    left = MAX_LINES
    # The main file first, the others by name.
    for path in sorted(found.files, key=lambda path: (path != main, path)):
        files.append(_file(path if is_archive else "", found, path, found.cells if path == main else (), left))
        left -= sum(len(block.lines) for block in files[-1].blocks)
    return Source(_number(files), found.left_out)


def _number(files: list[File]) -> tuple[File, ...]:
    """Count the blocks through that can be remarked on."""
    places = count()
    return tuple(
        replace(file, blocks=tuple(replace(block, place=next(places)) for block in file.blocks))
        if len(file.path) <= MAX_PATH
        else file
        for file in files
    )


def _file(path: str, found: Read, name: str, cells: Cells, left: int) -> File:
    content = found.files[name]
    text = _text(content)
    if text is None or text.count("\n") > left:
        return File(path, len(content), is_left_out=True)
    return File(path, len(content), _blocks(text, cells, "python" if name.endswith(".py") else "text"))


def _raw(content: bytes) -> File:
    """A file that grading could not read."""
    text = _text(content)
    if text is None or text.count("\n") > MAX_LINES:
        return File("", len(content), is_left_out=True)
    return File("", len(content), _blocks(text, (), "text"))


def _text(content: bytes) -> str | None:
    """The content as text; None: it is too long, or none."""
    if len(content) > MAX_BYTES or b"\0" in content:
        return None
    return content.decode("utf-8", "replace").removeprefix("\ufeff")


def _blocks(text: str, cells: Cells, language: str) -> tuple[Block, ...]:
    rows = highlight(text, language)
    if not cells:
        return (Block(0, tuple(Line(number, number, row) for number, row in enumerate(rows, 1))),)
    blocks = []
    ends = [first - 2 for first, _cell in cells[1:]] + [len(rows)]
    for (first, cell), end in zip(cells, ends, strict=True):
        # Before each cell but the first stands a line that names it.
        lines = (Line(number, number - first + 1, rows[number - 1]) for number in range(first, end + 1))
        blocks.append(Block(cell, tuple(lines)))
    return tuple(blocks)


def highlight(text: str, language: str) -> list[str]:
    """Highlight a source, line by line; each line is whole HTML by itself."""
    # Lines end where Python ends them, not at form feeds and the like.
    plain = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    lines = plain.split("\n")
    rows = render.code(plain, language).removesuffix("\n").split("\n")
    return rows if len(rows) == len(lines) else [html.escape(line) for line in lines]
