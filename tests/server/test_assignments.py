"""Pages of assignments and extensions, as staff and students use them."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import event, select

from server.context import now
from server.models import (
    Assignment,
    Counting,
    Course,
    Extension,
    Hidden,
    LogEntry,
    Membership,
    Result,
    Role,
    State,
    Submission,
    User,
    When,
)
from tests.server.classroom import Classroom
from tests.server.conftest import Browser

DAY = timedelta(days=1)
DUE = datetime(2026, 3, 10, 21, tzinfo=UTC)
LIST = "/courses/dl/assignments"
HERE = f"{LIST}/softmax"


def read(answer):
    """The words of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).replace("\u202f", " ").split())


@pytest.fixture
def room(portal):
    found = Classroom(portal, due_at=DUE)
    with portal.database.write() as session:
        session.get_one(Course, found.course).time_zone = "America/Sao_Paulo"
    return found


@pytest.fixture
def sign_in(app, room):
    def enter(login, role=Role.STUDENT):
        browser = Browser(app.test_client())
        assert browser.sign_up(login).status_code == 302
        room.admit(login, role)
        return browser

    return enter


@pytest.fixture
def teacher(sign_in):
    return sign_in("prof", Role.INSTRUCTOR)


@pytest.fixture
def assistant(sign_in):
    return sign_in("tutor", Role.ASSISTANT)


@pytest.fixture
def ana(sign_in):
    return sign_in("ana")


FIELDS = {
    "opens_at": "", "due_at": "2026-03-10T18:00", "closes_at": "", "points": "10", "max_attempts": "",
    "cooldown_minutes": "0", "grace_minutes": "0", "late_percent": "0", "counting": "best", "hidden_shown": "title",
    "hidden_shown_when": "now", "hidden_run_when": "now", "is_published": "yes", "action": "save",
}  # fmt: skip


def save(browser, **fields):
    return browser.send(f"{HERE}/edit", **{**FIELDS, **fields})


def row(portal, table=Assignment, **values):
    with portal.database.reader() as session:
        return session.scalars(select(table).filter_by(**values)).one_or_none()


def entries(portal, action):
    with portal.database.reader() as session:
        return session.scalars(select(LogEntry).where(LogEntry.action == action)).all()


def hand_in(portal, room, login, at, score=10.0, slug="softmax"):
    """A graded submission for the room's assignment."""
    with portal.database.write() as session:
        user = session.scalars(select(User).where(User.login == login)).one()
        count = len(session.scalars(select(Submission.id).where(Submission.user_id == user.id)).all())
        session.add(
            Submission(
                user_id=user.id, slug=slug, assignment_id=room.assignment, attempt=count + 1, form_key=str(count),
                file_name="a.py", blob="b", size=1, created_at=at, state=State.GRADED, score=score, max_score=10.0,
            )
        )  # fmt: skip


def test_the_list_is_in_order_of_due_dates_and_says_how_far_each_is(teacher, ana, portal, room):
    room.change(is_published=False)
    with portal.database.write() as session:
        later = now() + DAY
        session.add(Assignment(course_id=room.course, slug="attention", due_at=now() - DAY, closes_at=later))
    hand_in(portal, room, "ana", DUE)
    page = read(teacher.get(LIST))

    assert page.index("Softmax draft") < page.index("Attention late")
    assert "Mar 10, 2026, 6:00 PM GMT-03:00" in page
    assert re.search(r"Softmax draft Mar 10, 2026, 6:00 PM GMT-03:00 – 10 1 / 1 0 0", page)


def test_exercises_are_added_as_drafts_with_terms_of_another(teacher, portal, room):
    room.change(late_percent=10.0, max_attempts=3)
    page = teacher.read(f"{LIST}/from-catalogue")
    assert re.search(r'value="softmax" disabled', page)
    answer = teacher.send(f"{LIST}/from-catalogue", exercise=["attention", "softmax"], like=str(room.assignment))

    assert answer.location == f"{LIST}/attention/edit"
    made = row(portal, slug="attention")
    assert (made.is_published, made.due_at, made.late_percent, made.max_attempts) == (False, None, 10.0, 3)
    [entry] = entries(portal, "assignment.made")
    assert (entry.subject, entry.course_id) == ("attention", room.course)


