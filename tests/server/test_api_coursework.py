"""The API for staff: assignments, extensions, the gradebook, reviews, requests, regrades, figures."""

from datetime import timedelta

import pytest

from grader.errors import ExerciseError
from grader.report import Verdict
from server.context import now
from server.models import RegradeRequest, Role, When
from server.review import asking
from tests.server.caller import Caller, give_token, problem
from tests.server.classroom import Classroom
from tests.server.conftest import result
from tests.server.office import add_user, logged, rows

ASSIGNMENT = "/courses/dl/assignments/softmax"


@pytest.fixture
def room(portal, student, other):
    """A course with Ana and Bia as students, Caio as assistant and Davi as instructor."""
    made = Classroom(portal, points=9.0, due_at=now() - timedelta(hours=1), late_percent=50.0)
    for login in ("caio", "davi"):
        add_user(portal, login)
    people = {"ana": Role.STUDENT, "bia": Role.STUDENT, "caio": Role.ASSISTANT, "davi": Role.INSTRUCTOR}
    for login, role in people.items():
        made.admit(login, role)
    return made


@pytest.fixture
def teacher(app, room):
    return Caller(app, give_token(app, "davi"))


@pytest.fixture
def assistant(app, room):
    return Caller(app, give_token(app, "caio"))


@pytest.fixture
def work(app, room, portal):
    """The id of Ana's submission, graded with 2 of 3 points, a day late."""
    id = Caller(app, give_token(app)).hand_in().json["id"]
    portal.dispatcher.run_once()
    return id


def points(caller):
    return caller.read("/courses/dl/gradebook/ana/softmax")["points"]


def test_an_exercise_is_assigned_with_terms_changed_and_removed(teacher, portal):
    due = (now() + timedelta(days=7)).replace(microsecond=0)
    made = teacher.send(
        "POST", "/courses/dl/assignments", 201, exercise="attention", like="softmax", due_at=due.isoformat()
    )
    assert (made["published"], made["late_percent"], made["points"]) == (False, 50, 9)
    assert made["due_at"] == due.isoformat().replace("+00:00", "Z")
    teacher.refused("POST", "/courses/dl/assignments", 409, "conflict", exercise="attention")

    path = "/courses/dl/assignments/attention"
    assert teacher.send("PATCH", path, published=True, max_attempts=3)["max_attempts"] == 3
    assert teacher.read(path)["published"]
    teacher.send("DELETE", path, 204)
    assert [each["exercise"] for each in teacher.read("/courses/dl/assignments")["assignments"]] == ["softmax"]
    assert [each.action for each in logged(portal)] == [
        "assignment.made", "assignment.changed", "assignment.changed", "assignment.removed"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [({"due_at": None}, "due_at"), ({"due_at": "2026-01-01T00:00:00"}, "due_at"), ({"points": -1}, "points"),
     ({"due_at": "0001-01-01T00:00:00Z"}, "due_at"), ({"max_attempts": 0}, "max_attempts"), ({"slug": "x"}, "slug"),
     ({"counting": "worst"}, "counting"), ({"uses_late_days": True, "late_percent": 0}, "late_percent")],
)  # fmt: skip
def test_terms_that_make_no_sense_change_nothing(teacher, change, field):
    before = teacher.read(ASSIGNMENT)

    assert list(teacher.refused("PATCH", ASSIGNMENT, 422, "invalid", **change)["errors"]) == [field]
    assert teacher.read(ASSIGNMENT) == before


def test_all_that_is_wrong_with_terms_is_told_at_once(teacher):
    sent = {"opens_at": "9999-12-31T23:59:59-12:00", "due_at": None, "hidden_run_when": "after_deadline"}
    errors = teacher.refused("PATCH", ASSIGNMENT, 422, "invalid", **sent)["errors"]

    assert errors.keys() == {"opens_at", "due_at", "hidden_run_when"}
    assert "December 31, 9999 is more than ten years ahead." in errors["opens_at"]


