"""The people of a course: list, changes, removal, imports, links, invitations; and who must not do what."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import event, select, update

from server.context import now
from server.models import (
    Assignment,
    Course,
    Identity,
    Invitation,
    LogEntry,
    Membership,
    PasswordReset,
    Result,
    Role,
    State,
    Submission,
    User,
)
from tests.server.classroom import Classroom
from tests.server.conftest import PASSWORD

NEW = "another long password"


@pytest.fixture
def room(portal):
    return Classroom(portal)


@pytest.fixture
def enter(app, new_browser, room):
    """Somebody who is logged in and takes part; without a role, somebody who does not."""

    def make(login, role=None):
        browser = new_browser(app.test_client())
        assert browser.sign_up(login, email=f"{login}@uni.example").status_code == 302
        if role:
            room.admit(login, role)
        return browser

    return make


@pytest.fixture
def teacher(enter):
    return enter("dora", Role.INSTRUCTOR)


def members(portal, code="dl"):
    query = select(Membership).join(Course).where(Course.code == code)
    with portal.database.reader() as session:
        found = session.scalars(query).all()
        return {each.user.login: (each.role, each.number, each.section, each.late_days) for each in found}


def member_id(portal, login, code="dl"):
    mine = select(Membership.id).join(User).join(Course, Course.id == Membership.course_id)
    with portal.database.reader() as session:
        return session.scalars(mine.where(User.login == login, Course.code == code)).one()


def actions(portal):
    with portal.database.reader() as session:
        return [(each.action, each.subject, each.detail) for each in session.scalars(select(LogEntry))]


def account(portal, login):
    with portal.database.reader() as session:
        return session.scalar(select(User).where(User.login == login))


def upload(browser, content, **fields):
    content = content.encode() if isinstance(content, str) else content
    return browser.send("/courses/dl/people/import", file=(io.BytesIO(content), "roster.csv"), **fields)


def carried(page):
    """What the preview carries to the next step."""
    return {name: unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1]) for name in ("text", "role")}


def bring_in(browser, content, **fields):
    page = upload(browser, content, **fields)
    assert page.status_code == 200
    return browser.send("/courses/dl/people/import/confirm", **carried(page.text))


ROSTER = """Nome;E-mail;RA;Turma
Ana Lima;ana@uni.example;101;A
Bia Sá;bia@uni.example;102;B
Sem Endereço;nada;103;A
Caio;caio@uni.example;104;
;fay@uni.example;105;
"""


def test_a_roster_is_shown_row_by_row_and_imported_without_its_bad_rows(teacher, enter, portal):
    enter("caio")
    page = upload(teacher, ROSTER).text

    assert "2 rows cannot be imported" in page
    assert "“nada” is no e-mail address." in page
    assert "The name is missing." in page
    assert "Import 3 rows" in page
    assert "1 person of the course is not in the file and stays" in page
    assert members(portal).keys() == {"dora"}

    answer = teacher.send("/courses/dl/people/import/confirm", **carried(page))
    assert answer.status_code == 200
    student = Role.STUDENT
    assert members(portal) == {
        "dora": (Role.INSTRUCTOR, "", "", None),
        "ana": (student, "101", "A", None),
        "bia": (student, "102", "B", None),
        "caio": (student, "104", "", None),
    }
    assert account(portal, "ana").name == "Ana Lima"
    counts = {"new": 2, "joins": 1, "changed": 0, "unchanged": 0, "wrong": 2}
    assert ("roster.imported", "", {"counts": counts}) in actions(portal)
    assert [subject for action, subject, _ in actions(portal) if action == "member.added"] == ["ana", "bia", "caio"]


def test_importing_again_changes_what_is_different_and_tells_nothing_else(teacher, portal):
    bring_in(teacher, ROSTER)
    changed = ROSTER.replace("101;A", "101;C").replace("Bia Sá", "Another Name")
    page = upload(teacher, changed).text

    assert "Section: A → C" in page
    assert "The account is called Bia Sá." in page
    assert "Import 1 row<" in page
    assert bring_in(teacher, changed).location == "/courses/dl/people"
    assert members(portal)["ana"] == (Role.STUDENT, "101", "C", None)
    assert account(portal, "bia").name == "Bia Sá"
    assert "No row changes anything." in upload(teacher, changed).text


def test_new_people_choose_a_password_by_a_link_that_is_shown_once(teacher, anonymous, portal):
    page = bring_in(teacher, "name,email\nAna,ana@uni.example\n=Bia,bia@uni.example\n").text
    links = re.findall(r"<code>http://localhost(/password/[\w-]{43})</code>", page)

    assert len(links) == 2
    assert "shown only this once" in page
    assert anonymous.log_in("ana").status_code == 400
    answer = anonymous.send(links[0], page=links[0], password=NEW, repeated=NEW)
    assert answer.location == "/log-in"
    assert anonymous.log_in("ana", NEW).status_code == 302
    assert "Deep Learning" in anonymous.read("/courses")

    table = unescape(re.search(r'name="table" value="([^"]*)"', page)[1])
    saved = teacher.send("/courses/dl/people/links/save", table=table)
    assert saved.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(saved.text.removeprefix("\ufeff"))))
    assert rows[0] == ["name", "user name", "e-mail", "link"]
    assert [row[0] for row in rows[1:]] == ["Ana", "'=Bia"]
    assert rows[1][3].endswith(links[0])


def test_nothing_but_a_table_of_links_is_sent_back_as_a_file(teacher):
    for table in ("", "<html>", "name,user name,e-mail,link\na,b"):
        assert teacher.send("/courses/dl/people/links/save", table=table).status_code == 400


def test_letters_with_links_go_to_new_people_where_mail_is_set(make_app, new_browser, mailbox):
    app = make_app(SMTP_URL=mailbox.url, PUBLIC_URL="http://gradiente.example")
    portal = app.extensions["portal"]
    room, teacher = Classroom(portal), new_browser(app.test_client())
    teacher.sign_up("dora")
    room.admit("dora", Role.INSTRUCTOR)
    page = bring_in(teacher, "name,email,login\nAna,ana@uni.example,\nBia,,bia\n").text

    letter = mailbox.next()
    assert letter["To"].addresses[0].addr_spec == "ana@uni.example"
    assert letter["Subject"] == "Gradiente: your account for Deep Learning"
    link = re.search(r"http://gradiente.example(/password/[\w-]{43})", letter.get_content())[1]
    assert link not in page
    assert page.count("http://gradiente.example/password/") == 2  # Bia's, in the table and for the file
    assert new_browser(app.test_client()).get(link).status_code == 200


def test_an_existing_account_joins_and_nothing_of_it_is_changed(teacher, enter, portal):
    ana = enter("ana")
    answer = bring_in(teacher, "name,email,login,role\nSomebody,evil@uni.example,caio,\nX,ana@uni.example,,assistant\n")

    assert "/password/" in answer.text  # caio's alone
    assert answer.text.count("<code>") == 1
    found = account(portal, "ana")
    assert (found.name, found.email, found.role) == ("Ana", "ana@uni.example", Role.STUDENT)
    assert members(portal)["ana"][0] is Role.ASSISTANT
    assert ana.get("/courses/dl/people").status_code == 200


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Choose a file or paste a table first."),
        (b"Ana,ana@uni.example\n", "No line with headings was found."),
        (b"PK\x03\x04", "This is an Excel or zip file."),
        (b'name,email\n"Ana', "Line 2 cannot be read"),
        (b"x" * 400_001, "at most 400 kB"),
    ],
)
def test_what_cannot_be_a_roster_is_told_on_the_form(teacher, content, sentence):
    answer = upload(teacher, content)

    assert answer.status_code == 400
    assert sentence in answer.text


def test_a_pasted_table_is_kept_when_it_is_wrong(teacher):
    answer = teacher.send("/courses/dl/people/import", text="just <b>words</b>", role="assistant")

    assert answer.status_code == 400
    assert "just &lt;b&gt;words&lt;/b&gt;" in answer.text
    assert '<option value="assistant" selected>' in answer.text
    both = upload(teacher, "email\na@b.example\n", text="email\n")
    assert "There is both a file and a pasted table." in both.text


def test_what_the_preview_carries_is_not_believed(teacher, portal):
    for fields in (
        {"text": "nonsense", "role": "student"},
        {"text": "name,email\nA,a@b.example", "role": "administrator"},
    ):
        assert teacher.send("/courses/dl/people/import/confirm", **fields).status_code == 400
    teacher.send(
        "/courses/dl/people/import/confirm", text="name,email,role\nEve,eve@uni.example,administrator\n", role="student"
    )

    assert members(portal).keys() == {"dora"}


def test_a_large_roster_takes_as_many_queries_as_a_small_one(teacher, portal, app):
    def count(content):
        seen = []
        listen = lambda *given: seen.append(given[2])  # noqa: E731
        event.listen(portal.database.engine, "before_cursor_execute", listen)
        try:
            bring_in(teacher, content)
        finally:
            event.remove(portal.database.engine, "before_cursor_execute", listen)
        return len(seen)

    def table(names):
        return "name,email\n" + "".join(f"Student {name},{name}@uni.example\n" for name in names)

    small = count(table(["a1", "a2"]))
    large = count(table([f"b{number}" for number in range(300)]))
    assert large <= small + 5
    assert len(members(portal)) == 303


def test_the_list_is_searched_filtered_and_cut_into_pages(teacher, portal):
    rows = "".join(f"Student {n:03},s{n:03}@uni.example,{1000 + n},{'A' if n % 2 else 'B'}\n" for n in range(60))
    bring_in(teacher, "name,email,number,section\n" + rows)
    first, second = (teacher.read(f"/courses/dl/people?page={page}") for page in (1, 2))

    assert "Student 000" in first
    assert "Student 059" not in first
    assert "Student 059" in second
    assert "Page 1 of 2" in first
    assert "no password yet" in first
    found = teacher.read("/courses/dl/people?q=1007")
    assert "Student 007" in found
    assert "Student 008" not in found
    only = teacher.read("/courses/dl/people?section=A")
    assert "Student 001" in only
    assert "Student 002" not in only
    assert "Student 001" not in teacher.read("/courses/dl/people?role=instructor")
    assert "Nobody matches." in teacher.read("/courses/dl/people?q=nobody")
    assert teacher.get("/courses/dl/people?role=administrator").status_code == 400


def test_an_export_is_what_an_import_reads_and_no_cell_is_a_formula(teacher, portal, new_browser):
    bring_in(teacher, "name,email,number,section,role\n=cmd(),ana@uni.example,-5,@home,\nB,b@uni.example,,,ta\n")
    answer = teacher.get("/courses/dl/people/export.csv")

    assert answer.mimetype == "text/csv"
    text = answer.data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["Name", "E-mail", "User name", "Number", "Section", "Role", "Late days"]
    assert ["'=cmd()", "ana@uni.example", "ana", "'-5", "'@home", "student", ""] in rows
    assert "No row changes anything." in upload(teacher, answer.data).text
    teacher.language = "pt-BR"
    portuguese = teacher.get("/courses/dl/people/export.csv")
    assert ";" in portuguese.text.splitlines()[0]
    teacher.language = "en"
    assert "No row changes anything." in upload(teacher, portuguese.data).text


def test_one_person_is_added_with_a_link_or_by_their_account(teacher, enter, portal):
    enter("ana")
    path = "/courses/dl/people/add"
    assert teacher.send(path, email="ANA@uni.example", role="student", section="A").location == "/courses/dl/people"
    new = teacher.send(path, name="Bia Sá", email="bia@uni.example", number="7", role="assistant")

    assert "/password/" in new.text
    assert members(portal)["ana"] == (Role.STUDENT, "", "A", None)
    assert members(portal)["bia"] == (Role.ASSISTANT, "7", "", None)
    assert account(portal, "bia").role is Role.STUDENT


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"email": "nobody@uni.example"}, "The name is missing."),
        ({"name": "X"}, "There is no e-mail address"),
        ({"name": "X", "email": "x"}, "“x” is no e-mail address."),
        ({"login": "dora"}, "Dora takes part already."),
    ],
)
def test_somebody_who_cannot_be_added_is_told_why(teacher, portal, fields, sentence):
    answer = teacher.send("/courses/dl/people/add", role="student", **fields)

    assert answer.status_code == 400
    assert sentence in answer.text
    assert f'value="{next(iter(fields.values()))}"' in answer.text
    assert members(portal).keys() == {"dora"}


def change(browser, portal, login, **fields):
    form = {"role": "student", "number": "", "section": "", "late_days": "", **fields}
    return browser.send(f"/courses/dl/people/{member_id(portal, login)}", **form)


def test_a_part_is_changed_and_written_down(teacher, enter, portal):
    enter("ana", Role.STUDENT)
    answer = change(teacher, portal, "ana", role="assistant", number=" 12 ", section="B", late_days="3")

    assert answer.location == "/courses/dl/people"
    assert members(portal)["ana"] == (Role.ASSISTANT, "12", "B", 3)
    told = {"role": ["student", "assistant"], "number": ["", "12"], "section": ["", "B"], "late_days": [None, 3]}
    assert actions(portal) == [("member.changed", "ana", told)]
    assert 'value="12"' in teacher.read(f"/courses/dl/people/{member_id(portal, 'ana')}")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"late_days": "many"}, "a whole number from 0 to 100"),
        ({"late_days": "-1"}, "a whole number from 0 to 100"),
        ({"number": "77"}, "has the number “77”"),
        ({"section": "x" * 41}, "is too long"),
    ],
)
def test_a_wrong_change_is_told_beside_its_field(teacher, enter, portal, fields, sentence):
    enter("ana", Role.STUDENT)
    bring_in(teacher, "name,email,number\nBia,bia@uni.example,77\n")
    answer = change(teacher, portal, "ana", **fields)

    assert answer.status_code == 400
    assert sentence in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert members(portal)["ana"] == (Role.STUDENT, "", "", None)


@pytest.mark.parametrize("role", ["administrator", "", "owner"])
def test_instructors_make_no_administrators(teacher, enter, portal, role):
    enter("ana", Role.STUDENT)

    assert change(teacher, portal, "ana", role=role).status_code == 400
    assert teacher.send("/courses/dl/people/add", name="X", email="x@uni.example", role=role).status_code == 400
    assert teacher.send("/courses/dl/people/invitations", role=role, days="7", uses="1").status_code == 400
    assert members(portal)["ana"][0] is Role.STUDENT


def test_nobody_removes_or_demotes_the_last_instructor(teacher, enter, portal):
    path = f"/courses/dl/people/{member_id(portal, 'dora')}/remove"
    enter("edu")
    with portal.database.write() as session:
        session.execute(update(User).where(User.login == "edu").values(role=Role.ADMINISTRATOR))
    administrator = enter("fay")
    administrator.send("/log-out")
    administrator.log_in("edu")

    for browser in (teacher, administrator):
        assert "the last instructor" in browser.read(path)
        assert browser.send(path).status_code == 400
        assert "the last instructor" in change(browser, portal, "dora", role="assistant").text
    assert members(portal)["dora"][0] is Role.INSTRUCTOR


def test_an_instructor_may_go_when_there_is_another(teacher, enter, portal):
    enter("caio", Role.INSTRUCTOR)

    assert teacher.send(f"/courses/dl/people/{member_id(portal, 'dora')}/remove").location == "/courses"
    assert members(portal).keys() == {"caio"}
    assert teacher.get("/courses/dl/people").status_code == 404


def test_who_is_removed_keeps_what_was_handed_in(teacher, enter, portal, room):
    ana = enter("ana", Role.STUDENT)
    with portal.database.write() as session:
        user = account(portal, "ana").id
        session.add(
            Submission(
                user_id=user, slug="softmax", assignment_id=room.assignment, attempt=1, form_key="k", file_name="a.py",
                blob="b", size=1, state=State.GRADED, score=8.0, max_score=10.0, created_at=now(),
            )
        )  # fmt: skip
    path = f"/courses/dl/people/{member_id(portal, 'ana')}/remove"
    assert "The submission stays" in teacher.read(path)
    assert teacher.send(path).location == "/courses/dl/people"

    assert ana.get("/courses/dl").status_code == 404
    with portal.database.reader() as session:
        assert session.scalars(select(Submission.id)).all()
    assert actions(portal)[-1][:2] == ("member.removed", "ana")
    teacher.send("/courses/dl/people/add", login="ana", role="student")
    with portal.database.reader() as session:
        assert session.scalars(select(Result.points)).all() == [8.0]


def test_new_links_are_for_accounts_that_nothing_opens_and_no_other_course_has(teacher, enter, portal, room):
    bring_in(teacher, "name,login\nBia,bia\nCaio,caio\nEva,eva\n")
    enter("ana", Role.STUDENT)
    with portal.database.write() as session:
        other = Course(code="other", title="Other", created_at=now())
        session.add(other)
        session.flush()
        ids = dict(session.execute(select(User.login, User.id)).all())
        session.add(Membership(course_id=other.id, user_id=ids["caio"], created_at=now()))
        session.add(Identity(user_id=ids["eva"], issuer="i", subject="s", created_at=now()))
    waiting = teacher.read("/courses/dl/people/links")
    assert "2 people have not chosen a password yet." in waiting

    page = teacher.send("/courses/dl/people/links").text
    assert page.count("<code>") == 1
    assert ">bia<" in page
    assert "No link for those who take part in another course as well: Caio." in page
    for login in ("ana", "dora", "caio", "eva"):
        answer = teacher.send("/courses/dl/people/links", login=login)
        assert answer.location == "/courses/dl/people"
    with portal.database.reader() as session:
        owners = [each.user.login for each in session.scalars(select(PasswordReset))]
    assert owners.count("bia") == 1
    assert "ana" not in owners
    assert ("links.made", "bia", {"count": 1}) not in actions(portal)
    teacher.send("/courses/dl/people/links", login="bia")
    assert ("links.made", "bia", {"count": 1}) in actions(portal)


def invite(browser, **fields):
    form = {"role": "student", "uses": "", "days": "7", "note": "", **fields}
    answer = browser.send("/courses/dl/people/invitations", **form)
    found = re.search(r"<code>http://localhost(/invitation/[\w-]{43})</code>", answer.text)
    return found[1] if found else answer


def test_a_visitor_makes_an_account_by_a_courses_invitation(make_app, new_browser, anonymous, teacher, portal):
    path = invite(teacher, role="assistant", uses="1", note="For Ana")
    assert "Deep Learning" in anonymous.read(path)
    form = {"login": "ana", "name": "Ana", "password": PASSWORD, "repeated": PASSWORD}
    answer = anonymous.send(path, page=path, **form)

    assert answer.location == "/courses/dl"
    assert members(portal)["ana"][0] is Role.ASSISTANT
    assert account(portal, "ana").role is Role.STUDENT
    assert anonymous.get("/courses/dl/people").status_code == 200
    assert ("invitation.made", "For Ana", {"role": "assistant", "uses": 1, "days": 7}) in actions(portal)
    assert ("member.added", "ana", {"role": "assistant", "by": "invitation"}) in actions(portal)


def test_whoever_has_an_account_is_asked_and_joins(teacher, enter, portal):
    path = invite(teacher, uses="1")
    ana = enter("ana")

    assert "Join Deep Learning?" in ana.read(path)
    assert members(portal).keys() == {"dora"}
    assert ana.send(path).location == "/courses/dl"
    assert members(portal)["ana"][0] is Role.STUDENT
    assert ana.get(path).location == "/courses/dl"  # takes part already, which uses nothing up
    late = enter("bia")
    assert late.get(path).status_code == 410
    assert late.send(path).status_code == 410


def test_an_invitation_never_takes_anything_away_and_may_give_more(teacher, enter, portal):
    student, instructor = invite(teacher), invite(teacher, role="instructor", uses="5")
    ana = enter("ana", Role.STUDENT)

    assert teacher.send(student).location == "/courses/dl"
    assert "you become instructor" in ana.read(instructor)
    ana.send(instructor)
    assert {login: part[0] for login, part in members(portal).items()} == {
        "dora": Role.INSTRUCTOR, "ana": Role.INSTRUCTOR,
    }  # fmt: skip


def test_who_logs_in_first_comes_back_to_the_invitation(teacher, enter, anonymous):
    path = invite(teacher)
    enter("ana")

    assert f'href="/log-in?next={path}"' in anonymous.read(path)
    assert anonymous.log_in("ana", next=path).location == path


def test_a_revoked_invitation_or_one_of_an_archived_course_lets_nobody_in(teacher, enter, portal):
    path, ana, bia = invite(teacher), enter("ana"), enter("bia", Role.STUDENT)
    with portal.database.write() as session:
        session.execute(update(Course).values(archived_at=now()))
    assert "is over" in ana.get(path).text
    assert ana.send(path).status_code == 410
    assert "is over" in bia.get(path).text  # who took part in it sees it no longer either
    assert teacher.get(path).location == "/courses/dl"
    refused = teacher.send("/courses/dl/people/invitations", role="student", days="7")
    assert refused.status_code == 409
    for page in (refused.text, teacher.read("/courses/dl/people/invitations")):
        assert "No link works while the course is archived." in page
    with portal.database.write() as session:
        session.execute(update(Course).values(archived_at=None))
    revoke = re.search(
        r'action="(/courses/dl/people/invitations/\d+/revoke)"', teacher.read("/courses/dl/people/invitations")
    )[1]
    teacher.send(revoke)

    assert ana.get(path).status_code == 404
    assert teacher.send(revoke).status_code == 404
    assert members(portal).keys() == {"dora", "bia"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"days": "0"}, "from 1 to 365"), ({"days": "x"}, "from 1 to 365"), ({"uses": "0"}, "from 1 to 5000"),
        ({"role": "assistant"}, "from 1 to 20"), ({"role": "instructor", "uses": "21"}, "from 1 to 20"),
        ({"note": "x" * 121}, "at most 120"),
    ],
)  # fmt: skip
def test_a_wrong_invitation_is_told(teacher, portal, fields, sentence):
    answer = invite(teacher, **fields)

    assert answer.status_code == 400
    assert sentence in answer.text
    with portal.database.reader() as session:
        assert session.scalars(select(Invitation)).all() == []


PAGES = [
    "",
    "/export.csv",
    "/add",
    "/import",
    "/import/confirm",
    "/links",
    "/links/save",
    "/invitations",
    "/MEMBER",
    "/MEMBER/remove",
]
FORMS = [
    "/add",
    "/import",
    "/import/confirm",
    "/links",
    "/links/save",
    "/invitations",
    "/MEMBER",
    "/MEMBER/remove",
    "/invitations/1/revoke",
]


@pytest.mark.parametrize("path", PAGES)
def test_assistants_look_at_people_and_change_nothing(teacher, enter, portal, path):
    assistant = enter("caio", Role.ASSISTANT)
    found = f"/courses/dl/people{path}".replace("MEMBER", str(member_id(portal, "dora")))
    status = 200 if path in ("", "/export.csv") else 403

    assert assistant.get(found).status_code == status
    assert "Import a roster" not in assistant.read("/courses/dl/people")


@pytest.mark.parametrize("path", FORMS)
def test_assistants_send_nothing(teacher, enter, portal, path):
    assistant = enter("caio", Role.ASSISTANT)
    found = f"/courses/dl/people{path}".replace("MEMBER", str(member_id(portal, "caio")))

    assert assistant.send(found, role="instructor").status_code == 403
    assert members(portal)["caio"][0] is Role.ASSISTANT


@pytest.mark.parametrize("path", PAGES)
def test_to_staff_of_another_course_nothing_is_there(teacher, enter, portal, path):
    stranger = enter("caio")
    elsewhere = Classroom(portal, "other", "attention")
    elsewhere.admit("caio", Role.INSTRUCTOR)
    mine = str(member_id(portal, "dora"))

    assert stranger.get(f"/courses/dl/people{path}".replace("MEMBER", mine)).status_code == 404
    if "MEMBER" in path:  # not by the way of their own course, either
        assert stranger.get(f"/courses/other/people{path}".replace("MEMBER", mine)).status_code == 404
        assert stranger.send(f"/courses/other/people{path}".replace("MEMBER", mine), role="student").status_code == 404


def test_an_invitation_is_revoked_only_by_its_own_course(teacher, enter, portal):
    invite(teacher)
    stranger = enter("caio")
    Classroom(portal, "other", "attention").admit("caio", Role.INSTRUCTOR)
    with portal.database.reader() as session:
        id = session.scalars(select(Invitation.id)).one()

    assert stranger.send(f"/courses/other/people/invitations/{id}/revoke").status_code == 404
    with portal.database.reader() as session:
        assert session.scalars(select(Invitation.id)).all() == [id]


def test_late_days_of_a_student_count_at_once(teacher, enter, portal, room):
    enter("ana", Role.STUDENT)
    room.change(due_at=now() - timedelta(hours=30), late_percent=10.0, uses_late_days=True)
    with portal.database.write() as session:
        session.add(
            Submission(
                user_id=account(portal, "ana").id, slug="softmax", assignment_id=room.assignment, attempt=1,
                form_key="k", file_name="a.py", blob="b", size=1, state=State.GRADED, score=10.0, max_score=10.0,
                created_at=now(),
            )
        )  # fmt: skip
    change(teacher, portal, "ana", late_days="5")

    with portal.database.reader() as session:
        assert session.execute(select(Result.points, Result.late_days)).one() == (10.0, 2)
        assert session.scalars(select(Assignment.slug)).one() == "softmax"
