"""Accounts, as administrators look at and change them."""

import re

import pytest
from sqlalchemy import event

from server.account import tokens
from server.context import now
from server.models import ApiToken, LogIn, Role, User
from server.office import accounts
from tests.server import office
from tests.server.conftest import PASSWORD
from tests.server.office import add_course, add_submission, add_user, join, log_in, logged, rows


@pytest.fixture
def admin(app, portal):
    return office.log_in_admin(app, portal)


def user(portal, login):
    return rows(portal, User, login=login)[0]


def names(page):
    return re.findall(r'href="/office/users/([^"/?]+)"', page)


def test_accounts_are_found_by_what_they_are_called_and_by_role(admin, portal):
    add_user(portal, "ana", name="Ana Souza", email="ana@uni.example")
    add_user(portal, "bia", name="Bia Lima")
    add_user(portal, "caio", Role.INSTRUCTOR, name="Caio Souza")

    assert names(admin.read("/office/users")) == ["ana", "bia", "caio", "edu"]
    assert names(admin.read("/office/users?q=souza")) == ["ana", "caio"]
    assert names(admin.read("/office/users?q=souza+ana")) == ["ana"]
    assert names(admin.read("/office/users?q=UNI.example")) == ["ana"]
    assert names(admin.read("/office/users?q=souza&role=instructor")) == ["caio"]
    assert "Nobody fits." in admin.read("/office/users?q=%25")
    assert admin.get("/office/users?role=king").status_code == 400


def test_a_long_list_has_pages_and_the_same_few_queries(admin, portal):
    people = [add_user(portal, "first", email=None)]
    with portal.database.write() as session:
        more = [User(login=f"s{number:03}", name=f"S {number:03}", created_at=now()) for number in range(119)]
        session.add_all(more)
    add_submission(portal, people[0])
    statements = []
    event.listen(portal.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    first = admin.read("/office/users")
    count = len(statements)

    assert "Page 1 of 3" in first
    assert len(names(first)) == 50
    assert count < 15
    last = admin.read("/office/users?page=3&role=student&q=s")
    assert "Page 3 of 3" in last
    assert "role=student" in re.search(r'rel="prev" href="([^"]+)"', last)[1]
    assert "Page 3 of 3" in admin.read("/office/users?page=99999999999999999999&q=s&role=student")


def test_an_account_is_shown_with_what_it_has(admin, app, portal):
    course = add_course(portal)
    ana = add_user(portal, "ana", email="ana@uni.example")
    join(portal, course, ana, Role.ASSISTANT)
    add_submission(portal, ana)
    log_in(app, "ana")
    page = admin.read("/office/users/ana")

    for text in ("ana@uni.example", "1 submission", "Course dl", "assistant", "Nothing is written down"):
        assert text in page
    assert admin.get("/office/users/nobody").status_code == 404


def test_a_role_is_changed_and_written_down(admin, portal):
    add_user(portal, "ana")
    assert admin.send("/office/users/ana/role", role="instructor").status_code == 302

    assert user(portal, "ana").role is Role.INSTRUCTOR
    entry = logged(portal)[0]
    assert (entry.action, entry.detail) == ("user.changed", {"before": "student", "after": "instructor"})
    assert "Account changed" in admin.read("/office/users/ana")
    admin.send("/office/users/ana/role", role="instructor")
    assert len(logged(portal)) == 1
    assert admin.send("/office/users/ana/role", role="king").status_code == 400


def test_nobody_demotes_themselves(admin, portal):
    add_user(portal, "fia", Role.ADMINISTRATOR)
    answer = admin.send("/office/users/edu/role", role="student")

    assert answer.status_code == 400
    assert "This is your own account." in answer.text
    assert user(portal, "edu").role is Role.ADMINISTRATOR
    assert admin.send("/office/users/edu/role", role="administrator").status_code == 302


def test_another_administrator_may_be_demoted(admin, portal):
    add_user(portal, "fia", Role.ADMINISTRATOR)
    assert admin.send("/office/users/fia/role", role="instructor").status_code == 302
    assert user(portal, "fia").role is Role.INSTRUCTOR


def test_the_last_administrator_stays_one_whoever_asks(portal):
    """Two who demote each other at once: each is checked within the transaction that changes it."""
    edu = add_user(portal, "edu", Role.ADMINISTRATOR)
    with portal.database.write() as session:
        assert accounts.check_loss(session, session.get(User, edu.id), by_id=999) is accounts.Refusal.LAST


def test_a_link_to_a_new_password_is_shown_once_and_works(admin, portal, anonymous):
    add_user(portal, "ana")
    page = admin.send("/office/users/ana/password").text
    path = re.search(r"http://localhost(/password/[\w-]{43})", page)[1]
    new = "another long password"

    assert anonymous.send(path, page=path, password=new, repeated=new).location == "/log-in"
    assert anonymous.log_in("ana", new).status_code == 302
    assert logged(portal)[0].detail == {"what": "link to a new password"}
    assert path not in admin.read("/office/users/ana")


def test_all_log_ins_and_tokens_of_an_account_are_ended(admin, app, portal):
    ana = add_user(portal, "ana")
    browser = log_in(app, "ana")
    with portal.database.write() as session:
        tokens.make_token(session, ana, "x", ["read"], 7, now())
    assert admin.send("/office/users/ana/log-out").status_code == 302

    assert browser.get("/account").status_code == 302
    assert rows(portal, ApiToken) == []
    assert len(rows(portal, LogIn)) == 1
    assert admin.get("/office").status_code == 200


def test_the_first_administrator_comes_by_an_invitation(anonymous, portal):
    from server.account.office import invite

    path = invite(portal.database, "administrator", 1, 1, "")
    form = {"login": "edu", "name": "Edu", "password": PASSWORD, "repeated": PASSWORD}
    assert anonymous.send(path, page=path, **form).status_code == 302
    assert "Administration" in anonymous.read("/office")


def test_the_menu_shows_the_way_to_whom_it_is_open(app, portal, student):
    add_user(portal, "dora", Role.INSTRUCTOR)
    add_user(portal, "edu", Role.ADMINISTRATOR)

    assert "/office" not in student.read("/")
    assert 'href="/office/exercises"' in log_in(app, "dora").read("/")
    assert 'href="/office"' in log_in(app, "edu").read("/")


OPEN_TO_INSTRUCTORS = ("office_exercises.index", "office_exercises.show")


@pytest.mark.parametrize("role", [Role.STUDENT, Role.ASSISTANT, Role.INSTRUCTOR])
def test_the_office_is_for_administrators(app, portal, role):
    app.config["WTF_CSRF_ENABLED"] = False
    add_user(portal, "somebody", role)
    browser = log_in(app, "somebody")
    values = {"login": "ana", "id": 1, "slug": "softmax"}
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/office")]
    assert len(rules) > 18
    for rule in rules:
        for method in sorted(rule.methods & {"GET", "POST"}):
            with app.test_request_context():
                path = rule.build({name: values[name] for name in rule.arguments})[1]
            status = browser.client.open(path, method=method).status_code
            is_open = role is Role.INSTRUCTOR and rule.endpoint in OPEN_TO_INSTRUCTORS
            assert status == (200 if is_open else 403), (method, path)
