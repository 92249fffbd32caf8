"""Regrades from start to publishing: aside, with a difference that can be looked at, once, and with the old kept."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import undefer

from grader.errors import ExerciseError
from grader.report import Report, Verdict
from server.account import identity
from server.context import now
from server.grading import queue
from server.models import Assignment, Grading, LogEntry, Published, Regrade, Role, State, When
from server.regrade import choice, difference
from server.regrade.choice import Which
from tests.server.classroom import Classroom
from tests.server.conftest import PASSWORD, result

REASON = "A hidden test refused float64."


def browser_of(app, new_browser, login, role=Role.STUDENT):
    with app.extensions["portal"].database.write() as session:
        user = identity.sign_up(login, login.title(), PASSWORD, now())
        user.role = role
        session.add(user)
    browser = new_browser(app.test_client())
    assert browser.log_in(login).status_code == 302
    return browser


@pytest.fixture
def room(portal, student):
    room = Classroom(portal)
    room.admit("ana")
    return room


@pytest.fixture
def teacher(app, room, new_browser):
    browser = browser_of(app, new_browser, "dora")
    room.admit("dora", Role.INSTRUCTOR)
    return browser


@pytest.fixture
def bia(room, other):
    room.admit("bia")
    return other


@pytest.fixture
def work(portal):
    """Grades everything that waits."""

    def run():
        while portal.dispatcher.run_once():
            pass

    return run


@pytest.fixture
def two(student, bia, work):
    """A submission of each of two students: 2 of 3 points."""
    pages = [student.hand_in(content=b"ana = 1"), bia.hand_in(content=b"bia = 1")]
    work()
    return pages


def start(teacher, **fields):
    """Start a regrade and return its address."""
    form = {"assignment": "softmax", "which": "all", "students": "", "reason": REASON, **fields}
    answer = teacher.send("/courses/dl/regrades/new", **form)
    assert answer.status_code == 302, answer.text
    return answer.location


P, F = Verdict.PASSED, Verdict.FAILED


@pytest.fixture
def regraded(two, teacher, portal, grading, work, monkeypatch):
    """The address of a regrade in which ana gains a point and bia loses two."""
    verdicts = {b"ana = 1": (P, P), b"bia = 1": (F, F)}
    original = portal.dispatcher.grade

    def grade(exercise, upload, **options):
        first, second = verdicts[upload.content]
        grading.tests = (result("test_f", first), result("test_g", second, 1))
        grading.changes = {"exercise_version": "v2"}
        return original(exercise, upload, **options)

    address = start(teacher)
    monkeypatch.setattr(portal.dispatcher, "grade", grade)
    work()
    return address


def text_of(page):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def test_a_regrade_changes_nothing_before_it_is_published(room, two, teacher, student, regraded):

    assert [(row.score, row.exercise_version) for row in room.submissions()] == [(2, "v1")] * 2
    assert "2 / 3" in text_of(student.read(two[0]))
    assert REASON not in student.read(two[0])
    assert room.points() == {1: pytest.approx(20 / 3), 2: pytest.approx(20 / 3)}
    page = text_of(teacher.read(regraded))
    assert "Gain 1 Lose 1 Unchanged 0" in page
    assert "2 were graded with the seeds of their last gradings" in page
    assert "Version of the exercise before v1, now v2: 2 submissions" in page
    assert re.search(r"Bia bia 1 counts 2 / 3 0 / 3 −6.67 .*Title of test_f. ✓ passed → then ✗ failed", page)
    assert re.search(r"Ana ana 1 counts 2 / 3 3 / 3 \+3.33 Title of test_g. ✗ failed → then ✓ passed", page)
    assert "Title of test_f. 0 1 0" in page


def test_publishing_all_replaces_every_result_and_keeps_the_old_ones(room, two, teacher, student, portal, regraded):
    address = regraded
    asked = text_of(teacher.read(f"{address}/all"))
    assert "1 submission gains points. 1 submission loses points. 0 submissions get new reports" in asked
    answer = teacher.send(f"{address}/all")
    assert answer.location == address

    assert [(row.score, row.exercise_version, row.state) for row in room.submissions()] == [
        (3, "v2", State.GRADED), (0, "v2", State.GRADED)
    ]  # fmt: skip
    assert room.points() == {1: 10, 2: 0}
    past = room.gradings("past")
    assert [(row.score, row.exercise_version, row.seed) for row in past] == [(2, "v1", "seed-1")] * 2
    with portal.database.reader() as session:
        kept = session.scalars(select(Grading).where(Grading.kind == "past").options(undefer(Grading.report))).first()
        assert [test.verdict for test in Report.from_store(kept.report).tests] == [P, F]
    page = student.read(two[0])
    assert re.search(rf"Graded again on .{{8,40}} ?: {REASON} Before: 2 / 3", text_of(page))
    # The difference can still be looked at.
    page = text_of(teacher.read(address))
    assert "2 results are replaced." in page
    assert "Gain 1 Lose 1 Unchanged 0" in page


def test_publishing_twice_does_it_once(room, teacher, portal, regraded):
    address = regraded
    for what in ("all", "all", "improved", "cancel"):
        assert teacher.send(f"{address}/{what}").location == address

    assert len(room.gradings("past")) == 2
    assert teacher.get(f"{address}/all").location == address
    with portal.database.reader() as session:
        row = session.scalars(select(Regrade)).one()
        actions = session.scalars(select(LogEntry.action).order_by(LogEntry.id)).all()
        published = session.scalars(select(LogEntry).where(LogEntry.action == "regrade.published")).one()
    assert (row.published, row.cancelled_at) == (Published.ALL, None)
    assert row.published_by_id == row.by_id
    assert actions == ["regrade.started", "regrade.published"]
    assert published.detail["reason"] == REASON
    assert (published.subject, published.detail["gain"], published.detail["lose"]) == ("softmax", 1, 1)


def test_only_improvements_can_be_published(room, two, teacher, bia, regraded):
    address = regraded
    assert "1 submission keeps its old result" in teacher.read(f"{address}/improved")
    teacher.send(f"{address}/improved")

    assert [(row.score, row.exercise_version) for row in room.submissions()] == [(3, "v2"), (2, "v1")]
    assert room.points() == {1: 10, 2: pytest.approx(20 / 3)}
    assert REASON not in bia.read(two[1])
    assert "Gain 1 Lose 1 Unchanged 0" in text_of(teacher.read(address))


def test_a_regrade_can_be_given_up(room, two, teacher, portal, work):
    address = start(teacher)
    assert portal.dispatcher.run_once()
    assert "nothing changes for students" in teacher.read(f"{address}/cancel")
    teacher.send(f"{address}/cancel")

    assert not portal.dispatcher.run_once(), "what waited is gone"
    assert len(room.gradings("shadow")) == 1
    assert teacher.send(f"{address}/all").location == address
    assert room.gradings("past") == []
    assert "given up" in teacher.read("/courses/dl/regrades")
    start(teacher)


def test_a_regrade_goes_on_after_a_restart(room, two, teacher, portal, work, make_app):
    address = start(teacher)
    assert portal.dispatcher.run_once()
    assert "1 of 2 submissions are done" in text_of(teacher.read(address))
    assert "1 of 2 done" in teacher.read("/courses/dl/regrades")
    with portal.database.write() as session:
        assert queue.claim(session, now(), timedelta(hours=1))

    again = make_app().extensions["portal"]
    with again.database.write() as session:
        queue.requeue(session, now(), everything=True)
    assert again.dispatcher.run_once()
    assert "Gain 0 Lose 0 Unchanged 2" in text_of(teacher.read(address))
    teacher.send(f"{address}/all")
    assert len(room.gradings("past")) == 2


def test_nothing_is_published_while_gradings_are_to_come(room, two, teacher, portal, work):
    address = start(teacher)
    portal.dispatcher.run_once()
    assert teacher.get(f"{address}/all").location == address
    teacher.send(f"{address}/all")

    assert "Wait until all are done." in teacher.read(address)
    assert room.gradings("past") == []


def test_what_could_not_be_graded_tells_why_keeps_its_result_and_can_be_tried_again(
    room, two, teacher, portal, grading, work
):
    address = start(teacher)
    portal.dispatcher.run_once()
    grading.error = ExerciseError("the tests <b>cannot</b> be collected")
    work()
    grading.error = None

    page = teacher.read(f"{address}?show=failed")
    assert "the tests &lt;b&gt;cannot&lt;/b&gt; be collected" in page
    assert "could not be graded again and keeps its old result" in text_of(teacher.read(f"{address}/all"))
    assert teacher.send(f"{address}/retry").location == address
    assert "1 grading is tried again." in teacher.read(address)
    work()
    assert "Unchanged 2" in text_of(teacher.read(address))


def test_a_submission_that_failed_gets_a_result(room, student, teacher, portal, grading, work):
    page = student.hand_in()
    grading.error = ExerciseError("broken")
    work()
    assert set(room.points().values()) <= {None}
    grading.error = None
    address = start(teacher, which="fault")
    work()
    assert "Gain 1" in text_of(teacher.read(address))
    teacher.send(f"{address}/improved")

    row = room.submissions()[0]
    assert (row.state, row.score, row.owner, row.fault) == (State.GRADED, 2, None, None)
    assert room.gradings("past")[0].state is State.FAILED
    assert room.points() == {1: pytest.approx(20 / 3)}
    assert "Before: not graded" in text_of(student.read(page))


def test_what_a_student_hands_in_meanwhile_comes_first(room, two, teacher, student, portal, grading):
    start(teacher)
    grading.uploads.clear()
    student.hand_in(content=b"x = 'new'\n")
    portal.dispatcher.run_once()
    assert [upload.content for upload in grading.uploads] == [b"x = 'new'\n"]


def test_an_assignment_has_one_regrade_at_a_time(room, two, teacher):
    first = start(teacher)
    assert start(teacher) == first
    assert "has a regrade that is not over yet" in teacher.read(first)
    assert len(room.gradings("shadow")) == 2


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"reason": " "}, "students read it"),
        ({"reason": "x" * 401}, "students read it"),
        ({"reason": "a\u202eb"}, "students read it"),
        ({"which": "none"}, "Choose which submissions"),
        ({"assignment": "attention"}, "Choose an assignment."),
        ({"which": "students", "students": "ana nobody"}, "user name or number: nobody"),
        ({"which": "students", "students": ""}, "at least one user name"),
        ({"which": "fault"}, "There is no such submission"),
    ],
)
def test_what_is_typed_wrong_is_said_beside_its_field(room, two, teacher, fields, sentence):
    form = {"assignment": "softmax", "which": "all", "students": "bia", "reason": REASON, **fields}
    answer = teacher.send("/courses/dl/regrades/new", **form)

    assert answer.status_code == 400
    assert sentence in answer.text
    assert form["students"] in answer.text
    assert room.gradings() == []


def test_submissions_are_chosen(room, student, bia, portal, grading, work, make_result):
    """Attempts 1 and 2 of ana, 1 of bia; the first has a test that failed through us, the last has another version."""
    grading.tests = (make_result("test_f", Verdict.GRADER_ERROR), make_result("test_g"))
    student.hand_in()
    work()
    grading.tests = (make_result("test_f", output='"verdict": "grader_error"'), make_result("test_g"))
    student.hand_in()
    work()
    grading.changes = {"exercise_version": "v2"}
    bia.hand_in()
    work()
    student.hand_in()  # waits
    names = {row.id: (row.user_id, row.attempt) for row in room.submissions()}

    def chosen(which, users=()):
        with portal.database.reader() as session:
            found = choice.choose(session, session.get_one(Assignment, room.assignment), which, "v2", users)
        return [names[each.id] for each in found]

    ana, bia_id = 1, 2
    assert chosen(Which.ALL) == [(ana, 1), (ana, 2), (bia_id, 1)]
    assert chosen(Which.COUNTING) == [(ana, 2), (bia_id, 1)]
    assert chosen(Which.STUDENTS, {bia_id}) == [(bia_id, 1)]
    assert chosen(Which.VERSION) == [(ana, 1), (ana, 2)]
    assert chosen(Which.FAULT) == [(ana, 1)]


def test_hidden_tests_that_could_not_be_run_after_the_deadline_are_listed_and_tried_again(
    room, student, teacher, portal, grading, work
):
    room.change(due_at=now() + timedelta(hours=1), hidden_run_when=When.AFTER_DEADLINE)
    student.hand_in()
    work()
    room.change(due_at=now() - timedelta(hours=1))
    portal.dispatcher.upkeep.order_finals()
    grading.error = ExerciseError("no hidden test")
    work()
    grading.error = None
    assert "no hidden test" in teacher.read("/courses/dl/regrades")

    teacher.send(f"/courses/dl/regrades/finals/{room.assignment}/retry")
    work()
    assert not room.submissions()[0].is_provisional
    assert "no hidden test" not in teacher.read("/courses/dl/regrades")
    assert "Graded with the hidden tests on" in student.read("/submissions/" + room.submissions()[0].id)


# --- who may what


@pytest.fixture
def elsewhere(app, room, new_browser, portal):
    """An instructor of another course."""
    browser = browser_of(app, new_browser, "gil")
    Classroom(portal, code="other", slug="attention").admit("gil", Role.INSTRUCTOR)
    return browser


def test_assistants_look_and_instructors_act(app, room, two, teacher, student, elsewhere, new_browser):
    assistant = browser_of(app, new_browser, "caio")
    room.admit("caio", Role.ASSISTANT)
    address = start(teacher)
    reads = ["/courses/dl/regrades", address]
    teaches = ["/courses/dl/regrades/new", f"{address}/all", f"{address}/improved", f"{address}/cancel"]
    posts = [*teaches, f"{address}/retry", f"/courses/dl/regrades/finals/{room.assignment}/retry"]

    for path in reads:
        assert [who.get(path).status_code for who in (teacher, assistant, student, elsewhere)] == [200, 200, 403, 404]
        assert "/new" not in assistant.read(path)
        assert "/cancel" not in assistant.read(path)
    for path in teaches:
        assert [who.get(path).status_code for who in (assistant, student, elsewhere)] == [403, 403, 404]
    for path in posts:
        assert [who.send(path).status_code for who in (assistant, student, elsewhere)] == [403, 403, 404]
    assert len(room.gradings("shadow")) == 2


def test_a_regrade_is_there_in_its_own_course_alone(app, room, two, teacher, elsewhere):
    address = start(teacher).replace("/dl/", "/other/")
    for path in (address, f"{address}/all"):
        assert elsewhere.get(path).status_code == 404
    for path in (f"{address}/all", f"{address}/retry", f"/courses/other/regrades/finals/{room.assignment}/retry"):
        assert elsewhere.send(path).status_code == 404


def test_the_pages_take_as_many_queries_for_many_submissions(room, two, teacher, portal, student, bia, work):
    counts = []

    def count(path):
        statements = []

        def hear(*given):
            statements.append(given[2])

        event.listen(portal.database.engine, "before_cursor_execute", hear)
        teacher.read(path)
        event.remove(portal.database.engine, "before_cursor_execute", hear)
        return len(statements)

    for _ in range(2):
        address = start(teacher)
        work()
        counts.append([count(f"{address}?show=same"), count("/courses/dl/regrades")])
        teacher.send(f"{address}/all")
        for _ in range(5):
            student.hand_in()
            bia.hand_in()
            work()
    assert counts[0] == counts[1]


# --- plain functions


def report(*tests):
    return Report("", "", "", "", "", tuple(tests))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (report(result("a")), report(result("a")), []),
        (report(result("a", F)), report(result("a")), [("a", F, P, 2)]),
        (report(result("a")), report(result("a", F)), [("a", P, F, -2)]),
        (report(result("a", F)), report(result("a", Verdict.TOO_SLOW)), [("a", F, Verdict.TOO_SLOW, 0)]),
        (report(result("a", P, 2)), report(result("a", P, 3)), [("a", P, P, 1)]),
        (report(), report(result("a")), [("a", None, P, 2)]),
        (report(result("a")), report(), [("a", P, None, -2)]),
        (None, report(result("a", F)), [("a", None, F, 0)]),
    ],
)
def test_reports_are_compared(before, after, expected):
    found = difference.compare(before, after)
    assert [(each.name, each.before, each.after, each.change) for each in found] == expected


def test_changes_are_summed_up_by_test():
    changes = [
        *difference.compare(report(result("a", F), result("b")), report(result("a"), result("b", F))),
        *difference.compare(report(result("a", F)), report(result("a"), result("c"))),
    ]
    found = [(each.title["en"], each.better, each.worse, each.other) for each in difference.sum_up(changes)]
    assert found == [("Title of a.", 2, 0, 0), ("Title of b.", 0, 1, 0), ("Title of c.", 0, 0, 1)]


def test_each_result_finds_the_one_before_by_itself(room, two, portal):
    """Through all gradings of the regrade it would take a minute for a large course."""
    statement = difference._of(1, difference._change())
    text = str(statement.compile(portal.database.engine, compile_kwargs={"literal_binds": True}))
    with portal.database.engine.connect() as connection:
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all())
    assert "grading_1 USING INDEX ix_grading_submission_id_regrade_id (submission_id=? AND regrade_id=?)" in plan
