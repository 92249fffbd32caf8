"""Restores a backup into an empty installation, whatever database and store that has."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import Connection, MetaData, Table, func, select
from sqlalchemy.exc import SQLAlchemyError

from grader.errors import InfrastructureError
from server.backup.cells import from_cell, writing
from server.backup.making import IN_MEMORY
from server.backup.reader import Reader, Whole
from server.backup.tables import REVISION, Unbound, find_tables, known_revisions, revision_of, set_sequences
from server.db import Database
from server.models import Base
from server.store import Store

#: rows that are inserted at a time
ROWS = 500
#: tables in which a portal that nobody has used yet may have rows: the first administrator's invitation, workers
UNUSED = ("invitation", "worker")


@dataclass(frozen=True)
class Place:
    """Where a backup goes to."""

    database: Database
    store: Store
    #: the file of the signing key
    key_file: Path
    #: the signing key of the settings; empty: they have none, and the file's counts
    key: str = ""


def examine(reader: Reader) -> Whole:
    """Read an archive to its end. Raises InfrastructureError where it is not whole, or of a newer version."""
    whole = reader.verify()
    if whole.head.revision not in known_revisions():
        raise InfrastructureError(
            f"The backup has the tables of revision {whole.head.revision}, of Gradiente {whole.head.version}, which is "
            "newer than this program. Restore it with that version or a later one.",
            f"A cópia de segurança tem as tabelas da revisão {whole.head.revision}, do Gradiente "
            f"{whole.head.version}, mais nova que este programa. Restaure-a com essa versão ou com uma posterior.",
        )
    return whole


def restore(reader: Reader, whole: Whole, place: Place) -> None:
    """Restore an archive that was examined. Its rows appear last, all at once, when everything else is there.

    Raises InfrastructureError: before anything is changed where the place is not empty or signs with another key; and
    where database or store fail meanwhile. What they have taken until then is no obstacle to another try.
    """
    _require_no_rows(place.database)
    _require_same_key(place, whole)
    _require_no_others(place.store, whole)
    _restore_contents(reader, place.store)
    _restore_key(place, whole)
    _make_tables(place.database, whole.head.revision)
    _restore_rows(reader, place.database, whole)
    # What is older than this program becomes as new as it.
    place.database.migrate()


def _require_no_rows(database: Database) -> None:
    """Raise unless nobody has used what is there: tables of a portal without rows, or none at all."""
    address = database.engine.url
    if address.drivername.startswith("sqlite") and not Path(address.database or "").exists():
        return  # looking at it would make it
    with database.engine.connect() as connection:
        _require_empty(connection, address.render_as_string())  # without the password


def _require_empty(connection: Connection, place: str) -> None:
    tables = find_tables(connection)
    if others := sorted(set(tables.tables) - set(Base.metadata.tables)):
        raise InfrastructureError(
            f"The database {place} has a table {others[0]}, which is none of Gradiente's. Restore into an empty one.",
            f"O banco de dados {place} tem uma tabela {others[0]}, que não é do Gradiente. Restaure em um banco vazio.",
        )
    for table in tables.sorted_tables:
        count = connection.scalar(select(func.count()).select_from(table)) or 0
        if count and table.name not in UNUSED:
            raise InfrastructureError(
                f"The database {place} is not empty: {count} rows in {table.name}. Restore into an empty one; name "
                "another folder with --instance, or another database with GRADIENTE_PORTAL_DATABASE_URL.",
                f"O banco de dados {place} não está vazio: {count} linhas em {table.name}. Restaure em um banco vazio; "
                "indique outra pasta com --instance ou outro banco com GRADIENTE_PORTAL_DATABASE_URL.",
            )


def _require_no_others(store: Store, whole: Whole) -> None:
    """Raise where the store has contents that are not the backup's. Those that are may be there already."""
    store.check()
    for key in iter(store.keys()):
        if bytes.fromhex(key) not in whole.keys:
            raise InfrastructureError(
                f"{store.place} is not empty: {key} is not of this backup. Restore into an empty store.",
                f"{store.place} não está vazio: {key} não é desta cópia de segurança. Restaure em um armazenamento "
                "vazio.",
            )


def _require_same_key(place: Place, whole: Whole) -> None:
    """Raise where another key would sign than the one that has signed the receipts."""
    in_file = place.key_file.read_text(encoding="ascii") if place.key_file.is_file() else ""
    where = "GRADIENTE_PORTAL_SECRET_KEY" if place.key else str(place.key_file)
    here = place.key or in_file
    if whole.secret and here and here != whole.secret:
        raise InfrastructureError(
            f"{where} holds another key than the backup: receipts that students have would no longer be genuine. Take "
            "it away, so that the backup's is used.",
            f"{where} contém outra chave que a da cópia de segurança: os comprovantes dos estudantes deixariam de ser "
            "autênticos. Retire-a, para que a da cópia seja usada.",
        )


def _restore_contents(reader: Reader, store: Store) -> None:
    for member in reader.contents():
        # The store reads it twice: for its hash, and to keep it.
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
            shutil.copyfileobj(member, file)
            store.put_file(cast(BinaryIO, file))


def _restore_key(place: Place, whole: Whole) -> None:
    if not whole.secret or place.key or place.key_file.is_file():
        return
    place.key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(place.key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(whole.secret)


def _make_tables(database: Database, revision: str) -> None:
    """Make empty tables of this revision, in place of those that are there."""
    with database.engine.connect() as connection:
        if revision_of(connection) is not None:
            tables = MetaData()
            tables.reflect(connection)
            assert REVISION in tables.tables
            tables.drop_all(connection)
            connection.commit()
    database.migrate(revision)


def _restore_rows(reader: Reader, database: Database, whole: Whole) -> None:
    is_sqlite = database.engine.dialect.name == "sqlite"
    with _told(), database.engine.execution_options(writing=True).begin() as connection:
        tables = find_tables(connection)
        unbound = Unbound(connection)
        unbound.begin()
        counts = dict.fromkeys(whole.manifest.tables, 0)
        for name, columns, rows in reader.tables():
            table = tables.tables.get(name)
            if table is None or {column for column, _kind in columns} != set(table.columns.keys()):
                raise InfrastructureError(
                    f"The backup's table {name} is not that of revision {whole.head.revision}. Restore it with "
                    f"Gradiente {whole.head.version}.",
                    f"A tabela {name} da cópia de segurança não é a da revisão {whole.head.revision}. Restaure-a com o "
                    f"Gradiente {whole.head.version}.",
                )
            values = _values(table, columns, rows)
            while piece := list(islice(values, ROWS)):
                connection.execute(writing(table, is_sqlite), piece)
                counts[name] += len(piece)
        assert counts == whole.manifest.tables, "rows were lost between archive and database"
        unbound.end()
        set_sequences(connection, tables)


@contextmanager
def _told() -> Iterator[None]:
    """Say what a database has against the rows, without showing one."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise InfrastructureError(
            f"The database did not take the rows: {cause}. It is as empty as before: mend that and try again.",
            f"O banco de dados não aceitou as linhas: {cause}. Ele continua vazio: corrija isso e tente de novo.",
        ) from error


def _values(table: Table, columns: list[tuple[str, str]], rows: Iterator[list[Any]]) -> Iterator[dict[str, Any]]:
    turn = [(name, from_cell(kind, table.columns[name])) for name, kind in columns]
    for row in rows:
        yield {name: of(cell) for (name, of), cell in zip(turn, row, strict=True)}
