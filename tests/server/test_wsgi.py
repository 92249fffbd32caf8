"""The portal under gunicorn: what it believes, what it writes down, and that it needs no solutions."""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest

from grader.errors import ExerciseError
from grader.exercise import default_catalogue
from server.wsgi import Journal, Proxied
from tests.conftest import ROOT, write_tree


@pytest.mark.parametrize(
    ("trusted", "seen"),
    [("*", ("10.1.2.3", "https")), ("127.0.0.9", ("10.1.2.3", "https")), ("127.0.0.8", ("127.0.0.9", "http"))],
)
def test_only_the_proxy_is_believed(trusted, seen):
    found = []
    proxied = Proxied(lambda env, start: found.append((env["REMOTE_ADDR"], env["wsgi.url_scheme"])) or [], trusted)
    headers = {"HTTP_X_FORWARDED_FOR": "6.6.6.6, 10.1.2.3", "HTTP_X_FORWARDED_PROTO": "https"}
    proxied({"REMOTE_ADDR": "127.0.0.9", "wsgi.url_scheme": "http", **headers}, lambda *told: None)
    assert found == [seen]


def test_the_log_has_no_secret_of_an_address(caplog):
    journal = Journal(SimpleNamespace(errorlog="-"))
    caplog.set_level(logging.INFO, "server.access")
    for path in ("/invitation/geheim", "/password/geheim", "/log-in/institution/back"):
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "code=geheim", "REMOTE_ADDR": "10.0.0.1"}
        journal.access(SimpleNamespace(status="200 OK"), None, environ, timedelta(seconds=0.02))
    assert "geheim" not in caplog.text
    assert "GET /invitation/… 200, 20 ms, from 10.0.0.1" in caplog.text


def test_the_portal_loads_nothing_that_grades():
    code = "import sys, server.wsgi; print([name for name in ('torch', 'numpy', 'pytest') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_sealed_solutions_give_the_version_that_workers_tell(tmp_path):
    whole = write_tree(tmp_path / "whole").find("toy").version
    tree = tmp_path / "portal"
    write_tree(tree)
    hidden = tree / "solutions" / "toy" / "test_toy_hidden.py"
    command = next(line for line in (ROOT / "docker" / "Dockerfile").read_text().splitlines() if "sha256sum" in line)
    command = command.removeprefix("RUN ").replace("/srv/", f"{tree}/")
    subprocess.run(command, shell=True, check=True)
    (tree / "solutions").rename(tmp_path / "elsewhere")
    assert default_catalogue(tree / "exercises").find("toy").version == whole

    seal = tree / "solutions.sha256"
    seal.write_text(seal.read_text().replace(seal.read_text()[:4], "0000"))
    assert default_catalogue(tree / "exercises").find("toy").version != whole
    seal.write_text("nonsense\n")
    with pytest.raises(ExerciseError, match="is no line of sha256sum"):
        default_catalogue(tree / "exercises").find("toy")
    assert not hidden.exists()
