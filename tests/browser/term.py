"""A portal in the middle of a term, with the demo's course, and one in which nothing has happened yet."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from grader.errors import GraderError
from grader.exercise import Catalogue, Exercise
from grader.pool import Grader
from grader.report import Owner, Report
from grader.submission import Upload
from server import create_app
from server.account import identity, invitations
from server.context import Portal, now
from server.course import results
from server.demo import CODE, date_back, fill
from server.models import (
    Assignment,
    Course,
    ExchangeSubmission,
    Extension,
    Membership,
    Published,
    Regrade,
    RegradeRequest,
    Result,
    Review,
    Role,
    State,
    Submission,
    User,
)
from server.office import care
from server.regrade import choice, work
from server.regrade.choice import Which
from tests.browser.changing import change_sigmoid
from tests.conftest import ROOT
from tests.server.served import served

PASSWORD = "sete-gatos-no-telhado"
#: the exercises, and which of their wrong solutions are handed in
TREE = {
    "sigmoid": ("derivative_cancels", "clipped_far_out", "literal_formula"),
    "backprop": (),
}
FAULT = "ExerciseError: test_backprop_hidden.py: fixture 'network' not found"


class Remembering:
    """Grades each solution once, whoever hands it in and however it is dressed: forty students have few ideas."""

    def __init__(self, grader: Grader) -> None:
        self.grader = grader
        self.known: dict[tuple[str, str, bool, str], Report | GraderError] = {}

    def __call__(self, exercise: Exercise, upload: Upload, /, **options: Any) -> Report:
        key = (exercise.slug, exercise.version, options.get("hidden", True), naked(upload.content.decode()))
        if key not in self.known:
            try:
                self.known[key] = self.grader.grade(exercise, upload, **options)
            except GraderError as error:
                self.known[key] = error
        found = self.known[key]
        if isinstance(found, GraderError):
            raise found
        seed = options.get("seed") or options["submission"][:8]
        return replace(found, submission=options["submission"], seed=seed)


def naked(source: str) -> str:
    """Without comments and layout."""
    try:
        return ast.unparse(ast.parse(source))
    except SyntaxError:
        return source.partition("\n")[2]


@dataclass
class Term:
    """A portal that is served, and who may do everything in it."""

    app: Flask
    address: str
    root: Path
    login: str
    #: of those who can log in, by login
    passwords: dict[str, str]
    #: where things are that pages are about
    places: dict[str, Any]

    @property
    def portal(self) -> Portal:
        """The parts of the portal."""
        found: Portal = self.app.extensions["portal"]
        return found

    @contextmanager
    def archived(self) -> Iterator[None]:
        """The course is over in the meantime."""
        self._archive(now())
        try:
            yield
        finally:
            self._archive(None)

    def _archive(self, at: datetime | None) -> None:
        with self.portal.database.write() as session:
            session.execute(update(Course).values(archived_at=at))

    def invite(self, days: int = 14, uses: int | None = None) -> str:
        """The path of a link by which students join the course."""
        with self.portal.database.write() as session:
            course = session.scalars(select(Course.id)).one()
            token = invitations.make_invitation(session, Role.STUDENT, days, now(), uses=uses, course_id=course)
        return f"/invitation/{token}"


def plant(root: Path, tree: Mapping[str, Collection[str]] = TREE) -> Catalogue:
    """A tree with some exercises of the project, and few solutions; where no wrong ones are named, the first two."""
    for slug, wrong in tree.items():
        for name in ("exercises", "solutions"):
            shutil.copytree(ROOT / name / slug, root / name / slug)
        every = sorted((root / "solutions" / slug / "wrong").glob("*.py"))
        kept = [each for each in every if each.stem in wrong] or every[:2]
        right = sorted((root / "solutions" / slug / "right").glob("*.py"))
        for path in [*(each for each in every if each not in kept), *right[1:]]:
            path.unlink()
    for name in ("modules.toml", "pytest.ini", "conftest.py"):
        shutil.copy(ROOT / "exercises" / name, root / "exercises")
    return Catalogue(root / "exercises", root / "solutions")


@contextmanager
def opened(root: Path, catalogue: Catalogue, grade: Any) -> Iterator[tuple[Flask, str]]:
    """A portal on a new data directory. Nothing is graded by itself."""
    data = root / "data"
    data.mkdir(parents=True)
    config = {"DATA_DIR": data, "SECRET_KEY": "test", "LANGUAGE": "en"}
    app = create_app(config, catalogue=catalogue, grade=grade)
    portal: Portal = app.extensions["portal"]
    portal.database.migrate()
    try:
        with served(app) as address:
            yield app, address
    finally:
        portal.dispatcher.close()
        portal.dispatcher.join(5)
        portal.post.close()
        portal.database.close()


@contextmanager
def opened_empty(root: Path) -> Iterator[Term]:
    """A portal with its administrator, somebody who does nothing, and a course without anything in it."""
    with opened(root, plant(root), None) as (app, address):
        with app.extensions["portal"].database.write() as session:
            boss = identity.sign_up("dora", "Dora Prado", PASSWORD, now(), role=Role.ADMINISTRATOR)
            other = identity.sign_up("lia", "Lia Reis", PASSWORD, now())
            course = Course(code=CODE, title="Deep Learning", created_at=now())
            session.add_all([boss, other, course])
            session.flush()
            session.add(Membership(course_id=course.id, user_id=boss.id, role=Role.INSTRUCTOR, created_at=now()))
        yield Term(app, address, root, "dora", {"dora": PASSWORD, "lia": PASSWORD}, {})


@contextmanager
def opened_full(root: Path, tree: Mapping[str, Collection[str]] = TREE) -> Iterator[Term]:
    """The demo's course, graded, with a regrade to be published and whatever else fills pages."""
    catalogue = plant(root, tree)
    with Grader(catalogue) as grader, opened(root, catalogue, Remembering(grader)) as (app, address):
        portal: Portal = app.extensions["portal"]
        portal.dispatcher.listeners.append(date_back)
        with portal.database.write() as session:
            logins = fill(session, portal.store, catalogue, now())
        boss = next(each for each in logins if each.role is Role.ADMINISTRATOR)
        finish(portal)
        regrade = regraded(portal, root, boss.name)
        spoil(portal)
        passwords = {each.name: each.password for each in logins}
        yield Term(app, address, root, boss.name, passwords, {"regrade": regrade, **places(portal)})


