"""``gradiente worker`` beside a portal that grades nothing, on PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine, select

from grader.errors import InfrastructureError
from server.db import Database, find_shared
from server.models import Submission
from server.settings import read_settings
from tests.server.running import RunningPortal

SLOW = "import time\ntime.sleep(4)\ndef sigmoid(x): return x\ndef sigmoid_derivative(x): return x\n"


def run(*words, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "grader", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "GRADIENTE_LANG": "en", **environment},
    )  # fmt: skip


@pytest.fixture
def environment(postgres, tmp_path):
    address = postgres.copy(tmp_path)
    return {"GRADIENTE_PORTAL_DATABASE_URL": address, "GRADIENTE_PORTAL_LEASE_SECONDS": "3"}


@pytest.fixture
def portal(environment, tmp_path, sandboxed):
    running = RunningPortal(tmp_path / "data", "--no-workers", **environment)
    running.log_in_as_demo()
    yield running
    running.stop()


@pytest.fixture
def begin(environment, tmp_path):
    made = []

    def make():
        made.append(run("worker", "--instance", str(tmp_path / "data"), "--jobs", "1", **environment))
        assert any("Grading 1 at a time" in line for line in iter(made[-1].stdout.readline, ""))
        return made[-1]

    yield make
    for each in made:
        each.kill()
        each.wait(30)
        each.stdout.close()


@pytest.mark.timeout(600)
def test_what_a_dead_worker_leaves_another_takes_up_and_a_stopped_one_ends_what_it_grades(portal, begin, environment):
    hand_in = lambda: urlsplit(portal.send("/exercises/sigmoid", code=SLOW)[0]).path  # noqa: E731
    first = hand_in()
    dying = begin()
    portal.wait_for(first, "running")
    dying.kill()
    stopping = begin()
    portal.wait_for(first, "graded")

    second = hand_in()
    portal.wait_for(second, "running")
    stopping.send_signal(signal.SIGTERM)
    assert stopping.wait(60) == 0
    assert portal.wait_for(second, "graded")["state"] == "graded"
    database = Database(environment["GRADIENTE_PORTAL_DATABASE_URL"])
    with database.reader() as session:
        rows = session.scalars(select(Submission).order_by(Submission.created_at)).all()
    database.close()
    assert [(row.tries, row.attempt) for row in rows] == [(2, 1), (1, 2)]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "Workers and schedulers of their own need a database that they share with the portal, and none is set."),
        ("postgresql+psycopg://nobody:geheim@127.0.0.1:1/x", "nobody:***@127.0.0.1:1/x does not answer: "),
        ("postgresql+unheard://nobody:geheim@127.0.0.1/x", "GRADIENTE_PORTAL_DATABASE_URL cannot be used: "),
    ],
)
def test_a_database_that_cannot_be_used_is_said_without_its_password(tmp_path, address, said):
    settings = read_settings({"DATA_DIR": tmp_path, "DATABASE_URL": address})
    with pytest.raises(InfrastructureError) as raised:
        find_shared(settings.database)
    assert said in raised.value.text["en"]
    assert "geheim" not in str(raised.value.text)


def test_tables_of_another_version_are_refused(postgres, tmp_path):
    engine = create_engine(postgres.copy(tmp_path))
    with engine.begin() as connection:
        (head,) = connection.exec_driver_sql("SELECT version_num FROM alembic_version").one()
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    database = Database(postgres.address)
    try:
        with pytest.raises(InfrastructureError, match=f"tables of revision 0001, and this program needs {head}"):
            database.require_tables()
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{head}'")
        engine.dispose()
        database.close()
