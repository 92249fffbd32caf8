"""Reads an archive, first to find out whether it is whole. Nothing of it is ever unpacked by its name."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

import msgspec

from grader.errors import InfrastructureError
from server.backup.manifest import FORMAT, HEAD, MANIFEST, SEAL, SECRET, Head, Manifest, Tally
from server.store.contract import PIECE

_CONTENT = re.compile(r"contents/([0-9a-f]{2})/(\1[0-9a-f]{62})")
_TABLE = re.compile(r"tables/([a-z0-9_]+)/\d{6}\.jsonl")
#: of members that are read at once; a part of a table may end with one very long row
LIMIT = 1 << 30
_BROKEN = (tarfile.TarError, EOFError, zlib.error, OSError, msgspec.MsgspecError, UnicodeDecodeError)


@dataclass(frozen=True)
class Whole:
    """An archive that was read to its end, and is whole."""

    head: Head
    manifest: Manifest
    #: SHA-256 of each content
    keys: frozenset[bytes]
    #: the key that signs cookies and receipts
    secret: str


class _Seen:
    """What was read so far."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.texts: dict[str, bytes] = {}
        self.keys: set[bytes] = set()


class Reader:
    """An archive in a file. Each method reads it from the beginning."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def verify(self) -> Whole:
        """Read everything and compare it with the manifest. Raises InfrastructureError."""
        with self._told():
            seen = _Seen()
            for name, file in self._members():
                if HEAD not in seen.texts and name != HEAD:
                    break
                self._look(seen, name, file)
            return self._compare(seen)

    def _look(self, seen: _Seen, name: str, file: IO[bytes]) -> None:
        if found := _CONTENT.fullmatch(name):
            size, digest = _digest(file)
            if digest != found[2]:
                raise self._damaged(f"{name} does not match its name", f"{name} não corresponde ao nome")
            seen.keys.add(bytes.fromhex(digest))
            seen.tally.add_content(digest, size)
        elif _TABLE.fullmatch(name):
            seen.tally.add(name, *_digest(file))
        elif name in (HEAD, SECRET, MANIFEST, SEAL):
            text = seen.texts[name] = file.read(LIMIT)
            if name in (HEAD, SECRET):
                seen.tally.add(name, len(text), hashlib.sha256(text).hexdigest())
            if name == HEAD:
                self._read_head(text)
        else:
            raise self._damaged(f"{name[:80]!r} has no place in it", f"{name[:80]!r} não faz parte dela")

    def _compare(self, seen: _Seen) -> Whole:
        texts, tally = seen.texts, seen.tally
        if HEAD not in texts:
            raise self._foreign()
        if SEAL not in texts:
            raise self._damaged("its end is missing", "falta o fim")
        if texts[SEAL].decode().split() != [hashlib.sha256(texts.get(MANIFEST, b"")).hexdigest(), MANIFEST]:
            raise self._damaged("its manifest was changed", "o manifesto foi alterado")
        manifest = msgspec.json.decode(texts[MANIFEST], type=Manifest)
        if not tally.agrees(manifest):
            raise self._damaged(
                f"it has {tally.contents} whole contents and {len(tally.members)} other members, and its manifest "
                f"names {manifest.contents} and {len(manifest.members)}, or others",
                f"tem {tally.contents} conteúdos inteiros e {len(tally.members)} outras partes, e o manifesto indica "
                f"{manifest.contents} e {len(manifest.members)}, ou outros",
            )
        secret = texts.get(SECRET, b"").decode("ascii")
        return Whole(self._read_head(texts[HEAD]), manifest, frozenset(seen.keys), secret)

    def contents(self) -> Iterator[IO[bytes]]:
        """The contents, each to be read before the next."""
        return (file for name, file in self._members() if _CONTENT.fullmatch(name))

    def tables(self) -> Iterator[tuple[str, list[tuple[str, str]], Iterator[list[Any]]]]:
        """Parts of tables: the table's name, names and kinds of its columns, rows."""
        for name, file in self._members():
            if found := _TABLE.fullmatch(name):
                columns = json.loads(file.readline())
                yield found[1], [(column, kind) for column, kind in columns], (json.loads(line) for line in file)

    def _members(self) -> Iterator[tuple[str, IO[bytes]]]:
        with self._open() as source, self._told(), tarfile.open(fileobj=source, mode="r|*") as tar:
            while member := tar.next():
                tar.members.clear()  # type: ignore[attr-defined]  # it would remember all of them
                file = tar.extractfile(member) if member.isfile() else None
                if file is None:
                    raise self._damaged(f"{member.name[:80]!r} is no file", f"{member.name[:80]!r} não é um arquivo")
                with file:
                    yield member.name, file

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise InfrastructureError(
                f"{self.path}: {error.strerror}. Name a file that gradiente backup has written.",
                f"{self.path}: {error.strerror}. Indique um arquivo escrito por gradiente backup.",
            ) from error
        with file:
            yield file

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say of what goes wrong in reading that the archive is damaged."""
        try:
            yield
        except _BROKEN as error:
            raise self._damaged(str(error) or type(error).__name__, str(error) or type(error).__name__) from error

    def _read_head(self, text: bytes) -> Head:
        head = msgspec.json.decode(text, type=Head)
        if head.format > FORMAT:
            raise InfrastructureError(
                f"{self.path} was written by Gradiente {head.version}, in a newer format. Restore it with that.",
                f"{self.path} foi escrito pelo Gradiente {head.version}, em um formato mais novo. Restaure-o com ele.",
            )
        return head

    def _foreign(self) -> InfrastructureError:
        return InfrastructureError(
            f"{self.path} is no backup of Gradiente. Name a file that gradiente backup has written.",
            f"{self.path} não é uma cópia de segurança do Gradiente. Indique um arquivo escrito por gradiente backup.",
        )

    def _damaged(self, english: str, portuguese: str) -> InfrastructureError:
        return InfrastructureError(
            f"{self.path} is damaged: {english}. Nothing was changed; take another backup.",
            f"{self.path} está danificado: {portuguese}. Nada foi alterado; use outra cópia de segurança.",
        )


def _digest(file: IO[bytes]) -> tuple[int, str]:
    """Size and SHA-256."""
    digest, size = hashlib.sha256(), 0
    while piece := file.read(PIECE):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()