def test_a_change_is_only_made_to_what_was_seen(teacher, portal):
    def change(seen, **terms):
        headers = teacher.headers | {"If-Match": seen}
        return teacher.client.patch(f"/api/v1{ASSIGNMENT}", headers=headers, json=terms)

    seen = teacher.get(ASSIGNMENT).headers["ETag"]
    changed = change(seen, points=5)
    assert (changed.status_code, changed.json["points"]) == (200, 5)
    assert changed.headers["ETag"] == teacher.get(ASSIGNMENT).headers["ETag"] != seen

    for stale in (seen, f"W/{changed.headers['ETag']}", '"'):
        refused = change(stale, points=7)
        assert problem(refused, 412, "changed")
        assert refused.headers["ETag"] == changed.headers["ETag"]
    assert teacher.read(ASSIGNMENT)["points"] == 5
    assert change(f"{seen}, {changed.headers['ETag']}", points=6).status_code == 200
    assert change("*", points=7).status_code == 200
    assert teacher.send("PATCH", ASSIGNMENT, points=8)["points"] == 8  # who names nothing is not asked


def test_a_rubric_is_only_written_over_the_one_that_was_seen(assistant, room):
    path = f"{ASSIGNMENT}/rubric"
    seen = assistant.get(path).headers["ETag"]
    assistant.send("PUT", path, items=[{"title": "Style", "points": 1}])
    headers = assistant.headers | {"If-Match": seen}
    answer = assistant.client.put(f"/api/v1{path}", headers=headers, json={"items": []})

    assert problem(answer, 412, "changed")
    assert len(assistant.read(path)["items"]) == 1


def test_hidden_tests_that_could_not_be_run_are_listed_and_tried_again(app, teacher, assistant, room, portal, grading):
    room.change(due_at=now() + timedelta(hours=1), hidden_run_when=When.AFTER_DEADLINE)
    id = Caller(app, give_token(app)).hand_in().json["id"]
    portal.dispatcher.run_once()
    room.change(due_at=now() - timedelta(hours=1))
    portal.dispatcher.upkeep.order_finals()
    grading.error = ExerciseError("no hidden test")
    portal.dispatcher.run_once()
    grading.error = None

    [listed] = assistant.read("/courses/dl/finals")["finals"]
    assert listed == {"exercise": "softmax", "submissions": 1, "cause": "no hidden test"}
    assistant.refused("POST", "/courses/dl/finals/softmax/retry", 403, "forbidden")
    assert teacher.send("POST", "/courses/dl/finals/softmax/retry")["count"] == 1
    portal.dispatcher.run_once()
    assert teacher.read("/courses/dl/finals")["finals"] == []
    [work] = teacher.read("/courses/dl/submissions")["submissions"]
    assert (work["id"], work["provisional"]) == (id, False)
    assert teacher.send("POST", "/courses/dl/finals/softmax/retry")["count"] == 0
    teacher.refused("POST", "/courses/dl/finals/attention/retry", 404, "not_found")


def test_an_extension_changes_what_counts(teacher, work):
    assert points(teacher) == 3  # 2 of 3 points, worth 9, half of it for being late
    path, due = f"{ASSIGNMENT}/extensions/ana", (now() + timedelta(days=1)).isoformat()

    given = teacher.send("PUT", path, due_at=due, reason="ill")
    assert (given["login"], given["reason"]) == ("ana", "ill")
    assert teacher.send("PUT", path, due_at=due, reason="ill") == given
    assert points(teacher) == 6
    assert [each["login"] for each in teacher.read(f"{ASSIGNMENT}/extensions")["extensions"]] == ["ana"]
    assert "due_at" in teacher.refused("PUT", path, 422, "invalid", due_at="2026-01-01T00:00:00Z")["errors"]
    teacher.refused("PUT", f"{ASSIGNMENT}/extensions/caio", 404, "not_found", due_at=due)

    teacher.send("DELETE", path, 204)
    assert points(teacher) == 3
    teacher.refused("DELETE", path, 404, "not_found")