@pytest.mark.parametrize(("chosen", "status"), [([], 400), (["nothing"], 400)])
def test_what_cannot_be_added(teacher, portal, chosen, status):
    assert teacher.send(f"{LIST}/from-catalogue", exercise=chosen).status_code == status
    assert row(portal, slug="nothing") is None


def test_all_terms_can_be_changed_and_the_log_tells_what(teacher, portal, room):
    answer = save(
        teacher, opens_at="2026-03-01T08:00", closes_at="2026-03-13T18:00", points="7,5", max_attempts="3",
        cooldown_minutes="30", grace_minutes="15", late_percent="12.5", uses_late_days="yes", counting="last",
        hidden_shown="verdict", hidden_shown_when="after_deadline", hidden_run_when="after_deadline", is_published="",
    )  # fmt: skip

    assert answer.location == HERE
    found = row(portal, slug="softmax")
    assert found.opens_at == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert (found.due_at, found.closes_at) == (DUE, DUE + 3 * DAY)
    assert (found.points, found.max_attempts, found.cooldown_minutes, found.grace_minutes) == (7.5, 3, 30, 15)
    assert (found.late_percent, found.uses_late_days, found.counting) == (12.5, True, Counting.LAST)
    assert (found.hidden_shown, found.hidden_shown_when) == (Hidden.VERDICT, When.AFTER_DEADLINE)
    assert (found.hidden_run_when, found.is_published) == (When.AFTER_DEADLINE, False)
    [entry] = entries(portal, "assignment.changed")
    assert (entry.detail["before"]["points"], entry.detail["after"]["points"]) == (10.0, 7.5)
    assert "due_at" not in entry.detail["after"]
    form = teacher.read(f"{HERE}/edit")
    assert all(f'value="{value}"' in form for value in ("2026-03-01T08:00", "7.5", "12.5", "2026-03-13T18:00"))


def test_saving_what_stands_changes_nothing_and_tells_nothing(teacher, portal):
    save(teacher)

    assert entries(portal, "assignment.changed") == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"due_at": "soon"}, "This is no date and time."),
        ({"due_at": "2018-11-04T00:30"}, "clocks are put forward from 11/4/18, 12:00 AM to 11/4/18, 1:00 AM"),
        ({"due_at": "2019-02-16T23:30"}, "comes twice"),
        ({"opens_at": "2026-03-11T18:00"}, "due after it opens"),
        ({"closes_at": "2026-03-10T17:59"}, "cannot close before it is due"),
        ({"closes_at": "2026-03-10T18:30", "grace_minutes": "31"}, "before the grace period is over"),
        ({"due_at": "", "late_percent": "10"}, "without a due date"),
        ({"uses_late_days": "yes"}, "where being late costs something"),
        ({"due_at": "", "hidden_run_when": "after_deadline"}, "no deadline to wait for"),
        ({"points": "ten"}, "from 0 to 100,000"),
        ({"points": "nan"}, "from 0 to 100,000"),
        ({"points": "-1"}, "from 0 to 100,000"),
        ({"late_percent": "101"}, "from 0 to 100"),
        ({"max_attempts": "0"}, "from 1 to 10,000"),
        ({"cooldown_minutes": "1.5"}, "Write a whole number"),
        ({"counting": "worst"}, "Choose one of these."),
    ],
)
def test_terms_that_make_no_sense_are_refused_and_nothing_typed_is_lost(teacher, portal, fields, said):
    answer = save(teacher, **{"grace_minutes": "7", **fields})

    assert answer.status_code == 400
    assert said in read(answer)
    assert 'aria-invalid="true"' in answer.text
    typed = {
        name: value for name, value in fields.items() if name not in ("uses_late_days", "counting", "hidden_run_when")
    }
    assert all(f'value="{value}"' in answer.text for value in typed.values())
    assert (row(portal, slug="softmax").grace_minutes, row(portal, slug="softmax").due_at) == (0, DUE)


