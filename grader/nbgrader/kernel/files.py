"""What a notebook finds beside itself: copies of its folder's files, and nothing that grades."""

from __future__ import annotations

import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fnmatch import fnmatch
from pathlib import Path
from typing import IO

from grader.errors import SubmissionError

#: A folder with one of these is a course: it holds solutions, and what others handed in.
_COURSE = ("nbgrader_config.py", "gradebook.db")
#: Notebooks have the text of hidden tests when they are graded; the others are nbgrader's own, or nobody's.
HIDDEN = ("*.ipynb", "submission_secret.txt", "submission_id.txt", "timestamp.txt", "*.db", "__pycache__", ".*")


def pack(folder: Path, limit_mb: int, hidden: Sequence[str] = HIDDEN) -> IO[bytes]:
    """Copy a folder's files into an archive without a name, wherever it is read from then.

    Links are left out, for they may lead anywhere. Raises SubmissionError where the files are too many megabytes.
    """
    with ExitStack() as stack:
        archive = stack.enter_context(tempfile.TemporaryFile())
        with tarfile.open(fileobj=archive, mode="w") as tar:
            left = limit_mb << 20
            for name, path in _find(folder, hidden):
                # Not followed, should it have become a link meanwhile.
                with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                    member = tarfile.TarInfo(name)
                    member.size = os.fstat(file.fileno()).st_size
                    left -= member.size
                    if left < 0:
                        raise _refuse(folder, limit_mb)
                    tar.addfile(member, file)
        archive.seek(0)
        stack.pop_all()
        return archive


def unpack(archive: IO[bytes], folder: Path) -> None:
    """Write an archive's files into a folder."""
    folder.mkdir()
    with tarfile.open(fileobj=archive) as tar:
        for member in tar:
            target, file = folder / member.name, tar.extractfile(member)
            assert file is not None  # only files are packed
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as copy:
                while part := file.read(1 << 20):
                    copy.write(part)


def _find(folder: Path, hidden: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """The files of a folder and of those in it, with their names from here."""
    if any((folder / name).exists() for name in _COURSE):
        return
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _is_hidden(name, hidden)]
        for name in names:
            path = Path(place, name)
            if not _is_hidden(name, hidden) and stat.S_ISREG(path.lstat().st_mode):
                yield str(path.relative_to(folder)), path


def _is_hidden(name: str, hidden: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in hidden)


def _refuse(folder: Path, limit_mb: int) -> SubmissionError:
    return SubmissionError(
        f"The files in {folder} are more than {limit_mb} MB, which is what a notebook in the sandbox may have beside "
        "itself. Take out what it does not need, or raise c.SandboxProvisioner.tmp_mb in nbgrader_config.py.",
        f"Os arquivos em {folder} passam de {limit_mb} MB, que é o que um notebook na sandbox pode ter a seu lado. "
        "Tire o que não é necessário, ou aumente c.SandboxProvisioner.tmp_mb em nbgrader_config.py.",
    )