def test_the_gradebook_comes_in_pages_with_marks(teacher, work):
    first = teacher.read("/courses/dl/gradebook?limit=1")
    assert (first["found"], first["next"], first["assignments"][0]["worth"]) == (2, "ana", 9)
    ana = first["students"][0]
    assert (ana["login"], ana["total"], ana["cells"]) == ("ana", 3, {"softmax": {"points": 3, "marks": ["late"]}})

    rest = teacher.read("/courses/dl/gradebook?after=ana")
    assert ([each["login"] for each in rest["students"]], rest["next"]) == (["bia"], None)
    missing = teacher.read("/courses/dl/gradebook?missing=softmax")
    assert [each["login"] for each in missing["students"]] == ["bia"]
    assert "missing" in teacher.refused("GET", "/courses/dl/gradebook?missing=attention", 422, "invalid")["errors"]


def test_wrongare_set_by_hand_by_instructors(teacher, assistant, work):
    path = "/courses/dl/gradebook/ana/softmax"
    assistant.refused("PUT", path, 403, "forbidden", points=9, reason="oral")

    assert teacher.send("PUT", path, points=8.5, reason="oral")["points"] == 8.5
    assert "reason" in teacher.refused("PUT", path, 422, "invalid", points=8, reason=" ")["errors"]
    for wrong in (-1, 1e6):
        assert "points" in teacher.refused("PUT", path, 422, "invalid", points=wrong, reason="x")["errors"]
    again = teacher.send("PUT", path, points=None, reason="a mistake")
    assert (again["points"], again["override"]) == (3, None)


def test_staff_reads_submissions_with_hidden_tests_and_causes(assistant, grading, work):
    listed = assistant.read("/courses/dl/submissions?counts=true&exercise=softmax")["submissions"]
    assert [(each["id"], each["login"], each["review"]) for each in listed] == [(work, "ana", "no")]

    found = assistant.read(f"/courses/dl/submissions/{work}")
    assert [(test["name"], test["verdict"]) for test in found["report"]["tests"]] == [
        ("test_f", "passed"), ("test_g", "failed")
    ]  # fmt: skip
    assert (found["login"], found["report"]["seed"], found["cause"]) == ("ana", "seed-1", "")
    assert assistant.get(f"/courses/dl/submissions/{work}/file").data == b"x = 1\n"


def test_submissions_of_a_course_come_in_pages(app, assistant, portal, room):
    ids = [Caller(app, give_token(app, login)).hand_in().json["id"] for login in ("ana", "bia", "ana")]
    first = assistant.read("/courses/dl/submissions?limit=2")

    assert [each["id"] for each in first["submissions"]] == [ids[2], ids[1]]
    rest = assistant.read(f"/courses/dl/submissions?after={first['next']}")
    assert ([each["id"] for each in rest["submissions"]], rest["next"]) == ([ids[0]], None)


def test_a_review_with_a_rubric_is_written_and_published(assistant, work, portal):
    rubric = assistant.send("PUT", f"{ASSIGNMENT}/rubric", items=[{"title": "Style", "points": -1}])["items"]
    path = f"/courses/dl/submissions/{work}/review"
    draft = assistant.send("PATCH", path, comment="Good.", rubric=[rubric[0]["id"]])
    assert (draft["published"], draft["points"], points(assistant)) == (False, -1, 3)

    published = assistant.send("PATCH", path, published=True, version=draft["version"])
    assert (published["comment"], published["published"], points(assistant)) == ("Good.", True, 2)
    kept = [{"id": rubric[0]["id"], "title": "Style", "points": -2}]
    assert assistant.send("PUT", f"{ASSIGNMENT}/rubric", items=kept)["items"][0]["points"] == -2
    assert points(assistant) == 1
    assert assistant.refused("PATCH", path, 409, "conflict", comment="x", version="")
    assert "rubric" in assistant.refused("PATCH", path, 422, "invalid", rubric=[999])["errors"]
    assert assistant.read(path)["comment"] == "Good."


