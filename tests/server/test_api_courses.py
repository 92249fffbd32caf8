"""The API for staff: courses, who takes part, rosters. It follows the rules of the pages."""

import csv
import io
from datetime import timedelta

import pytest

from server.context import now
from server.models import Role
from tests.server.caller import Caller, give_token, problem
from tests.server.classroom import Classroom
from tests.server.office import add_user, logged

ROSTER = "name,e-mail,number\nZoe Reis,zoe@example.org,7\nBia,,\nNobody,not an address,9\n"


@pytest.fixture
def room(portal, student, other):
    """A course with Ana and Bia as students and Davi as instructor."""
    made = Classroom(portal, points=10.0)
    add_user(portal, "davi")
    for login, role in (("ana", Role.STUDENT), ("bia", Role.STUDENT), ("davi", Role.INSTRUCTOR)):
        made.admit(login, role)
    return made


@pytest.fixture
def teacher(app, room):
    """A program with the token of the course's instructor."""
    return Caller(app, give_token(app, "davi"))


def actions(portal):
    return [each.action for each in logged(portal)]


def test_a_course_is_made_listed_changed_and_archived(app, portal):
    add_user(portal, "jose", Role.INSTRUCTOR)
    jose = Caller(app, give_token(app, "jose"))

    made = jose.send("POST", "/courses", 201, title="Deep Learning", term="2026/2", late_days=3)
    assert (made["code"], made["role"], made["late_days"]) == ("deep-learning-2026-2", "instructor", 3)
    path = f"/courses/{made['code']}"
    changed = jose.send("PATCH", path, title="Deep Learning II", archived=True)

    assert (changed["title"], changed["term"], changed["late_days"]) == ("Deep Learning II", "2026/2", 3)
    assert changed["archived_at"]
    assert jose.read("/courses")["courses"] == [jose.read(path)] == [changed]
    assert actions(portal) == ["course.made", "course.changed", "course.archived"]
    assert {each.by_id for each in logged(portal)} == {1}


def test_a_course_is_only_changed_as_it_was_seen(teacher, room):
    def change(seen, **values):
        headers = teacher.headers | {"If-Match": seen}
        return teacher.client.patch("/api/v1/courses/dl", headers=headers, json=values)

    seen = teacher.get("/courses/dl").headers["ETag"]
    changed = change(seen, title="Deep Learning II")
    assert changed.headers["ETag"] == teacher.get("/courses/dl").headers["ETag"] != seen

    refused = change(seen, archived=True)
    assert problem(refused, 412, "changed")
    assert refused.headers["ETag"] == changed.headers["ETag"]
    assert teacher.read("/courses/dl")["archived_at"] is None
    archived = change(changed.headers["ETag"], archived=True)
    assert archived.status_code == 200
    assert problem(change(changed.headers["ETag"], archived=False), 412, "changed")
    assert teacher.send("PATCH", "/courses/dl", term="2026/2")["title"] == "Deep Learning II"


def test_nobody_is_invited_to_a_course_that_is_over(teacher, room):
    teacher.send("PATCH", "/courses/dl", archived=True)
    told = teacher.refused("POST", "/courses/dl/invitations", 409, "conflict", role="student")
    assert told["detail"] == "No link works while the course is archived."
    assert teacher.read("/courses/dl/invitations") == {"invitations": []}


def test_the_same_code_is_not_given_twice(app, portal, room):
    add_user(portal, "jose", Role.INSTRUCTOR)
    jose = Caller(app, give_token(app, "jose"))

    assert "code" in jose.refused("POST", "/courses", 422, "invalid", title="Other", code="dl")["errors"]
    assert "time_zone" in jose.refused("POST", "/courses", 422, "invalid", title="x", time_zone="Mars/Here")["errors"]
    assert jose.send("POST", "/courses", 201, title="dl")["code"] == "dl-2"


def test_students_list_their_courses_but_see_no_archived_one(app, teacher, room):
    ana = Caller(app, give_token(app, "ana", scopes=["read"]))
    assert [(each["code"], each["role"]) for each in ana.read("/courses")["courses"]] == [("dl", "student")]

    teacher.send("PATCH", "/courses/dl", archived=True)
    assert ana.read("/courses")["courses"] == []


