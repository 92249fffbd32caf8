"""What is kept for how long."""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest

from grader.report import Report
from server.account import invitations
from server.context import now
from server.models import Grading, GradingKind, Invitation, LogEntry, Result, Role, State, Submission
from server.office.log import Action, write
from server.office.retention import is_over
from server.store import StoreError
from tests.server import office
from tests.server.office import add_course, add_submission, add_user, ago, assign, logged, rows

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def days(number):
    return NOW - timedelta(days=number)


@pytest.mark.parametrize(
    ("created", "in_course", "archived", "keep", "expected"),
    [
        (1000, False, None, 0, False),  # for ever
        (100, False, None, 100, False),  # to the day
        (101, False, None, 100, True),
        (1000, True, None, 100, False),  # the course is on
        (1000, True, 100, 100, False),
        (1000, True, 101, 100, True),
        (50, True, 101, 100, False),  # taken in after the course ended
        (1000, True, 101, 0, False),
    ],
)
def test_when_the_time_of_a_submission_is_over(created, in_course, archived, keep, expected):
    at = days(archived) if archived else None
    assert is_over(days(created), in_course=in_course, archived_at=at, now=NOW, keep_days=keep) is expected


@pytest.fixture
def strict(make_app):
    return make_app(KEEP_SUBMISSIONS_DAYS=100, KEEP_LOG_DAYS=30)


@pytest.fixture
def portal(strict):
    return strict.extensions["portal"]


@pytest.fixture
def admin(strict, portal):
    return office.log_in_admin(strict, portal)


@pytest.fixture
def work(portal):
    """Old work: practice, in a course that is on, in one that is archived, and one that still waits."""
    ana = add_user(portal, "ana")
    on, past = add_course(portal, "on"), add_course(portal, "past")
    with portal.database.write() as session:
        session.get(office.Course, past.id).archived_at = ago(days=200)
    old = {
        "created_at": ago(days=300),
        "score": 1,
        "max_score": 2,
        "report": Report("", "softmax", "v1", "seed", "cpu", ()).to_store(),
    }
    made = {
        "practice": add_submission(portal, ana, b"practice", **old),
        "on": add_submission(portal, ana, b"on", assignment_id=assign(portal, on, "softmax").id, **old),
        "past": add_submission(portal, ana, b"past", assignment_id=assign(portal, past, "softmax").id, **old),
        "waits": add_submission(portal, ana, b"waits", created_at=ago(days=300), state=State.RECEIVED),
        "new": add_submission(portal, ana, b"new", score=1, max_score=2),
    }
    with portal.database.write() as session:
        values = {"assignment_id": made["past"].assignment_id, "user_id": ana.id, "submission_id": made["past"].id}
        session.add(Result(**values, points=1, updated_at=now()))
        session.add(Grading(submission_id=made["past"].id, kind=GradingKind.PAST, created_at=ago(days=250)))
        write(session, Action.ANNOUNCED, None, ago(days=31), text="old")
        write(session, Action.ANNOUNCED, None, ago(days=29), text="new")
        invitations.make_invitation(session, Role.STUDENT, 1, ago(days=2))
    for path in portal.store.folder.glob("??/*"):
        os.utime(path, (time.time() - 3600,) * 2)
    return made


def test_the_preview_says_what_would_go_and_changes_nothing(admin, portal, work):
    page = admin.read("/office/retention")

    for text in ("practice", "past", "files and reports of 2 submissions", "1 entry of the log", "1 expired log-in"):
        assert text in page
    assert "100 days" in page
    assert all(each.report is not None for each in office.rows(portal, Submission) if each.file_name == "")
    assert len(logged(portal)) == 2


def test_what_is_over_its_time_goes_and_grades_stay(admin, portal, work):
    assert admin.send("/office/retention").status_code == 302

    for name, each in work.items():
        if name in ("practice", "past"):
            with pytest.raises(StoreError):
                portal.store.get(each.blob)
        else:
            assert portal.store.get(each.blob) == name.encode()
    found = {each.id: each for each in rows(portal, Submission)}
    past = found[work["past"].id]
    assert (past.score, past.max_score, past.file_name) == (1, 2, "")
    with portal.database.reader() as session:
        assert session.get(Submission, past.id).report is None
    assert rows(portal, Result)[0].points == 1
    assert [rows(portal, Grading), rows(portal, Invitation)] == [[], []]
    assert [each.detail.get("text") for each in rows(portal, LogEntry, action="announced")] == ["new"]
    assert logged(portal)[-1].detail == {"submissions": 2, "log_entries": 1, "expired": 1}
    assert "files and reports of 0 submissions" in admin.read("/office/retention")


def test_the_student_still_finds_the_page_of_what_is_old(admin, strict, portal, work):
    admin.send("/office/retention")
    ana = office.log_in(strict, "ana")

    assert ana.get(f"/submissions/{work['practice'].id}").status_code == 200
    assert ana.get("/submissions").status_code == 200
    assert ana.get(f"/submissions/{work['practice'].id}/file").status_code == 404
    answer = ana.send("/account/export")
    assert answer.status_code == 200
    answer.close()


def test_content_that_a_new_submission_shares_stays(admin, portal, work):
    bia = add_user(portal, "bia")
    add_submission(portal, bia, b"practice")
    for path in portal.store.folder.glob("??/*"):
        os.utime(path, (time.time() - 3600,) * 2)
    admin.send("/office/retention")

    assert portal.store.get(work["practice"].blob) == b"practice"


def test_without_a_setting_everything_is_kept(app):
    portal = app.extensions["portal"]
    ana = add_user(portal, "ana")
    add_submission(portal, ana, created_at=ago(days=9000))
    admin = office.log_in_admin(app, portal)
    assert "kept for ever" in admin.read("/office/retention")
    admin.send("/office/retention")

    assert rows(portal, Submission)[0].file_name == "softmax.py"
