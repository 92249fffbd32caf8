"""Grading through the line: nothing is lost, nothing is recorded twice, everybody gets a turn."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from grader.errors import ExerciseError, InfrastructureError
from grader.report import Owner
from server.context import now
from server.grading import queue
from server.models import State, Submission, SubmissionEvent
from server.store import StoreUnavailable

LONG = timedelta(minutes=1)


def only_row(portal):
    with portal.database.reader() as session:
        return session.scalars(select(Submission)).one()


def read(portal, statement):
    with portal.database.reader() as session:
        return session.scalar(statement)


def claim(portal, when=None):
    with portal.database.write() as session:
        return queue.claim(session, when or now(), LONG)


def no_more_waiting(portal):
    with portal.database.write() as session:
        session.execute(update(Submission).values(wait_until=None))


def wait_until_closed(portal, count=1):
    deadline = time.monotonic() + 10
    done = select(func.count()).select_from(Submission).where(Submission.state.in_([State.GRADED, State.FAILED]))
    while time.monotonic() < deadline:
        with portal.database.reader() as session:
            if session.scalar(done) == count:
                return
        time.sleep(0.01)
    pytest.fail("not graded in time")


def test_a_grading_records_report_score_seed_and_version(student, portal, grading):
    student.hand_in(name="a.py", content=b"x = 1")
    assert portal.dispatcher.run_once()

    row = only_row(portal)
    assert (row.state, row.score, row.max_score) == (State.GRADED, 2, 3)
    assert (row.seed, row.exercise_version, row.tries, row.owner) == ("seed-1", "v1", 1, None)
    assert row.lease_token is None
    assert [(upload.filename, upload.content) for upload in grading.uploads] == [("a.py", b"x = 1")]


def test_there_is_nothing_to_do_in_an_empty_portal(portal):
    assert not portal.dispatcher.run_once()


def test_the_events_of_a_grading_go_when_its_report_comes(student, portal, grading):
    student.hand_in()
    count = select(func.count()).select_from(SubmissionEvent)
    seen = []
    grading.meanwhile = lambda: seen.append(read(portal, count))
    portal.dispatcher.run_once()

    assert seen == [3]
    assert read(portal, count) == 0


def test_threads_grade_what_comes_in(student, portal):
    portal.dispatcher.start()
    student.hand_in()
    student.hand_in()

    wait_until_closed(portal, 2)
    with portal.database.reader() as session:
        assert session.scalars(select(Submission.state)).all() == [State.GRADED, State.GRADED]


def test_two_workers_never_grade_the_same_submission(student, other, portal, grading):
    for _ in range(5):
        student.hand_in()
        other.hand_in()
    workers = [threading.Thread(target=lambda: [portal.dispatcher.run_once() for _ in range(5)]) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    wait_until_closed(portal, 10)
    assert len(grading.uploads) == 10


def test_a_restart_grades_what_was_left_in_the_middle(student, portal, make_app):
    student.hand_in()
    # Where others may work on the same database, only the end of its lease tells that a grading was left.
    assert claim(portal, now() - 2 * LONG if portal.database.is_shared else now())
    assert only_row(portal).state is State.RUNNING

    restarted = make_app().extensions["portal"]
    restarted.dispatcher.start()

    wait_until_closed(portal)
    assert only_row(portal).tries == 2


def test_an_expired_lease_returns_to_the_line_while_the_others_go_on(student, portal, make_app):
    student.hand_in()
    claim(portal, now() - 2 * LONG)
    student.hand_in()
    claim(portal)

    with portal.database.write() as session:
        assert queue.requeue(session, now()) == 1
        states = session.scalars(select(Submission.state).order_by(Submission.attempt)).all()
    assert states == [State.RECEIVED, State.RUNNING]


def test_a_late_result_of_a_worker_that_was_thought_dead_is_ignored(student, portal, grading):
    student.hand_in()
    late = claim(portal, now() - 2 * LONG)
    with portal.database.write() as session:
        queue.requeue(session, now())
    portal.dispatcher.run_once()

    report = grading(portal.catalogue.find("softmax"), None, submission="", on_event=lambda event: None)
    with portal.database.write() as session:
        assert not queue.finish(session, late, report, now())
        assert not queue.note(session, late, [{"event": "test"}], now(), LONG)
        assert not queue.renew(session, late, now(), LONG)
        assert not queue.fail(session, late, Owner.EXERCISE, "late", now())
        assert not queue.give_back(session, late)
    assert (only_row(portal).state, only_row(portal).tries) == (State.GRADED, 2)


def test_a_fault_of_the_infrastructure_is_tried_again_and_then_passes(student, portal, grading):
    student.hand_in()
    grading.error = InfrastructureError("no memory")
    portal.dispatcher.run_once()
    row = only_row(portal)
    assert (row.state, row.owner, row.fault) == (State.RECEIVED, None, "no memory")
    assert not portal.dispatcher.run_once(), "it waits a little first"

    no_more_waiting(portal)
    grading.error = None
    portal.dispatcher.run_once()
    row = only_row(portal)
    assert (row.state, row.score, row.fault) == (State.GRADED, 2, None)


@pytest.mark.parametrize(
    ("error", "tries", "owner"),
    [
        (InfrastructureError("no memory"), 3, Owner.INFRASTRUCTURE),
        (ExerciseError("the tests are broken"), 1, Owner.EXERCISE),
        (ZeroDivisionError("a mistake of ours"), 3, Owner.INFRASTRUCTURE),
    ],
)
def test_a_fault_that_stays_ends_with_its_owner_and_costs_no_attempt(student, portal, grading, error, tries, owner):
    page = student.hand_in()
    grading.error = error
    for _ in range(tries):
        assert portal.dispatcher.run_once()
        no_more_waiting(portal)

    assert not portal.dispatcher.run_once()
    row = only_row(portal)
    assert (row.state, row.owner, row.tries, row.score) == (State.FAILED, owner, tries, None)
    assert str(error) in row.fault
    assert "costs you no attempt" in student.read(page)
    assert "attempt</span>" not in student.read("/")


@pytest.mark.parametrize("owner", [Owner.EXERCISE, Owner.INFRASTRUCTURE])
def test_a_report_that_names_us_is_treated_like_an_error(student, portal, grading, owner):
    student.hand_in()
    grading.changes = {"owner": owner, "message": {"en": "the reason"}}
    for _ in range(3):
        portal.dispatcher.run_once()
        no_more_waiting(portal)

    assert (only_row(portal).state, only_row(portal).owner) == (State.FAILED, owner)


def test_a_submission_that_kills_its_workers_is_given_up(student, portal):
    student.hand_in()
    for _ in range(3):
        assert claim(portal, now() - 2 * LONG)
        with portal.database.write() as session:
            queue.requeue(session, now())
            queue.release(session, now())

    row = only_row(portal)
    assert (row.state, row.owner) == (State.FAILED, Owner.INFRASTRUCTURE)
    assert "died 3 times" in row.fault


def test_a_lost_file_is_a_fault_of_ours(student, portal):
    student.hand_in()
    portal.store._path(only_row(portal).blob).unlink()
    portal.dispatcher.run_once()

    assert "Restore it from a backup" in only_row(portal).fault


def test_closing_gives_back_what_is_being_graded_at_no_cost(student, portal, grading):
    student.hand_in()
    started, may_end = threading.Event(), threading.Event()
    grading.meanwhile = lambda: (started.set(), may_end.wait(10))
    portal.dispatcher.start()
    portal.dispatcher.wake()
    assert started.wait(10)

    portal.dispatcher.close()
    assert (only_row(portal).state, only_row(portal).tries) == (State.RECEIVED, 0)
    may_end.set()
    portal.dispatcher.join(5)
    assert only_row(portal).state is State.RECEIVED, "the result came too late"


def test_a_long_grading_keeps_its_lease(make_app, new_browser, grading):
    app = make_app(LEASE_SECONDS=0.9)
    browser = new_browser(app.test_client())
    browser.sign_up("ana")
    grading.meanwhile = lambda: time.sleep(2)
    browser.hand_in()
    app.extensions["portal"].dispatcher.start()

    wait_until_closed(app.extensions["portal"])
    assert only_row(app.extensions["portal"]).tries == 1


def test_students_take_turns(student, other, portal):
    for _ in range(3):
        student.hand_in()
    other.hand_in()

    order = []
    while lease := claim(portal):
        with portal.database.write() as session:
            order.append(session.get(Submission, lease.submission).user_id)
    assert order == [1, 2, 1, 1]


def test_turns_are_taken_over_time_too(student, other, portal):
    for _ in range(2):
        student.hand_in()
    portal.dispatcher.run_once()
    other.hand_in()

    with portal.database.reader() as session:
        assert session.get(Submission, claim(portal).submission).user_id == 2


def test_a_store_that_does_not_answer_costs_no_try(student, portal, monkeypatch):
    student.hand_in()

    def away(key):
        raise StoreUnavailable("The store is away.", "O armazenamento está fora.")

    with monkeypatch.context() as patch:
        patch.setattr(portal.dispatcher.store, "get", away)
        for _ in range(queue.MAX_TRIES + 1):
            assert portal.dispatcher.run_once()
            assert not portal.dispatcher.run_once(), "it is tried again a little later"
            no_more_waiting(portal)
    assert portal.dispatcher.run_once()
    assert (only_row(portal).state, only_row(portal).tries) == (State.GRADED, 1)
