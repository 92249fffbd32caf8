"""Services that may be broken, and a bench with real processes for each test."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from grader.exercise import Catalogue
from tests.faults.bench import Bench, Queues, add_journal
from tests.faults.servers import RABBITMQ, Postgres, Redis, missing, rabbitmq_answers
from tests.server.conftest import _cheap_passwords, catalogue  # noqa: F401
from tests.server.databases import POSTGRES, BlankPostgres, blank_postgres


@pytest.fixture(scope="session")
def scratch() -> Iterator[BlankPostgres]:
    """A database on the PostgreSQL of this machine, with a journal."""
    with blank_postgres() as found:
        if found is None:
            missing("postgres", f"No PostgreSQL answers at {POSTGRES}.")
            return
        add_journal(found.address)
        yield found


@pytest.fixture(scope="session")
def rabbitmq() -> str:
    """The RabbitMQ of this machine; nobody stops it."""
    if not rabbitmq_answers():
        missing("rabbitmq", "No RabbitMQ answers at GRADIENTE_TEST_RABBITMQ or on port 5672.")
    return RABBITMQ


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of the test's own."""
    if not shutil.which("redis-server"):
        missing("redis", "There is no redis-server.")
    running = Redis(tmp_path)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL of our own."""
    programs = Postgres.find_programs()
    if programs is None:
        missing("postgres", "There are no programs to start a PostgreSQL with.")
        return
    # Not in pytest's folders: no other account may enter those.
    folder = Path(tempfile.mkdtemp(prefix="gradiente-cluster-"))
    running = Postgres(folder, programs)
    yield running
    running.stop()
    shutil.rmtree(folder)


@pytest.fixture
def prefix() -> str:
    """What the queues of a test are called."""
    return f"test-{secrets.token_hex(6)}"


@pytest.fixture
def make_bench(
    tmp_path: Path, catalogue: Catalogue, prefix: str  # noqa: F811
) -> Iterator[Callable[..., Bench]]:  # fmt: skip
    made: list[Bench] = []

    def make(database: str, broker: str = "", **settings: Any) -> Bench:
        made.append(Bench(tmp_path, catalogue, database, broker, prefix, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def database(scratch: BlankPostgres, tmp_path: Path) -> str:
    """The address of an empty database."""
    address = scratch.copy(tmp_path)
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM journal")
    engine.dispose()
    return address


@pytest.fixture
def queues(rabbitmq: str, prefix: str) -> Iterator[Queues]:
    """The queues of a test at the shared RabbitMQ."""
    found = Queues(rabbitmq, prefix)
    yield found
    found.delete()
