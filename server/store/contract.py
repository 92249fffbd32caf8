"""What every store of contents promises, and how it says that it could not."""

from __future__ import annotations

import hashlib
import io
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import BinaryIO

from grader.errors import InfrastructureError

#: what was handed in within so many seconds may belong to a row that is only being written
FRESH_SECONDS = 60.0
#: what a crash may have left half done is cleared away after so long
STALE_SECONDS = 3600.0
#: bytes that are read at a time
PIECE = 1 << 20
#: a content's key: its SHA-256
KEY = re.compile(r"[0-9a-f]{64}")


class StoreError(InfrastructureError):
    """Content that cannot be kept or is not there."""


class StoreUnavailable(StoreError):
    """The store does not answer, or not in time: the same may work later."""


class ContentMissing(StoreError):
    """There is no content with this key."""


class ContentDamaged(StoreError):
    """What is kept is not what was handed in."""


class Store(ABC):
    """Contents, keyed by their SHA-256. Equal content is kept once, and no content is ever replaced by another."""

    def __init__(self, max_size: int) -> None:
        self.max_size = max_size

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is, for people."""

    def put(self, content: bytes) -> str:
        """Keep the content and return its key. On return it has reached the disk. Raises StoreError."""
        return self.put_file(io.BytesIO(content))

    def put_file(self, file: BinaryIO) -> str:
        """Keep all of a file that can be read twice, and return its key. It need not fit into memory."""
        size = file.seek(0, os.SEEK_END)
        if size > self.max_size:
            raise StoreError(
                f"{size} bytes handed in, at most {self.max_size} are kept. Hand in less, or raise max_upload.",
                f"Foram entregues {size} bytes, e no máximo {self.max_size} são guardados. Entregue menos ou aumente "
                "max_upload.",
            )
        file.seek(0)
        digest = hashlib.sha256()
        while piece := file.read(PIECE):
            digest.update(piece)
        key = digest.hexdigest()
        self._keep(key, file, size)
        return key

    def get(self, key: str) -> bytes:
        """Return the content of a key. Raises StoreError when it is gone or no longer what was handed in."""
        return b"".join(self.pieces(key))

    def pieces(self, key: str) -> Iterator[bytes]:
        """Yield the content of a key in pieces. Whether they are sound is known at the end: it may raise StoreError."""
        digest = hashlib.sha256()
        for piece in self._read(key):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != key:
            raise ContentDamaged(
                f"{key} in {self.place} does not match its name. Restore it from a backup.",
                f"{key} em {self.place} não corresponde ao nome. Restaure-o de uma cópia de segurança.",
            )

    def _missing(self, key: str) -> ContentMissing:
        return ContentMissing(
            f"{key} is not in {self.place}. Restore it from a backup.",
            f"{key} não está em {self.place}. Restaure-o de uma cópia de segurança.",
        )

    @abstractmethod
    def discard(self, key: str, unused_for: float = 0.0) -> bool:
        """Delete a content that no row refers to; False: somebody has handed it in just now, so it stays.

        ``unused_for``: seconds since the database was asked. Who hands in the same afterwards was not seen there.
        """

    @abstractmethod
    def keys(self) -> Iterator[str]:
        """The keys of all contents."""

    @abstractmethod
    def tidy(self) -> None:
        """Clear away what a crash has left half done, once it is old."""

    @abstractmethod
    def check(self, *, keeps: bool = True) -> None:
        """Raise StoreError where nothing could be kept now, or, for who only reads, nothing read.

        Quick: it is asked every few seconds.
        """

    @abstractmethod
    def _keep(self, key: str, file: BinaryIO, size: int) -> None:
        """Keep what is in the file, and make it fresh where it is kept already."""

    @abstractmethod
    def _read(self, key: str) -> Iterator[bytes]:
        """The pieces as they are kept. Raises ContentMissing."""