def test_all_that_is_wrong_is_told_at_once(teacher):
    answer = save(
        teacher, opens_at="2026-03-11T18:00", closes_at="2099-01-01T00:00", points="ten", uses_late_days="yes",
        counting="worst",
    )  # fmt: skip

    marked = re.findall(r'id="(\w+)-problem"', answer.text)
    assert marked == ["due_at", "closes_at", "points", "counting", "late_percent"]
    assert "January 1, 2099 is more than ten years ahead." in read(answer)


def test_nothing_is_said_that_depends_on_what_cannot_be_read(teacher):
    """Whether there will be a due date is not known yet, so that nobody is told that there is none."""
    answer = save(teacher, due_at="soon", late_percent="10", closes_at="2026-03-01T18:00")

    assert re.findall(r'id="(\w+)-problem"', answer.text) == ["due_at"]


def test_it_may_close_when_it_is_due(teacher, portal):
    assert save(teacher, closes_at="2026-03-10T18:00").status_code == 302


def test_a_preview_says_in_both_languages_what_was_typed_and_saves_nothing(teacher, portal):
    answer = save(teacher, late_percent="10", action="preview")
    page = read(answer)

    assert answer.status_code == 200
    assert "Nothing is saved yet." in page
    assert "Each day begun after Mar 10, 2026, 6:00 PM GMT-03:00 costs 10% of the score." in page
    assert "custa 10% da nota" in page
    assert "3 days Mar 13, 2026, 6:00 PM GMT-03:00 70% 7 of 10" in page
    assert 'name="late_percent" inputmode="decimal" autocomplete="off" value="10"' in answer.text
    assert row(portal, slug="softmax").late_percent == 0


def test_what_counts_follows_the_terms(teacher, ana, portal, room):
    hand_in(portal, room, "ana", DUE + DAY / 2)
    save(teacher, late_percent="25", points="20")
    assert row(portal, Result).points == pytest.approx(15)

    save(teacher, late_percent="25", points="20", due_at="2026-03-12T18:00")
    assert row(portal, Result).points == pytest.approx(20)


def test_a_draft_is_published_and_hidden_again(teacher, ana, portal, room):
    room.change(is_published=False)
    assert "Deep Learning" not in ana.read("/exercises/softmax")
    assert teacher.send(f"{HERE}/publish", published="yes").location == LIST
    assert "Deep Learning" in ana.read("/exercises/softmax")
    teacher.send(f"{HERE}/publish", published="no")
    assert not row(portal, slug="softmax").is_published


def test_terms_that_make_no_sense_are_not_published(teacher, portal, room):
    room.change(is_published=False, due_at=None, late_percent=10.0)

    assert teacher.send(f"{HERE}/publish", published="yes").location == f"{HERE}/edit"
    assert not row(portal, slug="softmax").is_published


def test_removing_asks_first_and_keeps_what_was_handed_in(teacher, ana, portal, room):
    hand_in(portal, room, "ana", DUE)
    give(teacher, "ana")
    page = read(teacher.get(f"{HERE}/remove"))
    assert "1 student has handed in." in page
    assert "1 extension is lost." in page
    assert row(portal, slug="softmax")

    assert teacher.send(f"{HERE}/remove").location == LIST
    assert row(portal, slug="softmax") is None
    assert row(portal, Result) is None
    assert row(portal, Submission).assignment_id is None
    [entry] = entries(portal, "assignment.removed")
    assert (entry.detail["count"], entry.detail["before"]["points"]) == (1, 10.0)


