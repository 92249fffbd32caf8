"""The database: engine, sessions and migrations.

Reading and writing are told apart. A SQLite transaction that reads first and writes later fails at once ("database is
locked") when somebody else wrote in between, however long the busy timeout; so whoever writes says so at the start.
On PostgreSQL writers take turns in the same way: what one has counted or found free, no other changes meanwhile. Those
who take something from the line take turns among themselves alone: they need nothing but a row that is free.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    PendingRollbackError,
    SQLAlchemyError,
    TimeoutError,
)
from sqlalchemy.orm import Session, sessionmaker

from grader.errors import InfrastructureError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 15_000
#: A writer on PostgreSQL that does nothing for so long loses its turn, and its connection. It may be frozen, or on a
#: machine that is gone without a word; those who wait for it must still get theirs.
_IDLE_TIMEOUT_MS = 10_000
#: where a connection keeps when its writing transaction began
_BEGUN = "begun"
#: the lock of whoever writes on PostgreSQL, in this database alone; any number that all versions agree on
_WRITING = 7_304_219
#: that of whoever takes from the line
_TAKING = 7_304_221
#: and that of whoever changes the tables
_MIGRATING = 7_304_220

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
        self._taker = sessionmaker(self.engine.execution_options(writing="taking"), expire_on_commit=False)

    def reader(self) -> Session:
        """Open a session for reading; the caller closes it."""
        return self._reader()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session in a writing transaction; committed at the end, rolled back on an exception."""
        with self._writer.begin() as session:
            yield session

    @contextmanager
    def take(self) -> Iterator[Session]:
        """The same for who takes from the line, which on PostgreSQL waits for no other writer.

        It must not wait for rows that others hold, but skip them: they may wait for its own.
        """
        with self._taker.begin() as session:
            yield session

    def migrate(self, revision: str = "head") -> None:
        """Bring the tables to a revision, the newest. Who comes while another does it waits, and finds it done."""
        with _one_at_a_time(self.engine), self.engine.connect() as connection, _without_cascades(connection):
            command.upgrade(alembic_config(connection), revision)

    def require_tables(self) -> None:
        """Raise InfrastructureError unless it answers and the tables are those of this version."""
        try:
            with self.engine.connect() as connection:
                here = MigrationContext.configure(connection).get_current_revision()
                revisions = ScriptDirectory.from_config(alembic_config(connection))
                wanted = revisions.get_current_head()
                known = {each.revision for each in revisions.walk_revisions()}
        except OperationalError as error:
            place = self.engine.url.render_as_string()  # without the password
            raise InfrastructureError(
                f"The database {place} does not answer: {error.orig}. Start it, or mend GRADIENTE_PORTAL_DATABASE_URL.",
                f"O banco de dados {place} não responde: {error.orig}. Inicie-o ou corrija "
                "GRADIENTE_PORTAL_DATABASE_URL.",
            ) from error
        if here != wanted:
            raise _other_tables(here, wanted, is_newer=bool(here) and here not in known)

    @property
    def is_shared(self) -> bool:
        """Whether several machines may work on it."""
        return self.engine.dialect.name != "sqlite"

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def moment(session: Session) -> datetime:
    """This moment, or when this writing transaction began, by the one clock that all who share a database have.

    Leases and waiting times of one machine are judged by others, whose clocks may differ from its own.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    if connection.get_execution_options().get("writing", False):
        begun: datetime = connection.info[_BEGUN]
        return begun
    found: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return found.astimezone(UTC)


def is_passing(error: SQLAlchemyError) -> bool:
    """Whether the database may do the same thing later: it is away, busy or full."""
    is_cut = isinstance(error, DBAPIError) and error.connection_invalidated
    return is_cut or isinstance(error, OperationalError | InterfaceError | PendingRollbackError | TimeoutError)


def require_shared(url: str) -> None:
    """Raise InfrastructureError unless it is the address of a database that several machines can share."""
    if not url.startswith("postgresql"):
        raise InfrastructureError(
            "Workers and schedulers of their own need a database that they share with the portal, and none is set. Set "
            "GRADIENTE_PORTAL_DATABASE_URL to the portal's PostgreSQL, such as "
            "postgresql+psycopg://user:password@host/gradiente. With SQLite, gradiente serve grades by itself.",
            "Workers e schedulers à parte precisam de um banco de dados em comum com o portal, e nenhum está definido. "
            "Defina GRADIENTE_PORTAL_DATABASE_URL com o PostgreSQL do portal, como "
            "postgresql+psycopg://usuario:senha@host/gradiente. Com SQLite, o próprio gradiente serve corrige.",
        )


def find_shared(url: str) -> Database:
    """The shared database at an address, with this version's tables in it. Raises InfrastructureError."""
    require_shared(url)
    database = Database(url)
    database.require_tables()
    return database


def _unusable(error: Exception) -> InfrastructureError:
    """An address that names no database which this program can talk to; the address itself may hold a password."""
    return InfrastructureError(
        f"GRADIENTE_PORTAL_DATABASE_URL cannot be used: {error}. Say postgresql+psycopg://user:password@host/name and "
        "install the driver with pip install 'gradiente[postgres]', or leave it out for SQLite.",
        f"GRADIENTE_PORTAL_DATABASE_URL não pode ser usado: {error}. Diga postgresql+psycopg://usuario:senha@host/nome "
        "e instale o driver com pip install 'gradiente[postgres]', ou não o defina, para usar SQLite.",
    )


def _other_tables(here: str | None, wanted: str | None, is_newer: bool) -> InfrastructureError:
    found = f"the tables of revision {here}" if here else "no tables"
    achado = f"as tabelas da revisão {here}" if here else "nenhuma tabela"
    if is_newer:
        todo = "They are those of a newer version: install that here, as on the other machines."
        fazer = "São de uma versão mais nova: instale-a aqui, como nas outras máquinas."
    else:
        todo = "Run gradiente migrate, which brings them up to date, or start gradiente serve once."
        fazer = "Execute gradiente migrate, que as atualiza, ou inicie uma vez gradiente serve."
    return InfrastructureError(
        f"The database has {found}, and this program needs {wanted}. {todo}",
        f"O banco de dados tem {achado}, e este programa precisa da {wanted}. {fazer}",
    )


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration, without a file: the migrations lie beside this module."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _one_at_a_time(engine: Engine) -> Iterator[None]:
    """Keep others on PostgreSQL from changing tables meanwhile. With SQLite one process has the folder for itself."""
    if engine.dialect.name == "sqlite":
        yield
        return
    with engine.connect() as connection:
        # Let go of with this transaction, and so also when the process dies.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
        yield


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
    if writing := connection.get_execution_options().get("writing", False):
        # One statement, for each is a way there and back; its parts are done from left to right.
        begun = connection.exec_driver_sql(
            f"SELECT set_config('lock_timeout', '{BUSY_TIMEOUT_MS}', true), "
            f"set_config('idle_in_transaction_session_timeout', '{_IDLE_TIMEOUT_MS}', true), "
            f"pg_advisory_xact_lock({_TAKING if writing == 'taking' else _WRITING}), clock_timestamp()"
        )
        connection.info[_BEGUN] = begun.one()[-1].astimezone(UTC)
