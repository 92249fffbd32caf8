"""The data of one person: exported, and deleted."""

import io
import json
import os
import time
import zipfile
from datetime import timedelta

import pytest

from grader.report import Report, Verdict
from server.account import tokens
from server.context import now
from server.models import (
    ApiToken,
    Hidden,
    LineComment,
    LogIn,
    Membership,
    Result,
    Review,
    Role,
    RubricItem,
    RubricMark,
    State,
    Submission,
    Throttle,
    User,
    When,
)
from server.office.erasure import blank
from server.office.log import Action, write
from server.store import StoreError
from tests.server import office
from tests.server.conftest import result
from tests.server.office import add_course, add_submission, add_user, assign, join, log_in, logged, rows


@pytest.fixture
def admin(app, portal):
    return office.log_in_admin(app, portal)


def unpack(answer):
    assert answer.status_code == 200
    content = answer.data
    answer.close()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def values(files, name):
    return json.loads(files[name])


def report(*tests):
    return Report("id", "softmax", "v1", "seed-1", "cpu", tests).to_store()


OPEN = result("test_f", hidden=False)
SECRET = result("test_secret[42]", Verdict.FAILED, 1, hidden=True, title={"en": "It is right at the edge."})


@pytest.fixture
def ana(portal):
    """A student of a course, with work, a review and entries of the log."""
    course = add_course(portal, "dl", caio=Role.INSTRUCTOR)
    user = add_user(portal, "ana", email="ana@uni.example", name="Ana Souza")
    join(portal, course, user, number="12345", section="A")
    caio = rows(portal, User, login="caio")[0]
    made = assign(portal, course, "softmax", hidden_shown=Hidden.NOTHING, due_at=now() + timedelta(days=1))
    scores = {"score": 2, "max_score": 3, "public_score": 2, "public_max_score": 2}
    work = add_submission(
        portal, user, b"mine", assignment_id=made.id, report=report(OPEN, SECRET), attempt=1, **scores
    )
    add_submission(portal, user, b"practice", slug="attention", attempt=1, report=report(OPEN, SECRET))
    with portal.database.write() as session:
        item = RubricItem(assignment_id=made.id, title="Clean code", points=1)
        session.add(item)
        session.flush()
        session.add_all(
            [
                RubricMark(submission_id=work.id, item_id=item.id, by_id=caio.id),
                Review(submission_id=work.id, by_id=caio.id, comment="Well done", published_at=now(), updated_at=now()),
                LineComment(submission_id=work.id, line=3, text="Why?", by_id=caio.id, created_at=now()),
                Result(assignment_id=made.id, user_id=user.id, points=3, earned=2, attempts=1, updated_at=now()),
            ]
        )
        tokens.make_token(session, user, "laptop", ["read"], 7, now())
        write(
            session,
            Action.EXTENSION_SET,
            caio.id,
            now(),
            user_id=user.id,
            course_id=course.id,
            reason="Ana Souza is ill",
        )
    return user


def test_an_export_holds_everything_and_says_what_it_is(admin, ana, portal):
    answer = admin.send("/office/users/ana/export")
    assert answer.headers["Content-Disposition"] == "attachment; filename=gradiente-ana.zip"
    files = unpack(answer)

    assert "The data of Ana Souza (ana)" in files["README.txt"].decode()
    assert "ana" in files["LEIA-ME.txt"].decode()
    assert values(files, "account.json")["email"] == "ana@uni.example"
    assert values(files, "courses.json")[0]["number"] == "12345"
    assert values(files, "api_tokens.json")[0]["name"] == "laptop"
    assert values(files, "log.json")[0]["detail"] == {"reason": "Ana Souza is ill"}
    assert files["submissions/softmax-1/softmax.py"] == b"mine"
    told = values(files, "submissions/softmax-1.json")
    assert told["review"]["comment"] == "Well done"
    assert told["review"]["rubric"] == [{"title": "Clean code", "points": 1}]
    assert told["review"]["lines"][0]["text"] == "Why?"
    assert logged(portal)[-1].action == "user.exported"


def test_an_export_opens_no_account(admin, ana, portal):
    files = unpack(admin.send("/office/users/ana/export"))
    kept = [rows(portal, User, login="ana")[0].password_hash, rows(portal, ApiToken)[0].token_hash]

    assert not any(secret.encode() in content for secret in kept for content in files.values())


def test_what_students_may_not_know_yet_is_not_in_it(app, ana, portal):
    files = unpack(log_in(app, "ana").send("/account/export"))

    told = values(files, "submissions/softmax-1.json")
    assert (told["score"], told["max_score"]) == (2, 2)
    assert [test["name"] for test in told["report"]["tests"]] == ["test_f"]
    assert values(files, "results.json")[0].keys() == {
        "course", "exercise", "attempts", "days_late", "late_days", "updated_at"
    }  # fmt: skip
    practice = values(files, "submissions/attention-1.json")
    assert [test["name"] for test in practice["report"]["tests"]] == ["test_f", None]
    assert not any(b"[42]" in content for content in files.values())


