"""What was handed in, as plain values: a Python file, a notebook, a folder or a zip becomes a set of named files.

Nothing here parses Python: a student's source is only ever read as text in this process. Parsing and running belong
into the sandbox.
"""

from __future__ import annotations

import importlib.util
import io
import os
import stat
import tokenize
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.archive import read_zip
from grader.errors import SubmissionError
from grader.notebook import read_notebook

#: Largest single file, all files together, and their number.
SOURCE_BYTES = 1 << 20
TOTAL_BYTES = 16 << 20
FILES = 200
DEPTH = 8

_SUFFIXES = frozenset({".py", ".txt", ".csv", ".json", ".md"})
#: Files that would steer Python, pytest or an installer.
_STEERING = frozenset({"conftest.py", "setup.py", "sitecustomize.py", "usercustomize.py"})


@dataclass(frozen=True)
class Upload:
    """A file as it came over the web."""

    filename: str
    content: bytes


@dataclass(frozen=True)
class Submission:
    """Files to grade: relative POSIX paths, always with ``<slug>.py``."""

    name: str
    files: dict[str, bytes]
    #: what was not taken over, such as ``cell 3: %matplotlib inline`` or ``model.pt``
    left_out: tuple[str, ...] = ()
    #: of a notebook: (first line in the file, number of the cell) for each cell
    cells: tuple[tuple[int, int], ...] = ()


def read_upload(upload: Upload, slug: str) -> Submission:
    """Read an uploaded file. Raises SubmissionError with a text for the student."""
    name = _printable(upload.filename)
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".zip":
        files, left_out = read_zip(upload.content, files=FILES, total=TOTAL_BYTES, depth=DEPTH)
        return _choose(name, files, left_out, slug)
    if suffix not in (".py", ".ipynb"):
        raise SubmissionError(
            f"{name} is a {suffix or 'file without suffix'}. Hand in a .py file, a notebook (.ipynb) or a .zip.",
            f"{name} é {suffix or 'um arquivo sem extensão'}. Entregue um .py, um notebook (.ipynb) ou um .zip.",
        )
    return _single(name, upload.content, slug, [])


def read_path(path: Path, slug: str) -> Submission:
    """Read a file or folder of this machine. Raises SubmissionError."""
    if path.is_symlink() or not (path.is_file() or path.is_dir()):
        raise SubmissionError(
            f"{path} is not a file or folder. Name a .py file, a notebook, a folder or a .zip.",
            f"{path} não é um arquivo nem uma pasta. Indique um arquivo .py, um notebook, uma pasta ou um .zip.",
        )
    if path.is_file():
        return read_upload(Upload(path.name, _read(path, TOTAL_BYTES)), slug)
    files, left_out = _walk(path)
    return _choose(_printable(path.name), files, left_out, slug)


def _walk(folder: Path) -> tuple[dict[str, bytes], list[str]]:
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    total = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        for name in sorted(names):
            path = Path(place) / name
            shown = path.relative_to(folder).as_posix()
            if not stat.S_ISREG(path.lstat().st_mode) or not _is_wanted(shown):
                left_out.append(shown)
                continue
            files[shown] = _read(path, TOTAL_BYTES - total)
            total += len(files[shown])
            if len(files) > FILES:
                raise too_many(FILES)
    return files, left_out


def too_many(limit: int) -> SubmissionError:
    """The submission has more files than it may."""
    return SubmissionError(
        f"The submission has more than {limit} files. Hand in only what you wrote.",
        f"A entrega tem mais de {limit} arquivos. Entregue só o que você escreveu.",
    )


