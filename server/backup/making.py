"""Makes a backup, also while the portal runs: the rows of one moment, and the contents that they refer to."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, BinaryIO, cast

from sqlalchemy import Connection, MetaData, Table

from grader.errors import InfrastructureError
from server.backup.cells import Cell, kind_of, reading, to_cell
from server.backup.manifest import FORMAT, SECRET, Head, Manifest
from server.backup.tables import find_tables, revision_of
from server.backup.writer import Writer
from server.db import Database
from server.store import ContentDamaged, ContentMissing, Store
from server.store.references import all_used

#: contents up to this size are not written to a file in between
IN_MEMORY = 8_000_000
#: rows that are fetched at a time
ROWS = 200
STANDARD_OUTPUT = "-"


def make(database: Database, store: Store, secret: str, target: str) -> Manifest:
    """Write the archive to a path, or to the standard output (``-``), and say what is in it.

    Raises InfrastructureError where there is no portal, or the target is there already or cannot be written; then
    there is no archive.
    """
    with _opened(target) as file, Writer(file, target.endswith((".gz", ".tgz"))) as writer:
        with tempfile.TemporaryFile() as keys:
            tables = _write_rows(database, writer, keys)
            if secret:
                writer.add(SECRET, secret.encode("ascii"))
            keys.seek(0)
            missing, damaged, gone = _write_contents(store, writer, keys, lambda key: _is_used(database, tables, key))
        return writer.seal(missing, damaged, gone)


def _write_rows(database: Database, writer: Writer, keys: IO[bytes]) -> MetaData:
    """Write all rows, and the keys of what they refer to, one a line: both of one moment. Says which tables."""
    with _snapshot(database) as connection:
        revision = revision_of(connection)
        if revision is None:
            raise InfrastructureError(
                "The database has no tables of a portal. Name the portal's folder with --instance, or its database "
                "with GRADIENTE_PORTAL_DATABASE_URL.",
                "O banco de dados não tem as tabelas de um portal. Indique a pasta do portal com --instance ou o banco "
                "com GRADIENTE_PORTAL_DATABASE_URL.",
            )
        writer.add_head(Head(FORMAT, version("gradiente"), revision, datetime.now(UTC)))
        tables = find_tables(connection)
        for table in tables.sorted_tables:
            columns = [(column.name, kind_of(column)) for column in table.columns]
            writer.add_table(table.name, columns, _rows(connection, table))
        _note_keys(connection, tables, keys)
        return tables


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """A reading transaction that sees one moment, whatever others write meanwhile. Nobody waits for it."""
    options = {} if database.engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with database.engine.connect().execution_options(stream_results=True, yield_per=ROWS, **options) as connection:
        yield connection


def _rows(connection: Connection, table: Table) -> Iterator[list[Cell]]:
    turn = [to_cell(kind_of(column)) for column in table.columns]
    for row in connection.execute(reading(table, connection.dialect.name == "sqlite")):
        yield [to(value) for to, value in zip(turn, row, strict=True)]


def _note_keys(connection: Connection, tables: MetaData, keys: IO[bytes]) -> None:
    for key in connection.scalars(all_used(tables)):
        keys.write(f"{key}\n".encode("ascii"))


def _write_contents(
    store: Store, writer: Writer, keys: IO[bytes], is_used: Callable[[str], bool]
) -> tuple[list[str], list[str], int]:
    """Write the contents, and say which are missing and damaged, and how many were deleted meanwhile."""
    missing, damaged, gone = list[str](), list[str](), 0
    for line in keys:
        key = line.decode("ascii").strip()
        # Looked at whole before its first byte is in the archive.
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
            try:
                for piece in store.pieces(key):
                    file.write(piece)
            except (ContentMissing, ContentDamaged) as error:
                if not is_used(key):
                    gone += 1
                else:
                    (missing if isinstance(error, ContentMissing) else damaged).append(key)
                continue
            writer.add_content(key, cast(BinaryIO, file))
    return missing, damaged, gone


def _is_used(database: Database, tables: MetaData, key: str) -> bool:
    """Whether rows of this moment refer to a content."""
    with database.engine.connect() as connection:
        used = all_used(tables).subquery()
        return connection.scalar(used.select().where(used.c.key == key)) is not None


@contextmanager
def _opened(target: str) -> Iterator[BinaryIO]:
    """The target, to be written; a file gets its name when it is whole and on the disk."""
    if target == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    if path.exists():
        raise InfrastructureError(
            f"{path} is there already. Choose another name; a backup replaces none.",
            f"{path} já existe. Escolha outro nome; uma cópia de segurança não substitui outra.",
        )
    try:
        # Readable by its owner alone, from the beginning.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.rename(temporary, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        _sync(path.parent)
    except OSError as error:
        raise InfrastructureError(
            f"{path} could not be written: {error.strerror}. There is no backup; see to the disk.",
            f"Não foi possível escrever {path}: {error.strerror}. Não há cópia de segurança; verifique o disco.",
        ) from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
