"""The part of a grading that asks for a GPU: feedback does not wait for it, it joins the report, and costs nobody."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from grader.device.gpu import Gpu
from grader.device.health import Finding
from grader.device.ledger import Ledger, SickDevice
from grader.errors import ExerciseError, InfrastructureError
from grader.report import Report, Verdict
from server.context import now
from server.grading import devices, queue
from server.grading.heartbeat import Heartbeat
from server.models import (
    Assignment,
    GradingKind,
    Hidden,
    Published,
    Regrade,
    State,
    Submission,
    SubmissionEvent,
    When,
    Worker,
)
from server.models import Grading as Row
from server.office import failures
from server.regrade import difference, work
from server.regrade.choice import Chosen, Which
from server.submission import line, live
from tests.server.classroom import DAY, Classroom
from tests.server.conftest import Grading, result

LONG = timedelta(minutes=1)
GPU = Gpu(0, "GPU-1", "H200", 140_000, torch="cpu")
FOLLOWS, RUNS = "The part on a GPU follows", "The part on a GPU is running"


class Both(Grading):
    """Grades on processors, where tests that ask for a GPU are not run, and on a GPU, where they alone are."""

    def __init__(self, **rest):
        super().__init__(**rest)
        self.plain = Grading(uploads=self.uploads, options=self.options)
        #: what becomes of the tests on a GPU
        self.verdicts = {"test_gpu": Verdict.PASSED}
        self.hidden_ones = ()
        self.error_on_gpu = None

    def __call__(self, exercise, upload, /, **options):
        is_on_gpu = options["device"] == "cuda"
        awaited = tuple(self.test(name, on_gpu=is_on_gpu) for name in self.verdicts)
        found = Grading(**vars(self.plain))
        found.tests = awaited if is_on_gpu else (*self.tests, *awaited)
        found.error = self.error_on_gpu if is_on_gpu else self.error
        found.changes = {"device": "cuda:0", "hardware": str(GPU)} if is_on_gpu else {}
        found.events, found.meanwhile = self.events, self.meanwhile
        return found(exercise, upload, **options)

    def test(self, name, *, on_gpu):
        hidden = name in self.hidden_ones
        if not on_gpu:
            return result(name, Verdict.SKIPPED, 0, hidden=hidden, awaits_gpu=True)
        return result(name, self.verdicts[name], 4, hidden=hidden, device=str(GPU), runs=[0.9])


@pytest.fixture
def grading():
    return Both(tests=(result("test_f", hidden=False),))


class Room:
    """The GPUs of a dispatcher: with or without room."""

    def __init__(self, gpus=(GPU,), room=140_000):
        self.gpus, self.room, self.asked = list(gpus), room, []

    def has_room(self, memory_mb):
        self.asked.append(memory_mb)
        return memory_mb <= self.room

    def standings(self):
        return []

    def recheck(self):
        return []


@pytest.fixture
def gpus(portal):
    portal.dispatcher.devices = Room()
    return portal.dispatcher.devices


def announce(portal, fault="", memory_mb=140_000, seen=timedelta(0), id="worker"):
    """Have a worker tell of its GPU."""
    device = {"device": "cuda:0", "name": "H200", "memory_mb": memory_mb, "fault": fault, "gradings": 0, "taken_mb": 0}
    row = {"detail": {"host": "h", "process": 1, "jobs": 1, "devices": [device]}, "seen_at": now() - seen}
    with portal.database.write() as session:
        session.merge(Worker(id=id, started_at=now(), **row))


def rows(portal, *kinds):
    with portal.database.reader() as session:
        found = session.scalars(select(Row).order_by(Row.created_at, Row.id))
        return [row for row in found if not kinds or row.kind in kinds]


def row(portal):
    with portal.database.reader() as session:
        return session.scalars(select(Submission).order_by(Submission.created_at.desc())).first()


def report(portal, table=Submission, id=None):
    with portal.database.reader() as session:
        return Report.from_store(session.scalar(select(table.report).where(table.id == (id or row(portal).id))))


def grade(portal, *, on_gpu=False):
    """Grade everything that waits, and say how much it was."""
    with portal.database.write() as session:
        session.execute(update(Row).values(wait_until=None))
    count = 0
    while portal.dispatcher.run_once(on_gpu=on_gpu):
        count += 1
        with portal.database.write() as session:
            session.execute(update(Row).values(wait_until=None))
    return count


def test_feedback_comes_at_once_and_the_gpus_part_joins_it(student, portal, grading, gpus):
    announce(portal)
    page = student.hand_in()
    assert grade(portal) == 1
    assert (row(portal).score, row(portal).max_score, row(portal).state) == (2, 2, State.GRADED)
    assert grading.options[0]["device"] == "cpu"
    shown = student.read(page)
    assert f"{FOLLOWS}: 1st in line." in shown
    assert "1 of 2 tests passed" in shown

    assert grade(portal, on_gpu=True) == 1
    order = grading.options[1]
    assert (order["device"], order["seed"], order["submission"]) == ("cuda", "seed-1", row(portal).id)
    assert [test.name for test in order["earlier"].tests] == ["test_f", "test_gpu"]
    assert (row(portal).score, row(portal).max_score, row(portal).public_score) == (6, 6, 6)
    joined = report(portal)
    assert [(test.name, test.verdict, test.device) for test in joined.tests] == [
        ("test_f", Verdict.PASSED, ""),
        ("test_gpu", Verdict.PASSED, str(GPU)),
    ]
    assert joined.device == "cuda:0"
    shown = student.read(page)
    assert FOLLOWS not in shown
    assert "2 of 2 tests passed" in shown
    assert str(GPU) in shown


def test_what_the_gpu_adds_counts_and_is_no_attempt(student, portal, grading, gpus):
    room = Classroom(portal, max_attempts=2)
    room.admit("ana")
    announce(portal)
    grading.tests = (result("test_f", Verdict.FAILED, 2, hidden=False),)
    student.hand_in()
    grade(portal)
    assert room.points() == {1: 0.0}
    grade(portal, on_gpu=True)
    assert room.points() == {1: pytest.approx(10 * 4 / 6)}
    assert [submission.attempt for submission in room.submissions()] == [1]
    assert [each.kind for each in room.gradings()] == [GradingKind.DEVICE]
    student.hand_in()
    assert len(room.submissions()) == 2


@pytest.mark.parametrize(
    "told",
    [None, {"fault": "it hangs"}, {"seen": timedelta(hours=1)}, {"memory_mb": 4096}],
    ids=["none", "sick", "silent", "too small"],
)
def test_without_a_gpu_for_it_nothing_is_ordered_and_nothing_lost(student, portal, gpus, told):
    if told is not None:
        announce(portal, **told)
    page = student.hand_in()
    grade(portal)
    portal.dispatcher.upkeep.order_for_gpus()
    assert rows(portal) == []
    assert (row(portal).score, row(portal).max_score) == (2, 2)
    assert FOLLOWS not in student.read(page)
    assert not student.get(f"{page}/state").json["is_open"]


def test_a_gpu_that_comes_later_that_day_takes_up_what_waits_and_not_what_is_older(student, other, portal, gpus):
    student.hand_in()
    other.hand_in()
    grade(portal)
    with portal.database.write() as session:
        old = session.scalars(select(Submission.id)).first()
        session.execute(
            update(Submission).where(Submission.id == old).values(awaits_gpu_since=now() - devices.WAITS_FOR)
        )
    announce(portal)
    for _ in range(2):
        portal.dispatcher.upkeep.order_for_gpus()
    assert [each.submission_id != old for each in rows(portal)] == [True]
    assert grade(portal, on_gpu=True) == 1


@pytest.mark.parametrize(("error", "tries"), [(InfrastructureError("CUDA did not start"), 3), (ExerciseError("?"), 1)])
def test_a_grading_on_a_gpu_that_fails_costs_nothing(student, portal, grading, gpus, error, tries):
    announce(portal)
    page = student.hand_in()
    grade(portal)
    before = report(portal)
    grading.error_on_gpu = error
    assert grade(portal, on_gpu=True) == tries
    (failed,) = rows(portal)
    assert (failed.state, failed.owner, failed.fault) == (State.FAILED, error.owner, str(error))
    assert (row(portal).score, row(portal).max_score, row(portal).state) == (2, 2, State.GRADED)
    assert report(portal) == before
    assert FOLLOWS not in student.read(page)
    portal.dispatcher.upkeep.order_for_gpus()
    assert len(rows(portal)) == 1

    # Staff finds it among the failures, and another try joins the report.
    grading.error_on_gpu = None
    with portal.database.write() as session:
        assert failures.retry_one(session, failed.id, 1, now())
    assert FOLLOWS in student.read(page)
    grade(portal, on_gpu=True)
    assert (row(portal).score, row(portal).max_score) == (6, 6)


def test_workers_claim_only_what_they_can_grade(student, portal, gpus):
    announce(portal)
    student.hand_in()
    grade(portal)
    assert not portal.dispatcher.run_once()
    gpus.room = 4095
    assert not portal.dispatcher.run_once(on_gpu=True)
    gpus.room = 4096
    assert portal.dispatcher.run_once(on_gpu=True)
    assert set(gpus.asked) == {4096}


def test_students_take_turns_and_come_before_regrades(student, other, portal, gpus):
    announce(portal)
    for person in (student, student, other):
        person.hand_in()
        grade(portal)
    with portal.database.write() as session:
        shadow = session.scalars(select(Row).order_by(Row.created_at)).first()
        shadow.kind = GradingKind.SHADOW
    names = []
    for _ in range(3):
        with portal.database.write() as session:
            lease = queue.claim_for_gpu(session, now(), LONG, {"softmax"})
            names.append((lease.kind, session.get(Submission, lease.submission).user_id))
    assert names == [(GradingKind.DEVICE, 1), (GradingKind.DEVICE, 2), (GradingKind.SHADOW, 1)]
    with portal.database.write() as session:
        assert queue.claim_for_gpu(session, now(), LONG, {"softmax"}) is None


def test_while_it_runs_the_page_tells_how_far_it_is_with_the_report_beside(student, portal, grading, gpus):
    announce(portal)
    page = student.hand_in()
    grade(portal)
    grading.events = [{"event": "metric", "test": "test_gpu", "step": n, "values": {"loss": 1 / n}} for n in (1, 2)]
    seen = []

    def look():
        with portal.database.reader() as session:
            seen.append(session.scalar(select(func.count()).select_from(SubmissionEvent)))
        seen.append(student.get(f"{page}/state").json)
        seen.append(student.read(page))

    grading.meanwhile = look
    grade(portal, on_gpu=True)
    count, state, shown = seen
    assert count
    assert (state["is_open"], state["part"], state["state"]) == (True, "gpu", "graded")
    assert (state["done"], state["total"]) == (1, 1)
    assert "<svg" in state["curves"]
    assert f"{RUNS}: 1 of 1 tests done. The points so far are without it." in state["summary"]
    assert "1 of 2 tests passed" in shown
    with portal.database.reader() as session:
        assert session.scalar(select(func.count()).select_from(SubmissionEvent)) == 0
    assert student.get(f"{page}/state").json["part"] == "cpu"


def test_its_place_is_among_what_students_wait_for(student, other, portal, gpus):
    announce(portal)
    pages = [person.hand_in() for person in (student, other)]
    grade(portal)
    assert f"{FOLLOWS}: 1st in line" in student.read(pages[0])
    assert f"{FOLLOWS}: 2nd in line" in other.read(pages[1])
    with portal.database.reader() as session:
        assert line.Forecast(1).places(session, now()) == {}


def test_a_lost_lease_changes_nothing(student, portal, grading, gpus):
    announce(portal)
    student.hand_in()
    grade(portal)
    with portal.database.write() as session:
        late = queue.claim_for_gpu(session, now() - 2 * LONG, LONG, {"softmax"})
    with portal.database.write() as session:
        assert queue.requeue(session, now()) == 1
        found = Report("", "softmax", "v1", "seed-1", "cuda:0", (grading.test("test_gpu", on_gpu=True),))
        assert not queue.finish(session, late, found, now())
    assert row(portal).score == 2
    assert grade(portal, on_gpu=True) == 1
    assert row(portal).score == 6
    assert rows(portal)[0].tries == 2


# --- hidden tests


def test_what_hidden_tests_await_is_not_told_while_they_are_hidden(student, portal, grading, gpus):
    room = Classroom(portal, due_at=now() + DAY, hidden_shown=Hidden.NOTHING)
    room.admit("ana")
    announce(portal)
    grading.hidden_ones = ("test_gpu",)
    page = student.hand_in()
    grade(portal)
    assert len(rows(portal)) == 1
    shown, state = student.read(page), student.get(f"{page}/state").json
    assert "GPU" not in shown
    assert not state["is_open"]
    events = []

    def look():
        with portal.database.reader() as session:
            events.extend(session.scalars(select(SubmissionEvent.kind)))

    grading.meanwhile = look
    grade(portal, on_gpu=True)
    assert set(events) <= {"read"}
    assert (row(portal).score, row(portal).public_score) == (6, 2)
    assert "1 of 1 tests passed" in student.read(page)


def test_after_the_deadline_hidden_tests_get_their_gpu_and_public_ones_keep_what_they_had(
    student, portal, grading, gpus
):
    room = Classroom(portal, due_at=now() + DAY, hidden_run_when=When.AFTER_DEADLINE)
    room.admit("ana")
    announce(portal)
    grading.verdicts = {"test_gpu": Verdict.PASSED, "test_secret_gpu": Verdict.PASSED}
    grading.hidden_ones = ("test_secret_gpu",)
    student.hand_in()
    grade(portal)
    grade(portal, on_gpu=True)
    assert [test.name for test in report(portal).tests] == ["test_f", "test_gpu"]
    assert (row(portal).score, row(portal).is_provisional) == (6, True)

    room.change(due_at=now() - DAY)
    portal.dispatcher.upkeep.order_finals()
    grade(portal)
    final = {test.name: test for test in report(portal).tests}
    assert final["test_gpu"].device == str(GPU)  # what it had is not lost meanwhile
    assert final["test_secret_gpu"].awaits_gpu
    assert (row(portal).score, row(portal).max_score) == (6, 6)
    assert grade(portal, on_gpu=True) == 1
    assert (row(portal).score, row(portal).max_score, row(portal).is_provisional) == (10, 10, False)
    assert room.points() == {1: 10.0}


def test_a_gpus_part_that_began_before_the_deadline_is_followed_by_that_of_the_hidden_tests(
    student, portal, grading, gpus
):
    room = Classroom(portal, due_at=now() + DAY, hidden_run_when=When.AFTER_DEADLINE)
    room.admit("ana")
    announce(portal)
    grading.verdicts = {"test_gpu": Verdict.PASSED, "test_secret_gpu": Verdict.PASSED}
    grading.hidden_ones = ("test_secret_gpu",)
    student.hand_in()
    grade(portal)

    def deadline():
        grading.meanwhile = lambda: None
        room.change(due_at=now() - DAY)
        portal.dispatcher.upkeep.order_finals()
        portal.dispatcher.run_once()

    grading.meanwhile = deadline
    assert grade(portal, on_gpu=True) == 2
    assert (row(portal).score, row(portal).max_score) == (10, 10)
    assert not report(portal).awaits_gpu


# --- regrades


@pytest.fixture
def room(portal, student, grading, gpus):
    """One submission that has everything, also what a GPU has found."""
    room = Classroom(portal)
    room.admit("ana")
    announce(portal)
    student.hand_in()
    grade(portal)
    grade(portal, on_gpu=True)
    return room


def regrade(room):
    with room.portal.database.write() as session:
        chosen = [Chosen(each.id, each.seed) for each in session.scalars(select(Submission))]
        assignment = session.get_one(Assignment, room.assignment)
        return work.start(session, assignment, Which.ALL, chosen, "why", 1, now())


def counts(room, regrade):
    with room.portal.database.reader() as session:
        return difference.count(session, regrade.id)


def publish(room, regrade):
    with room.portal.database.write() as session:
        assignment = session.get_one(Assignment, room.assignment)
        return work.publish(session, session.get_one(Regrade, regrade.id), assignment, Published.ALL, 1, now())


def test_a_regrade_is_done_when_its_gpus_part_is(room, portal, grading):
    made = regrade(room)
    assert grade(portal) == 1
    (shadow,) = rows(portal, GradingKind.SHADOW)
    assert (shadow.state, shadow.on_gpu, shadow.tries) == (State.RECEIVED, True, 0)
    assert counts(room, made).waiting == 1
    grading.verdicts = {"test_gpu": Verdict.FAILED}
    assert grade(portal, on_gpu=True) == 1
    assert [test.name for test in grading.options[-1]["earlier"].tests] == ["test_f", "test_gpu"]
    assert (counts(room, made).waiting, counts(room, made).lose) == (0, 1)
    assert row(portal).score == 6
    assert publish(room, made) == 1
    assert (row(portal).score, row(portal).max_score) == (2, 6)
    assert room.points() == {1: pytest.approx(10 / 3)}
    portal.dispatcher.upkeep.order_for_gpus()
    assert not [each for each in rows(portal, GradingKind.DEVICE) if each.state is State.RECEIVED]


def test_without_a_gpu_a_regrade_keeps_what_one_had_found(room, portal, grading):
    announce(portal, fault="it hangs")
    made = regrade(room)
    grade(portal)
    assert (counts(room, made).waiting, counts(room, made).same) == (0, 1)
    (shadow,) = rows(portal, GradingKind.SHADOW)
    assert not report(portal, Row, shadow.id).awaits_gpu


def test_a_regrade_whose_gpus_part_fails_changes_nothing_and_can_be_tried_again(room, portal, grading):
    made = regrade(room)
    grade(portal)
    grading.error_on_gpu = InfrastructureError("CUDA did not start")
    assert grade(portal, on_gpu=True) == 3
    assert counts(room, made).failed == 1
    assert row(portal).score == 6
    grading.error_on_gpu = None
    with portal.database.write() as session:
        assignment = session.get_one(Assignment, room.assignment)
        assert work.retry(session, session.get_one(Regrade, made.id), assignment, 1, now()) == 1
    assert (grade(portal), grade(portal, on_gpu=True)) == (1, 1)
    assert counts(room, made).same == 1


def test_what_waits_for_a_gpu_that_never_comes_is_given_up_after_a_day(room, portal, student):
    made = regrade(room)
    grade(portal)
    page = student.hand_in()
    grade(portal)
    with portal.database.write() as session:
        session.execute(update(Row).values(awaits_gpu_since=now() - devices.WAITS_FOR))
    portal.dispatcher.upkeep.order_for_gpus()
    assert {each.state for each in rows(portal) if each.on_gpu and each.replaced_at is None} == {State.RECEIVED}
    announce(portal, fault="it hangs")
    portal.dispatcher.upkeep.order_for_gpus()
    waiting = [each for each in rows(portal) if each.on_gpu and each.replaced_at is None]
    assert [(each.state, each.fault) for each in waiting] == [(State.FAILED, devices.FAULT)] * 2
    assert counts(room, made).failed == 1
    assert (row(portal).state, row(portal).score) == (State.GRADED, 2)
    assert FOLLOWS not in student.read(page)


# --- workers and their devices


def test_a_sick_gpu_is_out_of_service_here_and_another_worker_takes_the_job(student, portal, grading, make_app, app):
    sick = {GPU.uuid: "it computes wrongly"}
    ledger = Ledger([GPU], lambda gpu: Finding(sick.get(gpu.uuid, "")))
    portal.dispatcher.devices = ledger
    portal.dispatcher._heartbeat = Heartbeat(1, ledger.standings)

    def beat():
        with portal.database.write() as session:
            portal.dispatcher._heartbeat.beat(session, 0, now())

    def on_the_gpu(*arguments, **options):
        if options["device"] == "cpu":
            return grading(*arguments, **options)
        with ledger.reserve(100, ledger.gpus):
            return grading(*arguments, **options)

    portal.dispatcher.grade = on_the_gpu
    beat()
    page = student.hand_in()
    grade(portal)
    assert portal.dispatcher.run_once(on_gpu=True)
    (waiting,) = rows(portal)
    assert (waiting.state, waiting.tries) == (State.RECEIVED, 1)
    assert "out of service: it computes wrongly" in waiting.fault
    assert row(portal).score == 2
    with portal.database.write() as session:
        session.execute(update(Row).values(wait_until=None))
    assert not portal.dispatcher.run_once(on_gpu=True)
    beat()
    with portal.database.reader() as session:
        (told,) = session.scalars(select(Worker)).one().detail["devices"]
    assert (told["device"], told["name"], told["fault"]) == ("cuda:0", "H200", "it computes wrongly")

    elsewhere = make_app().extensions["portal"]
    elsewhere.dispatcher.devices = Room()
    assert elsewhere.dispatcher.run_once(on_gpu=True)
    assert row(portal).score == 6
    assert FOLLOWS not in student.read(page)

    sick.clear()
    assert ledger.recheck() == [GPU]
    beat()
    with portal.database.reader() as session:
        assert session.scalars(select(Worker)).one().detail["devices"][0]["fault"] == ""


def test_threads_for_gpus_do_both_parts_by_themselves(student, portal, grading):
    portal.dispatcher.devices = Ledger([GPU], lambda gpu: Finding())
    portal.dispatcher._heartbeat = Heartbeat(1, portal.dispatcher.devices.standings)
    portal.dispatcher.start()
    page = student.hand_in()
    with portal.database.reader() as session:
        (worker,) = session.scalars(select(Worker))
    assert worker.detail["devices"][0]["memory_mb"] == 140_000
    import time

    deadline = time.monotonic() + 30
    while row(portal).score != 6:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "2 of 2 tests passed" in student.read(page)


def test_a_sick_device_is_a_fault_of_the_infrastructure():
    assert isinstance(SickDevice(GPU, "it hangs"), InfrastructureError)
    assert live.ORDINALS
