"""The database: engine, sessions and migrations.

Reading and writing are told apart. A SQLite transaction that reads first and writes later fails at once ("database is
locked") when somebody else wrote in between, however long the busy timeout; so whoever writes says so at the start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

BUSY_TIMEOUT_MS = 15_000

#: Connections that stay open, and as many more on demand. A request that writes holds two; with fewer than twice the
#: threads, requests that each hold one could all wait for their second.
POOL = 40


class Database:
    """Hands out sessions on one database."""

    def __init__(self, url: str) -> None:
        # What a statement carries, such as hashes and e-mail addresses, is nothing for logs.
        options = {"json_serializer": _to_json, "hide_parameters": True}
        self.engine = create_engine(url, pool_size=POOL, max_overflow=POOL, **options)
        if self.engine.dialect.name == "sqlite":
            _set_up_sqlite(self.engine)
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

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


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