def _read(path: Path, limit: int) -> bytes:
    """Read a regular file; a pipe, a device or a link that was put in its place meanwhile is refused."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SubmissionError(
            f"{path} cannot be read: {error.strerror}.", f"Não foi possível ler {path}: {error.strerror}."
        ) from error
    with open(fd, "rb") as file:
        content = file.read(limit + 1) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    if len(content) > limit:
        raise SubmissionError(
            f"{path.name} is larger than {limit >> 20} MB. Hand in source code, not data.",
            f"{path.name} tem mais de {limit >> 20} MB. Entregue código-fonte, não dados.",
        )
    return content


def _choose(name: str, files: dict[str, bytes], left_out: list[str], slug: str) -> Submission:
    """Find the student's main file in a folder or zip and keep what may go along."""
    files = _step_in(files)
    tops = [path for path in files if "/" not in path and path.endswith((".py", ".ipynb"))]
    wanted = [path for path in tops if _is_wanted(path)]
    main = next((path for path in (f"{slug}.py", f"{slug}.ipynb") if path in files), None)
    main = main or (wanted[0] if len(wanted) == 1 else None)
    if main is None:
        found = ", ".join(sorted(tops)[:8]) or "no Python file"
        raise SubmissionError(
            f"{name} should hold {slug}.py at its top. Found: {found}. Rename your file to {slug}.py.",
            f"{name} deveria conter {slug}.py no primeiro nível. Encontrado: {found}. Renomeie para {slug}.py.",
        )
    read = _single(main, files.pop(main), slug, left_out)
    along = {path: content for path, content in files.items() if _is_wanted(path)}
    rest = sorted(set(files) - set(along))
    return Submission(name, {**along, **read.files}, (*read.left_out, *rest), read.cells)


def _step_in(files: dict[str, bytes]) -> dict[str, bytes]:
    """Leave a single top folder, as archives of a folder have it."""
    tops = {path.partition("/")[0] for path in files}
    if len(tops) == 1 and all("/" in path for path in files):
        return {path.partition("/")[2]: content for path, content in files.items()}
    return files


def _is_wanted(path: str) -> bool:
    """Whether a file may go along with the main one."""
    parts = PurePosixPath(path).parts
    hidden = any(part.startswith((".", "__pycache__", "__MACOSX")) for part in parts)
    name = parts[-1]
    if hidden or name.startswith("test_") or name in _STEERING:
        return False
    if len(parts) == 1 and name.endswith(".ipynb"):
        return True
    return PurePosixPath(name).suffix in _SUFFIXES and not _shadows(parts[0].removesuffix(".py"))


def _shadows(module: str) -> bool:
    """Whether a module of this name would be imported instead of a library."""
    try:
        return module.isidentifier() and importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return True


def _single(name: str, content: bytes, slug: str, left_out: list[str]) -> Submission:
    """The main file, whatever its name, as ``<slug>.py``."""
    cells: tuple[tuple[int, int], ...] = ()
    if name.lower().endswith(".ipynb"):
        source, more, cells = read_notebook(content)
        left_out = [*left_out, *more]
        content = source.encode("utf-8", "replace")
    if len(content) > SOURCE_BYTES:
        raise SubmissionError(
            f"{name} is larger than {SOURCE_BYTES >> 20} MB. Hand in code, not data.",
            f"{name} tem mais de {SOURCE_BYTES >> 20} MB. Entregue código, não dados.",
        )
    _check_text(name, content)
    return Submission(name, {f"{slug}.py": content}, tuple(left_out), cells)


def _check_text(name: str, content: bytes) -> None:
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise SubmissionError(
            f"{name}, line {line}: found a NUL byte; Python source is text. Save the file as UTF-8.",
            f"{name}, linha {line}: há um byte NUL; código Python é texto. Salve o arquivo em UTF-8.",
        )
    text = _decode(name, content)
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        raise SubmissionError(
            f"{name} is empty. Hand in the file in which you wrote the functions.",
            f"{name} está vazio. Entregue o arquivo em que você escreveu as funções.",
        )


def _decode(name: str, content: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line, byte = content[: error.start].count(b"\n") + 1, content[error.start]
        raise SubmissionError(
            f"{name}, line {line}: byte 0x{byte:02x} is not {error.encoding.upper()}. Save the file as UTF-8.",
            f"{name}, linha {line}: o byte 0x{byte:02x} não é {error.encoding.upper()}. Salve o arquivo em UTF-8.",
        ) from error
    except (SyntaxError, LookupError) as error:
        raise SubmissionError(
            f"{name}: {error}. Save the file as UTF-8.", f"{name}: {error}. Salve o arquivo em UTF-8."
        ) from error


def _printable(name: str) -> str:
    """A name that is safe to show: without control characters, folders and excess length."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(char if char.isprintable() else "_" for char in last)[:120] or "submission"
