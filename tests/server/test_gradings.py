"""Other gradings than a submission's own: they come after all submissions, survive crashes, and final ones replace."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import event, insert, select, update

from grader.errors import ExerciseError, InfrastructureError
from grader.report import Owner, Report, Verdict
from server.context import now
from server.grading import calendar, queue
from server.models import Assignment, Extension, Grading, GradingKind, State, Submission, SubmissionEvent, When
from server.submission import line
from tests.server.classroom import DAY, Classroom

LONG = timedelta(minutes=1)
LATER = {"hidden_run_when": When.AFTER_DEADLINE}


@pytest.fixture
def room(portal, student, make_result, grading):
    """Its hidden tests wait for a deadline that is a day away."""
    room = Classroom(portal, due_at=now() + DAY, **LATER)
    room.admit("ana")
    grading.tests = (make_result("test_f", hidden=False), make_result("test_g", Verdict.FAILED, 2, hidden=True))
    return room


def order(room, kind=GradingKind.SHADOW, seed="the seed of before", submission=None):
    with room.portal.database.write() as session:
        id = submission or session.scalars(select(Submission.id)).first()
        session.execute(insert(Grading), [calendar.make_row(id, kind, seed, now())])


def claim(room, when=None):
    with room.portal.database.write() as session:
        return queue.claim(session, when or now(), LONG)


def end_deadline(room):
    room.change(due_at=now() - DAY)
    room.portal.dispatcher.upkeep.order_finals()


def test_submissions_come_first_and_regrades_last(room, student, portal):
    student.hand_in()
    portal.dispatcher.run_once()
    order(room)
    order(room, GradingKind.FINAL)
    student.hand_in()
    student.hand_in()

    assert [claim(room).kind for _ in range(4)] == [None, None, GradingKind.FINAL, GradingKind.SHADOW]
    assert claim(room) is None


def test_a_shadow_changes_nothing_but_its_own_row(room, student, portal, grading, make_result):
    page = student.hand_in()
    portal.dispatcher.run_once()
    room.change(hidden_run_when=When.NOW)
    before, shown = room.submissions()[0], student.read(page)
    order(room)
    grading.tests = (make_result("test_f", Verdict.FAILED, hidden=False),)
    assert portal.dispatcher.run_once()

    after, (shadow,) = room.submissions()[0], room.gradings()
    assert (shadow.state, shadow.score, shadow.seed) == (State.GRADED, 0, "the seed of before")
    assert grading.options[-1]["seed"] == "the seed of before"
    columns = [column.name for column in Submission.__table__.columns if column.name != "report"]
    assert [getattr(before, name) for name in columns] == [getattr(after, name) for name in columns]
    assert len(student.read(page)) == len(shown)


def test_nobody_watches_another_grading(room, student, portal, grading):
    student.hand_in()
    portal.dispatcher.run_once()
    order(room)
    seen = []

    def look():
        with portal.database.reader() as session:
            seen.append(session.scalars(select(SubmissionEvent)).all())

    grading.meanwhile = look
    portal.dispatcher.run_once()

    assert seen == [[]]


def test_a_restart_goes_on_with_the_gradings_that_were_left_in_the_middle(room, student, portal, make_app):
    student.hand_in()
    portal.dispatcher.run_once()
    order(room)
    assert claim(room).table is Grading

    again = make_app().extensions["portal"]
    with again.database.write() as session:
        assert queue.requeue(session, now(), everything=True) == 1
    assert again.dispatcher.run_once()
    (row,) = room.gradings()
    assert (row.state, row.tries) == (State.GRADED, 2)


def test_a_late_result_of_a_lost_lease_is_ignored(room, student, portal, grading):
    student.hand_in()
    portal.dispatcher.run_once()
    order(room)
    late = claim(room, now() - 2 * LONG)
    with portal.database.write() as session:
        assert queue.requeue(session, now()) == 1
    portal.dispatcher.run_once()

    report = grading(portal.catalogue.find("softmax"), None, submission="", on_event=lambda event: None)
    with portal.database.write() as session:
        assert not queue.finish(session, late, report, now())
        assert not queue.renew(session, late, now(), LONG)
        assert not queue.fail(session, late, Owner.EXERCISE, "late", now())
        assert not queue.give_back(session, late)
    assert room.gradings()[0].tries == 2


def test_closing_gives_a_grading_back_at_no_cost(room, student, portal):
    student.hand_in()
    portal.dispatcher.run_once()
    order(room)
    lease = claim(room)
    with portal.database.write() as session:
        assert queue.renew(session, lease, now(), LONG)
        assert queue.give_back(session, lease)
    assert (room.gradings()[0].state, room.gradings()[0].tries) == (State.RECEIVED, 0)


@pytest.mark.parametrize(("error", "tries"), [(InfrastructureError("no memory"), 3), (ExerciseError("broken"), 1)])
def test_a_grading_that_fails_is_tried_again_and_then_tells_why(room, student, portal, grading, error, tries):
    student.hand_in()
    portal.dispatcher.run_once()
    order(room)
    grading.error = error
    for _ in range(tries):
        assert portal.dispatcher.run_once()
        with portal.database.write() as session:
            session.execute(update(Grading).values(wait_until=None))

    assert not portal.dispatcher.run_once()
    (row,) = room.gradings()
    assert (row.state, row.tries, row.fault, row.owner) == (State.FAILED, tries, str(error), error.owner)
    assert room.submissions()[0].state is State.GRADED


def test_what_waits_besides_pushes_nobody_back_but_what_runs_keeps_a_worker(room, student, portal):
    student.hand_in()
    portal.dispatcher.run_once()
    with portal.database.write() as session:
        session.execute(update(Submission).values(started_at=now() - LONG, finished_at=now() - LONG / 2))
    for _ in range(9):
        order(room)
    student.hand_in()

    def seconds():
        with portal.database.reader() as session:
            (place,) = line.Forecast(1).places(session, now()).values()
        return place.position, place.seconds

    assert seconds() == (1, 0)
    with portal.database.write() as session:
        session.execute(update(Submission).where(Submission.attempt == 2).values(wait_until=now() + LONG))
    claim(room)
    assert seconds() == (1, pytest.approx(30, abs=10))


# --- hidden tests after the deadline


def test_before_the_deadline_only_public_tests_are_run(room, student, portal, grading):
    student.hand_in()
    portal.dispatcher.run_once()
    portal.dispatcher.upkeep.order_finals()

    row = room.submissions()[0]
    assert [each["hidden"] for each in grading.options] == [False]
    assert (row.score, row.max_score, row.is_provisional) == (2, 2, True)
    assert room.points() == {1: 10.0}
    assert not portal.dispatcher.run_once()


def test_after_the_deadline_the_hidden_tests_count_and_the_first_report_is_kept(room, student, portal, grading):
    page = student.hand_in()
    portal.dispatcher.run_once()
    end_deadline(room)
    assert portal.dispatcher.run_once()

    row, (final,), (past,) = room.submissions()[0], room.gradings("final"), room.gradings("past")
    assert grading.options[-1]["hidden"]
    assert (row.score, row.max_score, row.is_provisional, row.state) == (2, 4, False, State.GRADED)
    assert (row.public_score, row.public_max_score) == (2, 2)
    assert final.replaced_at == past.replaced_at
    assert (past.score, past.max_score, past.state) == (2, 2, State.GRADED)
    assert room.points() == {1: 5.0}
    with portal.database.reader() as session:
        found = [session.get_one(Submission, row.id).report, session.get_one(Grading, past.id).report]
    reports = [Report.from_store(each) for each in found]
    assert [[test.name for test in report.tests] for report in reports] == [["test_f", "test_g"], ["test_f"]]
    assert "1 of 2 tests passed" in student.read(page)


def test_each_final_grading_is_ordered_once(room, student, portal):
    for _ in range(2):
        student.hand_in()
        portal.dispatcher.run_once()
    end_deadline(room)
    portal.dispatcher.upkeep.order_finals()
    assert len(room.gradings()) == 2

    while portal.dispatcher.run_once():
        pass
    portal.dispatcher.upkeep.order_finals()
    assert not portal.dispatcher.run_once()


def test_a_final_grading_that_fails_leaves_what_was_there(room, student, portal, grading):
    student.hand_in()
    portal.dispatcher.run_once()
    end_deadline(room)
    grading.error = ExerciseError("the hidden tests are broken")
    portal.dispatcher.run_once()
    portal.dispatcher.upkeep.order_finals()

    assert [row.state for row in room.gradings()] == [State.FAILED]
    assert (room.submissions()[0].score, room.submissions()[0].is_provisional) == (2, True)


def test_an_extension_waits_for_its_own_deadline(room, student, other, portal):
    bia = room.admit("bia")
    for browser in (student, other):
        browser.hand_in()
        portal.dispatcher.run_once()
    with portal.database.write() as session:
        values = {"assignment_id": room.assignment, "user_id": bia, "due_at": now() + DAY, "created_at": now()}
        session.add(Extension(**values))
    end_deadline(room)

    mine = room.submissions()[0].id
    assert [row.submission_id for row in room.gradings()] == [mine]


def test_hidden_tests_that_need_not_wait_any_more_are_run_at_once(room, student, portal):
    student.hand_in()
    portal.dispatcher.run_once()
    room.change(hidden_run_when=When.NOW)
    portal.dispatcher.upkeep.order_finals()
    assert len(room.gradings("final")) == 1


def test_a_shadow_without_hidden_tests_is_made_anew_with_them(room, student, portal, grading):
    student.hand_in()
    portal.dispatcher.run_once()
    with portal.database.write() as session:
        from server.models import Regrade

        regrade = Regrade(assignment_id=room.assignment, reason="A fault", created_at=now())
        session.add(regrade)
        session.flush()
        id = session.scalars(select(Submission.id)).one()
        session.execute(insert(Grading), [calendar.make_row(id, GradingKind.SHADOW, "s", now(), regrade.id)])
    portal.dispatcher.run_once()
    assert not grading.options[-1]["hidden"]

    end_deadline(room)
    while portal.dispatcher.run_once():
        pass
    assert [(each["hidden"]) for each in grading.options] == [False, False, True, True]
    assert room.gradings("shadow")[0].max_score == 4


MIDNIGHT = now().replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.mark.parametrize(
    ("terms", "extensions", "hours", "expected"),
    [
        ({}, {}, 0, (True, set())),
        ({"due_at": MIDNIGHT}, {}, 0, (False, set())),
        ({"due_at": MIDNIGHT}, {}, 1, (True, set())),
        ({"due_at": MIDNIGHT, "grace_minutes": 90}, {}, 1, (False, set())),
        ({"due_at": MIDNIGHT, "grace_minutes": 90}, {}, 2, (True, set())),
        ({"due_at": MIDNIGHT, "closes_at": MIDNIGHT + DAY}, {}, 2, (False, set())),
        ({"due_at": MIDNIGHT, "closes_at": MIDNIGHT + DAY}, {}, 25, (True, set())),
        ({"due_at": MIDNIGHT}, {7: DAY}, 1, (True, {7})),
        ({"due_at": MIDNIGHT}, {7: DAY}, 25, (True, set())),
        ({"due_at": MIDNIGHT, "hidden_run_when": When.NOW}, {7: DAY}, -5, (True, set())),
    ],
)
def test_whose_hidden_tests_are_run(terms, extensions, hours, expected):
    values = {
        "grace_minutes": 0, "cooldown_minutes": 0, "late_percent": 0.0, "uses_late_days": False, **LATER, **terms
    }  # fmt: skip
    given = [Extension(user_id=user, due_at=MIDNIGHT + more, more_attempts=0) for user, more in extensions.items()]
    assert calendar.whose(Assignment(**values), given, MIDNIGHT + timedelta(hours=hours)) == expected


def test_looking_for_what_is_due_reads_no_long_rows(room, student, portal):
    statements = []
    event.listen(portal.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2:4]))
    portal.dispatcher.upkeep.order_finals()

    with portal.database.engine.connect() as connection:
        plans = [
            str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all())
            for text, values in statements
            if text.startswith("SELECT")
        ]
    assert plans
    assert all("SCAN submission" not in plan or "ix_submission_provisional" in plan for plan in plans)


def test_a_running_portal_runs_the_hidden_tests_by_itself(room, student, portal, make_app):
    student.hand_in()
    portal.dispatcher.run_once()
    room.change(due_at=now() - DAY)
    make_app(LEASE_SECONDS=1.5).extensions["portal"].dispatcher.start()

    deadline = time.monotonic() + 20
    while room.submissions()[0].is_provisional and time.monotonic() < deadline:
        time.sleep(0.05)
    assert room.submissions()[0].max_score == 4
