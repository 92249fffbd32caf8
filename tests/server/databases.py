"""Databases for portals in tests: with all tables, and nothing in them."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, create_engine, inspect, make_url
from sqlalchemy.exc import OperationalError

from server.db import Database
from server.models import Base

#: where PostgreSQL is, and who may make databases there
POSTGRES = os.environ.get("GRADIENTE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


class Blank(Protocol):
    """An empty database that can be had as often as wanted."""

    def copy(self, folder: Path) -> str:
        """Make one, and return its address; what it keeps in files lies in ``folder``."""


class BlankSqlite:
    """Copies a file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "portal.sqlite"
        migrate(f"sqlite:///{self.path}")

    def copy(self, folder: Path) -> str:
        return f"sqlite:///{shutil.copy(self.path, folder)}"


class BlankPostgres:
    """Empties one database again and again: dropping one takes seconds, whoever uses it last must be done with it."""

    def __init__(self, server: Connection) -> None:
        self.server = server
        self.name = f"gradiente_test_{secrets.token_hex(8)}"
        server.exec_driver_sql(f"CREATE DATABASE {self.name}")
        # No power cut is tested here, and waiting for the disk would be most of the time.
        address = make_url(POSTGRES).set(database=self.name, query={"options": "-csynchronous_commit=off"})
        self.address = address.render_as_string(hide_password=False)
        migrate(self.address)

    def copy(self, folder: Path) -> str:
        engine = create_engine(self.address)
        with engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
            for name in inspect(connection).get_sequence_names():
                connection.exec_driver_sql(f'ALTER SEQUENCE "{name}" RESTART')
        engine.dispose()
        return self.address

    def drop(self) -> None:
        self.server.exec_driver_sql(f"DROP DATABASE {self.name} WITH (FORCE)")


@contextmanager
def blank_postgres() -> Iterator[BlankPostgres | None]:
    """Databases on the server that this machine has; None: it has none."""
    try:
        engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
        server = engine.connect()
    except (ImportError, OperationalError):
        yield None
        return
    blank = BlankPostgres(server)
    yield blank
    blank.drop()
    server.close()
    engine.dispose()


def migrate(address: str) -> None:
    database = Database(address)
    database.migrate()
    database.close()
