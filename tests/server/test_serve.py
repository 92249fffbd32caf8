"""``gradiente serve`` as a student meets it: the real command, the real grader, a real exercise."""

import http.cookiejar
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from sqlalchemy import func, select

from grader.errors import InfrastructureError
from grader.exercise import default_catalogue
from server import identity
from server.db import Database
from server.models import User
from server.serve import _alone, add_demo


class Portal:
    """A running portal and somebody who uses it."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "grader", "serve", "--port", str(port), "--instance", str(data), "--jobs", "1"]
        self.log = (data.parent / "log").open("a+b")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.greeting = ""
        while "Ctrl+C" not in self.greeting:
            line = self.process.stdout.readline()
            assert line, (data.parent / "log").read_text()
            self.greeting += line
        self.address = re.search(r"http://127\.0\.0\.1:\d+", self.greeting)[0]
        self.cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(self.cookies)

    def read(self, path: str, **form: str):
        data = urllib.parse.urlencode(form).encode() if form else None
        with self.opener.open(urllib.parse.urljoin(self.address, path), data) as answer:
            return answer.url, answer.read().decode()

    def send(self, path: str, **form: str):
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.read(path)[1])[1]
        return self.read(path, csrf_token=token, **form)

    def wait_for(self, page: str, state: str) -> dict:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = json.loads(self.read(page + "/state")[1])
            if found["state"] == state:
                return found
            time.sleep(0.05)
        pytest.fail(f"still {found}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.process.stdout.close()
        self.log.close()
        return status


@pytest.fixture
def start(tmp_path):
    running = []

    def begin() -> Portal:
        running.append(Portal(tmp_path / "data"))
        return running[-1]

    yield begin
    for portal in running:
        if portal.process.poll() is None:
            portal.stop()


def test_the_demo_student_hands_in_and_the_portal_comes_back_after_a_stop(start):
    portal = start()
    login, password = re.search(r"user name (\w+), password (\S+)", portal.greeting).groups()
    portal.send("/log-in", login=login, password=password)
    stub = default_catalogue().find("sigmoid").stub.read_text(encoding="utf-8")
    page, text = portal.send("/exercises/sigmoid", code=stub)
    assert "Received." in text or "Being graded" in text or "Graded" in text
    portal.wait_for(page, "graded")
    # The stub passes one test: it uses nothing forbidden.
    assert re.search(r"1 of \d+ tests passed", portal.read(page)[1])
    assert portal.stop() == 0

    again = start()
    assert "password" not in again.greeting
    again.send("/log-in", login=login, password=password)
    assert re.search(r"1 of \d+ tests passed", again.read(urllib.parse.urlparse(page).path)[1])


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'portal.sqlite'}")
    database.migrate()
    yield database
    database.close()


def test_the_demo_account_is_made_once(database):
    password = add_demo(database)

    with database.reader() as session:
        assert identity.is_password(identity.find_by_login(session, "aluna"), password)
    assert add_demo(database) is None
    with database.reader() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 1


def test_a_data_directory_has_one_portal(tmp_path):
    with _alone(tmp_path), pytest.raises(InfrastructureError, match="Another portal uses"), _alone(tmp_path):
        pass
    with _alone(tmp_path):
        pass
