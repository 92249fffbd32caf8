"""Exercises as authors see them, and alerts of those that want mending."""

import json
from contextlib import nullcontext

import pytest
from click.testing import CliRunner

from grader.__main__ import cli
from grader.report import Owner
from server.models import ExerciseAudit, Role
from server.office import care
from server.office.alerts import is_alarming
from tests.server import office
from tests.server.office import add_course, add_submission, add_user, ago, assign, fail, join, log_in, rows


@pytest.fixture
def dora(app, portal):
    add_user(portal, "dora", Role.INSTRUCTOR)
    return log_in(app, "dora")


@pytest.mark.parametrize(
    ("faults", "total", "expected"),
    [(0, 10, False), (2, 2, False), (3, 3, True), (3, 60, True), (3, 61, False), (10, 1000, False), (50, 1000, True)],
)
def test_when_faults_are_too_many_for_chance(faults, total, expected):
    assert is_alarming(faults, total) is expected


def test_all_exercises_are_listed_with_their_figures(dora, portal):
    page = dora.read("/office/exercises")
    version = portal.catalogue.find("softmax").version

    for text in ("Softmax", "Attention", version, "en, pt-BR", "not audited", 'href="/exercises/softmax"'):
        assert text in page


def test_a_missing_language_and_a_broken_exercise_are_said(dora, portal):
    root = portal.catalogue.exercises
    (root / "softmax" / "README.pt-BR.md").unlink()
    (root / "attention" / "exercise.toml").write_text("module = ")
    page = dora.read("/office/exercises")

    assert "incomplete" in page
    assert "cannot be read" in page
    assert "cannot be read" in dora.read("/office/exercises/attention")


def test_points_are_those_of_the_gradings_of_this_version(dora, portal):
    ana, version = add_user(portal, "ana"), portal.catalogue.find("softmax").version
    add_submission(portal, ana, score=1, max_score=7, exercise_version=version)
    add_submission(portal, ana, score=1, max_score=99, exercise_version="older")

    page = dora.read("/office/exercises")
    assert '<td class="align-right">7</td>' in page
    assert "99" not in page


def test_an_audit_is_shown_for_its_version(dora, portal):
    version = portal.catalogue.find("softmax").version
    counts = {
        "tests": 3,
        "points": 5.0,
        "right": 1,
        "wrong": 2,
        "mutants": 40,
        "killed": 38,
        "recorded": 1,
        "rate": 0.9744,
    }
    problem = {"path": "softmax/test_softmax.py", "line": 3, "text": "it has <no> title."}
    with portal.database.write() as session:
        care.keep(session, "softmax", version, False, {"counts": counts, "problems": [problem]}, ago())
        care.keep(session, "softmax", "older", True, {"counts": counts, "problems": []}, ago())
        care.keep(session, "softmax", version, False, {"counts": counts, "problems": [problem]}, ago())
    assert len(rows(portal, ExerciseAudit)) == 2

    assert "38 of 39 mutants caught (97.4%)" in dora.read("/office/exercises")
    page = dora.read("/office/exercises/softmax")
    assert "something to mend" in page
    assert "it has &lt;no&gt; title." in page


def test_earlier_versions_are_those_that_submissions_were_graded_by(dora, portal):
    ana = add_user(portal, "ana")
    for version, score in (("v1", 1), ("v1", 2), ("v2", 2)):
        add_submission(portal, ana, score=score, max_score=2, exercise_version=version)
    page = dora.read("/office/exercises/softmax").partition('id="versions"')[2]

    assert page.index("v2") < page.index("v1")
    assert dora.get("/office/exercises/nothing").status_code == 404
    assert dora.get("/office/exercises/..%2Fsecret").status_code == 404


def test_an_exercise_that_is_gone_keeps_its_history(dora, portal):
    add_submission(portal, add_user(portal, "ana"), slug="old_one", score=1, max_score=2, exercise_version="v1")

    assert "no longer on the portal" in dora.read("/office/exercises/old_one")


def test_alerts_reach_administrators_and_the_staff_of_courses_that_assign_it(app, portal):
    ana = add_user(portal, "ana")
    for _ in range(3):
        fail(portal, ana, Owner.EXERCISE, "test_softmax.py: no module named nothing")
        fail(portal, ana, Owner.INFRASTRUCTURE, "no disk", slug="attention")
    fail(portal, ana, Owner.EXERCISE, "long ago", slug="attention", created_at=ago(days=20))
    dl = add_course(portal, "dl", caio=Role.INSTRUCTOR, eva=Role.STUDENT)
    add_course(portal, "ml", bia=Role.INSTRUCTOR)
    assign(portal, dl, "softmax")
    said = "3 of 3 submissions of the last 14 days (100%)"

    overview = office.log_in_admin(app, portal).read("/office")
    assert said in overview
    assert overview.count("of the last 14 days") == 1
    assert said in log_in(app, "caio").read("/courses/dl")
    assert said not in log_in(app, "bia").read("/courses/ml")
    assert said not in log_in(app, "eva").read("/courses/dl")
    join(portal, dl, add_user(portal, "dora", Role.INSTRUCTOR), Role.ASSISTANT)
    dora = log_in(app, "dora")
    assert 'href="/office/exercises/softmax"' in dora.read("/courses/dl")
    assert "no module named nothing" in dora.read("/office/exercises/softmax")
    assert "at fault" in dora.read("/office/exercises")


def test_an_audit_at_the_command_line_is_kept_in_the_portal(app, portal, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    root = portal.catalogue.exercises
    options = ["--exercises", str(root), "--instance", portal.settings.data_dir, "--json"]
    # Its files alone have enough to mend: nothing is graded.
    monkeypatch.setattr("grader.command.audit.started", lambda *rest, **more: nullcontext())
    (root / "softmax" / "softmax.py").unlink()
    done = CliRunner().invoke(cli, ["audit", "softmax", "--store", *options], env={"GRADIENTE_LANG": "en"})

    assert done.exit_code == 1, done.output
    kept = rows(portal, ExerciseAudit)[0]
    assert (kept.slug, kept.version, kept.passed) == ("softmax", portal.catalogue.find("softmax").version, False)
    assert kept.detail == json.loads(done.output)


def test_an_audit_for_no_portal_is_refused_before_it_begins(portal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--exercises", str(portal.catalogue.exercises), "--instance", str(tmp_path / "nothing")]
    done = CliRunner().invoke(cli, ["audit", "--store", *options], env={"GRADIENTE_LANG": "en"})

    assert done.exit_code != 0
    assert "No portal in" in str(done.exception) + done.output
