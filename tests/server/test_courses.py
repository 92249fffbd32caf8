"""Courses: the list, a new one, what students and staff see first, settings, the copy for the next term."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from server.context import now
from server.models import (
    Assignment,
    Counting,
    Course,
    Extension,
    LogEntry,
    Membership,
    RegradeRequest,
    Result,
    Role,
    RubricItem,
    State,
    Submission,
    User,
)
from tests.server.classroom import Classroom
from tests.server.office import add_course, add_user, join, log_in

DAY = timedelta(days=1)


@pytest.fixture
def creator(app, portal):
    add_user(portal, "dora", Role.INSTRUCTOR)
    return log_in(app, "dora")


@pytest.fixture
def room(portal):
    return Classroom(portal)


@pytest.fixture
def teacher(app, portal, room):
    add_user(portal, "dora")
    room.admit("dora", Role.INSTRUCTOR)
    return log_in(app, "dora")


@pytest.fixture
def ana(app, portal, room):
    add_user(portal, "ana")
    room.admit("ana")
    return log_in(app, "ana")


def courses(portal):
    with portal.database.reader() as session:
        return {each.code: each for each in session.scalars(select(Course))}


def entries(portal):
    with portal.database.reader() as session:
        return [(each.action, each.subject, each.detail) for each in session.scalars(select(LogEntry))]


def hand_in(portal, room, login, score=None, **values):
    with portal.database.write() as session:
        user = session.scalars(select(User).where(User.login == login)).one()
        known = {"state": State.RECEIVED if score is None else State.GRADED, "score": score, "max_score": 10.0}
        number = values.pop("attempt", 1)
        session.add(
            Submission(
                user_id=user.id, slug="softmax", assignment_id=room.assignment, attempt=number,
                form_key=f"k{number}", file_name="a.py", blob="b", size=1, created_at=now(), **{**known, **values},
            )
        )  # fmt: skip


def set_result(portal, room, login, **values):
    with portal.database.write() as session:
        user = session.scalars(select(User).where(User.login == login)).one()
        session.add(Result(assignment_id=room.assignment, user_id=user.id, updated_at=now(), **values))


def test_the_list_has_the_readers_courses_and_no_others(app, portal):
    mine, other = add_course(portal, "dl", ana=Role.STUDENT), add_course(portal, "other", bia=Role.STUDENT)
    page = log_in(app, "ana").read("/courses")

    assert f'href="/courses/{mine.code}"' in page
    assert other.title not in page
    assert "New course" not in page
    with portal.database.write() as session:
        session.get_one(Course, mine.id).archived_at = now()
    assert "You take part in no course yet." in log_in(app, "ana").read("/courses")


def test_an_administrator_finds_all_courses(app, portal):
    add_user(portal, "edu", Role.ADMINISTRATOR)
    browser = log_in(app, "edu")
    assert "There is no course yet." in browser.read("/courses")

    add_course(portal, "dl")
    page = browser.read("/courses")
    assert "Courses of others" in page
    assert "You take part in no course yourself." in page
    assert "Make the first one" not in page
    assert "Getting started" in browser.read("/courses/dl")


def test_a_course_is_made_and_its_maker_teaches_it(creator, portal):
    form = {"title": " Deep  Learning ", "term": "2026/2", "time_zone": "America/Sao_Paulo", "late_days": "4"}
    assert creator.send("/courses/new", **form).location == "/courses/deep-learning-2026-2"

    made = courses(portal)["deep-learning-2026-2"]
    assert (made.title, made.time_zone, made.late_days) == ("Deep Learning", "America/Sao_Paulo", 4)
    with portal.database.reader() as session:
        assert session.scalars(select(Membership.role)).all() == [Role.INSTRUCTOR]
    assert entries(portal) == [("course.made", "deep-learning-2026-2", {})]
    page = creator.read("/courses/deep-learning-2026-2")
    assert "Getting started" in page
    assert "/courses/deep-learning-2026-2/people/import" in page
    assert "deep-learning-2026-2" in creator.read("/courses")
    assert creator.send("/courses/new", **form).location == "/courses/deep-learning-2026-2-2"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": ""}, "what the course is called"),
        ({"code": "new"}, "small letters without accents"),
        ({"code": "taken"}, "Another course has this code."),
        ({"time_zone": "Mars"}, "There is no such time zone."),
        ({"late_days": "-3"}, "a whole number from 0 to 100"),
    ],
)
def test_a_wrong_form_is_shown_again_with_what_was_typed(creator, portal, fields, sentence):
    add_course(portal, "taken")
    answer = creator.send("/courses/new", **{"title": "Deep Learning", "term": "2026/2", **fields})

    assert answer.status_code == 400
    assert sentence in answer.text
    assert 'value="2026/2"' in answer.text
    assert courses(portal).keys() == {"taken"}


@pytest.mark.parametrize("role", [Role.STUDENT, Role.ASSISTANT])
def test_courses_are_made_by_instructors_of_the_portal_alone(app, portal, role):
    add_user(portal, "ana", role)
    browser = log_in(app, "ana")

    assert browser.get("/courses/new").status_code == 403
    assert browser.send("/courses/new", title="Mine").status_code == 403
    assert courses(portal) == {}


def test_a_student_sees_what_is_assigned_and_where_they_stand(ana, portal, room):
    room.change(opens_at=now() - DAY, due_at=now() + 2 * DAY, max_attempts=5, uses_late_days=True, late_percent=10)
    with portal.database.write() as session:
        session.get_one(Course, room.course).late_days = 4
        session.add(Assignment(course_id=room.course, slug="attention", points=20.0, is_published=False))
    set_result(portal, room, "ana", points=7.5, attempts=2, late_days=1)
    hand_in(portal, room, "ana", attempt=3)
    page = ana.read("/courses/dl")

    assert re.search(r'href="/exercises/softmax">Softmax</a>', page)
    assert "Attention" not in page
    assert re.search(r"Points so far</dt><dd>7\.5<span[^>]*> / 10<", page)
    assert re.search(r"Late days left</dt><dd>3<span[^>]*> / 4<", page)
    assert "2 of 5 attempts" in page
    assert "in 1 day 23 hours" in page
    assert "being graded" in page
    assert "Settings" not in page


@pytest.mark.parametrize(
    ("terms", "stage"),
    [
        ({"opens_at": now() + DAY}, "not open yet"),
        ({"due_at": now() - DAY}, "late"),
        ({"due_at": now() - DAY, "grace_minutes": 2880}, "open"),
        ({"closes_at": now() - DAY}, "closed"),
        ({}, "open"),
    ],
)
def test_the_stage_of_an_assignment_is_told(ana, room, terms, stage):
    room.change(**terms)

    assert f">{stage}</span>" in ana.read("/courses/dl")


def test_an_extension_counts_for_whoever_has_it(ana, portal, room):
    room.change(due_at=now() - DAY)
    with portal.database.write() as session:
        user = session.scalars(select(User.id).where(User.login == "ana")).one()
        session.add(Extension(assignment_id=room.assignment, user_id=user, due_at=now() + DAY, created_at=now()))

    assert ">open</span>" in ana.read("/courses/dl")


def test_points_of_hidden_tests_are_kept_until_the_deadline(ana, portal, room):
    room.change(due_at=now() + DAY, hidden_shown_when="after_deadline")
    set_result(portal, room, "ana", points=7.5, attempts=1)
    page = ana.read("/courses/dl")

    assert "7.5" not in page
    assert "points after the deadline" in page


def test_dates_are_in_the_courses_time_zone(ana, portal, room):
    room.change(due_at=datetime(2030, 3, 2, 2, 59, tzinfo=UTC))
    with portal.database.write() as session:
        session.get_one(Course, room.course).time_zone = "America/Sao_Paulo"

    assert "Mar 1, 2030, 11:59\u202fPM" in ana.read("/courses/dl")


def test_staff_sees_how_the_course_is_doing(teacher, ana, portal, room):
    room.change(due_at=now() + DAY, closes_at=now() + 2 * DAY)
    hand_in(portal, room, "ana")
    hand_in(portal, room, "ana", 5.0, attempt=2)
    with portal.database.write() as session:
        id = session.scalars(select(Submission.id).where(Submission.attempt == 2)).one()
        session.add(RegradeRequest(submission_id=id, text="Please", created_at=now()))
    page = re.sub(r"<[^>]+>", " ", teacher.read("/courses/dl"))
    page = " ".join(page.split())

    for sentence in ("Students 1", "Submissions 2", "Waiting to be graded 1", "Open regrade requests 1"):
        assert sentence in page
    assert page.index("Softmax is due") < page.index("Softmax closes")
    assert "Getting started" not in page


def test_settings_are_changed_and_written_down(teacher, portal):
    form = {"title": "Deep Learning II", "term": "2027/1", "time_zone": "Europe/Lisbon", "late_days": "2"}
    assert teacher.send("/courses/dl/settings", **form, code="hijacked").location == "/courses/dl/settings"

    made = courses(portal)["dl"]
    assert (made.title, made.term, made.time_zone, made.late_days) == ("Deep Learning II", "2027/1", "Europe/Lisbon", 2)
    action, subject, detail = entries(portal)[-1]
    assert (action, subject, detail["late_days"]) == ("course.changed", "dl", [0, 2])
    assert teacher.send("/courses/dl/settings", **{**form, "late_days": "x"}).status_code == 400
    assert 'value="Europe/Lisbon"' in teacher.read("/courses/dl/settings")


def test_late_days_of_the_course_count_at_once(teacher, ana, portal, room):
    room.change(due_at=now() - timedelta(hours=30), late_percent=10.0, uses_late_days=True)
    hand_in(portal, room, "ana", 10.0)
    for late_days, points in (("0", 8.0), ("2", 10.0)):
        teacher.send("/courses/dl/settings", title="Deep Learning", late_days="1")
        teacher.send("/courses/dl/settings", title="Deep Learning", late_days=late_days)
        with portal.database.reader() as session:
            assert session.scalars(select(Result.points)).one() == points


def test_an_archived_course_is_gone_for_students_until_it_is_taken_up_again(teacher, ana, portal):
    teacher.send("/courses/dl/archive", archive="yes")

    assert ana.get("/courses/dl").status_code == 404
    assert "This course is archived" in teacher.read("/courses/dl")
    teacher.send("/courses/dl/archive", archive="no")
    assert ana.get("/courses/dl").status_code == 200
    assert [detail for action, _, detail in entries(portal) if action == "course.archived"] == [
        {"is_archived": True}, {"is_archived": False},
    ]  # fmt: skip


DUE = datetime(2026, 3, 2, 2, 59, tzinfo=UTC)  # 23:59 of March 1 in São Paulo


@pytest.fixture
def full(portal, room, teacher, ana):
    """A course with everything that a copy takes or leaves."""
    room.change(
        opens_at=DUE - 7 * DAY, due_at=DUE, closes_at=DUE + DAY, max_attempts=3, late_percent=5.0,
        counting=Counting.LAST, uses_late_days=True,
    )  # fmt: skip
    add_user(portal, "caio")
    room.admit("caio", Role.ASSISTANT)
    hand_in(portal, room, "ana", 5.0)
    with portal.database.write() as session:
        course = session.get_one(Course, room.course)
        course.term, course.time_zone, course.late_days = "2026/1", "America/Sao_Paulo", 4
        session.add(RubricItem(assignment_id=room.assignment, position=1, title="Style", points=-1.0))
        session.add(Assignment(course_id=room.course, slug="attention"))
    return room


def copied(portal, code):
    with portal.database.reader() as session:
        course = session.scalars(select(Course).where(Course.code == code)).one()
        assignments = session.scalars(select(Assignment).where(Assignment.course_id == course.id)).all()
        staff = session.scalars(select(Membership).where(Membership.course_id == course.id)).all()
        return course, {each.slug: each for each in assignments}, {each.user.login: each.role for each in staff}


def copy(browser, **fields):
    form = {"title": "Deep Learning", "term": "2026/2", "code": "dl-2026-2", "move": "no", "with_staff": "yes"}
    return browser.send("/courses/dl/copy", **{**form, **fields})


def test_the_form_proposes_the_next_term_and_half_a_year_later(teacher, full):
    page = teacher.read("/courses/dl/copy")

    assert 'value="2026/2"' in page
    assert "Sunday, February 22, 2026" in page
    assert 'value="2026-08-23"' in page


def test_a_copy_has_assignments_as_drafts_rubrics_and_staff_but_no_students(teacher, full, portal):
    assert copy(teacher, move="by", count="2", unit="weeks").location == "/courses/dl-2026-2"
    course, assignments, staff = copied(portal, "dl-2026-2")

    assert (course.term, course.time_zone, course.late_days) == ("2026/2", "America/Sao_Paulo", 4)
    assert staff == {"dora": Role.INSTRUCTOR, "caio": Role.ASSISTANT}
    found = assignments["softmax"]
    assert (found.opens_at, found.due_at, found.closes_at) == (DUE + 7 * DAY, DUE + 14 * DAY, DUE + 15 * DAY)
    assert (found.max_attempts, found.late_percent, found.counting) == (3, 5.0, Counting.LAST)
    assert (found.points, found.uses_late_days) == (10.0, True)
    assert assignments["attention"].due_at is None
    assert not any(each.is_published for each in assignments.values())
    with portal.database.reader() as session:
        items = select(RubricItem.title, RubricItem.points).where(RubricItem.assignment_id == found.id)
        assert [tuple(item) for item in session.execute(items)] == [("Style", -1.0)]
        assert session.scalars(select(Submission).where(Submission.assignment_id == found.id)).all() == []
    action, subject, detail = entries(portal)[-1]
    assert (action, subject, detail) == ("course.made", "dl-2026-2", {"copy_of": "dl", "days": 14})


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ({"move": "no"}, 0), ({"move": "by", "count": "10", "unit": "days"}, 10),
        ({"move": "by", "count": "-1", "unit": "weeks"}, -7), ({"move": "to", "day": "2026-08-23"}, 182),
        ({"move": "to", "day": "2026-02-22"}, 0),
    ],
)  # fmt: skip
def test_dates_move_as_was_chosen(teacher, full, portal, fields, days):
    copy(teacher, **fields)

    assert copied(portal, "dl-2026-2")[1]["softmax"].due_at == DUE + days * DAY


def test_staff_stays_behind_when_so_chosen(teacher, full, portal):
    teacher.send("/courses/dl/copy", title="Deep Learning", term="2026/2", code="", move="no")

    assert copied(portal, "deep-learning-2026-2")[2] == {"dora": Role.INSTRUCTOR}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": ""}, "what the course is called"), ({"code": "dl"}, "Another course has this code."),
        ({"code": "Not a code!"}, "small letters"), ({"move": "by", "count": "x"}, "from −520 to 520"),
        ({"move": "by", "count": "9999"}, "from −520 to 520"), ({"move": "to", "day": "soon"}, "Choose the day"),
        ({"move": "to", "day": "9999-12-31"}, "more than ten years ahead"),
        ({"move": "to", "day": "0001-01-01"}, "dates begin with the year 2000"),
    ],
)  # fmt: skip
def test_a_copy_that_cannot_be_is_told_and_makes_nothing(teacher, full, portal, fields, sentence):
    answer = copy(teacher, **fields)

    assert answer.status_code == 400
    assert sentence in answer.text
    assert courses(portal).keys() == {"dl"}


def test_a_course_is_not_copied_forward_without_end(teacher, full, portal):
    """Ten years on, the copy's own copy would be twenty years ahead; and a date that far is copied no more either."""
    full.change(opens_at=None, due_at=now() + 9 * 365 * DAY, closes_at=None)
    for fields, field in (
        ({"move": "by", "count": "104", "unit": "weeks"}, "count"),
        ({"move": "to", "day": str((now() + 11 * 365 * DAY).date())}, "day"),
    ):
        answer = copy(teacher, **fields)
        assert answer.status_code == 400
        assert re.search(rf'id="{field}-problem">Softmax would have a date on \w+ \d+, 20\d\d, more', answer.text)
    full.change(due_at=now() + 20 * 365 * DAY)
    answer = copy(teacher, move="no")

    assert (answer.status_code, 'id="move-problem"' in answer.text) == (400, True)
    assert courses(portal).keys() == {"dl"}
    full.change(due_at=now() + 9 * 365 * DAY)
    assert copy(teacher, move="by", count="20", unit="weeks").status_code == 302