def test_a_remark_stands_once_on_a_line_that_is_there(assistant, work):
    path = f"/courses/dl/submissions/{work}/review/remarks"
    for _ in range(2):
        remarks = assistant.send("POST", path, 201, line=1, text="Why 1?")["remarks"]
    assert [(each["line"], each["text"], each["by"]) for each in remarks] == [(1, "Why 1?", "Caio")]
    assert "line" in assistant.refused("POST", path, 422, "invalid", line=7, text="x")["errors"]

    assistant.send("DELETE", f"{path}/{remarks[0]['id']}", 204)
    assistant.refused("DELETE", f"{path}/{remarks[0]['id']}", 404, "not_found")


def test_a_request_is_answered_once(assistant, portal, work):
    with portal.database.write() as session:
        assert asking.ask(session, work, "Why not 3?", now()) is None
    waiting = assistant.read("/courses/dl/requests?state=open")["requests"]
    assert [(each["login"], each["text"]) for each in waiting] == [("ana", "Why not 3?")]

    path = f"/courses/dl/requests/{waiting[0]['id']}/answer"
    for _ in range(2):
        answered = assistant.send("POST", path, granted=False, text="It is right.")
        assert (answered["state"], answered["answer"]) == ("declined", "It is right.")
    assistant.refused("POST", path, 409, "conflict", granted=True, text="No, you are right.")
    assert assistant.read("/courses/dl/requests?state=open")["requests"] == []
    assert [each.state for each in rows(portal, RegradeRequest)] == ["declined"]


def test_a_regrade_changes_nothing_before_it_is_published(teacher, assistant, grading, portal, work):
    grading.tests = (result("test_f"), result("test_g", Verdict.PASSED, 1))
    wanted = {"exercise": "softmax", "reason": "test_g was wrong"}
    assistant.refused("POST", "/courses/dl/regrades", 403, "forbidden", **wanted)
    made = teacher.send("POST", "/courses/dl/regrades", 201, **wanted)
    path = f"/courses/dl/regrades/{made['id']}"
    assert made["counts"]["waiting"] == 1
    teacher.refused("POST", "/courses/dl/regrades", 409, "conflict", **wanted)
    teacher.refused("POST", f"{path}/publish", 409, "conflict", what="all")

    portal.dispatcher.run_once()
    assert teacher.read(path)["counts"]["gain"] == 1
    changes = assistant.read(f"{path}/difference")["rows"]
    assert [(each["login"], each["score_before"], each["score_after"]) for each in changes] == [("ana", 2, 3)]
    assert [(test["name"], test["before"], test["after"]) for test in changes[0]["tests"]] == [
        ("test_g", "failed", "passed")
    ]
    assert points(teacher) == 3

    for _ in range(2):
        assert teacher.send("POST", f"{path}/publish", what="all")["published"] == "all"
    assert points(teacher) == 4.5
    teacher.refused("POST", f"{path}/cancel", 409, "conflict")


def test_a_regrade_is_given_up(teacher, work):
    chosen = {"which": "students", "students": ["ana"]}
    made = teacher.send("POST", "/courses/dl/regrades", 201, exercise="softmax", reason="x", **chosen)
    for _ in range(2):
        assert teacher.send("POST", f"/courses/dl/regrades/{made['id']}/cancel")["cancelled_at"]

    assert [each["id"] for each in teacher.read("/courses/dl/regrades")["regrades"]] == [made["id"]]
    wrong = {"exercise": "softmax", "reason": "x", "which": "students", "students": ["zoe"]}
    assert "students" in teacher.refused("POST", "/courses/dl/regrades", 422, "invalid", **wrong)["errors"]


def test_figures_of_an_assignment(assistant, app, work):
    found = assistant.read(f"{ASSIGNMENT}/analytics")
    assert (found["members"], found["students"], found["submissions"], found["worth"]) == (2, 1, 1, 9)
    assert [test["name"] for test in found["tests"]] == ["test_f", "test_g"]

    assert assistant.read(f"{ASSIGNMENT}/similarity?least=80")["compared"] == 1
    assert "least" in assistant.refused("GET", f"{ASSIGNMENT}/similarity?least=5", 422, "invalid")["errors"]
