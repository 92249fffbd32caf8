"""The pages of analytics: what they show of real gradings, to whom, and how much is read for it."""

import re
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import event, update

from grader.report import Owner, Report, Verdict
from server.analysis.records import Archive
from server.context import now
from server.course.results import settle
from server.models import Assignment, Course, Grading, GradingKind, Membership, Role, State, Submission, User
from tests.server.classroom import Classroom
from tests.server.conftest import Browser

NAMES = ("test_shape", "test_values", "test_far")
_numbers = count()


@pytest.fixture
def room(portal):
    return Classroom(portal, code="dl", points=None, due_at=now() + timedelta(days=1))


@pytest.fixture
def staff(app, room):
    browser = Browser(app.test_client())
    browser.sign_up("dora")
    room.admit("dora", Role.ASSISTANT)
    return browser


@pytest.fixture
def enrol(portal, room):
    """Makes a student, without the cost of a log-in."""

    def make(role=Role.STUDENT):
        number = next(_numbers)
        with portal.database.write() as session:
            user = User(login=f"student{number}", name=f"Student {number}", created_at=now())
            session.add(user)
            session.flush()
            session.add(Membership(course_id=room.course, user_id=user.id, role=role, created_at=now()))
            return user.id

    return make


@pytest.fixture
def hand_in(portal, room, make_result):
    """Puts a graded submission there: ``"PPF"`` passes two of three tests."""

    def put(user, verdicts, content="", **changes):
        number = next(_numbers)
        words = {"P": Verdict.PASSED, "F": Verdict.FAILED, "G": Verdict.GRADER_ERROR}
        tests = [make_result(name, words[v], 2, seconds=0.5) for name, v in zip(NAMES, verdicts, strict=False)]
        report = Report("x", "softmax", "v1", "seed", "cpu", tuple(tests))
        moment = now() - timedelta(hours=3) + timedelta(seconds=number)
        values = {
            "state": State.GRADED, "created_at": moment, "started_at": moment, "finished_at": moment,
            "score": report.score, "max_score": report.max_score, "exercise_version": "v1", "seed": str(number),
            "report": report.to_store(),
        }  # fmt: skip
        with portal.database.write() as session:
            own = {"assignment_id": room.assignment, "slug": "softmax", "attempt": number, "form_key": str(number)}
            row = Submission(
                user_id=user, blob=content or str(number), file_name="f.py", size=1, **{**own, **values, **changes}
            )
            session.add(row)
            session.flush()
            settle(session, room.course, now())
            return row.id

    return put


def page(browser, room):
    return browser.read(f"/courses/dl/analytics/{room.assignment}")


def row(text, name):
    """The cells of the table of tests for one test."""
    found = re.search(rf"<code>{name}</code>.*?</tr>", text, re.DOTALL)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", found[0], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]


def test_an_assignment_without_submissions_says_so(staff, room):
    assert "Nothing has been handed in yet." in page(staff, room)
    assert "Analytics" in staff.read("/courses/dl/analytics")


def test_a_few_students_give_no_figures(staff, room, enrol, hand_in):
    for _ in range(4):
        hand_in(enrol(), "PPF")
    text = page(staff, room)

    assert text.count("Too few for a figure: it takes 5.") == 2
    assert row(text, "test_shape")[:3] == ["–", "–", "–"]
    assert re.findall(r"align-right[^>]*><span class=\"muted\">–<", staff.read("/courses/dl/analytics"))


def test_figures_of_an_assignment_and_its_tests(staff, room, enrol, hand_in):
    for number in range(10):
        user = enrol()
        hand_in(user, "PFF" if number % 2 else "PPP")
        hand_in(user, "PPP" if number < 8 else "PPF")
    text = page(staff, room)

    assert row(text, "test_shape") == ["100%", "100%", "–", "0", "0", "0.5 s", "33%", "–"]
    # 0.5 pass at first, all pass what counts; who passes it has all other points, too.
    assert row(text, "test_values")[:5] == ["50%", "100%", "1", "5", "0"]
    # One of the two with PPF at last had everything at first, and the best attempt counts.
    assert row(text, "test_far")[:5] == ["50%", "90%", "1", "0", "2"]
    assert "<dt>With all points</dt><dd>90%" in text
    overview = staff.read("/courses/dl/analytics")
    assert "90%" in overview
    assert "10<span" in overview


