"""Folders as archives, and back. What a stranger has packed is looked through before anything is written."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from grader.archive import read_archive
from grader.errors import SubmissionError

#: bytes of an archive's files together: more than any portal takes
MOST = 256 << 20
#: ZIP's first day: the same files give the same archive
_DAY = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644

#: names of a folder's entries that are left out, as ``shutil.copytree`` asks for them
Ignore = Callable[[str, list[str]], Iterable[str]]


def files_of(folder: Path, ignore: Ignore) -> list[Path]:
    """The files of a folder, in order, but for what is left out."""
    return list(_walk(folder, ignore, set()))


def pack(folder: Path, paths: Iterable[Path]) -> bytes:
    """Pack files of a folder. Raises SubmissionError for one that cannot be read."""
    return pack_files({path.relative_to(folder).as_posix(): _read(path) for path in paths})


def pack_files(files: Mapping[str, bytes]) -> bytes:
    """Pack files, by their paths."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _DAY)
            entry.external_attr = _MODE << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def _walk(folder: Path, ignore: Ignore, seen: set[str]) -> Iterator[Path]:
    """Links are followed, but never in a circle."""
    seen.add(os.path.realpath(folder))
    names = sorted(os.listdir(folder))
    left_out = set(ignore(str(folder), names))
    for path in (folder / name for name in names if name not in left_out):
        if path.is_dir():
            if os.path.realpath(path) not in seen:
                yield from _walk(path, ignore, seen)
        elif path.is_file():
            yield path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SubmissionError(
            f"{path} cannot be read: {error.strerror}. Make it readable, or take it out of the folder.",
            f"Não é possível ler {path}: {error.strerror}. Torne-o legível ou retire-o da pasta.",
        ) from error


def unpack(content: bytes, ignore: Iterable[str] = ()) -> dict[str, bytes]:
    """The files of an archive, by their paths, without those that match. Raises SubmissionError."""
    patterns, files, left = list(ignore), {}, MOST
    for name, read in read_archive(content, whole=True)[0].items():
        if any(fnmatch(part, pattern) for part in PurePosixPath(name).parts for pattern in patterns):
            continue
        files[name] = read(left + 1)
        left -= len(files[name])
        if left < 0:
            raise SubmissionError(
                f"The archive holds more than {MOST >> 20} MB and was not unpacked.",
                f"O arquivo contém mais de {MOST >> 20} MB e não foi descompactado.",
            )
    return files


def write(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """Write the files that are missing in a folder, and say which."""
    written = []
    for name, content in files.items():
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            written.append(name)
    return written


def place(files: Mapping[str, bytes], folder: Path, *, replace: bool = False) -> bool:
    """Write a folder, all of it or nothing; False: there is one, and it is not to be replaced.

    Whoever writes the same folder at the same time ends up with one of both, whole.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _beside(folder) as room:
        new, old = room / "new", room / "old"
        new.mkdir()
        write(files, new)
        if replace:
            with suppress(FileNotFoundError):
                os.rename(folder, old)
        try:
            os.rename(new, folder)
        except OSError:
            if not folder.is_dir():
                raise
            return False
    return True


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A room on the same disk, so that a folder can be moved out of it in one step."""
    room = Path(tempfile.mkdtemp(prefix=".gradiente-", dir=folder.parent))
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
