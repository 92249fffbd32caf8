"""The queue as administrators see it, and what processes tell of themselves."""

import time
from datetime import timedelta

import pytest

from server.grading.heartbeat import FORGET_AFTER, Heartbeat
from server.models import Grading, GradingKind, State, Worker
from tests.server import office
from tests.server.office import add_submission, add_user, ago, rows


@pytest.fixture
def admin(app, portal):
    return office.log_in_admin(app, portal)


def test_an_empty_queue_says_so(admin):
    page = admin.read("/office/queue")

    for text in ("No process has told that it grades.", "Nothing is being graded at the moment.", "Nothing waits."):
        assert text in page


def test_what_runs_and_what_waits_is_shown(admin, portal):
    ana = add_user(portal, "ana")
    times = {"started_at": ago(seconds=20), "finished_at": ago(seconds=0)}
    add_submission(portal, ana, score=1, max_score=1, **times)
    running = {"lease_token": "x", "tries": 2, "started_at": ago(minutes=3)}
    add_submission(portal, ana, state=State.RUNNING, **running)
    for minutes in (5, 70):
        add_submission(portal, ana, state=State.RECEIVED, created_at=ago(minutes=minutes))
    graded = add_submission(portal, ana, slug="attention", score=1, max_score=1)
    with portal.database.write() as session:
        session.add(Grading(submission_id=graded.id, kind=GradingKind.SHADOW, created_at=ago(minutes=1)))
    page = admin.read("/office/queue")

    runs, waits = page.partition('id="running"')[2].split('id="waiting"')
    assert "3 min 0 s" in runs
    assert '<td class="align-right">2</td>' in runs
    assert "/office/users/ana" in runs
    assert "1 h 10 min" in waits
    assert "a few seconds" in waits
    assert "after all submissions" in waits


def test_a_process_tells_that_it_is_there_until_it_ends(admin, portal, app):
    portal.dispatcher.start()
    assert rows(portal, Worker)[0].detail["jobs"] == 2
    page = admin.read("/office/queue")
    assert "0 of 2" in page
    assert "silent" not in page

    portal.dispatcher.close()
    assert rows(portal, Worker) == []


def test_a_process_that_runs_renews_its_sign_of_life(make_app, app):
    portal = make_app(LEASE_SECONDS=0.3).extensions["portal"]
    portal.dispatcher.start()
    first = rows(portal, Worker)[0].seen_at
    deadline = time.monotonic() + 20
    while rows(portal, Worker)[0].seen_at == first:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    found = rows(portal, Worker)[0]
    assert found.started_at == first < found.seen_at


def test_a_process_that_died_is_shown_as_silent_and_forgotten_after_a_day(admin, portal):
    dead, alive = Heartbeat(2), Heartbeat(2)
    with portal.database.write() as session:
        dead.beat(session, 1, ago(minutes=5))
    page = admin.read("/office/queue")
    assert "silent" in page
    assert "has probably died" in page
    assert "Silent" in admin.read("/office")

    with portal.database.write() as session:
        alive.beat(session, 0, ago(minutes=5) + FORGET_AFTER + timedelta(seconds=1))
    assert [each.id for each in rows(portal, Worker)] == [alive.id]


def test_two_processes_are_told_apart(portal):
    one, other = Heartbeat(2), Heartbeat(2)
    with portal.database.write() as session:
        for each, busy in ((one, 1), (other, 0), (one, 2)):
            each.beat(session, busy, ago())
    assert {each.id: each.busy for each in rows(portal, Worker)} == {one.id: 2, other.id: 0}


def test_the_overview_sums_up(admin, portal):
    ana = add_user(portal, "ana")
    for _ in range(3):
        add_submission(portal, ana, state=State.RECEIVED)
    office.fail(portal, ana, "infrastructure", "no disk")
    page = admin.read("/office")

    assert "<dt>Waiting</dt><dd>3</dd>" in page
    assert "<dt>Could not be graded</dt><dd>1</dd>" in page
