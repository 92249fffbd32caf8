"""What an archive says of itself: at its head what it is, at its end what must be in it."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

#: of archives; a program reads those of its own and of earlier ones
FORMAT = 1
HEAD = "gradiente-backup.json"
MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
SECRET = "secret.key"


class Head(msgspec.Struct, frozen=True):
    """The first member."""

    format: int
    #: of Gradiente
    version: str
    #: of the tables, as Alembic names it
    revision: str
    made_at: datetime


class Member(msgspec.Struct, frozen=True):
    """A member that is no content; a content is named by its hash."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """The last member but one."""

    members: list[Member]
    #: rows of each table
    tables: dict[str, int]
    contents: int
    #: bytes of all contents
    size: int
    #: SHA-256 of the contents' keys, one after the other as they stand in the archive
    keys_sha256: str
    #: contents that rows refer to and that could not be had: not there, or not what was handed in
    missing: list[str] = []
    damaged: list[str] = []
    #: contents that were deleted, with what referred to them, while the backup was made
    gone: int = 0


class Tally:
    """Counts members while they are written or read."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.contents = 0
        self.size = 0
        self._keys = hashlib.sha256()

    def add(self, name: str, size: int, sha256: str) -> None:
        """One that is no content."""
        self.members.append(Member(name, size, sha256))

    def add_content(self, key: str, size: int) -> None:
        """A content."""
        self.contents += 1
        self.size += size
        self._keys.update(key.encode())

    @property
    def keys_sha256(self) -> str:
        """See ``Manifest``."""
        return self._keys.hexdigest()

    def agrees(self, manifest: Manifest) -> bool:
        """Whether what was read is what was written."""
        return (self.members, self.contents, self.size, self.keys_sha256) == (
            manifest.members, manifest.contents, manifest.size, manifest.keys_sha256,
        )  # fmt: skip
