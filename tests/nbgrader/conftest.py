"""A portal behind a real socket, with a course and people in it who use nbgrader."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server.account import tokens
from server.context import Portal, now
from server.models import Course, Membership, Role, User

# What a portal in the test's own process needs.
from tests.server.conftest import (  # noqa: F401
    catalogue,
    compiled_templates,
    empty_database,
    grading,
    make_app,
    postgres,
)
from tests.server.served import served

ROLES = {"ana": Role.STUDENT, "bia": Role.STUDENT, "davi": Role.INSTRUCTOR, "edu": Role.INSTRUCTOR}


COURSE = "dl"


@pytest.fixture
def _nobody_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of whoever runs the tests."""
    for name in ("GRADIENTE_URL", "GRADIENTE_TOKEN", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("PATH", os.defpath)  # no environment is activated
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))


@pytest.fixture
def app(make_app: Callable[..., Any]) -> Any:  # noqa: F811
    return make_app(MAX_UPLOAD=100_000, API_PER_MINUTE=100_000)


@pytest.fixture
def portal(app: Any) -> Portal:
    found: Portal = app.extensions["portal"]
    return found


@pytest.fixture
def url(app: Any) -> Iterator[str]:
    with served(app) as address:
        yield address


def admit(portal: Portal, login: str, role: Role, code: str = COURSE) -> None:
    """Let somebody take part in a course; both are made where they are missing."""
    with portal.database.write() as session:
        course = session.query(Course).filter_by(code=code).one_or_none()
        user = session.query(User).filter_by(login=login).one_or_none()
        course = course or Course(code=code, title=code, created_at=now())
        user = user or User(login=login, name=login.title(), created_at=now())
        session.add_all([course, user])
        session.flush()
        session.add(Membership(course_id=course.id, user_id=user.id, role=role, created_at=now()))


@pytest.fixture
def meet(_nobody_logged_in: None, portal: Portal, url: str, tmp_path: Path) -> Callable[..., Any]:
    """Somebody of the course with a token that may do what they may do."""
    # Here: this folder has tests that do without nbgrader, too.
    from tests.nbgrader.exchanging import Person

    for login, role in ROLES.items():
        admit(portal, login, role)

    def make(login: str, scopes: Any = None, course: str = COURSE, folder: str = "") -> Any:
        with portal.database.write() as session:
            user = session.query(User).filter_by(login=login).one()
            token = tokens.make_token(session, user, "tests", scopes or tokens.scopes_of(session, user), 7, now())
        return Person(tmp_path / (folder or login), url, token, login, course)

    return make


@pytest.fixture
def ana(meet: Callable[..., Any]) -> Any:
    return meet("ana")


@pytest.fixture
def bia(meet: Callable[..., Any]) -> Any:
    return meet("bia")


@pytest.fixture
def davi(meet: Callable[..., Any]) -> Any:
    return meet("davi")


@pytest.fixture
def edu(meet: Callable[..., Any]) -> Any:
    return meet("edu")


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook, made once: nbgrader needs another process for it."""
    from grader.nbgrader.sync.gradebook import Gradebook

    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.environ.get("PATH", os.defpath))
        Gradebook(f"sqlite:///{path}", COURSE).close()
    return path


@pytest.fixture
def desk(davi: Any, portal: Portal, url: str, empty_gradebook: Path, tmp_path: Path) -> Any:
    """An instructor with an empty gradebook."""
    from tests.nbgrader.syncing import Desk

    address = f"sqlite:///{shutil.copy(empty_gradebook, tmp_path)}"
    return Desk(portal, url, davi.config.Exchange.token, address)
