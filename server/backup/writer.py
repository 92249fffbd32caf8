"""Writes an archive from its beginning to its end; the target may be a pipe."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from types import TracebackType
from typing import BinaryIO

import msgspec

from server.backup.cells import Cell
from server.backup.manifest import HEAD, MANIFEST, SEAL, Head, Manifest, Tally

#: rows are gathered up to so many bytes: the size of what stands before them must be known
PART = 4_000_000


class Writer:
    """An archive that is being written. Leaving the context without an error ends it."""

    def __init__(self, target: BinaryIO, compressed: bool = False) -> None:
        self._tar = tarfile.open(  # noqa: SIM115 (closed by the context)
            fileobj=target, mode="w|gz" if compressed else "w|", format=tarfile.PAX_FORMAT
        )
        self.tally = Tally()
        self.tables: dict[str, int] = {}

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # Also after an error: otherwise it would write its end into a file that is closed.
        with nullcontext() if kind is None else suppress(OSError):
            self._tar.close()

    def add_head(self, head: Head) -> None:
        """The first member."""
        self.add(HEAD, msgspec.json.encode(head))

    def add(self, name: str, data: bytes) -> None:
        """A member that is no content."""
        self._write(name, len(data), io.BytesIO(data))
        self.tally.add(name, len(data), hashlib.sha256(data).hexdigest())

    def add_table(self, name: str, columns: list[tuple[str, str]], rows: Iterable[list[Cell]]) -> None:
        """All rows of a table, in parts; each begins with a line of names and kinds of the columns."""
        begin = _line(columns)
        count, part, gathered = 0, 0, bytearray(begin)
        for row in rows:
            gathered += _line(row)
            count += 1
            if len(gathered) > PART:
                self.add(f"tables/{name}/{part:06}.jsonl", bytes(gathered))
                part, gathered = part + 1, bytearray(begin)
        if part == 0 or len(gathered) > len(begin):
            self.add(f"tables/{name}/{part:06}.jsonl", bytes(gathered))
        self.tables[name] = count

    def add_content(self, key: str, file: BinaryIO) -> None:
        """A content of the store."""
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        self._write(f"contents/{key[:2]}/{key}", size, file)
        self.tally.add_content(key, size)

    def seal(self, missing: list[str], damaged: list[str], gone: int) -> Manifest:
        """Write the manifest, the last of all."""
        tally = self.tally
        manifest = Manifest(
            tally.members, self.tables, tally.contents, tally.size, tally.keys_sha256, missing, damaged, gone
        )
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        self._write(MANIFEST, len(text), io.BytesIO(text))
        seal = f"{hashlib.sha256(text).hexdigest()}  {MANIFEST}\n".encode()
        self._write(SEAL, len(seal), io.BytesIO(seal))
        return manifest

    def _write(self, name: str, size: int, file: BinaryIO) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, int(time.time())
        self._tar.addfile(info, file)
        self._tar.members.clear()  # type: ignore[attr-defined]  # it would remember all of them


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
