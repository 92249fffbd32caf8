"""The log of who did what, for the portal and for a course."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from server.models import Role
from server.office.entries import midnight, read_day, write_value
from server.office.log import TEXTS, Action, write
from tests.server import office
from tests.server.office import add_course, add_user, log_in


@pytest.fixture
def admin(app, portal):
    return office.log_in_admin(app, portal)


@pytest.fixture
def world(portal):
    """Two courses with an instructor each, and what they did."""
    ana = add_user(portal, "ana")
    courses = {
        code: add_course(portal, code, **{name: Role.INSTRUCTOR}) for code, name in (("a", "caio"), ("b", "dora"))
    }
    people = {each.login: each for each in office.rows(portal, office.User)}
    done = [
        (Action.COURSE_MADE, "caio", "a", None, datetime(2026, 3, 1, 2, tzinfo=UTC), {}),
        (Action.EXTENSION_SET, "caio", "a", ana, datetime(2026, 3, 2, 12, tzinfo=UTC), {"reason": "<i>ill</i>"}),
        (Action.COURSE_MADE, "dora", "b", None, datetime(2026, 3, 3, 12, tzinfo=UTC), {}),
        (Action.USER_CHANGED, "dora", None, ana, datetime(2026, 3, 4, 12, tzinfo=UTC), {"before": "x", "after": None}),
    ]
    with portal.database.write() as session:
        for action, by, code, about, at, detail in done:
            course = courses[code].id if code else None
            write(session, action, people[by].id, at, course_id=course, user_id=about and about.id, **detail)
    return courses


def days(page):
    return [int(day) for day in re.findall(r'datetime="2026-03-0(\d)', page.partition("<tbody>")[2])]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [4, 3, 2, 1]),
        ("person=caio", [2, 1]),
        ("person=ana", [4, 2]),
        ("person=nobody", []),
        ("course=a", [2, 1]),
        ("action=course.made", [3, 1]),
        ("action=course.made&person=dora", [3]),
        ("first=2026-03-02&last=2026-03-03", [3, 2]),
        ("last=2026-03-01", [1]),
        ("first=2026-03-05", []),
    ],
)
def test_entries_are_found(admin, world, query, expected):
    assert days(admin.read(f"/office/log?{query}")) == expected


def test_entries_are_told_in_words_and_as_text(admin, world, app, portal):
    page = admin.read("/office/log")

    for text in ("Extension set", "reason:", "&lt;i&gt;ill&lt;/i&gt;", "Course a", "/office/users/caio"):
        assert text in page


def test_a_wrong_date_is_said_beside_its_field_and_kept(admin, world):
    answer = admin.get("/office/log?first=yesterday&person=caio")

    assert answer.status_code == 400
    assert 'id="first-problem">This is no date.' in answer.text
    assert 'value="yesterday"' in answer.text
    assert days(answer.text) == [2, 1]


def test_instructors_see_what_was_done_in_their_own_course_alone(app, world):
    caio = log_in(app, "caio")

    assert days(caio.read("/courses/a/log")) == [2, 1]
    assert days(caio.read("/courses/a/log?course=b")) == [2, 1]
    assert "/office/users/" not in caio.read("/courses/a/log")
    assert caio.get("/courses/b/log").status_code == 404
    assert caio.get("/office/log").status_code == 403


def test_assistants_and_students_do_not_see_it(app, portal, world):
    for login, role in (("bia", Role.ASSISTANT), ("eva", Role.STUDENT)):
        office.join(portal, world["a"], add_user(portal, login), role)
        assert log_in(app, login).get("/courses/a/log").status_code == 403


def test_a_long_log_has_pages_that_keep_the_filter(admin, portal):
    with portal.database.write() as session:
        for _ in range(120):
            write(session, Action.ANNOUNCED, None, datetime(2026, 3, 1, tzinfo=UTC), text="x")
    statements = []
    event.listen(portal.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    page = admin.read("/office/log?action=announced&page=2")

    assert "Page 2 of 3" in page
    assert "action=announced" in re.search(r'rel="next" href="([^"]+)"', page)[1]
    assert len(statements) < 12


def test_every_action_has_words():
    assert set(TEXTS) == set(Action)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("", None), ("2026-03-31", date(2026, 3, 31)), ("31/03/2026", ValueError), ("9999-12-31", ValueError)],
)
def test_days_are_read(raw, expected):
    if expected is ValueError:
        with pytest.raises(ValueError, match=r"\d"):
            read_day(raw)
    else:
        assert read_day(raw) == expected


def test_a_day_begins_where_the_reader_is():
    zone = ZoneInfo("America/Sao_Paulo")
    assert midnight(date(2026, 3, 31), zone).astimezone(UTC) == datetime(2026, 3, 31, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        ("", "–"),
        (0, "0"),
        (["a", 1], "a, 1"),
        ({"before": 1, "after": None}, "before: 1; after: –"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_details_are_written(value, expected):
    assert write_value(value) == expected
