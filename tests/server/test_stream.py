"""Server-sent events: everything arrives, nothing twice, and there is always room for pages."""

import json
import threading
from datetime import timedelta

import pytest

from server.context import now
from server.grading import queue
from server.models import Submission
from server.submission import live, stream

LONG = timedelta(minutes=1)


def read(text):
    """The messages of a stream: id and data."""
    blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in text.strip().split("\n\n")]
    return [(block["id"], json.loads(block["data"])) for block in blocks if "data" in block]


@pytest.fixture
def quick(make_app, new_browser):
    """A portal whose streams are over at once, with a student."""
    app = make_app(STREAM_SECONDS=0.01)
    browser = new_browser(app.test_client())
    browser.sign_up("ana")
    return browser, app.extensions["portal"]


def test_a_stream_tells_the_state_and_how_to_come_back(quick):
    student, _ = quick
    page = student.hand_in()
    answer = student.get(page + "/events")

    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text.startswith("retry: ")
    [(_, state)] = read(answer.text)
    assert state == student.get(page + "/state").json


def test_whoever_comes_back_is_told_only_what_is_new(quick):
    student, portal = quick
    page = student.hand_in()
    [(first, _)] = read(student.get(page + "/events").text)
    again = {"Last-Event-ID": first}

    assert read(student.client.get(page + "/events", headers=again).text) == []
    portal.dispatcher.run_once()
    [(_, state)] = read(student.client.get(page + "/events", headers=again).text)
    assert (state["state"], state["is_open"]) == ("graded", False)


def test_a_stream_follows_the_grading_to_its_end(app, student, portal, grading):
    page = student.hand_in()
    may_begin, may_end = threading.Event(), threading.Event()
    grading.meanwhile = lambda: (may_begin.set(), may_end.wait(10))
    worker = threading.Thread(target=portal.dispatcher.run_once)
    seen = []
    with student.client.get(page + "/events") as answer:
        for block in answer.response:
            seen += [state for _, state in read(block.decode())]
            if len(seen) == 1 and not worker.ident:
                worker.start()
                assert may_begin.wait(10)
            elif seen and seen[-1]["done"] == 2:
                may_end.set()
    worker.join()

    assert [state["state"] for state in seen] == ["received", "running", "graded"]
    assert [test["word"] for test in seen[1]["tests"]] == ["passed", "failed"]
    assert app.extensions["watch"].streams.enter(1), "its place is free again"


def test_the_stream_of_a_grading_that_was_lost_goes_back_to_waiting(app, student, portal):
    page = student.hand_in()
    with portal.database.write() as session:
        lease = queue.claim(session, now(), LONG)
        queue.note(session, lease, [{"event": "started", "tests": ["test_f"]}], now(), LONG)
    seen = []
    with student.client.get(page + "/events") as answer:
        for block in answer.response:
            seen += [state for _, state in read(block.decode())]
            if len(seen) == 1:
                with portal.database.write() as session:
                    queue.requeue(session, now(), everything=True)
            elif len(seen) == 2:
                portal.dispatcher.run_once()

    assert [(state["state"], state["total"]) for state in seen] == [("running", 1), ("received", 0), ("graded", 0)]


def test_where_there_is_no_room_the_state_comes_once_and_the_browser_comes_back_later(make_app, new_browser):
    app = make_app(MAX_STREAMS=1)
    student = new_browser(app.test_client())
    student.sign_up("ana")
    page = student.hand_in()
    assert app.extensions["watch"].streams.enter(account=7)

    answer = student.get(page + "/events")
    assert answer.text.startswith(f"retry: {stream.BUSY_RETRY_MS}\n")
    assert [state["state"] for _, state in read(answer.text)] == ["received"]


def test_places_are_shared_fairly():
    places = stream.Streams(4)

    assert [places.enter(1) for _ in range(3)] == [True, True, False]
    assert [places.enter(2) for _ in range(3)] == [True, True, False]
    assert not places.enter(3)
    places.leave(1)
    assert places.enter(3)


def test_a_stream_that_nobody_reads_gives_its_place_back(app, student):
    page = student.hand_in()
    for _ in range(stream.PER_ACCOUNT + 1):
        student.client.get(page + "/events").close()
        assert student.client.head(page + "/events").status_code == 200

    assert app.extensions["watch"].streams.enter(1)


def test_a_quiet_stream_gives_signs_of_life(monkeypatch):
    monkeypatch.setattr(stream, "PAUSE", 0.001)
    monkeypatch.setattr(stream, "HEARTBEAT", 0.01)
    events = stream.follow(lambda: {"is_open": True}, "", 60, threading.Event())

    assert [next(events).split(":")[0] for _ in range(4)] == ["retry", "id", "", ""]


def test_a_submission_that_is_deleted_ends_its_stream(student, portal):
    page = student.hand_in()
    seen = []
    with student.client.get(page + "/events") as answer:
        for block in answer.response:
            seen += read(block.decode())
            if seen:
                with portal.database.write() as session:
                    session.delete(session.get(Submission, page.rpartition("/")[2]))
    assert len(seen) == 1


def test_streams_end_when_the_portal_stops(app, student):
    page = student.hand_in()
    live.close(app)

    assert len(read(student.get(page + "/events").text)) == 1


def test_nobody_hears_the_stream_of_another(student, other, anonymous):
    page = student.hand_in()

    assert other.get(page + "/events").status_code == 404
    assert anonymous.get(page + "/events").status_code == 302
