"""The API for administrators: accounts, failed gradings, the log, announcements."""

from datetime import timedelta

import pytest

from grader.device.gpu import Gpu
from grader.device.ledger import Standing
from grader.report import Owner
from server.context import now
from server.grading.heartbeat import Heartbeat
from server.models import Announcement, Grading, GradingKind, Role, State, Submission
from tests.server.caller import Caller, give_token
from tests.server.office import add_course, add_submission, add_user, ago, fail, rows

GPU = Gpu(0, "GPU-1", "Card", 8192)


@pytest.fixture
def admin(app, portal):
    add_user(portal, "lia", Role.ADMINISTRATOR)
    return Caller(app, give_token(app, "lia"))


def test_accounts_are_found_and_their_roles_changed(admin, portal):
    for login in ("ana", "bia"):
        add_user(portal, login)
    assert [each["login"] for each in admin.read("/users?limit=2")["users"]] == ["ana", "bia"]
    assert [each["login"] for each in admin.read("/users?after=bia")["users"]] == ["lia"]
    assert [each["login"] for each in admin.read("/users?q=an&role=student")["users"]] == ["ana"]

    assert admin.send("PATCH", "/users/ana", role="instructor")["role"] == "instructor"
    admin.refused("PATCH", "/users/lia", 409, "conflict", role="student")
    entry = admin.read("/log?person=ana")["entries"][0]
    assert (entry["action"], entry["by"], entry["detail"]) == (
        "user.changed", "lia", {"before": "student", "after": "instructor"}
    )  # fmt: skip


def test_failed_gradings_are_listed_and_tried_again(admin, portal):
    ana = add_user(portal, "ana")
    ids = [fail(portal, ana, Owner.INFRASTRUCTURE, "no disk").id for _ in range(3)]
    other = fail(portal, ana, Owner.EXERCISE, "no stub").id

    first = admin.read("/failures?limit=2")
    rest = admin.read(f"/failures?after={first['next']}")
    assert {each["id"] for each in (*first["failures"], *rest["failures"])} == {*ids, other}
    assert [each["id"] for each in admin.read("/failures?owner=exercise")["failures"]] == [other]
    assert admin.send("POST", f"/failures/{ids[0]}/retry")["count"] == 1
    admin.refused("POST", f"/failures/{ids[0]}/retry", 404, "not_found")
    assert admin.send("POST", f"/failures/{ids[1]}/retry?alike=true")["count"] == 2
    assert {each.id for each in rows(portal, Submission, state=State.FAILED)} == {other}


def test_the_queue_says_who_grades_what_runs_and_what_waits(admin, portal):
    assert admin.read("/queue") == {"processes": [], "running": [], "waiting": []}
    ana = add_user(portal, "ana")
    took = {"started_at": ago(seconds=20), "finished_at": ago(seconds=0)}
    graded = add_submission(portal, ana, score=1, max_score=1, **took)
    runs = add_submission(portal, ana, state=State.RUNNING, lease_token="x", tries=2, started_at=ago(seconds=5))
    oldest = add_submission(portal, ana, state=State.RECEIVED, created_at=ago(minutes=70))
    add_submission(portal, ana, state=State.RECEIVED)
    with portal.database.write() as session:
        session.add(Grading(submission_id=graded.id, kind=GradingKind.FINAL, created_at=now()))
        session.add(Grading(submission_id=graded.id, kind=GradingKind.SHADOW, state=State.RUNNING, created_at=now()))
        session.add(Grading(submission_id=graded.id, kind=GradingKind.DEVICE, on_gpu=True, created_at=now()))
        dead, alive = Heartbeat(3), Heartbeat(2, lambda: [Standing(GPU, 1, 4096, "")])
        dead.beat(session, 1, ago(minutes=5))
        alive.beat(session, 2, now())
    found = admin.read("/queue")

    processes = [(each["jobs"], each["busy"], each["silent"]) for each in found["processes"]]
    assert processes == [(2, 2, False), (3, 1, True)]
    assert found["processes"][0]["host"] == alive.host
    gpu = {"device": "cuda:0", "name": "Card", "memory_mb": 8192, "taken_mb": 4096, "gradings": 1, "fault": ""}
    assert [each["devices"] for each in found["processes"]] == [[gpu], []]
    assert {(each["again"], each["login"], each["tries"]) for each in found["running"]} == {
        (False, "ana", 2), (True, "ana", 0)
    }  # fmt: skip
    assert runs.id in {each["id"] for each in found["running"]}
    [waits] = found["waiting"]
    assert (waits["exercise"], waits["submissions"], waits["again"], waits["on_gpu"]) == ("softmax", 2, 1, 1)
    assert waits["oldest_at"] == oldest.created_at.isoformat().replace("+00:00", "Z")
    assert waits["seconds"] > 0


