"""What counts in an assignment, student by student, for gradebooks outside the portal."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.context import now
from server.models import Role
from tests.server.caller import Caller, give_token, problem
from tests.server.classroom import Classroom
from tests.server.office import add_user

PATH = "/courses/dl/assignments/softmax/results"


@pytest.fixture
def teacher(app, portal, student, other):
    """Davi, who teaches Ana and Bia; Ana has handed in twice, a day late."""
    room = Classroom(portal, points=9.0, due_at=now() - timedelta(hours=1), late_percent=50.0)
    add_user(portal, "davi")
    for login, role in {"ana": Role.STUDENT, "bia": Role.STUDENT, "davi": Role.INSTRUCTOR}.items():
        room.admit(login, role)
    for code in ("x = 1\n", "x = 2\n"):
        Caller(app, give_token(app)).hand_in(code=code)
        portal.dispatcher.run_once()
    return Caller(app, give_token(app, "davi"))


def test_what_counts_comes_with_everything_that_it_follows_from(teacher, portal):
    ana, bia = teacher.read(PATH)["results"]
    counted = ana["counted"]
    assert (ana["login"], ana["attempts"], ana["points"], ana["override"], ana["review"]) == ("ana", 2, 3.0, None, None)
    assert (counted["attempt"], counted["credit"], counted["provisional"]) == (1, 0.5, False)
    assert counted["tests"] == [
        {"name": "test_f", "points": 2.0, "earned": 2.0}, {"name": "test_g", "points": 1.0, "earned": 0.0},
    ]  # fmt: skip
    assert (bia["login"], bia["attempts"], bia["counted"], bia["points"]) == ("bia", 0, None, None)

    teacher.send("PATCH", f"/courses/dl/submissions/{counted['id']}/review", comment="Nice.", published=True)
    until = (now() + timedelta(days=3)).replace(microsecond=0)
    extension = "/courses/dl/assignments/softmax/extensions/ana"
    teacher.send("PUT", extension, due_at=until.isoformat())
    with portal.database.write() as session:
        from server.models import Submission

        session.get_one(Submission, counted["id"]).report = None
    again = teacher.read(PATH)["results"][0]
    assert (again["due_at"], again["points"]) == (until.isoformat().replace("+00:00", "Z"), 6.0)
    assert (again["review"]["comment"], again["review"]["published"]) == ("Nice.", True)
    assert again["counted"]["tests"] is None  # too old to be kept


def test_the_list_comes_in_pages(teacher):
    first = teacher.read(f"{PATH}?limit=1")
    assert ([each["login"] for each in first["results"]], first["next"]) == (["ana"], "ana")
    second = teacher.read(f"{PATH}?limit=1&after=ana")
    assert ([each["login"] for each in second["results"]], second["next"]) == (["bia"], None)
    teacher.refused("GET", f"{PATH}?after=davi", 422, "invalid")


def test_points_are_only_set_where_they_are_what_was_seen(teacher):
    def set_points(seen, points):
        headers = teacher.headers | {"If-Match": f'"{seen}"'}
        body = {"points": points, "reason": "oral"}
        return teacher.client.put("/api/v1/courses/dl/gradebook/bia/softmax", headers=headers, json=body)

    seen = teacher.read(PATH)["results"][1]["version"]
    assert set_points(seen, 4).status_code == 200
    assert problem(set_points(seen, 5), 412, "changed")
    now_there = teacher.get("/courses/dl/gradebook/bia/softmax").headers["ETag"].strip('"')
    assert now_there == teacher.read(PATH)["results"][1]["version"] != seen
    assert set_points(now_there, 5).json["points"] == 5
