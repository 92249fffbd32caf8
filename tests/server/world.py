"""Two courses with things of every kind, and everybody who may be in front of them, for tests of who may do what."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from grader.report import Owner
from server.account import identity, invitations, passwords, tokens
from server.account.identity import find_by_login
from server.context import TOKEN, now
from server.models import (
    Announcement,
    Assignment,
    Course,
    ExchangeAssignment,
    ExchangeFeedback,
    ExchangeRelease,
    ExchangeSubmission,
    Extension,
    Grading,
    GradingKind,
    Invitation,
    LineComment,
    LogIn,
    Membership,
    Regrade,
    RegradeRequest,
    Role,
    RubricItem,
    State,
    Submission,
    User,
)

OWNER = "ana"
ALLOWED, TO_LOG_IN, NO_TOKEN, FORBIDDEN, MISSING = "allowed", "to the log-in", "401", "403", "404"

#: the course that paths are about, and another one with things of its own
HERE, THERE = "dl", "ml"


@dataclass(frozen=True)
class Who:
    """Somebody who sends requests: nobody known, a browser that is logged in, or a program with a token."""

    login: str = ""
    #: in the portal
    role: Role = Role.STUDENT
    #: in the course that paths are about; None: none
    part: Role | None = None
    #: of a program's token; None: it is a browser
    scopes: tuple[str, ...] | None = None
    #: a token that is shown, and that opens nothing
    is_bad: bool = False

    @property
    def is_browser(self) -> bool:
        """Whether somebody is logged in there."""
        return bool(self.login) and self.scopes is None and not self.is_bad


ALL = tokens.SCOPES
EVERYBODY = {
    "nobody": Who(),
    "owner": Who(OWNER, part=Role.STUDENT),
    "other student": Who("bia", part=Role.STUDENT),
    "assistant": Who("caio", part=Role.ASSISTANT),
    "instructor": Who("davi", part=Role.INSTRUCTOR),
    "student elsewhere": Who("eva"),
    "assistant elsewhere": Who("fabio"),
    "instructor elsewhere": Who("gil"),
    "somebody without a course": Who("hugo"),
    "portal's assistant": Who("iris", Role.ASSISTANT),
    "portal's instructor": Who("jose", Role.INSTRUCTOR),
    "administrator": Who("lia", Role.ADMINISTRATOR, Role.ADMINISTRATOR),
    "token for all": Who(OWNER, part=Role.STUDENT, scopes=ALL),
    "token to read": Who(OWNER, part=Role.STUDENT, scopes=("read",)),
    "token to submit": Who(OWNER, part=Role.STUDENT, scopes=("submit",)),
    "other's token": Who("bia", part=Role.STUDENT, scopes=ALL),
    "assistant's token": Who("caio", part=Role.ASSISTANT, scopes=ALL),
    "instructor's token": Who("davi", part=Role.INSTRUCTOR, scopes=("teach",)),
    "instructor's token, not to teach": Who("davi", part=Role.INSTRUCTOR, scopes=("read", "submit", "administer")),
    "token of an instructor elsewhere": Who("gil", scopes=ALL),
    "portal's instructor's token": Who("jose", Role.INSTRUCTOR, scopes=ALL),
    "administrator's token": Who("lia", Role.ADMINISTRATOR, Role.ADMINISTRATOR, scopes=ALL),
    "administrator's token to teach": Who("lia", Role.ADMINISTRATOR, Role.ADMINISTRATOR, scopes=("teach",)),
    "expired token": Who("lia", Role.ADMINISTRATOR, Role.ADMINISTRATOR, scopes=ALL, is_bad=True),
    "unknown token": Who(is_bad=True),
}
#: who takes part in which course
MEMBERS = {
    HERE: {OWNER: Role.STUDENT, "bia": Role.STUDENT, "caio": Role.ASSISTANT, "davi": Role.INSTRUCTOR},
    THERE: {"eva": Role.STUDENT, "nina": Role.STUDENT, "fabio": Role.ASSISTANT, "gil": Role.INSTRUCTOR},
}


@dataclass(frozen=True)
class Case:
    """How to take one route: what fills its path, what is sent, and what it answers whom it lets in."""

    values: dict[str, Any] = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    #: whether it is about a thing of the owner's, which is not there for anybody else
    is_own: bool = False
    #: whether it leads to the log-in when all went well
    is_log_out: bool = False


#: pages that those who are logged in do not need: they are led on
LEADS_ON = ("GET account.sign_up", "GET account.accept", "GET account.log_in")


def packed(*names: str) -> bytes:
    """An archive of empty files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"")
    return buffer.getvalue()


