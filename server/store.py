"""What students handed in, kept by content: ``uploads/ab/abcdef...`` is the file with that SHA-256.

Equal content is kept once. A file appears under its name only when it is whole and on the disk.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

#: what was handed in within so many seconds may belong to a row that is only being written
FRESH_SECONDS = 60.0


class StoreError(Exception):
    """Content that cannot be kept or is not there."""


class Store:
    """A folder of contents, keyed by hash."""

    def __init__(self, folder: Path, max_size: int) -> None:
        self.folder = folder
        self.max_size = max_size

    def put(self, content: bytes) -> str:
        """Keep the content and return its key. On return it has reached the disk."""
        if len(content) > self.max_size:
            raise StoreError(f"{len(content)} bytes handed in, at most {self.max_size} are kept.")
        key = hashlib.sha256(content).hexdigest()
        path = self._path(key)
        try:
            # It is in use again, and so not to be discarded.
            os.utime(path)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(path, content)
        return key

    def get(self, key: str) -> bytes:
        """Return the content of a key. Raises StoreError when it is gone or no longer what was handed in."""
        try:
            content = self._path(key).read_bytes()
        except OSError as error:
            raise StoreError(f"{self._path(key)}: {error.strerror}. Restore it from a backup.") from error
        if hashlib.sha256(content).hexdigest() != key:
            raise StoreError(f"{self._path(key)} does not match its name. Restore it from a backup.")
        return content

    def discard(self, key: str) -> bool:
        """Delete a content that no row refers to; False: somebody has handed it in just now, so it stays."""
        path, doomed = self._path(key), self._path(key).with_name(f".old-{key}")
        try:
            # Out of sight first: whoever hands it in from here on writes it anew, and whoever did before shows.
            os.rename(path, doomed)
        except FileNotFoundError:
            return True
        if time.time() - doomed.stat().st_mtime < FRESH_SECONDS:
            os.rename(doomed, path)
            return False
        doomed.unlink()
        return True

    def keys(self) -> Iterator[str]:
        """The keys of all contents."""
        return (path.name for path in self.folder.glob("??/[!.]*"))

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key


def _write_whole(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
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