@pytest.mark.parametrize("path", [f"{LIST}/nothing", f"{LIST}/nothing/edit", f"{LIST}/nothing/extensions",
                                  f"{HERE}/extensions/ana", f"{HERE}/extensions/nobody"])  # fmt: skip
def test_what_is_not_there(teacher, ana, path):
    assert teacher.get(path).status_code == 404


def test_another_courses_assignment_is_not_there(teacher, portal, room):
    other = Classroom(portal, code="ml", slug="attention")
    with portal.database.write() as session:
        user = session.scalars(select(User).where(User.login == "prof")).one()
        session.add(Extension(assignment_id=other.assignment, user_id=user.id, created_at=now()))

    assert teacher.get(f"{LIST}/attention").status_code == 404
    assert teacher.send(f"{LIST}/attention/remove").status_code == 404
    assert teacher.get(f"{LIST}/attention/extensions/prof").status_code == 404
    assert teacher.get("/courses/ml/assignments").status_code == 404


def test_assistants_read_terms_and_give_extensions_but_change_no_terms(assistant, ana, portal):
    assert assistant.get(LIST).status_code == 200
    assert "/edit" not in assistant.read(HERE)
    assert assistant.get(f"{HERE}/edit").status_code == 403
    assert save(assistant, points="1").status_code == 403
    assert assistant.send(f"{HERE}/remove").status_code == 403
    assert give(assistant, "ana").status_code == 302
    assert row(portal, Extension).due_at == DUE + DAY


def give(browser, students, **fields):
    typed = {"students": students, "due_at": "2026-03-11T18:00", "reason": "ill", **fields}
    return browser.send(f"{HERE}/extensions", **typed)


def test_several_students_get_an_extension_by_login_address_or_number(teacher, sign_in, portal, room):
    for login in ("ana", "bia", "caio", "davi"):
        sign_in(login)
    with portal.database.write() as session:
        users = {each.login: each for each in session.scalars(select(User))}
        users["bia"].email = "bia@uni.example"
        session.scalars(select(Membership).where(Membership.user_id == users["caio"].id)).one().number = "A-17"
    answer = give(teacher, "ANA, bia@uni.example; a-17\nana")

    assert answer.location == f"{HERE}/extensions"
    page = read(teacher.get(answer.location))
    assert "3 students have an extension now." in page
    assert "Mar 11, 2026, 6:00 PM GMT-03:00" in page
    assert "ill by Prof" in page
    assert [each.detail["after"]["more_attempts"] for each in entries(portal, "extension.set")] == [0, 0, 0]
    with portal.database.reader() as session:
        logins = session.scalars(select(User.login).join(Extension, Extension.user_id == User.id)).all()
    assert sorted(logins) == ["ana", "bia", "caio"]


def test_a_long_list_of_extensions_has_pages(teacher, portal, room):
    with portal.database.write() as session:
        people = [User(login=f"s{n:02}", name=f"Student {n:02}", created_at=now()) for n in range(60)]
        session.add_all(people)
        session.flush()
        assignment = session.scalars(select(Assignment)).one().id
        for each in people:
            session.add(Membership(course_id=room.course, user_id=each.id, role=Role.STUDENT, created_at=now()))
            session.add(Extension(assignment_id=assignment, user_id=each.id, due_at=DUE + DAY, created_at=now()))
    first, last = (read(teacher.get(f"{HERE}/extensions?page={page}")) for page in (1, 2))

    assert "Student 49 s49" in first
    assert "Student 50 s50" not in first
    assert "Student 49 s49" not in last
    assert "Student 59 s59" in last
    assert "Page 1 of 2" in first
    assert "Page 2 of 2" in last


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"students": ""}, "Name a student"),
        ({"students": "ana nobody <b>"}, "No student of this course: nobody, <b>."),
        ({"students": "prof"}, "No student of this course: prof."),
        ({"students": "twin"}, "More than one student: twin."),
        ({"due_at": "2026-03-10T18:00"}, "not later than for everybody"),
        ({"due_at": ""}, "Give a later date or more attempts."),
        ({"due_at": "", "closes_at": "2026-03-12T18:00"}, "It never closes."),
        ({"more_attempts": "1"}, "Attempts are not limited here."),
        ({"more_attempts": "many"}, "Write a whole number from 0 to 10,000."),
        ({"due_at": "2018-11-04T00:30"}, "does not exist"),
        ({"due_at": "2099-01-01T00:00", "reason": "x" * 401}, "ten years ahead"),
        ({"due_at": "2099-01-01T00:00", "reason": "x" * 401}, "Use at most 400 characters."),
        ({"reason": "x" * 401}, "Use at most 400 characters."),
    ],
)
def test_extensions_that_make_no_sense_are_refused(teacher, ana, sign_in, portal, fields, said):
    sign_in("twin")
    with portal.database.write() as session:
        mine = select(Membership).join(Membership.user).where(User.login == "ana")
        session.scalars(mine).one().number = "twin"
    answer = give(teacher, **{"students": "ana", **fields})

    assert answer.status_code == 400
    assert said in read(answer)
    assert row(portal, Extension) is None


