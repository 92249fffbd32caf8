"""A portal with a course in it, and a folder for everybody who takes part."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.nbgrader_class.pupil import Answer, Pupil, fill
from benchmarks.nbgrader_class.terminal import ROOT
from server.account import identity, tokens
from server.context import now
from server.db import Database
from server.models import Course, Membership, Role, User
from tests.browser.lab import environment
from tests.server.running import RunningPortal

COURSE, TEACHER = "dl", "dora.prado"
PASSWORD = "sete-gatos-no-telhado"
CONFIG = """\
from grader.nbgrader.exchange import configure

c = get_config()
configure(c, {url!r}, {course!r})
"""


class School:
    """Everything that runs while the class is taught."""

    def __init__(self, root: Path, pupils: Sequence[Pupil]) -> None:
        self.root, self.pupils = root, pupils
        self.portal = RunningPortal(root / "data", GRADIENTE_PORTAL_API_PER_MINUTE="100000")
        self.url = self.portal.address
        self.tokens = self._enroll()

    def _enroll(self) -> dict[str, str]:
        """Make the course and its people, each with a token."""
        database = Database(f"sqlite:///{self.root}/data/portal.sqlite")
        made = {}
        with database.write() as session:
            course = Course(code=COURSE, title="Deep learning", created_at=now())
            teacher = identity.sign_up(TEACHER, "Dora Prado", PASSWORD, now())
            users = [User(login=each.login, name=f"{each.first} {each.last}", created_at=now()) for each in self.pupils]
            # Whose pages are looked at.
            users[0].password_hash = teacher.password_hash
            session.add_all([course, teacher, *users])
            session.flush()
            for user in (teacher, *users):
                role = Role.INSTRUCTOR if user is teacher else Role.STUDENT
                session.add(Membership(course_id=course.id, user_id=user.id, role=role, created_at=now()))
                session.flush()
                scopes = tokens.scopes_of(session, user)
                made[user.login] = tokens.make_token(session, user, "nbgrader", scopes, 7, now())
        database.engine.dispose()
        return made

    def home(self, login: str) -> Path:
        """Somebody's home."""
        return self.root / "homes" / login

    def variables(self, login: str) -> dict[str, str]:
        """The environment of somebody's programs."""
        return environment(self.home(login), GRADIENTE_TOKEN=self.tokens[login], PYTHONPATH=str(ROOT))

    def desk(self, login: str) -> Path:
        """Where a student works; made when it is not there."""
        found = self.home(login) / "work"
        if not found.is_dir():
            found.mkdir(parents=True)
            (found / "nbgrader_config.py").write_text(CONFIG.format(url=self.url, course=COURSE))
        return found

    def write(self, pupil: Pupil, assignment: str, answer: Answer) -> None:
        """Write an answer into the notebook that a student has fetched."""
        path = self.desk(pupil.login) / assignment / f"{assignment}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        fill(notebook, answer, pupil)
        path.write_text(json.dumps(notebook), encoding="utf-8")

    def close(self) -> None:
        """Stop the portal."""
        self.portal.stop()
