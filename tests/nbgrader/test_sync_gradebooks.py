"""Gradebooks of every kind: SQLite and PostgreSQL, missing, old, somebody else's, and with many students."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import OperationalError

from grader.errors import GraderError, InfrastructureError, SubmissionError
from grader.nbgrader.sync.gradebook import Gradebook
from server import models
from server.context import now
from tests.nbgrader.syncing import CODE
from tests.server.conftest import REQUIRED
from tests.server.databases import POSTGRES

HALF = {"test_f": 2.0, "test_g[a]": 0.0, "test_g[b]": 1.0}
FULL = {"test_f": 2.0, "test_g[a]": 1.0, "test_g[b]": 1.0}


@pytest.fixture
def on_postgres(desk, monkeypatch) -> Iterator[object]:
    """The same instructor with a gradebook on PostgreSQL, of which there is nothing yet."""
    # nbgrader asks in a process of its own which version of its tables these are: that takes seconds.
    [version] = desk.content()["alembic_version"]
    monkeypatch.setattr("nbgrader.api.get_alembic_version", lambda: version.strip("(),'"))
    name = f"gradiente_test_{secrets.token_hex(8)}"
    try:
        engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
        with engine.connect() as server:
            server.exec_driver_sql(f"CREATE DATABASE {name}")
    except (ImportError, OperationalError):
        (pytest.fail if "postgres" in REQUIRED else pytest.skip)(f"No PostgreSQL answers at {POSTGRES}.")
    desk.address = make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    yield desk
    with engine.connect() as server:
        server.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


def test_a_gradebook_on_postgresql_is_made_and_kept_in_step(on_postgres):
    desk = on_postgres
    desk.assign(due_at=now(), late_percent=10.0)
    desk.hand_in("ana", HALF)
    desk.hand_in("bia", HALF)
    assert desk.sync(is_trial=True).decisions[0].changes_gradebook
    assert desk.content() == {}
    desk.sync()
    assert len(desk.content()["alembic_version"]) == 1
    desk.grade("ana", "test_g", manual_score=2.0)
    desk.comment("ana", "Fine.")
    desk.set_points("bia", 1.0)
    desk.sync()
    assert (desk.points("ana"), desk.total("ana"), desk.points("bia"), desk.total("bia")) == (4.0, 4.0, 1.0, 1.0)
    with desk.written() as statements:
        desk.sent.clear()
        assert desk.sync().is_settled
    assert (statements, desk.sent) == ([], [])


def test_what_is_written_into_postgresql_meanwhile_is_not_written_over(on_postgres, monkeypatch):
    desk = on_postgres
    desk.assign()
    desk.hand_in("ana", HALF)
    desk.sync()
    desk.hand_in("ana", FULL)

    from grader.nbgrader.sync.writing import Writer

    write = Writer.write

    def write_late(self, session, decisions):
        desk.grade("ana", "test_g", manual_score=0.5)
        write(self, session, decisions)

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "write", write_late)
        with pytest.raises(InfrastructureError, match="Run the command again"):
            desk.sync()
    [conflict] = desk.sync().conflicts
    assert (conflict.what, conflict.portal, conflict.gradebook, conflict.common) == ("test_g", 2.0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("statement", "said"),
    [("CREATE TABLE wiki (id INTEGER)", "tables of something else (wiki)"),
     ("CREATE TABLE assignment (id INTEGER, course_id INTEGER, slug TEXT)", "something else (assignment)")],
)  # fmt: skip
def test_a_database_of_something_else_is_left_alone(tmp_path, statement, said):
    path = tmp_path / "other.db"
    change(path, statement)
    before = path.read_bytes()
    with pytest.raises(SubmissionError) as caught:
        Gradebook(f"sqlite:///{path}", CODE)
    assert said in str(caught.value)
    assert path.read_bytes() == before


def test_an_old_gradebook_is_to_be_upgraded_by_nbgrader_itself(empty_gradebook, tmp_path):
    path = Path(shutil.copy(empty_gradebook, tmp_path))
    change(path, "ALTER TABLE grade DROP COLUMN extra_credit")
    with pytest.raises(SubmissionError, match="nbgrader db upgrade"):
        Gradebook(f"sqlite:///{path}", CODE)


@pytest.mark.parametrize("address", ["postgresql://u:secret@127.0.0.1:1/x", "nosuchdatabase://x", "no address"])
def test_no_gradebook_is_a_sentence_without_a_password(address):
    with pytest.raises(GraderError, match=r"c\.CourseDirectory\.db_url") as caught:
        Gradebook(address, CODE)
    assert "secret" not in str(caught.value)


def change(path: Path, statement: str) -> None:
    """Change a database behind everybody's back."""
    with sqlite3.connect(path) as database:
        database.execute(statement)
    database.close()


def test_somebody_who_writes_for_long_is_told(desk, monkeypatch):
    desk.assign()
    monkeypatch.setattr("grader.nbgrader.sync.gradebook.PATIENCE", 0.05)
    with sqlite3.connect(make_url(desk.address).database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(InfrastructureError, match="Somebody else is writing"):
            desk.sync()
        other.execute("ROLLBACK")
    other.close()


def test_a_large_course_takes_hardly_more_statements_than_a_small_one(desk):
    assert len(desk.content()["alembic_version"]) == 1  # made as nbgrader makes it, which can upgrade it later
    change(Path(make_url(desk.address).database), "CREATE TABLE wiki (id INTEGER)")  # does no harm
    desk.assign()
    with desk.parts.database.write() as session:
        course = session.query(models.Course).filter_by(code=CODE).one()
        for number in range(40):
            user = models.User(login=f"student{number}", name=f"Student {number}", created_at=now())
            session.add(user)
            session.flush()
            session.add(models.Membership(course_id=course.id, user_id=user.id, created_at=now()))
    for number in range(40):
        desk.hand_in(f"student{number}", FULL if number % 2 else HALF)
    with desk.written() as statements:
        account = desk.sync()
    assert sum(each.changes_gradebook for each in account.decisions) == 40
    assert len(statements) < 40
    assert desk.total("student39") == 4.0
