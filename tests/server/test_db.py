"""Migrations, transactions, settings."""

import threading
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError, StatementError

from server.context import now
from server.db import Database, alembic_config
from server.models import Base, LogIn, Submission, User
from server.settings import Settings, keep_secret, read_settings


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'portal.sqlite'}")
    database.migrate()
    yield database
    database.close()


def new_user(login="ana", **values):
    return User(**{"login": login, "name": "Ana", "password_hash": "x", "created_at": now(), **values})


def test_models_and_migrations_agree(database):
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrating_twice_changes_nothing(database):
    def everything():
        with database.engine.connect() as connection:
            tables = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master ORDER BY name").all()
            return tables, connection.exec_driver_sql("SELECT * FROM alembic_version").all()

    before = everything()
    database.migrate()
    assert everything() == before


def test_a_migration_of_a_table_keeps_what_refers_to_it(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'old.sqlite'}")
    with database.engine.connect() as connection:
        command.upgrade(alembic_config(connection), "0001")
    with database.engine.execution_options(writing=True).begin() as connection:
        connection.exec_driver_sql("INSERT INTO user VALUES (1, 'ana', 'Ana', 'x', 'student', NULL, '2026-01-01')")
        connection.exec_driver_sql("INSERT INTO log_in VALUES (1, 1, 'hash', '2026-01-01', '2027-01-01')")
    database.migrate()
    with database.reader() as session:
        assert session.scalars(select(LogIn)).one().user.login == "ana"
    database.close()


def test_what_waits_at_an_upgrade_knows_when_its_student_had_the_last_turn(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'old.sqlite'}")
    database.migrate("0006")
    columns = "user_id, slug, attempt, form_key, file_name, blob, size, credit, tries, is_provisional, is_free"
    with database.engine.execution_options(writing=True).begin() as connection:
        for user in (1, 2):
            values = f"{user}, 'user{user}', 'Ana', 'student', false, '2026-01-01'"
            names = "id, login, name, role, is_on_leaderboard, created_at"
            connection.exec_driver_sql(f'INSERT INTO "user" ({names}) VALUES ({values})')
        for id, user, state, started in (
            ("before", 1, "graded", "'2026-01-01 10:00:00.000000'"), ("new", 1, "received", "NULL"),
            ("first", 2, "received", "NULL"),
        ):  # fmt: skip
            values = f"{user}, 'softmax', {len(id)}, '{id}', 'f.py', 'x', 1, 1, 0, false, false"
            connection.exec_driver_sql(
                f"INSERT INTO submission (id, state, created_at, started_at, {columns}) "
                f"VALUES ('{id}', '{state}', '2026-01-01 09:00:00.000000', {started}, {values})"
            )
    database.migrate()
    with database.reader() as session:
        turns = dict(session.execute(select(Submission.id, Submission.last_turn)).all())
    database.close()
    assert turns == {"before": 0, "new": datetime(2026, 1, 1, 10, tzinfo=UTC).timestamp(), "first": 0}


def test_the_migrations_can_be_taken_back(database):
    with database.engine.connect() as connection:
        command.downgrade(alembic_config(connection), "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]


def test_the_database_is_set_for_many_readers_and_for_power_cuts(database):
    with database.engine.connect() as connection:
        values = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in
                  ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")}  # fmt: skip
    assert values == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 15000}


def test_foreign_keys_hold(database):
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(LogIn(user_id=99, token_hash="x", created_at=now(), expires_at=now()))


def test_moments_keep_their_zone(database):
    moment = now()
    with database.write() as session:
        session.add(new_user(created_at=moment))

    assert database.reader().scalar(select(User.created_at)) == moment
    with pytest.raises(StatementError, match="no time zone"), database.write() as session:
        session.add(new_user("bia", created_at=datetime(2026, 1, 1)))


def test_writers_that_read_first_wait_for_each_other(database):
    """With a plain BEGIN, all but the first would fail at once: "database is locked"."""

    def add(number):
        with database.write() as session:
            session.scalars(select(User)).all()
            session.add(new_user(f"user{number}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(database.reader().scalars(select(User)).all()) == 8


def test_as_many_requests_as_threads_may_read_and_write_at_once(database):
    all_read = threading.Barrier(32)

    def request(number):
        with database.reader() as reader:
            reader.scalars(select(User)).all()
            all_read.wait(10)
            with database.write() as session:
                session.add(new_user(f"user{number}"))

    threads = [threading.Thread(target=request, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reader() as session:
        assert len(session.scalars(select(User)).all()) == 32


def test_a_failed_write_leaves_nothing(database):
    with pytest.raises(IntegrityError), database.write() as session:
        session.add_all([new_user(), new_user()])
    assert database.reader().scalars(select(User)).all() == []


def test_a_misspelt_setting_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"MAX_WAITTING.*MAX_WAITING"):
        read_settings({"DATA_DIR": tmp_path, "SECRET_KEY": "x", "MAX_WAITTING": 3})


def test_settings_have_defaults(tmp_path):
    settings = read_settings({"DATA_DIR": str(tmp_path), "SECRET_KEY": "x"})

    assert settings == Settings(str(tmp_path), "x")
    assert settings.database == f"sqlite:///{tmp_path}/portal.sqlite"


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path):
    key = keep_secret(tmp_path)

    assert keep_secret(tmp_path) == key
    assert len(key) == 64
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