def test_courses_come_in_pages(app, portal):
    add_user(portal, "lia", Role.ADMINISTRATOR)
    lia = Caller(app, give_token(app, "lia"))
    codes = [Classroom(portal, code=f"c{number}").portal and f"c{number}" for number in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = lia.read(f"/courses?limit=2{f'&after={cursor}' if cursor else ''}")
        seen += [each["code"] for each in page["courses"]]
        cursor = page["next"]

    assert seen == codes[::-1]
    assert "after" in lia.refused("GET", "/courses?after=nothing", 422, "invalid")["errors"]


def test_a_copy_has_the_assignments_as_drafts_and_no_students(teacher, room):
    room.change(due_at=None)
    made = teacher.send("POST", "/courses/dl/copies", 201, title="Deep Learning", term="2027/1", days=182)

    assert made["code"] == "deep-learning-2027-1"
    path = f"/courses/{made['code']}"
    assert [(each["exercise"], each["published"]) for each in teacher.read(f"{path}/assignments")["assignments"]] == [
        ("softmax", False)
    ]
    assert [each["login"] for each in teacher.read(f"{path}/members")["members"]] == ["davi"]


def test_a_course_is_not_copied_to_where_dates_would_be_absurd(teacher, room):
    room.change(due_at=now() + timedelta(days=3600))
    for days in (400, 3650):
        refused = teacher.refused("POST", "/courses/dl/copies", 422, "invalid", title="Again", days=days)
        assert refused["errors"]["days"].startswith("Softmax would have a date on ")
    assert [each["code"] for each in teacher.read("/courses")["courses"]] == ["dl"]


def test_members_are_listed_in_pages_and_by_filters(teacher):
    def logins(query):
        return [each["login"] for each in teacher.read(f"/courses/dl/members?{query}")["members"]]

    assert logins("") == ["ana", "bia", "davi"]
    assert logins("role=student&limit=1&after=ana") == ["bia"]
    assert logins("q=DAV") == ["davi"]


def test_somebody_with_an_account_takes_part_and_somebody_new_gets_one(teacher, portal):
    add_user(portal, "hugo")
    joined = teacher.send("POST", "/courses/dl/members", 201, login="hugo", role="assistant")
    assert (joined["role"], joined["is_new"], joined["link"]) == ("assistant", False, None)

    made = teacher.send("POST", "/courses/dl/members", 201, name="Zoe Reis", email="zoe@example.org", number="7")
    assert (made["name"], made["number"], made["is_new"]) == ("Zoe Reis", "7", True)
    assert made["link"].startswith("http")
    assert teacher.read(f"/courses/dl/members/{made['login']}")["email"] == "zoe@example.org"
    teacher.refused("POST", "/courses/dl/members", 409, "conflict", login="hugo")
    teacher.refused("POST", "/courses/dl/members", 422, "invalid", email="new@example.org")


def test_a_member_is_changed_and_removed(teacher, portal):
    changed = teacher.send("PATCH", "/courses/dl/members/ana", number="12", late_days=4)
    assert (changed["role"], changed["number"], changed["late_days"]) == ("student", "12", 4)
    assert "number" in teacher.refused("PATCH", "/courses/dl/members/bia", 422, "invalid", number="12")["errors"]
    assert teacher.send("PATCH", "/courses/dl/members/ana", late_days=None)["late_days"] is None

    teacher.send("DELETE", "/courses/dl/members/ana", 204)
    teacher.refused("DELETE", "/courses/dl/members/ana", 404, "not_found")
    assert actions(portal) == ["member.changed", "member.changed", "member.removed"]


def test_a_course_keeps_an_instructor(teacher):
    assert "role" in teacher.refused("PATCH", "/courses/dl/members/davi", 422, "invalid", role="student")["errors"]
    teacher.refused("DELETE", "/courses/dl/members/davi", 409, "conflict")


@pytest.fixture
def newcomers(teacher, portal, room):
    """Three accounts that nobody has opened: Hugo's takes part in another course, too, and Ivo has an address."""
    for name in ("Gil", "Hugo"):
        teacher.send("POST", "/courses/dl/roster", text=f"name,user name\n{name},{name.lower()}\n")
    teacher.send("POST", "/courses/dl/roster", text="name,e-mail\nIvo,ivo@uni.example\n")
    elsewhere = Classroom(portal, code="other", slug="attention")
    for login in ("hugo", "ivo"):
        elsewhere.admit(login)


def test_new_links_are_made_for_accounts_that_nobody_has_opened(teacher, newcomers, portal):
    first = teacher.read("/courses/dl/unopened?limit=2")
    rest = teacher.read(f"/courses/dl/unopened?after={first['next']}")
    accounts = [each["login"] for each in (*first["accounts"], *rest["accounts"])]
    assert (accounts, first["mail"], rest["next"]) == (["gil", "hugo", "ivo"], False, None)

    made = teacher.send("POST", "/courses/dl/unopened", login=None)
    assert ([each["login"] for each in made["links"]], made["sent"]) == (["gil"], [])
    assert made["left_out"] == ["hugo", "ivo"]
    again = teacher.send("POST", "/courses/dl/unopened", login="gil")
    assert again["links"][0]["link"] != made["links"][0]["link"]
    old, new = (each["links"][0]["link"].removeprefix("http://localhost") for each in (made, again))
    assert (teacher.client.get(old).status_code, teacher.client.get(new).status_code) == (410, 200)
    teacher.refused("POST", "/courses/dl/unopened", 409, "conflict", login="hugo")
    teacher.refused("POST", "/courses/dl/unopened", 409, "conflict", login="ana")
    teacher.refused("POST", "/courses/dl/unopened", 404, "not_found", login="nobody")
    made_so_far = [(each.subject, each.detail["count"]) for each in logged(portal) if each.action == "links.made"]
    assert made_so_far == [("", 1), ("gil", 1)]


def test_where_letters_are_sent_no_link_of_theirs_comes_in_the_answer(make_app, mailbox):
    app = make_app(SMTP_URL=mailbox.url, PUBLIC_URL="http://gradiente.example")
    portal = app.extensions["portal"]
    room = Classroom(portal)
    add_user(portal, "davi")
    room.admit("davi", Role.INSTRUCTOR)
    teacher = Caller(app, give_token(app, "davi"))
    table = "name,e-mail,user name\nIvo,ivo@uni.example,\nGil,,gil\n"
    teacher.send("POST", "/courses/dl/roster", text=table)
    mailbox.next()

    made = teacher.send("POST", "/courses/dl/unopened", login=None)
    assert (made["sent"], [each["login"] for each in made["links"]], made["left_out"]) == (["ivo"], ["gil"], [])
    assert mailbox.next()["To"].addresses[0].addr_spec == "ivo@uni.example"


def test_a_roster_is_tried_first_and_then_imported_once(teacher, portal):
    tried = teacher.send("POST", "/courses/dl/roster", text=ROSTER, dry_run=True)
    assert [(row["line"], row["fate"]) for row in tried["rows"]] == [(2, "new"), (3, "wrong"), (4, "wrong")]
    assert "not an address" in tried["rows"][2]["problem"]
    assert (tried["done"], tried["absent"], tried["links"]) == (False, ["ana", "bia", "davi"], [])
    assert actions(portal) == []

    done = teacher.send("POST", "/courses/dl/roster", text=ROSTER)
    assert [link["name"] for link in done["links"]] == ["Zoe Reis"]
    again = teacher.send("POST", "/courses/dl/roster", text=ROSTER)
    assert [row["fate"] for row in again["rows"]] == ["unchanged", "wrong", "wrong"]
    assert again["links"] == []
    assert actions(portal) == ["member.added", "roster.imported"]


def test_a_roster_that_is_none_is_told(teacher):
    assert "text" in teacher.refused("POST", "/courses/dl/roster", 422, "invalid", text="hello")["errors"]
    teacher.refused("POST", "/courses/dl/roster", 413, "too_large", text="x" * 500_000)


def test_an_exported_roster_can_be_imported_again(teacher):
    teacher.send("PATCH", "/courses/dl/members/ana", number="=1+1")
    table = teacher.get("/courses/dl/roster")

    assert table.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(table.text.lstrip("\ufeff"))))
    assert [row[2] for row in rows[1:]] == ["ana", "bia", "davi"]
    assert rows[1][3] == "'=1+1"
    again = teacher.send("POST", "/courses/dl/roster", text=table.text)
    assert {row["fate"] for row in again["rows"]} == {"unchanged"}


def test_a_token_that_may_not_teach_does_nothing_in_a_course(app, room):
    reader = Caller(app, give_token(app, "davi", scopes=["read", "submit"]))

    assert reader.refused("GET", "/courses/dl/members", 403, "scope")["status"] == 403
    student = Caller(app, give_token(app, "ana"))
    assert student.refused("GET", "/courses/dl/members", 403, "forbidden")["status"] == 403
