"""Handing in through the API, following the grading, and what is told of it."""

import io
import re
from datetime import timedelta

import pytest

from grader.errors import ExerciseError, InfrastructureError
from grader.report import Owner, Verdict
from server.context import now
from server.course.assignment import set_terms
from server.models import Submission
from tests.server.caller import Caller, give_token, problem


def test_a_submission_is_handed_in_graded_and_read(caller, portal, grading):
    grading.changes = {"device": "cuda:0", "hardware": "AMD EPYC + NVIDIA H200 (cuda:0)"}
    answer = caller.hand_in()
    assert answer.status_code == 201
    assert answer.json["state"] == "received"
    assert answer.location == f"/api/v1/submissions/{answer.json['id']}"
    waiting = caller.read(f"/submissions/{answer.json['id']}")
    assert waiting["place"] == {"position": 1, "seconds": 0}
    assert waiting["report"] is None

    portal.dispatcher.run_once()

    found = caller.read(f"/submissions/{answer.json['id']}")
    assert (found["state"], found["score"], found["max_score"], found["tests_done"]) == ("graded", 2, 3, 2)
    assert [test["verdict"] for test in found["report"]["tests"]] == ["passed", "failed"]
    assert (found["report"]["device"], found["report"]["hardware"]) == ("cuda:0", "AMD EPYC + NVIDIA H200 (cuda:0)")


def test_a_file_is_handed_in_as_a_form_and_comes_back_as_it_was(caller, grading, portal):
    answer = caller.post("/exercises/softmax/submissions", data={"file": (io.BytesIO(b"y = 2\r\n"), "mine.py")})
    portal.dispatcher.run_once()

    assert answer.json["file_name"] == "mine.py"
    assert grading.uploads[0].content == b"y = 2\r\n"
    assert caller.get(f"/submissions/{answer.json['id']}/file").data == b"y = 2\r\n"


def test_a_file_is_handed_in_as_json(caller):
    answer = caller.post("/exercises/softmax/submissions", json={"file_name": "../a.py", "content_base64": "eCA9IDEK"})

    assert (answer.status_code, answer.json["file_name"], answer.json["size"]) == (201, "a.py", 6)


def test_the_same_key_is_the_same_submission(caller):
    first, second = caller.hand_in(key="k-1"), caller.hand_in(key="k-1")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json
    assert len(caller.read("/submissions")["submissions"]) == 1


@pytest.mark.parametrize("changed", [{"code": "x = 2\n"}, {"slug": "attention"}])
def test_the_same_key_with_something_else_is_refused(caller, changed):
    caller.hand_in(key="k-1")

    found = problem(caller.hand_in(**changed, key="k-1"), 422, "key_reused")
    assert "Idempotency-Key" in found["errors"]


def test_a_key_is_its_users_own(caller, other, app):
    caller.hand_in(key="k-1")

    assert Caller(app, give_token(app, "bia")).hand_in(key="k-1").status_code == 201


def test_without_a_key_each_request_is_a_submission_of_its_own(caller):
    assert caller.hand_in().json["id"] != caller.hand_in().json["id"]


