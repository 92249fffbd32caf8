"""What an assignment keeps from its students until the deadline is on no page, in no stream and in no API answer."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from grader.report import Report, Verdict
from server.context import now
from server.grading import calendar
from server.models import Hidden, Submission, When
from server.submission import veil
from tests.server.caller import Caller, give_token
from tests.server.classroom import Classroom

DAY = timedelta(days=1)
SECRET = "secret-of-the-hidden-test"


@pytest.fixture
def app(make_app):
    return make_app(STREAM_SECONDS=0.01)


@pytest.fixture
def handed_in(student, portal, grading, make_result):
    """A submission with a public test that passed and a hidden one that failed, and what was seen meanwhile."""

    def hand_in(**terms):
        room = Classroom(portal, due_at=now() + DAY, **terms)
        room.admit("ana")
        both = {"en": SECRET, "pt-BR": SECRET}
        grading.tests = (
            make_result("test_public", points=2, hidden=False, title={"en": "public", "pt-BR": "público"}),
            make_result(
                f"test_{SECRET}",
                Verdict.FAILED,
                points=3,
                title=both,
                message=both,
                hint=both,
                group=SECRET,
                datasets={SECRET: SECRET},
                unloaded=True,
            ),
        )
        grading.events = [
            {"event": "metric", "test": f"test_{SECRET}", "step": 1, "values": {SECRET: 0.5}},
        ]
        seen = []
        page = student.hand_in()

        def watch():
            seen.extend(student.get(page + path).text for path in ("", "/state", "/events"))
            seen.append(json.dumps(student.get("/api/v1" + page + "/events").json))

        grading.meanwhile = watch
        portal.dispatcher.run_once()
        return room, page, seen

    return hand_in


def look(student, app, page):
    """Everything that the student can read afterwards."""
    caller = Caller(app, give_token(app))
    pages = [student.read(path) for path in (page, "/submissions", "/exercises/softmax", "/")]
    return [*pages, *(json.dumps(caller.get(path).json) for path in (page, "/submissions", page + "/events"))]


def test_nothing_is_told_of_hidden_tests_before_the_deadline(handed_in, student, app):
    _room, page, seen = handed_in(hidden_shown_when=When.AFTER_DEADLINE)
    found = look(student, app, page)

    assert not [text for text in [*seen, *found] if SECRET in text]
    assert Caller(app, give_token(app)).get(page).json["score"] == 2
    assert Caller(app, give_token(app)).get(page).json["max_score"] == 2
    assert "1 of 1 tests passed" in found[0]


def test_everything_is_told_after_the_deadline(handed_in, student, app):
    room, page, _seen = handed_in(hidden_shown_when=When.AFTER_DEADLINE)
    room.change(due_at=now() - DAY)
    found = look(student, app, page)

    assert SECRET in found[0]
    assert Caller(app, give_token(app)).get(page).json["max_score"] == 5


def test_of_a_hidden_test_a_number_and_a_verdict(handed_in, student, app):
    _room, page, seen = handed_in(hidden_shown=Hidden.VERDICT)
    found = look(student, app, page)

    assert not [text for text in [*seen, *found] if SECRET in text]
    assert "Hidden test 1" in found[0]
    assert Caller(app, give_token(app)).get(page).json["max_score"] == 5


def test_points_of_hidden_tests_count_although_nothing_is_told(handed_in, student, app, portal):
    room, page, _seen = handed_in(hidden_shown=Hidden.NOTHING)

    assert list(room.points().values()) == [4.0]  # 2 of 5, of 10
    assert Caller(app, give_token(app)).get(page).json["max_score"] == 2
    room.change(due_at=now() - DAY)
    assert Caller(app, give_token(app)).get(page).json["max_score"] == 5
    assert SECRET not in student.read(page)


def test_a_second_look_at_an_earlier_attempt_does_not_lift_the_veil(handed_in, student, app, portal, grading):
    _room, page, _seen = handed_in(hidden_shown_when=When.AFTER_DEADLINE)
    grading.meanwhile = lambda: None
    second = student.hand_in(content=b"x = 2")
    portal.dispatcher.run_once()
    text = student.read(second)

    assert SECRET not in text
    assert "/ 5" not in text
    assert "/ 5" not in student.read(page)


def test_covering_a_report_changes_nothing_else(make_result):
    report = Report("s", "softmax", "v", "1", "cpu", (make_result("test_a", hidden=False), make_result("test_b")))

    assert veil.cover(report, Hidden.TITLE) is report
    assert veil.cover(report, Hidden.VERDICT).tests[0] is report.tests[0]
    assert [test.name for test in veil.cover(report, Hidden.NOTHING).tests] == ["test_a"]
    assert veil.cover(report, Hidden.VERDICT).score == report.score


def test_a_second_account_practises_behind_the_same_veil(handed_in, new_browser, app, portal, grading):
    room, _page, _seen = handed_in(hidden_shown_when=When.AFTER_DEADLINE)
    other = new_browser(app.test_client())
    other.sign_up("bob")
    page = other.hand_in()
    portal.dispatcher.run_once()

    caller = Caller(app, give_token(app, "bob"))
    told = [
        other.read(page),
        other.read("/submissions"),
        json.dumps(caller.get(page).json),
        json.dumps(caller.get(page + "/events").json),
    ]
    assert not [text for text in told if SECRET in text]
    assert caller.get(page).json["max_score"] == 2

    room.change(due_at=now() - DAY)
    assert SECRET in other.read(page)
    assert caller.get(page).json["max_score"] == 5


def test_practice_waits_for_the_deadline_of_a_course_whose_hidden_tests_wait(handed_in, new_browser, app, portal):
    room, _page, _seen = handed_in(hidden_run_when=When.AFTER_DEADLINE)
    other = new_browser(app.test_client())
    other.sign_up("bob")
    other.hand_in()
    with portal.database.write() as session:
        assert [each.is_provisional for each in session.scalars(select(Submission).order_by(Submission.id))] == [
            True,
            True,
        ]
        assert calendar.order_finals(session, now()) == 0
    portal.dispatcher.run_once()
    room.change(due_at=now() - DAY)
    with portal.database.write() as session:
        assert calendar.order_finals(session, now()) == 2


def test_the_time_that_a_covered_test_took_is_not_told(make_result):
    slow = make_result("test_hidden", hidden=True, seconds=1.2345)
    covered = veil.cover(Report("s", "softmax", "1", "seed", "cpu", tests=(slow,)), Hidden.VERDICT)
    assert [each.seconds for each in covered.tests] == [0.0]
    event = {"event": "test", "test": {**vars(slow), "verdict": "failed"}}
    assert veil.cover_event(event, Hidden.VERDICT)["test"]["seconds"] == 0.0
