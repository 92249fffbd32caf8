"""``submit`` and ``login`` against a portal behind a real socket."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest

from grader import access
from grader.jupyter import submit as handing_in
from server.context import now
from server.course.assignment import set_terms
from tests.jupyter.test_check import write_notebook
from tests.server.caller import give_token

CODE = "def f(x):\n    return x"


@pytest.fixture
def logged_in(app, address, monkeypatch, terminal):
    monkeypatch.setenv(access.URL, address)
    monkeypatch.setenv(access.TOKEN, give_token(app))
    terminal.run(CODE)
    return address


def test_the_receipt_and_then_the_verdicts_are_shown(logged_in, terminal, grading, home, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(write_notebook(home / "lista.ipynb", CODE)))
    said = terminal.run('submit("softmax")')

    first, second = said.split("lista.ipynb · softmax")
    assert "Received: lista.ipynb, attempt 1 at softmax." in first
    assert f"  receipt: {logged_in}/submissions/" in first
    assert second.startswith(" · attempt 1 · 2/3 points\n  ✓ Title of test_f.  2/2\n  ✗ Title of test_g.  0/1\n")
    (upload,) = grading.uploads
    assert upload.filename == "lista.ipynb"
    assert [cell["source"] for cell in json.loads(upload.content)["cells"]] == [CODE]
    assert json.loads(upload.content)["cells"][0]["outputs"] == []


def test_without_a_file_what_ran_is_handed_in_in_portuguese(logged_in, terminal, grading):
    terminal.run("%pwd\n" + CODE + " + 1")
    said = terminal.run('submit("softmax", lang="pt-BR")')
    assert "Recebida: softmax.ipynb, tentativa 1 de softmax." in said
    assert "softmax.ipynb · softmax · tentativa 1 · 2/3 pontos" in said
    sources = [cell["source"] for cell in json.loads(grading.uploads[0].content)["cells"]]
    assert any("return x + 1" in source for source in sources)
    assert CODE not in sources


def test_nothing_is_handed_in_that_is_not_saved(logged_in, terminal, grading, home, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(write_notebook(home / "lista.ipynb", CODE)))
    terminal.run(CODE + " * 2")
    said = terminal.run('submit("softmax")')
    assert said.startswith(
        "Nothing was handed in: the saved notebook has another version of f than the one that ran last."
    )
    assert grading.uploads == []


def test_a_token_in_the_notebook_does_not_leave_it(logged_in, terminal, grading):
    token = os.environ[access.TOKEN]
    terminal.run(f'"""login(token="{token}")"""\ny = 1')
    said = terminal.run('submit("softmax")')
    assert "Your token stood in the notebook." in said
    assert token.encode() not in grading.uploads[0].content


def give_terms(app, **values):
    with app.extensions["portal"].database.write() as session:
        set_terms(session, "softmax", values)


def test_what_the_portal_refuses_is_said_in_its_words(logged_in, terminal, app):
    assert "There is no exercise 'softmaxx' for you on http" in terminal.run('submit("softmaxx")')
    give_terms(app, max_attempts=1)
    terminal.run('submit("softmax", wait=False)')
    assert "attempt" in terminal.run('submit("softmax")').splitlines()[0]
    give_terms(app, closes_at=now() - timedelta(hours=1))
    assert "This exercise is closed" in terminal.run('submit("softmax")')
    assert "encerrado" in terminal.run('submit("softmax", lang="pt-BR")')


def test_a_log_in_is_asked_for_and_kept(app, address, terminal, monkeypatch):
    token = give_token(app)
    monkeypatch.setattr(handing_in.getpass, "getpass", lambda question: token)
    said = terminal.run(f'login("{address}")')
    assert f"Logged in to {address} as Ana (ana), until" in said
    assert token not in said
    assert access.find() == access.Access(address, token)
    monkeypatch.setattr(handing_in.getpass, "getpass", lambda question: "gradiente_wrong")
    said = terminal.run(f'login("{address}", lang="pt-BR")')
    assert "token" in said
    assert f'Em um notebook: grader.login("{address}")' in said
    assert access.find().token == token


def test_a_portal_that_cannot_be_reached_is_named(terminal, monkeypatch):
    monkeypatch.setattr("grader.client.TRIES", 1)
    monkeypatch.setenv(access.URL, "http://127.0.0.1:9")
    monkeypatch.setenv(access.TOKEN, "gradiente_x")
    terminal.run(CODE)
    assert "http://127.0.0.1:9 cannot be reached" in terminal.run('submit("softmax")')


def test_who_stops_waiting_learns_that_it_is_received(logged_in, terminal, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("grader.client.Client.events", stop)
    said = terminal.run('submit("softmax")')
    assert f"Stopped waiting. It is received all the same: {logged_in}/submissions/" in said
