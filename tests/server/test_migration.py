"""``gradiente migrate``: tables before anything else, and the first way in."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, make_url, select

from grader.errors import InfrastructureError
from server.account import identity
from server.db import Database
from server.migration import NOTE, migrate
from server.models import Invitation, Role
from tests.server.databases import POSTGRES


@pytest.fixture
def nothing(postgres):
    """The address of a database without tables."""
    name = f"gradiente_test_{secrets.token_hex(8)}"
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as server:
        server.exec_driver_sql(f"CREATE DATABASE {name}")
        yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
        server.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


def test_two_at_once_make_the_tables_once_and_the_first_account_ends_the_invitations(nothing):
    database = Database(nothing)
    with pytest.raises(InfrastructureError, match=r"has no tables, .* Run gradiente migrate"):
        database.require_tables()
    with ThreadPoolExecutor(2) as both:
        paths = list(both.map(lambda number: migrate(nothing, 30), range(2)))
    assert all(path.startswith("/invitation/") for path in paths)
    database.require_tables()
    with database.write() as session:
        made = session.scalars(select(Invitation)).all()
        assert {(each.role, each.uses_left, each.note) for each in made} == {(Role.ADMINISTRATOR, 1, NOTE)}
        session.add(identity.sign_up("chefe", "Chefe", "a long password", datetime.now(UTC)))
    assert migrate(nothing, 30) is None
    with database.reader() as session:
        assert session.scalars(select(Invitation)).all() == []
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(InfrastructureError, match=r"revision 9999, .* those of a newer version: install that here"):
        database.require_tables()
    database.close()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql+psycopg://nobody:geheim@127.0.0.1:1/x", "nobody:***@127.0.0.1:1/x did not answer within 0 s"),
        ("sqlite:///x", "With SQLite, gradiente serve"),
    ],
)
def test_a_database_of_no_use_is_said_without_its_password(address, said):
    with pytest.raises(InfrastructureError) as raised:
        migrate(address, 0)
    assert said in raised.value.text["en"]
    assert "geheim" not in str(raised.value.text)
