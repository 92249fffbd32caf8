"""The API for authors: exercises with versions, audits and faults."""

import shutil

import pytest

from grader.report import Owner
from server.models import Role
from server.office import care
from tests.server.caller import Caller, give_token
from tests.server.office import add_submission, add_user, ago, fail

COUNTS = {"tests": 3, "points": 5.0, "right": 1, "wrong": 2, "mutants": 40, "killed": 38, "recorded": 1, "rate": 0.97}
PROBLEM = {"path": "softmax/test_softmax.py", "line": 3, "text": "it has no title."}


@pytest.fixture
def author(app, portal):
    add_user(portal, "dora", Role.INSTRUCTOR)
    return Caller(app, give_token(app, "dora"))


@pytest.fixture
def version(portal):
    return portal.catalogue.find("softmax").version


def test_all_exercises_are_listed_in_pages_also_those_that_cannot_be_read(author, portal):
    root = portal.catalogue.exercises
    (root / "attention" / "exercise.toml").write_text("module = ")
    (root / "softmax" / "README.pt-BR.md").unlink()
    first = author.read("/authoring/exercises?limit=1")
    rest = author.read(f"/authoring/exercises?after={first['next']}")
    [broken], [incomplete] = first["exercises"], rest["exercises"]

    assert (broken["slug"], broken["version"], broken["title"]) == ("attention", None, "attention")
    assert "exercise.toml" in broken["problem"]
    assert (incomplete["problem"], incomplete["languages"], incomplete["is_complete"]) == ("", ["en"], False)
    # without a folder of solutions nobody knows how many are hidden
    assert (incomplete["public_tests"], incomplete["hidden_tests"], incomplete["audit"]) == (1, None, None)
    assert "after" in author.refused("GET", "/authoring/exercises?after=nothing", 422, "invalid")["errors"]


def test_one_exercise_has_its_audit_its_versions_and_its_faults(author, portal, version):
    ana = add_user(portal, "ana")
    with portal.database.write() as session:
        care.keep(session, "softmax", version, False, {"counts": COUNTS, "problems": [PROBLEM]}, ago())
        care.keep(session, "softmax", "older", True, {"counts": COUNTS, "problems": []}, ago())
    for score, graded_by, days in ((5, version, 1), (2, version, 2), (5, "older", 9), (1, "oldest", 10)):
        values = {"score": score, "max_score": 5, "exercise_version": graded_by, "created_at": ago(days=days)}
        add_submission(portal, ana, **values)
    for _ in range(3):
        fail(portal, ana, Owner.EXERCISE, "no such fixture")
    found = author.read("/authoring/exercises/softmax")

    assert (found["version"], found["points"]) == (version, 5)
    assert (found["audit"]["passed"], found["audit"]["counts"]["killed"]) == (False, 38)
    assert found["to_mend"] == [PROBLEM]
    assert [(each["submissions"], each["solved"], each["audit_passed"]) for each in found["versions"]] == [
        (2, 1, False), (1, 1, True), (1, 0, None)
    ]  # fmt: skip
    assert found["faults"] == [{"fault": "no such fixture", "submissions": 3}]
    assert found["alert"] == {"faults": 3, "total": 7}
    [listed] = [each for each in author.read("/authoring/exercises")["exercises"] if each["slug"] == "softmax"]
    assert listed == {name: found[name] for name in listed}


def test_an_exercise_that_is_gone_is_there_while_something_was_handed_in_for_it(author, portal):
    shutil.rmtree(portal.catalogue.exercises / "softmax")
    author.refused("GET", "/authoring/exercises/softmax", 404, "not_found")

    add_submission(portal, add_user(portal, "ana"), score=1, max_score=1, exercise_version="older")
    found = author.read("/authoring/exercises/softmax")
    assert (found["is_there"], found["version"], len(found["versions"])) == (False, None, 1)


def test_it_is_for_those_who_may_make_courses(app, portal):
    add_user(portal, "ana")

    for path in ("/authoring/exercises", "/authoring/exercises/softmax"):
        refused = Caller(app, give_token(app, "ana")).refused("GET", path, 403, "forbidden")
        assert refused["status"] == 403
