"""Announcements: whom they reach, for how long, and who may make them."""

import pytest
from sqlalchemy import event

from server.context import now
from server.models import Announcement, Role
from server.office.announcements import linked
from tests.server import office
from tests.server.office import add_course, ago, log_in, logged, rows

YEAR = now().year + 2
TEXT = "The portal rests on Saturday. See https://uni.example/news?a=1&b=2."


@pytest.fixture
def admin(app, portal):
    return office.log_in_admin(app, portal)


def announce(portal, text, course=None, expires_at=None):
    with portal.database.write() as session:
        made = Announcement(course_id=course and course.id, text=text, created_at=now(), expires_at=expires_at)
        session.add(made)
    return made


def test_everybody_reads_what_is_announced_to_everybody(admin, anonymous, student, portal):
    assert admin.send("/office/announcements", text=TEXT, expires="").status_code == 302

    for browser in (admin, anonymous, student):
        page = browser.read("/")
        assert 'See <a href="https://uni.example/news?a=1&amp;b=2" rel="noopener">' in page
    assert logged(portal)[0].action == "announced"


def test_a_course_reads_what_is_announced_to_it(app, portal, anonymous):
    add_course(portal, "dl", caio=Role.INSTRUCTOR, ana=Role.STUDENT)
    add_course(portal, "ml", bia=Role.STUDENT)
    caio = log_in(app, "caio")
    assert caio.send("/courses/dl/announcements", text="Room 12 today").status_code == 302

    assert "<strong>Course dl:</strong> Room 12 today" in log_in(app, "ana").read("/")
    assert "Room 12" in caio.read("/courses/dl/announcements")
    assert "Room 12" not in log_in(app, "bia").read("/")
    assert "Room 12" not in anonymous.read("/")
    assert logged(portal)[0].course_id == rows(portal, office.Course, code="dl")[0].id


def test_what_has_expired_or_was_taken_away_is_gone(admin, anonymous, portal):
    announce(portal, "over", expires_at=ago(minutes=1))
    announce(portal, "still on", expires_at=ago(minutes=-1))
    gone = announce(portal, "gone soon")
    assert "still on" in anonymous.read("/")
    assert admin.send(f"/office/announcements/{gone.id}/remove").status_code == 302

    page = anonymous.read("/")
    assert "still on" in page
    assert "over</div>" not in page
    assert "gone soon" not in page
    assert '<span class="tag last">expired</span>' in admin.read("/office/announcements")


def test_a_student_hears_no_more_of_an_archived_course(app, portal):
    course = add_course(portal, "dl", ana=Role.STUDENT)
    announce(portal, "Room 12", course)
    ana = log_in(app, "ana")
    assert "Room 12" in ana.read("/")
    with portal.database.write() as session:
        session.get(office.Course, course.id).archived_at = now()
    assert "Room 12" not in ana.read("/")


def test_it_costs_one_query(anonymous, portal):
    for number in range(10):
        announce(portal, f"number {number}")
    statements = []
    event.listen(portal.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    page = anonymous.read("/log-in")

    assert sum("announcement" in each for each in statements) == 1
    assert page.count("number ") == 5


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"text": "  "}, "Write what is to be said."),
        ({"text": "x" * 1001}, "This is too long"),
        ({"text": "x", "expires": "soon"}, "This is no date and time."),
        ({"text": "x", "expires": "2020-01-01T00:00"}, "This moment is over."),
        ({"text": "x", "expires": "9999-12-31T23:59"}, "December 31, 9999 is more than ten years ahead."),
    ],
)
def test_what_is_wrong_is_said_and_kept(admin, portal, fields, problem):
    answer = admin.send("/office/announcements", **fields)

    assert answer.status_code == 400
    assert problem in answer.text
    assert fields["text"].strip() in answer.text
    assert rows(portal, Announcement) == []


def test_the_end_is_in_the_time_of_the_course(app, portal):
    course = add_course(portal, "dl", caio=Role.INSTRUCTOR)
    with portal.database.write() as session:
        session.get(office.Course, course.id).time_zone = "America/Sao_Paulo"
    log_in(app, "caio").send("/courses/dl/announcements", text="x", expires=f"{YEAR}-07-01T18:00")

    assert rows(portal, Announcement)[0].expires_at.isoformat() == f"{YEAR}-07-01T21:00:00+00:00"


def test_nobody_takes_away_what_another_course_is_told(app, portal):
    dl, ml = add_course(portal, "dl", caio=Role.INSTRUCTOR), add_course(portal, "ml")
    others = [announce(portal, "theirs", ml), announce(portal, "to all")]
    caio = log_in(app, "caio")
    for each in others:
        assert caio.send(f"/courses/dl/announcements/{each.id}/remove").status_code == 404
    assert caio.send("/courses/ml/announcements", text="x").status_code == 404
    assert len(rows(portal, Announcement)) == 2

    own = announce(portal, "ours", dl)
    assert caio.send(f"/courses/dl/announcements/{own.id}/remove").status_code == 302


@pytest.mark.parametrize("role", [Role.STUDENT, Role.ASSISTANT])
def test_a_course_is_told_things_by_its_instructors(app, portal, role):
    add_course(portal, "dl", ana=role)
    ana = log_in(app, "ana")

    assert ana.get("/courses/dl/announcements").status_code == 403
    assert ana.send("/courses/dl/announcements", text="x").status_code == 403


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<b>&", "&lt;b&gt;&amp;"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("http://a.b.", '<a href="http://a.b" rel="noopener">http://a.b</a>.'),
        ("(https://a.b/c)", '(<a href="https://a.b/c" rel="noopener">https://a.b/c</a>)'),
        ('https://a.b"onclick=x', '<a href="https://a.b" rel="noopener">https://a.b</a>&#34;onclick=x'),
    ],
)
def test_links_are_the_only_thing_that_text_can_do(text, expected):
    assert linked(text) == expected