def finish(portal: Portal) -> None:
    """Grade everything that waits."""
    while portal.dispatcher.run_once():  # type: ignore[attr-defined]
        pass


def regraded(portal: Portal, root: Path, by: str) -> int:
    """One regrade that was published, one that was given up, and one that waits for somebody to look at it."""
    with portal.database.reader() as session:
        user = session.scalars(select(User.id).where(User.login == by)).one()
    regrade = start_regrade(portal, user, "Seeds were lost.", 5)
    finish(portal)
    with portal.database.write() as session:
        work.publish(session, *find_regrade(session, regrade), Published.ALL, user, now())
    regrade = start_regrade(portal, user, "Another assignment was meant.", 5)
    with portal.database.write() as session:
        work.cancel(session, *find_regrade(session, regrade), user, now())
    change_sigmoid(root / "solutions")
    regrade = start_regrade(portal, user, "A hidden test asked for too many digits.")
    finish(portal)
    return regrade


def start_regrade(portal: Portal, by: int, reason: str, most: int | None = None) -> int:
    """Order submissions of one assignment graded anew."""
    with portal.database.write() as session:
        assignment = session.scalars(select(Assignment).where(Assignment.slug == "sigmoid")).one()
        chosen = choice.choose(session, assignment, Which.ALL, "")[:most]
        return work.start(session, assignment, Which.ALL, chosen, reason, by, now()).id


def find_regrade(session: Session, id: int) -> tuple[Regrade, Assignment]:
    """A regrade and what it is of."""
    regrade = session.get_one(Regrade, id)
    return regrade, session.get_one(Assignment, regrade.assignment_id)


def spoil(portal: Portal) -> None:
    """Some submissions that fail by a fault of their exercise, some that wait, and an audit that found something."""
    counts = {
        "tests": 26,
        "points": 34.0,
        "right": 3,
        "wrong": 9,
        "mutants": 40,
        "killed": 38,
        "recorded": 1,
        "rate": 0.97,
    }
    problem = {"path": "backprop/test_backprop.py", "line": 3, "text": "it has no title in Portuguese."}
    with portal.database.write() as session:
        found = session.scalars(
            select(Submission).where(Submission.slug == "backprop").order_by(Submission.created_at.desc())
        ).all()
        for each in found[:6]:
            each.state, each.owner, each.fault, each.tries = State.FAILED, Owner.EXERCISE, FAULT, 3
            each.report = each.score = each.max_score = None
        for each in found[6:10]:
            each.state, each.report, each.score, each.max_score = State.RECEIVED, None, None, None
            each.wait_until = now()  # they stand in the line since then, whenever they came in
        session.flush()
        course = session.scalars(select(Course)).one()
        results.settle(session, course.id, now())
        detail = {"counts": counts, "problems": [problem]}
        care.keep(session, "backprop", portal.catalogue.find("backprop").version, False, detail, now())


def places(portal: Portal) -> dict[str, Any]:
    """What pages are about, by name."""
    with portal.database.reader() as session:
        sigmoid = session.scalars(select(Assignment).where(Assignment.slug == "sigmoid")).one()
        pair = session.scalars(
            select(Result.submission_id)
            .where(Result.assignment_id == sigmoid.id, Result.submission_id.is_not(None))
            .limit(2)
        ).all()
        member = session.scalars(select(Membership).where(Membership.role == Role.STUDENT)).first()
        overridden = select(User.login).join(Result, Result.user_id == User.id).where(Result.override.is_not(None))
        extended = select(User.login).join(Extension, Extension.user_id == User.id)
        return {
            "sigmoid": sigmoid.id,
            "pair": pair,
            "member": member.id if member else 0,
            "login": session.scalars(overridden).one(),
            "extended": session.scalars(extended).one(),
            "reviewed": session.scalars(select(Review.submission_id).where(Review.published_at.is_not(None))).first(),
            "asked": session.scalars(select(RegradeRequest.submission_id)).first(),
            "handed_in": session.scalars(select(ExchangeSubmission.id)).first(),
            "failed": session.scalars(select(Submission.id).where(Submission.state == State.FAILED)).first(),
        }
