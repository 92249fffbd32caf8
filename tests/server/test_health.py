"""Whether a process says that it is well when it is, and that it is not when it is not."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request

import pytest

from grader.errors import InfrastructureError
from server.health import bounded
from server.health.bounded import Question, Unanswered
from server.health.checks import Checks
from server.health.exposition import Exposition
from server.health.listener import Listener
from server.health.metrics import Metrics
from server.submission import live

UNREACHABLE = "postgresql+psycopg://nobody:geheim@127.0.0.1:1/secret_name"


def test_a_process_lives_whatever_has_become_of_its_database(make_app):
    client = make_app(DATABASE_URL=UNREACHABLE).test_client()
    for ask in (client.get, client.head):
        answer = ask("/healthz")
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)


def test_it_is_ready_when_every_part_answers(app):
    answer = app.test_client().get("/readyz")

    assert answer.json == {"status": "ok", "parts": dict.fromkeys(("database", "tables", "store", "process"), "ok")}
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)
    assert len(answer.text.splitlines()) > len(answer.json["parts"]), "a line for each"
    assert app.test_client().head("/readyz").status_code == 200


def test_a_database_that_is_gone_is_told_without_a_word_about_it(make_app, caplog):
    app = make_app(DATABASE_URL=UNREACHABLE)
    answer = app.test_client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json["parts"] == {"database": "failed", "tables": "failed", "store": "ok", "process": "ok"}
    app.test_client().get("/readyz")
    told = [record.getMessage() for record in caplog.records if record.name == "server.health.checks"]
    assert [line.partition(":")[0] for line in told] == ["readiness of database", "readiness of tables"], "once each"
    assert not [word for word in ("geheim",) if word in answer.text + "".join(told)]
    assert "secret_name" not in answer.text


def test_a_store_that_cannot_be_used_is_told(app, portal, tmp_path):
    portal.store.folder.parent.mkdir(exist_ok=True)
    portal.store.folder.write_text("a file where a folder should be")
    assert app.test_client().get("/readyz").json["parts"]["store"] == "failed"


def test_tables_of_another_version_are_told(app, portal):
    with portal.database.engine.begin() as connection:
        (head,) = connection.exec_driver_sql("SELECT version_num FROM alembic_version").one()
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    try:
        parts = app.test_client().get("/readyz").json["parts"]
    finally:
        with portal.database.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{head}'")
    assert (parts["database"], parts["tables"]) == ("ok", "failed")


def test_who_stops_is_not_ready(app):
    live.close(app)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json["parts"]["process"]) == (503, "closing")


def test_what_hangs_holds_one_thread_and_is_asked_anew_after_a_while(monkeypatch):
    may_end, asked = threading.Event(), []

    def ask():
        asked.append(threading.current_thread())
        if len(asked) == 1:
            assert may_end.wait(60)
        return len(asked)

    question = Question("slow", ask, patience=0.05, keep=0.0)
    for _ in range(3):
        with pytest.raises(Unanswered):
            question.answer()
    assert len(asked) == 1
    monkeypatch.setattr(bounded, "GIVE_UP", 0.0)
    patient = Question("slow", ask, patience=60, keep=60)
    patient._running, patient._began_at = question._running, question._began_at
    assert [patient.answer(), patient.answer()] == [2, 2], "the service is back, and its answer is kept"
    may_end.set()


def test_a_part_that_hangs_is_told_in_time(monkeypatch):
    monkeypatch.setattr("server.health.checks.PATIENCE", 0.05)
    may_end = threading.Event()
    checks = Checks({"slow": lambda: may_end.wait(60), "fine": lambda: None})
    assert dict(checks.look().parts) == {"slow": "no answer", "fine": "ok", "process": "ok"}
    may_end.set()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", ""])
def test_a_listener_answers_beside_a_process(host):
    well = [True]

    def check():
        if not well[0]:
            raise OSError("geheim")

    checks = Checks({"part": check})
    try:
        listener = Listener(f"{host}:0", Exposition(Metrics(), [checks]), checks)
    except InfrastructureError:
        if host == "[::1]":
            pytest.skip("no IPv6 here")
        raise
    listener.start()
    try:
        address = f"http://{host or '127.0.0.1'}:{listener.port}"
        assert read(f"{address}/healthz")[0] == 200
        assert read(f"{address}/readyz?x=1")[0] == 200
        assert 'gradiente_ready{part="part"} 1.0' in read(f"{address}/metrics")[1]
        assert read(f"{address}/healthz", "HEAD") == (200, "")
        assert read(f"{address}/")[0] == 404
        assert read(f"{address}/healthz", "POST")[0] == 501
        well[0] = False
        checks._questions["part"]._keep = 0.0
        status, text = read(f"{address}/readyz")
        assert (status, "failed" in text, "geheim" in text) == (503, True, False)
    finally:
        listener.close()


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:x", "127.0.0.1:99999999", "192.0.2.1:9100"])
def test_an_address_of_no_use_is_said(address):
    with pytest.raises(InfrastructureError, match="--metrics"):
        Listener(address, Exposition(Metrics()), Checks({}))


def read(address: str, method: str = "GET") -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method=method), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
