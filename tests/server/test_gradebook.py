"""The gradebook: order, filters, marks, overrides and exports."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from server.context import now
from server.course import gradebook
from server.course.cells import defuse
from server.course.export import write_csv, write_excel
from server.course.gradebook import Filter, Mark
from server.course.results import settle
from server.models import (
    Assignment,
    LogEntry,
    Membership,
    RegradeRequest,
    Result,
    Review,
    Role,
    State,
    Submission,
    User,
)
from server.office.listing import PAGE_SIZE
from tests.server.classroom import Classroom

DAY = timedelta(days=1)


@pytest.fixture
def room(portal):
    """A course with two assignments and a handful of students."""
    room = Classroom(portal, points=10.0, due_at=now())
    with portal.database.write() as session:
        other = Assignment(course_id=room.course, slug="attention", points=20.0, due_at=now() + DAY)
        session.add(other)
        session.flush()
        room.second = other.id
    return room


@pytest.fixture
def teacher(app, new_browser, room):
    return make_staff(app, new_browser, room, "dora", Role.INSTRUCTOR)


def make_staff(app, new_browser, room, login, role):
    browser = new_browser(app.test_client())
    browser.sign_up(login)
    room.admit(login, role)
    return browser


def enrol(room, name, score=None, *, assignment=None, number="", section="", **changes):
    """A student with one graded submission, or with none."""
    with room.portal.database.write() as session:
        user = session.scalar(select(User).where(User.login == name.lower()))
        if user is None:
            user = User(login=name.lower(), name=name, created_at=now())
            session.add(user)
            session.flush()
            member = Membership(
                course_id=room.course, user_id=user.id, number=number, section=section, created_at=now()
            )
            session.add(member)
        if score is not None:
            slug = "softmax" if assignment is None else "attention"
            values = {
                "state": State.GRADED, "score": score, "max_score": 10.0, "created_at": now() - DAY, **changes
            }  # fmt: skip
            session.add(
                Submission(
                    user_id=user.id, slug=slug, assignment_id=assignment or room.assignment, attempt=1,
                    form_key=f"{name}{slug}", file_name="a.py", blob="b", size=1, **values,
                )
            )  # fmt: skip
        settle(session, room.course, now())
        return user.id


def read(room, page=1, **chosen):
    with room.portal.database.reader() as session:
        return gradebook.read(session, room.course, Filter(**chosen), page)


def names(room, **chosen):
    return [row.member.user.name for row in read(room, **chosen).rows]


@pytest.fixture
def five(room):
    enrol(room, "Eva", 5, number="3", section="B")
    enrol(room, "ana", 10, number="1", section="A")
    enrol(room, "Caio", 0, number="2", section="A")
    enrol(room, "Davi", number="4", section="B")
    enrol(room, "Bia", 8, number="5")
    enrol(room, "Caio", 9, assignment=room.second)
    return room


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, ["ana", "Bia", "Caio", "Davi", "Eva"]),
        ({"descending": True}, ["Eva", "Davi", "Caio", "Bia", "ana"]),
        ({"sort": "number"}, ["ana", "Caio", "Eva", "Davi", "Bia"]),
        ({"sort": "section"}, ["Bia", "ana", "Caio", "Davi", "Eva"]),
        ({"sort": "total"}, ["Eva", "Bia", "ana", "Caio", "Davi"]),  # nothing comes last, either way
        ({"sort": "total", "descending": True}, ["Caio", "ana", "Bia", "Eva", "Davi"]),
        ({"sort": "nonsense"}, ["ana", "Bia", "Caio", "Davi", "Eva"]),
        ({"query": "A"}, ["ana", "Bia", "Caio", "Davi", "Eva"]),
        ({"query": "%"}, []),
        ({"query": "_"}, []),
        ({"query": "5"}, ["Bia"]),
        ({"section": "A"}, ["ana", "Caio"]),
    ],
)
def test_order_and_filters(five, chosen, expected):
    assert names(five, **chosen) == expected


def test_filters_of_an_assignment(five):
    assert names(five, missing=five.assignment) == ["Davi"]
    assert names(five, missing=five.second) == ["ana", "Bia", "Davi", "Eva"]
    assert names(five, of=five.assignment, below=80) == ["Caio", "Davi", "Eva"]
    assert names(five, of=five.assignment, below=0) == ["Davi"]
    assert names(five, sort=str(five.assignment), descending=True)[0] == "ana"
    assert names(five, missing=12345) == names(five)


def test_totals_leave_drafts_out(five):
    book = read(five)
    assert (book.most, [row.total for row in book.rows]) == (30, [10, 8, 18, 0, 5])
    with five.portal.database.write() as session:
        session.get_one(Assignment, five.second).is_published = False
    book = read(five)
    assert (book.most, [row.total for row in book.rows]) == (10, [10, 8, 0, 0, 5])


def test_marks(room):
    enrol(room, "Waits", 0, state=State.RECEIVED, max_score=None)
    enrol(room, "Late", 5, created_at=now() + DAY)
    enrol(room, "Provisional", 5, is_provisional=True)
    for name in ("Reviewed", "Asks"):
        enrol(room, name, 5)
    with room.portal.database.write() as session:
        ids = {
            name: session.scalar(
                select(Submission.id).join(User, User.id == Submission.user_id).where(User.name == name)
            )
            for name in ("Reviewed", "Asks")
        }
        session.add(Review(submission_id=ids["Reviewed"], published_at=now(), updated_at=now()))
        session.add(RegradeRequest(submission_id=ids["Asks"], text="Please", created_at=now()))
    marks = {row.member.user.name: row.cells[room.assignment].marks for row in read(room).rows}

    assert marks == {
        "Waits": (Mark.WAITING,),
        "Late": (Mark.LATE,),
        "Provisional": (Mark.PROVISIONAL,),
        "Reviewed": (Mark.REVIEWED,),
        "Asks": (Mark.REQUEST,),
    }
    assert names(room, requests=True) == ["Asks"]


def count_queries(room, page):
    found = []

    def hear(*args):
        found.append(args[2])

    event.listen(room.portal.database.engine, "before_cursor_execute", hear)
    book = read(room, page)
    event.remove(room.portal.database.engine, "before_cursor_execute", hear)
    return len(found), book


@pytest.mark.parametrize("page", [1, None])
def test_queries_do_not_grow_with_rows(room, page):
    enrol(room, "Ana", 5)
    few, _ = count_queries(room, page)
    with room.portal.database.write() as session:
        ids = [room.assignment, room.second]
        users = [User(login=f"s{n}", name=f"S{n}", created_at=now()) for n in range(300)]
        session.add_all(users)
        session.flush()
        session.add_all(Membership(course_id=room.course, user_id=each.id, created_at=now()) for each in users)
        session.add_all(
            Result(assignment_id=id, user_id=each.id, points=float(n), earned=float(n), updated_at=now())
            for n, each in enumerate(users)
            for id in ids
        )
    many, book = count_queries(room, page)

    assert many == few
    assert (book.found, len(book.rows)) == (301, 301 if page is None else PAGE_SIZE)


def test_the_page_shows_the_table_and_keeps_its_filter_when_sorted(five, teacher):
    page = teacher.read("/courses/dl/gradebook?section=A")

    assert "2 students" in page
    assert "Caio" in page
    assert "Eva" not in page
    assert 'aria-sort="ascending"' in page
    assert "/courses/dl/gradebook?section=A&amp;sort=total" in page
    assert teacher.get("/courses/dl/gradebook?page=99").status_code == 200
    assert teacher.get("/courses/dl/gradebook?page=x&below=abc&of=zzz&sort=;drop").status_code == 200


def test_an_empty_course_says_so(portal, app, new_browser):
    room = Classroom(portal)
    with portal.database.write() as session:
        session.delete(session.get_one(Assignment, room.assignment))
    page = make_staff(app, new_browser, room, "dora", Role.INSTRUCTOR).read("/courses/dl/gradebook")

    assert "This course has no assignments yet." in page


def test_points_are_set_by_hand_with_a_reason_and_taken_away_again(five, teacher):
    path = "/courses/dl/gradebook/eva/softmax"
    assert teacher.send(path, page=path, points="7,5", action="set").status_code == 400
    assert teacher.send(path, page=path, points="-1", reason="x", action="set").status_code == 400
    assert teacher.send(path, page=path, points="nan", reason="x", action="set").status_code == 400
    refused = teacher.send(path, page=path, points="lots", reason="Oral exam", action="set").text
    assert 'value="lots"' in refused
    assert 'value="Oral exam"' in refused

    assert teacher.send(path, page=path, points="7,5", reason="Oral exam", action="set").status_code == 302
    eva = next(row for row in read(five).rows if row.member.user.name == "Eva")
    assert eva.cells[five.assignment] == gradebook.Cell(7.5, (Mark.OVERRIDE,))
    with five.portal.database.write() as session:
        settle(session, five.course, now())
        entry = session.scalars(select(LogEntry)).one()
    assert (entry.subject, entry.user_id, entry.detail) == (
        "softmax", eva.member.user_id, {"before": None, "now": 7.5, "reason": "Oral exam"},
    )  # fmt: skip
    assert "Oral exam" in teacher.read(path)

    assert teacher.send(path, page=path, reason="A mistake", action="remove").status_code == 302
    eva = next(row for row in read(five).rows if row.member.user.name == "Eva")
    assert eva.cells[five.assignment] == gradebook.Cell(5.0)


def test_somebody_who_handed_nothing_in_can_have_points(five, teacher):
    path = "/courses/dl/gradebook/davi/softmax"
    assert teacher.send(path, page=path, points="3", reason="Paper", action="set").status_code == 302

    assert next(row.total for row in read(five).rows if row.member.user.name == "Davi") == 3


def test_assistants_look_and_change_nothing(five, app, new_browser):
    assistant = make_staff(app, new_browser, five, "caua", Role.ASSISTANT)
    path = "/courses/dl/gradebook/eva/softmax"

    assert "Set the points" not in assistant.read(path)
    assert assistant.send(path, page="/account", points="1", reason="x", action="set").status_code == 403


def test_a_student_of_another_course_is_not_there(five, teacher, portal):
    other = Classroom(portal, code="ml")
    enrol(other, "Zoe", 5)

    for path in ("zoe", "zoe/softmax", "eva/nothing", "dora"):
        assert teacher.get(f"/courses/dl/gradebook/{path}").status_code == 404


def test_a_students_page_shows_everything_that_counts(five, teacher):
    page = teacher.read("/courses/dl/gradebook/caio")

    assert "Attention" in page
    assert re.search(r"<strong>18</strong>|>9<", page)


@pytest.mark.parametrize(
    ("text", "safe"),
    [("Ana", "Ana"), ("=1+1", "'=1+1"), ("+55", "'+55"), ("-1", "'-1"), ("@x", "'@x"), ("\t=1", "'\t=1"),
     (" =1", "' =1"), ("\r=1", "'\r=1"), ("1-1", "1-1"), ("", ""), ("＝1", "'＝1")],
)  # fmt: skip
def test_texts_become_no_formulas(text, safe):
    assert defuse(text) == safe


def test_csv_has_every_student_and_no_formula(five, teacher):
    enrol(five, "=cmd|'/c calc'!A1", 1)
    answer = teacher.get("/courses/dl/gradebook/export.csv")
    table = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))

    assert answer.headers["Content-Disposition"].startswith("attachment; filename=dl-")
    assert table[0] == ["Name", "User name", "E-mail", "Number", "Section", "Softmax", "Attention", "Total"]
    assert table[1][5:] == ["10", "20", "30"]
    assert table[2][0].startswith("'=cmd")
    assert ["Caio", "caio", "", "2", "A", "0", "18", "18"] in table
    assert ["Davi", "davi", "", "4", "B", "", "", "0"] in table


def test_csv_for_portuguese_spreadsheets():
    assert write_csv(iter([["Ção", 7.5, None]]), ";", ",") == "\ufeffÇão;7,5;\r\n".encode()


def test_excel_has_texts_and_numbers_and_no_formula(five, teacher):
    enrol(five, "=1+1", 1)
    answer = teacher.get("/courses/dl/gradebook/export.xlsx")
    book = zipfile.ZipFile(io.BytesIO(answer.data))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()

    assert "<f>" not in sheet
    assert "<v>18</v>" in sheet or "<v>9</v>" in sheet
    assert "=1+1" in book.read("xl/sharedStrings.xml").decode()


def test_a_title_that_is_no_sheets_name_is_made_one():
    assert zipfile.ZipFile(io.BytesIO(write_excel([["a"]], "[1]: a/b\\c*?'" + "x" * 40))).testzip() is None
    assert zipfile.ZipFile(io.BytesIO(write_excel([["a"]], "[]"))).testzip() is None