def test_an_extension_counts_at_once_and_is_changed_and_taken_away(teacher, ana, portal, room):
    room.change(late_percent=10.0, max_attempts=2, closes_at=DUE + 2 * DAY)
    hand_in(portal, room, "ana", DUE + DAY / 2)
    save(teacher, late_percent="10", max_attempts="2", closes_at="2026-03-12T18:00", points="20")
    assert row(portal, Result).points == pytest.approx(18)

    give(teacher, "ana", more_attempts="1")
    assert row(portal, Result).points == pytest.approx(20)
    page = teacher.read(f"{HERE}/extensions/ana")
    assert 'value="2026-03-11T18:00"' in page
    fields = {"due_at": "", "closes_at": "2026-03-15T18:00", "more_attempts": "3", "reason": "strike"}
    assert teacher.send(f"{HERE}/extensions/ana", **fields).location == f"{HERE}/extensions"
    found = row(portal, Extension)
    assert (found.due_at, found.closes_at, found.more_attempts) == (None, DUE + 5 * DAY, 3)
    assert row(portal, Result).points == pytest.approx(18)

    give(teacher, "ana", reason="")  # what she has already stays where it is more
    found = row(portal, Extension)
    assert (found.due_at, found.closes_at, found.more_attempts) == (DUE + DAY, DUE + 5 * DAY, 3)
    assert found.reason == "strike"

    assert teacher.send(f"{HERE}/extensions/ana/remove").status_code == 302
    assert row(portal, Extension) is None
    assert row(portal, Result).points == pytest.approx(18)
    [entry] = entries(portal, "extension.removed")
    assert entry.detail["before"]["more_attempts"] == 3


def test_all_dates_of_one_student_are_moved(teacher, ana, portal, room):
    due = (now() + 5 * DAY).replace(microsecond=0)
    with portal.database.write() as session:
        session.add(Assignment(course_id=room.course, slug="attention", due_at=due, closes_at=due + DAY))
    page = f"{LIST}/one-student"
    assert "No student of this course" in read(teacher.get(f"{page}?student=prof"))
    answer = teacher.send(page, student="ana", days="7", which="open", reason="ill")

    assert answer.location == f"{page}?student=ana"
    found = row(portal, Extension)
    assert (found.due_at - due, found.closes_at - due) == (7 * DAY, 8 * DAY)
    assert "1 assignment is moved." in read(teacher.get(answer.location))

    teacher.send(page, student="ana", days="3", which="all", reason="")  # the past one too; nothing is taken away
    with portal.database.reader() as session:
        moved = {each.assignment_id: each.due_at for each in session.scalars(select(Extension))}
    assert moved == {room.assignment: DUE + 3 * DAY, found.assignment_id: due + 7 * DAY}