WRONG = [
    ({"json": {}}, 422, "invalid", {"code"}),
    ({"json": {"code": "  "}}, 422, "invalid", {"code"}),
    ({"json": {"code": "def f(x):\n    raise NotImplementedError\n"}}, 422, "invalid", {"code"}),
    ({"json": {"code": "x", "file_name": "a.py"}}, 422, "invalid", {"$"}),
    ({"json": {"file_name": "a.py"}}, 422, "invalid", {"content_base64"}),
    ({"json": {"content_base64": "eA=="}}, 422, "invalid", {"file_name"}),
    ({"json": {"file_name": "a.exe", "content_base64": "eA=="}}, 422, "invalid", {"file"}),
    ({"json": {"file_name": "a.py", "content_base64": ""}}, 422, "invalid", {"file"}),
    ({"json": {"file_name": "a.py", "content_base64": "?"}}, 422, "invalid", {"content_base64"}),
    ({"json": {"code": 1}}, 422, "invalid", {"code"}),
    ({"json": {"kode": ""}}, 422, "invalid", {"kode"}),
    ({"json": [1]}, 422, "invalid", {"$"}),
    ({"data": "{", "content_type": "application/json"}, 400, "unreadable", set()),
    ({"data": b'{"code": "\xff"}', "content_type": "application/json"}, 400, "unreadable", set()),
    ({"data": "x = 1", "content_type": "text/x-python"}, 415, "media_type", set()),
    ({}, 415, "media_type", set()),
    ({"data": {"code": "x = 1"}, "content_type": "multipart/form-data"}, 422, "invalid", {"code"}),
    ({"data": {}, "content_type": "multipart/form-data; boundary=x"}, 422, "invalid", {"file"}),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status", "kind", "fields"), WRONG)
def test_what_cannot_be_handed_in_is_told_by_field(caller, body, status, kind, fields):
    found = problem(caller.post("/exercises/softmax/submissions", **body), status, kind)

    assert set(found.get("errors", {})) == fields
    assert caller.read("/submissions")["submissions"] == []


@pytest.mark.parametrize("code", ["\ud800", "\x00", "é" * 5])
def test_no_text_is_a_fault_of_ours(caller, code):
    assert caller.hand_in(code=code).status_code in (201, 400)


def test_a_file_that_is_too_large_is_refused(make_app, new_browser):
    app = make_app(MAX_UPLOAD=1000)
    new_browser(app.test_client()).sign_up("ana")
    caller = Caller(app, give_token(app))

    assert caller.hand_in(code="#" * 1000).status_code == 201
    problem(caller.hand_in(code="#" * 1001), 413, "too_large")
    problem(caller.hand_in(code="#" * 200_000), 413, "too_large")
    problem(
        caller.post("/exercises/softmax/submissions", data={"file": (io.BytesIO(b"#" * 1001), "a.py")}),
        413,
        "too_large",
    )


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({"opens_at": timedelta(1)}, "not open yet"),
        ({"closes_at": timedelta(-1)}, "is closed"),
        ({"max_attempts": 0}, "used all attempts"),
    ],
)
def test_terms_hold_as_on_the_pages(caller, portal, terms, text):
    moments = {name: now() + value if isinstance(value, timedelta) else value for name, value in terms.items()}
    with portal.database.write() as session:
        set_terms(session, "softmax", moments)

    assert text in problem(caller.hand_in(), 409, "refused")["detail"]
    told = caller.read("/exercises/softmax")["terms"]
    assert not told["is_open"]
    assert text in told["refusal"]


def test_only_some_submissions_may_wait(caller, portal):
    for _ in range(portal.settings.max_waiting):
        assert caller.hand_in().status_code == 201

    answer = caller.hand_in()
    problem(answer, 429, "waiting")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["", "/events", "/file"])
def test_another_students_submission_is_not_there(graded, other, app, path):
    answer = Caller(app, give_token(app, "bia")).get(f"/submissions/{graded}{path}")
    assert problem(answer, 404, "not_found")["status"] == 404


def test_what_is_for_staff_is_not_told(caller, grading, portal, make_result):
    grading.tests = (
        make_result("test_secret[4-relu]", Verdict.FAILED, detail="expected value", title={}, hint={"en": "Think."}),
        make_result("test_open", hidden=False, message={"en": "not told when passed"}),
    )  # fmt: skip
    answers = []
    id = caller.hand_in().json["id"]
    grading.meanwhile = lambda: answers.append(caller.get(f"/submissions/{id}/events").text)
    portal.dispatcher.run_once()
    answers += [caller.get(f"/submissions/{id}").text, caller.get("/submissions").text]

    for text in answers:
        assert not re.search("seed-1|4-relu|expected value|lease|not told", text)
    hidden, public = caller.read(f"/submissions/{id}")["report"]["tests"]
    assert (hidden["name"], hidden["title"], hidden["hint"]) == (None, "test_secret", "Think.")
    assert public["name"] == "test_open"


