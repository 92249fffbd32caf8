"""The tables of a database as they are, whatever version has made them."""

from __future__ import annotations

from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Integer, MetaData, Table, func, select, text

from server.db import MIGRATIONS

#: where Alembic keeps the revision
REVISION = "alembic_version"


def find_tables(connection: Connection) -> MetaData:
    """All tables but Alembic's, with their columns and what they refer to."""
    found = MetaData()
    found.reflect(connection)
    if REVISION in found.tables:
        found.remove(found.tables[REVISION])
    return found


def revision_of(connection: Connection) -> str | None:
    """The revision of the tables; None: there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def known_revisions() -> set[str]:
    """The revisions that this program can make and bring up to date."""
    return {each.revision for each in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


class Unbound:
    """Within a transaction, lets rows come in any order, also those that refer to each other or to themselves."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._keys: list[tuple[str, str, str]] = []

    def begin(self) -> None:
        """From here on nothing is compared."""
        if self._connection.dialect.name == "sqlite":
            # Until the transaction ends: then SQLite refuses to commit.
            self._connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            return
        found = self._connection.execute(
            text(
                "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
                "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2"
            )
        )
        self._keys = [(table, name, rule) for table, name, rule in found]
        for table, name, _rule in self._keys:
            self._connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")

    def end(self) -> None:
        """Compare everything. Raises IntegrityError for a row that refers to one that is not there."""
        for table, name, rule in self._keys:
            self._connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule}")


def set_sequences(connection: Connection, tables: MetaData) -> None:
    """Let new rows of PostgreSQL get numbers beyond those that came with a backup. SQLite looks for itself."""
    if connection.dialect.name == "sqlite":
        return
    for table in tables.sorted_tables:
        for column in _numbers(table):
            quoted = connection.dialect.identifier_preparer.format_table(table)
            name = connection.scalar(select(func.pg_get_serial_sequence(quoted, column.name)))
            last = connection.scalar(select(func.max(column)))
            if name and last is not None:
                connection.execute(select(func.setval(name, last)))


def _numbers(table: Table) -> list[Column[Any]]:
    return [column for column in table.primary_key.columns if isinstance(column.type, Integer)]