class World:
    """A portal with accounts of every role, things that are the owner's, and two courses with things of theirs."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        # Forms' tokens have a test of their own; here it is about who may send them.
        app.config["WTF_CSRF_ENABLED"] = False
        self.database = app.extensions["portal"].database
        self.blob = app.extensions["portal"].store.put(b"x = 1\n")
        self.archive = app.extensions["portal"].store.put(packed("p1.ipynb"))
        with self.database.write() as session:
            self._admit(session)
            #: what fills the paths
            self.things = _own_things(session) | self._course_things(session, HERE)
            self.others = self._course_things(session, THERE) | {"SLUG": "attention"}
            course = session.query(Course).filter_by(code=THERE).one()
            session.add(Assignment(course_id=course.id, slug="attention"))
            self.keys = {name: _key(session, who) for name, who in EVERYBODY.items()}
        self.path = Path(self.database.engine.url.database)
        self.database.close()
        self.before = self.path.read_bytes()

    def _put_back(self) -> None:
        """Undo what a request has changed."""
        # With the last connection the write-ahead log goes into the file.
        self.database.close()
        self.path.write_bytes(self.before)

    def take(self, who: Who, method: str, rule: Rule, case: Case, **values: Any) -> str:
        """Send a request, with everything there that it may be about, and say what came of it."""
        client = self.app.test_client()
        headers = {}
        key = self.keys[next(name for name, each in EVERYBODY.items() if each == who)]
        if who.is_browser:
            with client.session_transaction() as cookie:
                cookie[TOKEN] = key
        elif key:
            headers = {"Authorization": f"Bearer {key}"}
        here = {"course": HERE} if "course" in rule.arguments else {}
        filled = {name: self.things.get(value, value) for name, value in case.values.items()}
        with self.app.test_request_context():
            path = rule.build({**here, **filled, **values})[1]
        form = {
            name: self.things.get(value, value) if isinstance(value, str) else value
            for name, value in case.form.items()
        }
        sent = {} if method == "GET" else {"json" if path.startswith("/api/") else "data": form}
        answer = client.open(path, method=method, headers=headers, buffered=True, **sent)
        found = self._outcome(answer, who, f"{method.replace('HEAD', 'GET')} {rule.endpoint}", case)
        if method != "GET" and answer.status_code < 400:
            self._put_back()
        return found

    def _outcome(self, answer: Any, who: Who, name: str, case: Case) -> str:
        if answer.status_code == 302 and answer.location.partition("?")[0] == "/log-in":
            return TO_LOG_IN
        status = 302 if who.is_browser and name in LEADS_ON else case.status
        return ALLOWED if answer.status_code == status else str(answer.status_code)

    def _admit(self, session: Session) -> None:
        """Make the accounts and the courses."""
        roles = {login: Role.STUDENT for members in MEMBERS.values() for login in members}
        roles |= {who.login: who.role for who in EVERYBODY.values() if who.login}
        session.add_all(
            User(login=login, name=login.title(), role=role, created_at=now()) for login, role in roles.items()
        )
        session.flush()
        for code, members in MEMBERS.items():
            course = Course(code=code, title="Deep Learning", created_at=now())
            session.add(course)
            session.flush()
            for login, role in members.items():
                user = find_by_login(session, login)
                session.add(Membership(course_id=course.id, user_id=user.id, role=role, created_at=now()))

    def _course_things(self, session: Session, code: str) -> dict[str, Any]:
        """Something of every kind that a path may name, in one of the courses."""
        course = session.query(Course).filter_by(code=code).one()
        member, other = session.query(Membership).filter_by(course_id=course.id, role=Role.STUDENT).order_by("id")
        teacher = session.query(Membership).filter_by(course_id=course.id, role=Role.INSTRUCTOR).one()
        invitations.make_invitation(session, Role.STUDENT, 1, now(), course_id=course.id)
        assignment = Assignment(course_id=course.id, slug="softmax")
        session.add(assignment)
        session.flush()
        mine, others = (self._submission(session, each.user_id, assignment) for each in (member, other))
        regrade = Regrade(assignment_id=assignment.id, reason="x", by_id=teacher.user_id, created_at=now())
        item = RubricItem(assignment_id=assignment.id, title="Style", points=1)
        extension = Extension(assignment_id=assignment.id, user_id=member.user_id, created_at=now())
        announcement = Announcement(course_id=course.id, text="x", created_at=now())
        asked = RegradeRequest(submission_id=mine, text="x", created_at=now())
        remark = LineComment(submission_id=mine, line=1, text="x", created_at=now())
        session.add_all([regrade, item, extension, announcement, asked, remark])
        session.flush()
        session.add(
            Grading(
                submission_id=mine, kind=GradingKind.SHADOW, regrade_id=regrade.id, created_at=now(),
                state=State.GRADED, score=1, max_score=2,
            )
        )  # fmt: skip
        return {
            "COURSE": code, "SUBMISSION": mine, "OTHER": others, "MEMBER": member.id, "LOGIN": member.user.login,
            "ASSIGNMENT": assignment.id, "SLUG": "softmax", "REGRADE": regrade.id, "ITEM": item.id,
            **self._exchange(session, course, member.user_id),
            "EXTENSION": extension.id, "ANNOUNCEMENT": announcement.id, "REQUEST": asked.id,
            "REMARK": remark.id,
            "COURSE INVITATION": session.query(Invitation).filter_by(course_id=course.id).one().id,
        }  # fmt: skip

    def _exchange(self, session: Session, course: Course, user_id: int) -> dict[str, Any]:
        """An assignment of nbgrader that is released and was handed in, with feedback."""
        assignment = ExchangeAssignment(course_id=course.id, name=f"ps-{course.code}", created_at=now())
        session.add(assignment)
        session.flush()
        common = {"assignment_id": assignment.id, "blob": self.archive, "size": 1, "created_at": now()}
        release = ExchangeRelease(version=1, key="key", notebooks=["p1.ipynb"], **common)
        handed_in = ExchangeSubmission(user_id=user_id, version=1, key=course.code, notebooks=["p1.ipynb"], **common)
        session.add_all([release, handed_in])
        session.flush()
        session.add(
            ExchangeFeedback(
                submission_id=handed_in.id, blob=self.archive, size=1, files={"p1.html": "0" * 64}, released_at=now()
            )
        )
        return {"HANDOUT": assignment.name, "HANDED IN": handed_in.id}

    def _submission(self, session: Session, user_id: int, assignment: Assignment) -> str:
        made = Submission(
            user_id=user_id, slug="softmax", assignment_id=assignment.id, attempt=1, form_key="key",
            file_name="softmax.py", blob=self.blob, size=6, created_at=now(), state=State.GRADED, score=1, max_score=2,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made.id


def _own_things(session: Session) -> dict[str, Any]:
    """What the owner has outside courses, and what the portal has."""
    owner = find_by_login(session, OWNER)
    identity.open_log_in(session, owner, 1, now())
    tokens.make_token(session, owner, "x", ["read"], 7, now())
    failed = Submission(
        user_id=owner.id, slug="attention", attempt=1, form_key="failed", file_name="attention.py", blob="0" * 64,
        size=6, created_at=now(), state=State.FAILED, owner=Owner.INFRASTRUCTURE, fault="x",
    )  # fmt: skip
    announcement = Announcement(text="x", created_at=now())
    session.add_all([failed, announcement])
    session.flush()
    return {
        "DEVICE": session.query(LogIn).one().id,
        "TOKEN": tokens.list_tokens(session, owner, now())[0].id,
        "RESET": passwords.make_reset(session, owner, timedelta(hours=1), now()),
        "INVITATION": invitations.make_invitation(session, Role.STUDENT, 1, now()),
        "FAILED": failed.id,
        "PORTAL ANNOUNCEMENT": announcement.id,
    }


def _key(session: Session, who: Who) -> str:
    """What opens the portal to somebody; empty: nothing."""
    account = find_by_login(session, who.login) if who.login else None
    if account is None:
        return "gradiente_unknown" if who.is_bad else ""
    if who.is_browser:
        return identity.open_log_in(session, account, 1, now())
    made = now() - timedelta(days=8 if who.is_bad else 0)
    return tokens.make_token(session, account, "x", who.scopes or (), 7, made)