def test_dates_of_one_student_are_not_moved_out_of_reach(teacher, ana, portal, room):
    room.change(due_at=now() + 3600 * DAY)
    answer = teacher.send(f"{LIST}/one-student", student="ana", days="366", which="all")

    assert answer.status_code == 400
    assert "Softmax would have a date on" in read(answer)
    assert row(portal, Extension) is None


@pytest.mark.parametrize("days", ["", "0", "367", "x"])
def test_days_that_make_no_sense(teacher, ana, portal, days):
    answer = teacher.send(f"{LIST}/one-student", student="ana", days=days, which="all")

    assert answer.status_code == 400
    assert "from 1 to 366" in read(answer)
    assert row(portal, Extension) is None


def test_a_student_reads_terms_of_their_own(ana, sign_in, teacher, portal, room):
    due = (now() + 5 * DAY).replace(second=0, microsecond=0)
    room.change(due_at=due, late_percent=10.0, uses_late_days=True, cooldown_minutes=30, max_attempts=4,
                counting=Counting.LAST)  # fmt: skip
    with portal.database.write() as session:
        session.get_one(Course, room.course).late_days = 2
        user = session.scalars(select(User).where(User.login == "ana")).one()
        session.add(Extension(assignment_id=room.assignment, user_id=user.id, due_at=due + DAY, created_at=now()))
    page, other = read(ana.get("/exercises/softmax")), read(sign_in("bia").get("/exercises/softmax"))

    assert "Course Deep Learning Points 10" in page
    assert "2 left in this course" in page
    assert "30 minutes between two attempts" in page
    assert "4 of 4 left, the last one counts" in page
    assert "extended for you" in page
    assert "GMT-03:00" in page
    assert "Each day begun after" in page
    assert "extended for you" not in other
    cards = read(ana.get("/"))
    assert "Deep Learning, 10 points" in cards
    assert "extended for you" in cards
    assert "Deep Learning" not in read(teacher.get("/"))


def test_during_the_pause_the_editor_stays_and_says_until_when(ana, portal, room):
    room.change(cooldown_minutes=30, due_at=None)
    ana.hand_in()
    page = ana.get("/exercises/softmax")
    assert "There is a pause between two attempts. You can hand in again:" in read(page)
    assert 'id="code"' in page.text

    answer = ana.send("/exercises/softmax", code="kept = 1")
    assert answer.status_code == 400
    assert "kept = 1" in answer.text


def test_where_the_last_attempt_counts_the_last_one_is_marked(ana, portal, room):
    room.change(counting=Counting.LAST)
    hand_in(portal, room, "ana", DUE, score=10.0)
    hand_in(portal, room, "ana", DUE + DAY, score=4.0)

    assert re.search(r"graded counts 4 / 10 .*graded 10 / 10", read(ana.get("/exercises/softmax")))


def test_the_number_of_queries_does_not_grow(teacher, ana, portal, room):
    def count(path):
        found = []
        listener = lambda *arguments: found.append(arguments[2])  # noqa: E731
        event.listen(portal.database.engine, "before_cursor_execute", listener)
        assert teacher.get(path).status_code == 200
        event.remove(portal.database.engine, "before_cursor_execute", listener)
        return len(found)

    paths = (LIST, f"{HERE}/extensions", f"{LIST}/one-student?student=ana")
    few = [count(path) for path in paths]
    with portal.database.write() as session:
        session.add_all([Assignment(course_id=room.course, slug=f"s{number}", due_at=DUE) for number in range(8)])
        for number in range(8):
            user = User(login=f"u{number}", name="U", created_at=now())
            session.add(user)
            session.flush()
            session.add(Membership(course_id=room.course, user_id=user.id, created_at=now()))
            session.add(Extension(assignment_id=room.assignment, user_id=user.id, due_at=DUE + DAY, created_at=now()))

    assert [count(path) for path in paths] <= [each + 2 for each in few]
