"""What was handed in, as plain values: a .py, a notebook, a folder or a zip becomes ``<slug>.py`` and a few others.

Nothing of a student is compiled or even parsed here: hostile source can exhaust the C stack of whoever parses it.
Syntax errors come from the candidate, in the sandbox.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

from grader.archive import read_archive
from grader.bundle import (
    DEPTH,
    ENTRIES,
    TOTAL_BYTES,
    Reader,
    check_size,
    choose,
    clean,
    list_left_out,
    read_chosen,
    size_limit,
)
from grader.errors import SubmissionError
from grader.notebook import read_notebook
from grader.source import check_source, is_blank

_SUFFIXES = (".py", ".ipynb", ".zip")

#: A FIFO would block, a link would lead elsewhere. Windows has neither flag, and no sandbox to grade in.
_SAFELY = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True)
class Upload:
    """A file as it came over the web."""

    filename: str
    content: bytes


@dataclass(frozen=True)
class Submission:
    """What will be graded.

    ``files`` maps relative POSIX paths to contents and always holds ``<slug>.py``. ``left_out`` names what is not
    used, in no language: ``data/weights.pt``, ``cell 3: %matplotlib inline``. ``cells`` is filled for notebooks:
    first line in the ``.py``, and the number of the code cell that starts there.
    """

    name: str
    files: dict[str, bytes]
    left_out: tuple[str, ...] = ()
    cells: tuple[tuple[int, int], ...] = ()


def read_upload(upload: Upload, slug: str) -> Submission:
    """Read a file that came over the web. Raises SubmissionError."""
    # Browsers send names only; other clients may send whole paths of either kind.
    name = PurePath(upload.filename.replace("\\", "/")).name
    shown = clean(name) or slug
    suffix = _suffix(name)
    if suffix == ".zip":
        readers, left_out = read_archive(upload.content)
        return _assemble(shown, readers, left_out, slug)
    check_size(shown, len(upload.content), size_limit(name))
    return _finish(shown, suffix, {f"{slug}.py": upload.content}, (), slug)


def read_path(path: Path, slug: str) -> Submission:
    """Read a .py, a .ipynb, a .zip or a folder. Links are never followed. Raises SubmissionError."""
    shown = clean(path.name or path.resolve().name) or slug
    with _opened(path) as (descriptor, kind):
        if stat.S_ISDIR(kind):
            readers, left_out = _walk(descriptor)
            return _assemble(shown, readers, tuple(left_out), slug)
        limit = TOTAL_BYTES if _suffix(path.name) == ".zip" else size_limit(path.name)
        return read_upload(Upload(path.name, _read(descriptor, limit + 1)), slug)


def _assemble(name: str, readers: Mapping[str, Reader], left_out: tuple[str, ...], slug: str) -> Submission:
    """A submission out of many files."""
    choice = choose(readers, slug)
    files = read_chosen(choice, readers)
    main = files.pop(choice.main)
    for path, content in files.items():
        if path.endswith(".py"):
            check_source(content, path)
    # The main file comes first, and the report names what was skipped in one order on every system.
    names = list_left_out(sorted({*left_out, *choice.left_out}))
    return _finish(name, _suffix(choice.main), {f"{slug}.py": main} | files, names, slug, choice.main)


def _finish(
    name: str, suffix: str, files: dict[str, bytes], left_out: tuple[str, ...], slug: str, main: str = ""
) -> Submission:
    shown = main or name
    content = files[f"{slug}.py"]
    if suffix == ".ipynb":
        notebook = read_notebook(content, shown)
        converted = files | {f"{slug}.py": notebook.source.encode()}
        return Submission(name, converted, (*notebook.left_out, *left_out), notebook.cells)
    text = check_source(content, shown)
    if is_blank(text):
        raise SubmissionError(
            f"{clean(shown, 60)} holds no code, only blank lines or comments. Expected: the functions of the "
            f"exercise. Save your work and hand in {slug}.py again.",
            f"{clean(shown, 60)} não tem código, só linhas vazias ou comentários. Esperado: as funções do exercício. "
            f"Salve seu trabalho e entregue {slug}.py de novo.",
        )
    return Submission(name, files, left_out)


def _suffix(name: str) -> str:
    suffix = PurePath(name).suffix.casefold()
    if suffix in _SUFFIXES:
        return suffix
    raise SubmissionError(
        f"{clean(name, 60)!r} is not a kind of file that can be graded. Expected: a .py file, a notebook (.ipynb) or "
        "a .zip. Save your work as one of these.",
        f"{clean(name, 60)!r} não é um tipo de arquivo que possa ser corrigido. Esperado: um arquivo .py, um notebook "
        "(.ipynb) ou um .zip. Salve seu trabalho em um desses formatos.",
    )


# --- files on disk


@contextmanager
def _opened(path: Path | str, folder: int | None = None) -> Iterator[tuple[int, int]]:
    """Open a file or folder; give its descriptor and mode. Raises SubmissionError for links, devices and the like."""
    shown = clean(str(path), 120)
    try:
        mode = os.stat(path, dir_fd=folder, follow_symlinks=False).st_mode
        # Looked at before it is opened: opening alone has effects on some devices.
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise _not_a_file(shown, mode)
        descriptor = os.open(path, _SAFELY, dir_fd=folder)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        raise SubmissionError(
            f"{shown} cannot be read ({reason}). Check the name and that the file may be read.",
            f"Não é possível ler {shown} ({reason}). Confira o nome e a permissão de leitura.",
        ) from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise _not_a_file(shown, mode)
        yield descriptor, mode
    finally:
        os.close(descriptor)


def _not_a_file(shown: str, mode: int) -> SubmissionError:
    is_link = stat.S_ISLNK(mode)
    return SubmissionError(
        f"{shown} is a {'symbolic link' if is_link else 'device or pipe'}. Expected: a plain file. Hand in the file "
        "itself.",
        f"{shown} é um {'link simbólico' if is_link else 'dispositivo ou pipe'}. Esperado: um arquivo comum. Entregue "
        "o próprio arquivo.",
    )


def _walk(root: int) -> tuple[dict[str, Reader], list[str]]:
    """Every regular file under a folder, unread, and what is left out for what it is."""
    readers: dict[str, Reader] = {}
    left_out: list[str] = []
    waiting = [""]
    seen = 0
    while waiting:
        folder = waiting.pop()
        for name, mode in _list(root, folder):
            seen += 1
            if seen > ENTRIES:
                raise _too_many()
            path = f"{folder}/{name}" if folder else name
            if stat.S_ISDIR(mode) and _is_entered(path):
                waiting.append(path)
            elif stat.S_ISREG(mode) and name.isprintable():
                readers[path] = partial(_read_at, root, path)
            elif name != "__pycache__":
                left_out.append(path)
    return readers, left_out


def _is_entered(path: str) -> bool:
    name = path.rpartition("/")[2]
    return not name.startswith(".") and name != "__pycache__" and name.isprintable() and path.count("/") < DEPTH - 1


def _list(root: int, folder: str) -> list[tuple[str, int]]:
    with _descend(root, folder) as descriptor, os.scandir(descriptor) as entries:
        # One more than may be, so that the caller notices; a folder of a million files is not read to its end.
        some = [entry for entry, _ in zip(entries, range(ENTRIES + 1), strict=False)]
        return sorted((entry.name, entry.stat(follow_symlinks=False).st_mode) for entry in some)


@contextmanager
def _descend(root: int, folder: str) -> Iterator[int]:
    """Open a folder step by step, so that no part of its path can be a link."""
    current = os.dup(root)
    try:
        for part in folder.split("/") if folder else ():
            with _opened(part, current) as (below, _):
                os.close(current)
                current = os.dup(below)
        yield current
    finally:
        os.close(current)


def _read_at(root: int, path: str, limit: int) -> bytes:
    folder, _, name = path.rpartition("/")
    with _descend(root, folder) as descriptor, _opened(name, descriptor) as (file, mode):
        if stat.S_ISDIR(mode):
            raise _not_a_file(clean(path), mode)
        return _read(file, limit)


def _read(descriptor: int, limit: int) -> bytes:
    with open(os.dup(descriptor), "rb") as file:
        return file.read(limit)


def _too_many() -> SubmissionError:
    return SubmissionError(
        f"The folder holds more than {ENTRIES:,} files. Hand in a folder with your code alone.",
        f"A pasta tem mais de {ENTRIES:,} arquivos. Entregue uma pasta só com seu código.",
    )