def test_the_log_comes_in_pages_and_a_course_reads_only_its_own(admin, app, portal):
    add_course(portal, "dl", davi=Role.INSTRUCTOR)
    for title in ("One", "Two", "Three"):
        admin.send("PATCH", "/courses/dl", title=title)
    admin.send("POST", "/courses", 201, title="Other")
    first = admin.read("/log?limit=3")

    assert [each["action"] for each in first["entries"]] == ["course.made", "course.changed", "course.changed"]
    assert [each["detail"]["title"][1] for each in admin.read(f"/log?after={first['next']}")["entries"]] == ["One"]
    davi = Caller(app, give_token(app, "davi"))
    assert {each["course"] for each in davi.read("/courses/dl/log")["entries"]} == {"dl"}
    davi.refused("GET", "/log", 403, "forbidden")
    assert (
        "after" in davi.refused("GET", f"/courses/dl/log?after={first['entries'][0]['id']}", 422, "invalid")["errors"]
    )
    assert admin.read(f"/log?first={(now() + timedelta(days=2)).date()}")["entries"] == []
    assert "last" in admin.refused("GET", "/log?last=9999-12-31", 422, "invalid")["errors"]


@pytest.mark.parametrize("path", ["/announcements", "/courses/dl/announcements"])
def test_an_announcement_is_made_once_and_taken_away(admin, portal, path):
    add_course(portal, "dl")
    until = (now() + timedelta(days=1)).isoformat()
    made = admin.send("POST", path, 201, text="No grading on Sunday.", expires_at=until)
    assert admin.send("POST", path, 200, text="No grading on Sunday.", expires_at=until) == made
    assert admin.read(path)["announcements"] == [made]
    assert (
        "expires_at"
        in admin.refused("POST", path, 422, "invalid", text="x", expires_at="2026-01-01T00:00:00Z")["errors"]
    )

    elsewhere = {"/announcements": "/courses/dl/announcements"}.get(path, "/announcements")
    admin.refused("DELETE", f"{elsewhere}/{made['id']}", 404, "not_found")
    admin.send("DELETE", f"{path}/{made['id']}", 204)
    assert rows(portal, Announcement) == []


def test_a_token_that_may_not_administer_does_nothing(app, admin):
    lia = Caller(app, give_token(app, "lia", scopes=["read", "submit", "teach"]))

    for path in ("/users", "/failures", "/queue", "/log", "/announcements"):
        assert "administer" in lia.refused("GET", path, 403, "scope")["detail"]


def test_a_persons_data_are_exported_and_deleted(admin, portal):
    add_user(portal, "ana")
    answer = admin.post("/users/ana/export", buffered=True)

    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.data.startswith(b"PK")
    admin.send("DELETE", "/users/ana", 204)
    admin.refused("DELETE", "/users/ana", 404, "not_found")
    admin.refused("DELETE", "/users/lia", 409, "conflict")
    assert [each["action"] for each in admin.read("/log")["entries"]] == ["user.deleted", "user.exported"]


def test_old_data_are_counted_and_deleted(admin):
    nothing = {"submissions": 0, "log_entries": 0, "expired": 0}

    assert admin.read("/retention") == nothing
    assert admin.send("POST", "/retention") == nothing
    assert admin.read("/log")["entries"][0]["action"] == "retention.run"


def test_a_course_invites(admin, app, portal):
    add_course(portal, "dl", davi=Role.INSTRUCTOR)
    davi = Caller(app, give_token(app, "davi"))
    made = davi.send("POST", "/courses/dl/invitations", 201, days=3, uses=30, note="Class A")
    [entry] = davi.read("/courses/dl/invitations")["invitations"]

    assert "/invitation/" in made["link"]
    assert (entry["role"], entry["uses_left"], entry["note"]) == ("student", 30, "Class A")
    davi.refused("POST", "/courses/dl/invitations", 422, "invalid", role="instructor")
    davi.refused("POST", "/courses/dl/invitations", 422, "invalid", role="administrator")
    davi.send("DELETE", f"/courses/dl/invitations/{entry['id']}", 204)
    assert davi.read("/courses/dl/invitations")["invitations"] == []