def test_the_charts_have_tables(staff, room, enrol, hand_in):
    for _ in range(5):
        hand_in(enrol(), "PPP")
    text = page(staff, room)

    assert text.count("<svg viewBox") == 3
    assert '<th scope="row">5.4–6</th><td class="align-right">5</td>' in text
    assert '<th scope="row">1</th><td class="align-right">5</td>' in text


def test_staff_and_faults_of_ours_do_not_count(staff, room, enrol, hand_in):
    hand_in(enrol(Role.ASSISTANT), "FFF")
    hand_in(enrol(), "", state=State.FAILED, owner=Owner.INFRASTRUCTURE, score=None, max_score=None, report=None)

    assert "Nothing has been handed in yet." in page(staff, room)


def test_a_verdict_that_a_regrade_changed_is_shown(staff, room, enrol, hand_in, portal):
    id = hand_in(enrol(), "PPP")
    with portal.database.write() as session:
        first = session.get_one(Submission, id)
        tests = [
            {**test, "verdict": "failed"} if test["name"] == "test_far" else test for test in first.report["tests"]
        ]
        session.add(
            Grading(
                submission_id=id, kind=GradingKind.SHADOW, state=State.GRADED, created_at=now(), finished_at=now(),
                exercise_version="v1", seed="other", score=4, max_score=6, report={**first.report, "tests": tests},
            )
        )  # fmt: skip
    text = page(staff, room)

    assert row(text, "test_far")[-1] == "1 / 1 look"
    assert row(text, "test_shape")[-1] == "0 / 1"
    assert "The same file, the same tests, another verdict." in text


def test_another_grading_takes_the_place_of_what_was_read(room, enrol, hand_in, portal):
    id, archive = hand_in(enrol(), "PPF"), Archive()

    def read():
        with portal.database.reader() as session:
            return archive.read(session, session.get_one(Assignment, room.assignment)).attempts[0].outcome.passes()

    assert read()["test_far"] is False
    with portal.database.write() as session:
        row = session.get_one(Submission, id)
        tests = [{**test, "verdict": "passed"} for test in row.report["tests"]]
        # As a published regrade does: the moment stays.
        session.execute(update(Submission).values(report={**row.report, "tests": tests}, seed="new", score=6))
    assert read()["test_far"] is True


def test_only_what_is_new_is_read_and_queries_do_not_grow(staff, room, enrol, hand_in, portal):
    seen = []
    event.listen(portal.database.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))

    def statements():
        seen.clear()
        page(staff, room)
        return list(seen)

    for _ in range(3):
        hand_in(enrol(), "PPP")
    few = len(statements())
    for _ in range(30):
        hand_in(enrol(), "PPF")

    assert len(statements()) == few
    assert not [each for each in statements() if "CAST(submission.report" in each]


@pytest.mark.parametrize("path", ["/courses/dl/analytics", "/courses/dl/analytics/{id}"])
def test_students_and_strangers_see_nothing(path, app, room, student, other):
    room.admit("ana")

    assert student.get(path.format(id=room.assignment)).status_code == 403
    assert other.get(path.format(id=room.assignment)).status_code == 404


def test_an_assignment_of_another_course_is_not_there(staff, portal):
    elsewhere = Classroom(portal, code="elsewhere")

    assert staff.get(f"/courses/dl/analytics/{elsewhere.assignment}").status_code == 404
    assert staff.get(f"/courses/elsewhere/analytics/{elsewhere.assignment}").status_code == 404


def test_times_are_the_courses(staff, room, portal):
    room.change(due_at=now().replace(year=2027, month=1, day=1, hour=2, minute=30))
    with portal.database.write() as session:
        session.get_one(Course, room.course).time_zone = "America/Sao_Paulo"

    assert "Dec 31, 2026, 11:30" in staff.read("/courses/dl/analytics")