FOR_TEACHERS = ["settings", "archive", "copy"]


@pytest.mark.parametrize("path", FOR_TEACHERS)
def test_assistants_change_no_course_and_strangers_find_none(app, portal, room, path):
    add_user(portal, "caio")
    room.admit("caio", Role.ASSISTANT)
    other = add_course(portal, "other", eva=Role.INSTRUCTOR)
    assistant, stranger = log_in(app, "caio"), log_in(app, "eva")
    form = {"title": "Mine", "archive": "yes", "move": "no"}

    assert assistant.get(f"/courses/dl/{path}").status_code == 403
    assert assistant.send(f"/courses/dl/{path}", **form).status_code == 403
    assert stranger.get(f"/courses/dl/{path}").status_code == 404
    assert stranger.send(f"/courses/dl/{path}", **form).status_code == 404
    assert stranger.get("/courses/dl").status_code == 404
    assert courses(portal).keys() == {"dl", other.code}
    assert courses(portal)["dl"].title == "Deep Learning"


def test_a_member_of_another_role_elsewhere_is_what_the_membership_says(app, portal):
    course = add_course(portal, "dl", dora=Role.INSTRUCTOR)
    eva = add_user(portal, "eva", Role.INSTRUCTOR)
    join(portal, course, eva)

    assert log_in(app, "eva").get("/courses/dl/settings").status_code == 403
