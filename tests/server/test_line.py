"""The line: who is next, and about how long that takes."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from server.context import now
from server.grading import queue
from server.models import State, Submission
from server.submission import line

LONG = timedelta(hours=1)


def look(portal, jobs=1):
    """The waiting submissions in the order of the line: attempt, user, seconds."""
    with portal.database.reader() as session:
        places = line.Forecast(jobs).places(session, now())
        rows = {row.id: row for row in session.scalars(select(Submission))}
    ordered = sorted(places.items(), key=lambda pair: pair[1].position)
    assert [place.position for _, place in ordered] == list(range(1, len(ordered) + 1))
    return [(rows[id].user_id, rows[id].attempt, place.seconds) for id, place in ordered]


def teach(portal, student, seconds, slug="softmax"):
    """Let a grading of the exercise have taken so long."""
    student.hand_in(slug, f"{slug}.py")
    portal.dispatcher.run_once()
    finished_at = now() - LONG
    with portal.database.write() as session:
        done = update(Submission).where(Submission.slug == slug, Submission.state == State.GRADED)
        session.execute(done.values(started_at=finished_at - timedelta(seconds=seconds), finished_at=finished_at))


def claim(portal):
    with portal.database.write() as session:
        return queue.claim(session, now(), LONG)


def test_nobody_waits_in_an_empty_portal(portal):
    assert look(portal) == []


def test_without_experience_there_is_an_order_but_no_estimate(student, other, portal):
    student.hand_in()
    other.hand_in()

    assert look(portal) == [(1, 1, 0), (2, 1, None)]


def test_the_line_is_the_order_in_which_the_queue_claims(student, other, portal):
    for _ in range(3):
        student.hand_in()
    other.hand_in()
    expected = look(portal)

    claimed = []
    while lease := claim(portal):
        with portal.database.write() as session:
            row = session.get(Submission, lease.submission)
            claimed.append((row.user_id, row.attempt))
            row.state = State.GRADED
    assert claimed == [(user, attempt) for user, attempt, _ in expected]


@pytest.mark.parametrize(("jobs", "expected"), [(1, [0, 10, 20, 30]), (2, [0, 0, 10, 10]), (9, [0, 0, 0, 0])])
def test_the_estimate_is_what_is_ahead_shared_among_the_workers(student, other, portal, jobs, expected):
    teach(portal, student, 10)
    for _ in range(2):
        student.hand_in()
        other.hand_in()

    assert [seconds for *_, seconds in look(portal, jobs)] == expected


def test_each_exercise_takes_its_own_time(student, other, portal):
    teach(portal, other, 10)
    teach(portal, other, 40, "attention")
    student.hand_in("attention", "attention.py")
    other.hand_in()
    student.hand_in()

    assert [seconds for *_, seconds in look(portal)] == [0, 40, 50]


def test_what_runs_is_waited_for(student, other, portal):
    teach(portal, student, 60)
    other.hand_in()
    claim(portal)
    student.hand_in()

    assert look(portal)[0][2] == pytest.approx(60, abs=10)


def test_a_grading_that_takes_longer_than_usual_is_not_over_yet(student, other, portal):
    teach(portal, student, 60)
    other.hand_in()
    claim(portal)
    with portal.database.write() as session:
        session.execute(update(Submission).where(Submission.state == State.RUNNING).values(started_at=now() - LONG))
    student.hand_in()

    assert look(portal)[0][2] == 15


def test_an_exercise_that_was_never_graded_makes_all_behind_it_uncertain(student, other, portal):
    teach(portal, student, 10)
    student.hand_in()
    other.hand_in("attention", "attention.py")
    student.hand_in()

    # The other one had no turn yet, and so comes first.
    assert [seconds for *_, seconds in look(portal)] == [0, None, None]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Waiting: 3rd in line, about 20 s until grading starts."),
        ("pt-BR", "Aguardando: 3ª na fila, cerca de 20 s até a correção começar."),
    ],
)
def test_the_page_tells_place_and_time(make_app, new_browser, language, sentence):
    app = make_app(JOBS=1)
    portal = app.extensions["portal"]
    student = new_browser(app.test_client(), language)
    student.sign_up("ana")
    teach(portal, student, 10)
    pages = [student.hand_in() for _ in range(3)]

    assert sentence in student.read(pages[2])
    assert student.get(pages[2] + "/state").json["summary"] == sentence


def test_a_forecast_is_made_anew_only_when_the_line_has_moved(student, other, portal):
    forecast = line.Forecast(1)

    def places():
        with portal.database.reader() as session:
            return forecast.places(session, now())

    student.hand_in()
    first = places()
    assert places() is first
    other.hand_in()
    second = places()
    assert (len(first), len(second)) == (1, 2)
    lease = claim(portal)
    assert lease.submission not in places()
    with portal.database.write() as session:
        queue.give_back(session, lease)
    assert lease.submission in places()


def test_what_a_worker_needs_between_two_gradings_is_counted(student, other, portal):
    for _ in range(3):
        student.hand_in()
        portal.dispatcher.run_once()
    with portal.database.write() as session:
        ids = session.scalars(select(Submission.id).order_by(Submission.attempt)).all()
        for number, id in enumerate(ids):
            began = now() - LONG + timedelta(seconds=14 * number)
            times = {"created_at": now() - 2 * LONG, "started_at": began, "finished_at": began + timedelta(seconds=10)}
            session.execute(update(Submission).where(Submission.id == id).values(times))
    student.hand_in()
    other.hand_in()

    assert [seconds for *_, seconds in look(portal)] == pytest.approx([0, 14], abs=1)


def test_whoever_had_a_turn_waits_for_those_who_had_none_and_what_returns_has_had_its(student, other, portal):
    for _ in range(3):
        student.hand_in()
    first = claim(portal)
    other.hand_in()
    assert [(user, attempt) for user, attempt, _ in look(portal)] == [(2, 1), (1, 2), (1, 3)]
    with portal.database.write() as session:
        queue.give_back(session, first)
    student.hand_in()
    expected = [(user, attempt) for user, attempt, _ in look(portal)]

    assert expected == [(2, 1), (1, 1), (1, 2), (1, 3), (1, 4)]
    lease = claim(portal)
    with portal.database.reader() as session:
        assert session.get(Submission, lease.submission).user_id == 2
