"""``gradiente serve`` as a student meets it: the real command, the real grader, a real exercise."""

import re
import shutil
import urllib.parse
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from grader.errors import InfrastructureError
from grader.exercise import default_catalogue
from server.account import identity, passwords
from server.context import now
from server.demo.reviews import code_lines
from server.instance import alone
from server.models import (
    Announcement,
    Extension,
    LineComment,
    Membership,
    RegradeRequest,
    Result,
    Review,
    Role,
    State,
    Submission,
    User,
)
from server.office import work
from server.serve import add_demo
from tests.conftest import ROOT


def test_the_demo_student_hands_in_and_the_portal_comes_back_after_a_stop(start):
    portal = start()
    portal.log_in_as_demo()
    stub = default_catalogue().find("sigmoid").stub.read_text(encoding="utf-8")
    page, text = portal.send("/exercises/sigmoid", code=f"{stub}\n# mine\n")
    assert "Received." in text or "Being graded" in text or "Graded" in text
    portal.wait_for(page, "graded")
    # The stub passes one test: it uses nothing forbidden.
    assert re.search(r"1 of \d+ tests passed", portal.read(page)[1])
    assert portal.stop() == 0

    again = start()
    assert "password" not in again.greeting
    again.log_in_as_demo(portal.greeting)
    assert re.search(r"1 of \d+ tests passed", again.read(urllib.parse.urlparse(page).path)[1])


def test_the_demo_account_is_made_once(portal):
    [login] = add_demo(portal)

    with portal.database.reader() as session:
        assert passwords.is_password(identity.find_by_login(session, "aluna"), login.password)
    assert add_demo(portal) == []
    with portal.database.reader() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 1


def test_the_demo_course_has_work_for_every_page(make_app):
    portal = make_app().extensions["portal"]
    portal.catalogue = default_catalogue()
    logins = add_demo(portal, with_course=True)

    assert [each.name for each in logins] == ["admin", "professora", "monitor", "aluna"]
    with portal.database.reader() as session:
        students = select(func.count()).select_from(Membership).where(Membership.role == Role.STUDENT)
        assert session.scalar(students) == 40
        handed_in = dict(session.execute(select(Submission.slug, func.count()).group_by(Submission.slug)).all())
        assert handed_in.keys() == {"sigmoid", "cross_entropy", "backprop", "early_stopping", "cnn"}
        assert all(each.state is State.RECEIVED for each in session.scalars(select(Submission)))
        for table in (Review, RegradeRequest, Extension, Result, Announcement):
            assert session.scalar(select(func.count()).select_from(table)), table
        contents = {portal.store.get(each.blob) for each in session.scalars(select(Submission))}
        assert len(contents) > sum(handed_in.values()) / 2
    assert add_demo(portal, with_course=True) == []


def test_work_of_the_demo_came_in_long_ago_and_waits_since_the_start(make_app, tmp_path):
    portal = make_app().extensions["portal"]
    for tree in ("exercises", "solutions"):
        shutil.copytree(ROOT / tree / "sigmoid", tmp_path / "demo" / tree / "sigmoid")
    portal.catalogue = portal.dispatcher.catalogue = default_catalogue(tmp_path / "demo" / "exercises")
    before = now()
    add_demo(portal, with_course=True)
    with portal.database.reader() as session:
        [waiting] = work.waiting(session, {})
        assert before <= waiting.oldest <= now()
        remarks = session.execute(
            select(LineComment.line, Submission.blob).join(Submission, Submission.id == LineComment.submission_id)
        ).all()
    assert len(remarks) > 5
    assert all(line in code_lines(portal.store.get(blob).decode()) for line, blob in remarks)

    while portal.dispatcher.run_once():
        pass
    with portal.database.reader() as session:
        graded = session.scalars(select(Submission)).all()
    assert {each.state for each in graded} == {State.GRADED}
    assert max(each.created_at for each in graded) < before - timedelta(days=10)
    assert all(each.created_at < each.started_at <= each.finished_at for each in graded)
    assert max(each.started_at - each.created_at for each in graded) < timedelta(minutes=1)


def test_a_data_directory_has_one_portal(tmp_path):
    with alone(tmp_path), pytest.raises(InfrastructureError, match="Another portal uses"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass
