"""The database: engine, sessions and migrations.

Reading and writing are told apart. A SQLite transaction that reads first and writes later fails at once ("database is
locked") when somebody else wrote in between, however long the busy timeout; so whoever writes says so at the start.
On PostgreSQL writers take turns in the same way: what one has counted or found free, no other changes meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from grader.errors import InfrastructureError

BUSY_TIMEOUT_MS = 15_000
#: the lock of whoever writes on PostgreSQL, in this database alone; any number that all versions agree on
_WRITING = 7_304_219

#: Connections that stay open, and as many more on demand. A request that writes holds two; with fewer than twice the
#: threads, requests that each hold one could all wait for their second.
POOL = 40


class Database:
    """Hands out sessions on one database."""

    def __init__(self, url: str) -> None:
        # What a statement carries, such as hashes and e-mail addresses, is nothing for logs.
        options = {"json_serializer": _to_json, "hide_parameters": True}
        try:
            self.engine = create_engine(url, pool_size=POOL, max_overflow=POOL, **options)
        except (ArgumentError, ImportError, NoSuchModuleError) as error:
            raise _unusable(error) from error
        if self.engine.dialect.name == "sqlite":
            _set_up_sqlite(self.engine)
        else:
            event.listen(self.engine, "begin", _take_turn)
        self._reader = sessionmaker(self.engine, expire_on_commit=False)
        self._writer = sessionmaker(self.engine.execution_options(writing=True), expire_on_commit=False)

    def reader(self) -> Session:
        """Open a session for reading; the caller closes it."""
        return self._reader()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session in a writing transaction; committed at the end, rolled back on an exception."""
        with self._writer.begin() as session:
            yield session

    def migrate(self) -> None:
        """Bring the tables to the newest revision."""
        with self.engine.connect() as connection, _without_cascades(connection):
            command.upgrade(alembic_config(connection), "head")

    def require_tables(self) -> None:
        """Raise InfrastructureError unless it answers and the tables are those of this version."""
        try:
            with self.engine.connect() as connection:
                here = MigrationContext.configure(connection).get_current_revision()
                wanted = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
        except OperationalError as error:
            place = self.engine.url.render_as_string()  # without the password
            raise InfrastructureError(
                f"The database {place} does not answer: {error.orig}. Start it, or mend GRADIENTE_PORTAL_DATABASE_URL.",
                f"O banco de dados {place} não responde: {error.orig}. Inicie-o ou corrija "
                "GRADIENTE_PORTAL_DATABASE_URL.",
            ) from error
        if here != wanted:
            raise InfrastructureError(
                f"The database has the tables of revision {here}, and this program needs {wanted}. Start the "
                "portal's newer version once, which brings them up to date, or install the same version here.",
                f"O banco de dados tem as tabelas da revisão {here}, e este programa precisa da {wanted}. Inicie "
                "uma vez a versão mais nova do portal, que as atualiza, ou instale a mesma versão aqui.",
            )

    @property
    def is_shared(self) -> bool:
        """Whether several machines may work on it."""
        return self.engine.dialect.name != "sqlite"

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _unusable(error: Exception) -> InfrastructureError:
    """An address that names no database which this program can talk to; the address itself may hold a password."""
    return InfrastructureError(
        f"GRADIENTE_PORTAL_DATABASE_URL cannot be used: {error}. Say postgresql+psycopg://user:password@host/name and "
        "install the driver with pip install 'gradiente[postgres]', or leave it out for SQLite.",
        f"GRADIENTE_PORTAL_DATABASE_URL não pode ser usado: {error}. Diga postgresql+psycopg://usuario:senha@host/nome "
        "e instale o driver com pip install 'gradiente[postgres]', ou não o defina, para usar SQLite.",
    )


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration, without a file: the migrations lie beside this module."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _without_cascades(connection: Connection) -> Iterator[None]:
    """Let SQLite change a table by copying it: dropping the old one would delete, by cascade, what refers to it."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        yield
        return
    # Through the driver: within a transaction, which SQLAlchemy would begin, the pragma does nothing.
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        if broken := driver.execute("PRAGMA foreign_key_check").fetchall():
            raise RuntimeError(f"after the migration, rows refer to rows that are gone: {broken[:5]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _to_json(value: Any) -> str:
    """Write JSON that can be shown: half a surrogate pair, which a student may print, fits on no page."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


def _set_up_sqlite(engine: Engine) -> None:
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)


def _configure(connection: Any, record: object) -> None:
    # The driver would begin transactions by itself, always as readers: see _begin.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON", "synchronous=FULL"):
        # FULL: "received" is a promise that outlives a power cut, and NORMAL would not keep it.
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _take_turn(connection: Connection) -> None:
    if connection.get_execution_options().get("writing", False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {BUSY_TIMEOUT_MS}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITING})")