@pytest.mark.parametrize(
    ("error", "owner"),
    [(ExerciseError("path /x", "y"), "exercise"), (InfrastructureError("disk", "y"), "infrastructure")],
)
def test_a_fault_of_ours_is_told_without_its_cause(caller, grading, portal, error, owner):
    grading.error = error
    id = caller.hand_in().json["id"]
    for _ in range(3):
        with portal.database.write() as session:
            session.get(Submission, id).wait_until = None
        portal.dispatcher.run_once()

    found = caller.get(f"/submissions/{id}")
    assert (found.json["state"], found.json["fault"]) == ("failed", owner)
    assert "costs" in found.json["summary"]
    assert "disk" not in found.text
    assert "path /x" not in found.text


def test_a_submission_that_could_not_be_read_has_its_message(caller, grading, portal):
    grading.tests, grading.changes = (
        (),
        {"owner": Owner.STUDENT, "message": {"en": "No Python.", "pt-BR": "Sem Python."}},
    )
    id = caller.hand_in().json["id"]
    portal.dispatcher.run_once()

    assert caller.read(f"/submissions/{id}?lang=pt-BR")["report"]["message"] == "Sem Python."


def test_a_grading_is_followed_event_by_event(caller, grading, portal):
    metrics = [{"event": "metric", "test": "test_f", "step": step, "values": {"loss": 1 / step}} for step in (1, 2)]
    grading.events = metrics
    id = caller.hand_in().json["id"]
    before = caller.read(f"/submissions/{id}/events")
    assert (before["events"], before["next"], before["is_open"]) == ([], 0, True)
    heard = []
    grading.meanwhile = lambda: heard.append(caller.read(f"/submissions/{id}/events"))
    portal.dispatcher.run_once()

    running = heard[0]
    kinds = [event["kind"] for event in running["events"]]
    assert kinds == ["started", "metric", "metric", "test", "test"]
    assert running["events"][0]["tests_total"] == 2
    assert running["events"][1]["metric"] == {"test": 1, "step": 1, "values": {"loss": 1}}
    assert [event["test"]["number"] for event in running["events"][3:]] == [1, 2]
    after = caller.read(f"/submissions/{id}/events?after={running['next']}")
    assert [event["kind"] for event in after["events"]] == ["finished"]
    assert not after["is_open"]
    assert caller.read(f"/submissions/{id}/events?after={after['next']}")["events"] == []


def test_events_that_were_seen_are_not_told_again(caller, grading, portal):
    id = caller.hand_in().json["id"]
    heard = []
    grading.meanwhile = lambda: heard.extend(
        caller.read(f"/submissions/{id}/events?after={after}")
        for after in (0, 1_000_001, 1_000_002, 1_000_003, 9_000_000)
    )
    portal.dispatcher.run_once()

    assert [len(each["events"]) for each in heard] == [3, 2, 1, 0, 0]
    assert heard[1]["events"][0]["test"]["number"] == 1
    assert heard[2]["events"][0]["test"]["number"] == 2


def test_a_grading_that_begins_again_is_told_from_its_start(caller, grading, portal):
    id = caller.hand_in().json["id"]
    heard = [{"next": 0}]
    grading.meanwhile = lambda: heard.append(caller.read(f"/submissions/{id}/events?after={heard[-1]['next']}"))
    grading.error = InfrastructureError("disk", "disco")
    portal.dispatcher.run_once()
    grading.error = None
    with portal.database.write() as session:
        session.get(Submission, id).wait_until = None
    portal.dispatcher.run_once()

    assert [[event["kind"] for event in each["events"]] for each in heard[1:]] == [["started", "test", "test"]] * 2
    assert heard[2]["next"] > heard[1]["next"]