def test_a_draft_of_a_review_is_not_in_it(app, ana, portal):
    with portal.database.write() as session:
        for review in session.query(Review):
            review.published_at = None
    files = unpack(log_in(app, "ana").send("/account/export"))

    assert "review" not in values(files, "submissions/softmax-1.json")


def test_whoever_exports_gets_their_own_data(app, portal, ana):
    add_user(portal, "bia")
    bia = log_in(app, "bia")

    assert values(unpack(bia.send("/account/export")), "account.json")["login"] == "bia"
    assert "Download your data" in bia.read("/account")
    assert bia.send("/office/users/ana/export").status_code == 403


def test_after_the_deadline_points_are_in_it(app, portal, ana):
    with portal.database.write() as session:
        for each in session.query(office.Assignment):
            each.hidden_shown, each.hidden_shown_when = Hidden.TITLE, When.NOW
    files = unpack(log_in(app, "ana").send("/account/export"))

    assert values(files, "results.json")[0]["points"] == 3
    assert values(files, "submissions/softmax-1.json")["max_score"] == 3


def age(portal):
    """Make everything in the store old."""
    for path in portal.store.folder.glob("??/*"):
        os.utime(path, (time.time() - 3600,) * 2)


def test_a_deletion_shows_what_goes_and_wants_the_user_name(admin, ana, portal):
    page = admin.read("/office/users/ana/delete")
    assert "2 submissions with their files" in page
    assert "and 1 result in the gradebook" in page

    for typed in ("", "bia"):
        answer = admin.send("/office/users/ana/delete", login=typed)
        assert answer.status_code == 400
        assert "This is not the user name of the account." in answer.text
    assert rows(portal, User, login="ana")


def test_a_deletion_leaves_nothing_of_the_person(admin, ana, portal):
    bia = add_user(portal, "bia")
    shared = add_submission(portal, bia, b"practice")
    with portal.database.write() as session:
        session.add(Throttle(login="ana", address="x", at=now()))
        write(session, Action.ROSTER_IMPORTED, None, now(), user_id=ana.id, subject="ana", after={"e-mail": ana.email})
    own = rows(portal, Submission, user_id=ana.id)
    age(portal)
    answer = admin.send("/office/users/ana/delete", login=" Ana ")

    assert answer.location == "/office/users"
    assert "are deleted." in admin.read("/office/users")
    for table in (Membership, Result, Submission, ApiToken, LogIn):
        assert rows(portal, table, user_id=ana.id) == []
    assert [rows(portal, table) for table in (Review, LineComment, RubricMark, Throttle)] == [[], [], [], []]
    assert portal.store.get(shared.blob) == b"practice"
    with pytest.raises(StoreError):
        portal.store.get(next(each.blob for each in own if each.blob != shared.blob))
    told = json.dumps([[each.subject, each.detail, each.user_id] for each in logged(portal)])
    assert "ana" not in told.lower()
    assert [each.action for each in logged(portal)] == ["extension.set", "roster.imported", "user.deleted"]


def test_what_somebody_did_as_staff_stays_without_them(admin, ana, portal):
    admin.send("/office/users/caio/delete", login="caio")

    assert rows(portal, Review)[0].by_id is None
    assert rows(portal, LineComment)[0].text == "Why?"
    entry = logged(portal)[0]
    assert (entry.action, entry.by_id, entry.user_id) == ("extension.set", None, ana.id)
    assert "nobody known" in admin.read("/office/log")


def test_a_file_handed_in_just_now_waits_for_the_next_sweep(admin, ana, portal):
    blob = rows(portal, Submission, slug="softmax")[0].blob
    admin.send("/office/users/ana/delete", login="ana")
    assert "go with the next deletion of old data" in admin.read("/office/users")
    assert portal.store.get(blob) == b"mine"

    age(portal)
    admin.send("/office/retention")
    with pytest.raises(StoreError):
        portal.store.get(blob)


def test_nobody_deletes_themselves_here(admin, portal):
    add_user(portal, "fia", Role.ADMINISTRATOR)
    answer = admin.send("/office/users/edu/delete", login="edu")

    assert answer.status_code == 400
    assert "This is your own account." in answer.text
    assert rows(portal, User, login="edu")
    assert admin.send("/office/users/fia/delete", login="fia").status_code == 302


def test_a_grading_that_runs_meanwhile_harms_nothing(admin, portal, grading):
    bia = add_user(portal, "bia")
    add_submission(portal, bia, state=State.RECEIVED)
    grading.meanwhile = lambda: admin.send("/office/users/bia/delete", login="bia")

    assert portal.dispatcher.run_once()
    assert rows(portal, Submission) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ana@uni.example", "…"),
        ("anabela", "anabela"),
        ("for ana", "for …"),
        ({"a": ["Ana Souza", 1, None]}, {"a": ["…", 1, None]}),
    ],
)
def test_names_are_taken_out_of_the_log(value, expected):
    assert blank(value, ["ana", "Ana Souza", "ana@uni.example"]) == expected
