"""Contents in a folder: ``uploads/ab/abcdef...`` is the file with that SHA-256.

A file appears under its name only when it is whole and on the disk.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from server.store.contract import FRESH_SECONDS, KEY, PIECE, STALE_SECONDS, Store, StoreError

_NEW, _OLD = ".new-", ".old-"


class FolderStore(Store):
    """A folder on a disk that all who share the store can reach."""

    def __init__(self, folder: Path, max_size: int) -> None:
        super().__init__(max_size)
        self.folder = folder

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.folder)

    def discard(self, key: str, unused_for: float = 0.0) -> bool:
        """Delete a content; see ``Store.discard``."""
        path, doomed = self._path(key), self._path(key).with_name(_OLD + key)
        try:
            # Out of sight first: whoever hands it in from here on writes it anew, and whoever did before shows.
            os.rename(path, doomed)
        except FileNotFoundError:
            return True
        except OSError as error:
            raise _refused(path, error) from error
        if time.time() - doomed.stat().st_mtime < FRESH_SECONDS + unused_for:
            os.rename(doomed, path)
            return False
        doomed.unlink()
        return True

    def keys(self) -> Iterator[str]:
        """The keys of all contents."""
        return (path.name for path in self.folder.glob("??/*") if KEY.fullmatch(path.name))

    def tidy(self) -> None:
        """Delete files that were never finished; what was being discarded is a content again."""
        for path in (*self.folder.glob(f"??/{_NEW}*"), *self.folder.glob(f"??/{_OLD}*")):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_ctime < STALE_SECONDS:
                    continue
                home = path.with_name(path.name.removeprefix(_OLD))
                if home == path or home.exists():
                    path.unlink()
                else:
                    os.rename(path, home)

    def _check_reading(self) -> None:
        # Before the first submission there may be none.
        if self.folder.exists() and not os.access(self.folder, os.R_OK | os.X_OK):
            raise StoreError(
                f"The folder {self.folder} cannot be read. Let the account that runs this program read it.",
                f"Não é possível ler a pasta {self.folder}. Permita a leitura à conta que executa este programa.",
            )

    def check(self, *, keeps: bool = True) -> None:
        """Raise StoreError where the folder cannot be written or is full; for who only reads, cannot be read."""
        if not keeps:
            self._check_reading()
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            raise _refused(self.folder, error) from error
        if not os.access(self.folder, os.R_OK | os.W_OK | os.X_OK):
            raise StoreError(
                f"The folder {self.folder} cannot be written. Give it to the account that runs this program.",
                f"Não é possível escrever na pasta {self.folder}. Dê-a à conta que executa este programa.",
            )
        if free < self.max_size:
            raise StoreError(
                f"The disk of {self.folder} has {free} bytes left, less than one submission may have "
                f"({self.max_size}). Free some, or move the folder to a larger disk.",
                f"O disco de {self.folder} tem {free} bytes livres, menos do que uma submissão pode ter "
                f"({self.max_size}). Libere espaço ou mova a pasta para um disco maior.",
            )

    def _keep(self, key: str, file: BinaryIO, size: int) -> None:
        path = self._path(key)
        try:
            try:
                # It is in use again, and so not to be discarded.
                os.utime(path)
                if path.stat().st_size == size:
                    return
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(path, file)
        except OSError as error:
            raise _refused(path, error) from error

    def _read(self, key: str) -> Iterator[bytes]:
        path = self._path(key)
        try:
            with path.open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
        except FileNotFoundError as error:
            raise self._missing(key) from error
        except OSError as error:
            raise _refused(path, error) from error

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key


def _refused(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: {error.strerror}. See to the disk and its permissions.",
        f"{path}: {error.strerror}. Verifique o disco e as permissões.",
    )


def _write_whole(path: Path, content: BinaryIO) -> None:
    content.seek(0)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=_NEW)
    try:
        with os.fdopen(descriptor, "wb") as file:
            shutil.copyfileobj(content, file, PIECE)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    # The folders hold the new names: without this a power cut could forget them.
    for folder in (path.parent, path.parent.parent):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
