"""Lets nbgrader's own tests of its exchange run with a portal: a plugin for the pytest that runs them.

Those tests look into the folder that their exchange would be. After each command the portal's content is written there:
what they find is what the portal has. Tests of what only a folder has are left out, with the reason.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from nbgrader.utils import get_username

from grader.exercise import Catalogue
from grader.nbgrader.exchange import folder
from grader.nbgrader.exchange.base import timestamp
from grader.nbgrader.exchange.portal import Portal
from server import create_app
from server.account import tokens
from server.context import now
from server.db import Database
from server.models import (
    Course,
    ExchangeAssignment,
    ExchangeFeedback,
    ExchangeRelease,
    ExchangeSubmission,
    Membership,
    Role,
    User,
)
from tests.server.served import served

STAGE, STACK = pytest.StashKey["Stage"](), pytest.StashKey[ExitStack]()
COURSES = ("abc101", "abc102", "xyz200")
NO_FOLDER = "there is no folder that can be missing or closed; the portal asks for tokens"
OWNER = "nobody hands in as somebody else: the portal knows whose token it is"
KEPT = "what was handed in stays on the portal; there is no cache to empty"
BY_HAND = "the feedback is on work that never went through the exchange"
CHANGED = "it changes a file in the exchange's folder"

#: test -> why it says nothing about an exchange that is no folder
LEFT_OUT = {
    "releaseassignment.test_no_exchange": NO_FOLDER,
    "releaseassignment.test_exchange_bad_perms": NO_FOLDER,
    "releaseassignment.test_permissions": NO_FOLDER,
    "submit.test_submit_readonly": NO_FOLDER,
    "submit.test_submit_with_student_id": OWNER,
    "submit.test_submit_max_dir_size": "what is too large is told in a sentence, and raises no RuntimeError",
    "collect.test_owner_check": OWNER,
    "collect.test_permissions": OWNER,
    "list.test_list_remove_cached": KEPT,
    "list.test_list_feedback_inbound": CHANGED,
    "list.test_list_feedback_cached": CHANGED,
    "releasefeedback.test_single_file": BY_HAND,
    "releasefeedback.test_single_student": BY_HAND,
    "releasefeedback.test_student_id_exclude": BY_HAND,
    "releasefeedback.test_permissions": BY_HAND,
}
#: start kernels, or make gradebooks: half a minute of computing
SLOW = ("collect.test_collect_before_due_date", "fetchfeedback.test_single_file")


class Stage:
    """A portal with one person, who teaches and hands in, as in nbgrader's tests."""

    def __init__(self, data: Path, stack: ExitStack) -> None:
        database = Database(f"sqlite:///{data / 'portal.sqlite'}")
        database.migrate()
        config = {"DATA_DIR": data, "SECRET_KEY": "x", "LANGUAGE": "en", "API_PER_MINUTE": 1_000_000}
        app = create_app(config, catalogue=Catalogue(data, None), grade=lambda *a, **o: None)
        self.database = app.extensions["portal"].database
        stack.callback(self.database.close)
        stack.callback(app.extensions["portal"].post.close)
        with self.database.write() as session:
            user = User(login=get_username(), name="Ana", created_at=now())
            courses = [Course(code=code, title=code, created_at=now()) for code in COURSES]
            session.add_all([user, *courses])
            session.flush()
            for each in courses:
                session.add(Membership(course_id=each.id, user_id=user.id, role=Role.INSTRUCTOR, created_at=now()))
            token = tokens.make_token(session, user, "tests", ("read", "submit", "teach"), 7, now())
        self.url = stack.enter_context(served(app))
        self.portal = Portal(self.url, token, "en")
        #: what was handed in, also when it is not to be collected any more
        self.seen: dict[str, bytes] = {}
        (data / "nbgrader_config.py").write_text(
            f"from grader.nbgrader.exchange import configure\nconfigure(get_config(), {self.url!r}, token={token!r})\n"
        )

    def clear(self) -> None:
        """Forget everything that was exchanged."""
        with self.database.write() as session:
            for table in (ExchangeFeedback, ExchangeSubmission, ExchangeRelease, ExchangeAssignment):
                session.query(table).delete()

    def show(self, root: Path | None, cache: Path | None) -> None:
        """Write what the portal has as the folder of an exchange, and as nbgrader's cache of submissions."""
        for course in COURSES:
            for each in self.portal.released(course) if root else []:
                (root / course / "inbound").mkdir(parents=True, exist_ok=True)
                self._write(root / course / "outbound" / each["name"], self.portal.fetch(course, each))
            inbound = {each["id"] for each in self.portal.inbound(course)}
            for each in self.portal.own(course=course):
                when, id = timestamp(each), each["id"]
                name = f"{each['login']}+{each['assignment']}+{when}"
                if root and id in inbound:
                    content = self.portal.collect(course, each)
                    self._write(root / course / "inbound" / f"{name}+{id}", content, when)
                    self.seen[id] = content
                if cache:
                    self._write(cache / course / name, self.seen[id], when)

    def _write(self, target: Path, content: bytes, when: str = "") -> None:
        files = folder.unpack(content)
        if when:
            files["timestamp.txt"] = when.encode()
        folder.place(files, target, replace=True)


def pytest_configure(config: pytest.Config) -> None:
    stack = ExitStack()
    data = Path(config.getoption("basetemp")) / "portal"
    data.mkdir(parents=True)
    config.stash[STAGE], config.stash[STACK] = Stage(data, stack), stack
    os.environ |= {"JUPYTER_CONFIG_DIR": str(data), "USER": get_username()}


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[STACK].close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        name = f"{item.module.__name__.rpartition('nbgrader_')[2]}.{item.name.partition('[')[0]}"
        if name in LEFT_OUT:
            item.add_marker(pytest.mark.skip(reason=LEFT_OUT[name]))
        elif name in SLOW and "nbgrader" not in os.environ.get("GRADIENTE_REQUIRE", ""):
            item.add_marker(pytest.mark.skip(reason="slow: GRADIENTE_REQUIRE=nbgrader runs it"))


@pytest.fixture(autouse=True)
def _on_stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, run = request.config.stash[STAGE], request.module.run_nbgrader
    stage.clear()

    def run_and_show(words: list[str], **options: Any) -> Any:
        """Run a command without the options for folders, and fill these."""
        folders: dict[str, Path] = {}
        kept = []
        for word in words:
            option, _equals, value = word.partition("=")
            if option in ("--Exchange.root", "--Exchange.cache"):
                folders[option] = Path(value)
            else:
                kept.append(word)
        output = run(kept, **options)
        for path in folders.values():
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
        stage.show(folders.get("--Exchange.root"), folders.get("--Exchange.cache"))
        return output

    monkeypatch.setattr(request.module, "run_nbgrader", run_and_show)
