"""What was confirmed is there, and what was not says so: kills, broken uploads, a database that is locked."""

from __future__ import annotations

import re
import socket
import sqlite3
import threading
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from server.db import Database
from server.models import Submission

SLOW = "import time\ntime.sleep(2)\ndef sigmoid(x): return x\ndef sigmoid_derivative(x): return x\n"


def count(data) -> int:
    database = Database(f"sqlite:///{data / 'portal.sqlite'}")
    with database.reader() as session:
        found = session.scalar(select(func.count()).select_from(Submission))
    database.close()
    return found


def test_a_portal_that_is_killed_in_a_grading_grades_it_at_the_next_start(start):
    portal = start()
    portal.log_in_as_demo()
    page, _ = portal.send("/exercises/sigmoid", code=SLOW)
    portal.wait_for(page, "running")
    portal.kill()

    again = start()
    again.log_in_as_demo(portal.greeting)
    assert again.wait_for(urlsplit(page).path, "graded")["state"] == "graded"


def test_a_portal_that_is_killed_in_an_upload_has_received_nothing(start, tmp_path):
    portal = start()
    portal.log_in_as_demo()
    token = re.search(r'name="csrf_token" value="([^"]+)"', portal.read("/exercises/sigmoid")[1])[1]
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in portal.cookies.cookiejar)
    body = f"csrf_token={token}&code=".encode() + b"x" * 10_000
    head = (
        "POST /exercises/sigmoid HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Cookie: {cookies}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", urlsplit(portal.address).port)) as half:
        half.sendall(head.encode() + body[:5_000])
        portal.kill()

    again = start()
    assert count(tmp_path / "data") == 0
    again.log_in_as_demo(portal.greeting)
    page, _ = again.send("/exercises/sigmoid", code=SLOW)
    again.wait_for(urlsplit(page).path, "graded")


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("server.db.BUSY_TIMEOUT_MS", 100)


def test_a_locked_database_is_said_and_nothing_is_received(impatient, student, portal):
    path = portal.settings.database.removeprefix("sqlite:///")
    page = student.get("/exercises/softmax").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = student.client.post("/exercises/softmax", data={"csrf_token": token, "code": "keep = 'this'"})
        other.execute("ROLLBACK")

    assert answer.status_code == 503
    assert "was not received" in answer.text
    assert "keep = &#39;this&#39;" in answer.text
    assert student.hand_in().startswith("/submissions/")


def test_pages_can_be_read_while_somebody_writes(impatient, student, portal):
    page = student.hand_in()
    with sqlite3.connect(portal.settings.database.removeprefix("sqlite:///"), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        statuses = []
        readers = [
            threading.Thread(target=lambda path=path: statuses.append(student.client.get(path).status_code))
            for path in ("/", "/exercises/softmax", page, "/submissions")
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        other.execute("ROLLBACK")
    assert statuses == [200] * 4
