"""nbgrader's cycle in a real browser: an instructor's formgrader and a student's list of assignments in JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: pip install gradiente[nbgrader]")

from server.account import tokens
from server.context import now
from server.models import Role, User
from tests.browser.conftest import REQUIRED
from tests.browser.lab import AssignmentList, FormGrader, Server, environment
from tests.conftest import ROOT
from tests.nbgrader.conftest import COURSE, admit, app, portal, url  # noqa: F401
from tests.nbgrader.exchanging import Person
from tests.nbgrader.test_exchange_cycle import CONFIG, solve, source
from tests.server.conftest import catalogue, compiled_templates, empty_database, grading, make_app  # noqa: F401

COURSE_CONFIG = """
from grader.nbgrader.config import configure

c = get_config()
configure(c, course="dl", url={url!r})
"""
RIGHT, WRONG = "def double(x):\n    return 2 * x", "def double(x):\n    return x + 2"


class Labs:
    """JupyterLab of several people."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started = ExitStack()

    def start(self, person: Person) -> Server:
        """Start one, without waiting for it."""
        home = self.root / f"{person.login}-home"
        token = person.config.Exchange.token
        server = Server(person.folder, environment(home, GRADIENTE_TOKEN=token, PYTHONPATH=str(ROOT)))
        self.started.callback(server.stop)
        return server


@pytest.fixture
def labs(tmp_path: Path) -> Iterator[Labs]:
    """None is left when the test is over."""
    made = Labs(tmp_path)
    with made.started:
        yield made


@pytest.fixture
def meet(portal: Any, url: str, tmp_path: Path) -> Any:  # noqa: F811
    """Somebody of the course, with a token and a folder."""

    def make(login: str, role: Role = Role.STUDENT) -> Person:
        admit(portal, login, role)
        with portal.database.write() as session:
            user = session.query(User).filter_by(login=login).one()
            token = tokens.make_token(session, user, "tests", tokens.scopes_of(session, user), 7, now())
        return Person(tmp_path / login, url, token, login, COURSE)

    return make


# JupyterLab's own pages are a large part of this, and on some runs they are not ready when they say so.
@pytest.mark.skipif("jupyterlab" not in REQUIRED, reason="drives JupyterLab: GRADIENTE_REQUIRE=jupyterlab runs it")
@pytest.mark.timeout(900)
def test_the_cycle_in_the_formgrader_and_in_the_list_of_assignments(browser, url, meet, labs):  # noqa: F811
    davi, ana, bia = meet("davi", Role.INSTRUCTOR), meet("ana"), meet("bia")
    davi.write("nbgrader_config.py", COURSE_CONFIG.format(url=url))
    davi.write("source/ps1/p1.ipynb", source())
    ana.write("nbgrader_config.py", CONFIG.format(url=url))
    servers = [labs.start(davi), labs.start(ana)]
    for each in servers:
        each.wait()
    judging, working = FormGrader(browser, servers[0].address), AssignmentList(browser, servers[1].address)

    judging.open_formgrader()
    judging.press("ps1", "assign")
    assert "Released as: dl ps1 (version 1)" in judging.press("ps1", "release")

    working.open_list()
    working.fetch("ps1")
    working.open_notebook("ps1")
    working.write(0, RIGHT)
    working.run(0)
    assert "Error" not in working.run(1)
    working.save()
    working.show_tab("Assignments")
    working.submit("ps1")
    bia.do("FetchAssignment", "ps1")
    solve(bia, WRONG)
    bia.do("Submit", "ps1")

    assert "Processing 2 submissions" in judging.press("ps1", "collect")
    judging.show("manage_submissions/ps1")
    for login, score in (("ana", "2 / 2"), ("bia", "0 / 2")):
        judging.press(login, "autograde")
        judging.row(login).get_by_text(score, exact=True).wait_for()
    judging.show("manage_assignments")
    judging.press("ps1", "generate-feedback")
    judging.press("ps1", "release-feedback")

    working.fetch_feedback("ps1")
    assert "(Score: 2.0 / 2.0)" in working.read_feedback("ps1")
    bia.do("FetchFeedback", "ps1")
    [page] = bia.files("ps1/feedback")
    assert "(Score: 0.0 / 2.0)" in bia.read(f"ps1/feedback/{page}")
    working.close()
    judging.close()
