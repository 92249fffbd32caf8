"""Invitations: links by which accounts are made."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from server.account.invitations import find_invitation, make_invitation, use_invitation
from server.context import now
from server.models import Invitation, Role, User
from tests.server.conftest import PASSWORD


@pytest.fixture
def app(make_app):
    return make_app(REGISTRATION=False)


@pytest.fixture
def invite(portal):
    def make(role=Role.STUDENT, days=14, **options):
        with portal.database.write() as session:
            return "/invitation/" + make_invitation(session, role, days, now(), **options)

    return make


def accept(browser, path, login="ana", **fields):
    form = {"login": login, "name": "Ana", "password": PASSWORD, "repeated": PASSWORD, **fields}
    return browser.send(path, page=path, **form)


def roles(portal):
    with portal.database.reader() as session:
        return {user.login: user.role for user in session.scalars(select(User))}


@pytest.mark.parametrize("role", list(Role))
def test_an_invitation_makes_an_account_of_its_role_where_registration_is_closed(anonymous, invite, portal, role):
    path = invite(role)

    assert "You have been invited." in anonymous.read(path)
    assert accept(anonymous, path).location == "/"
    assert roles(portal) == {"ana": role}
    assert anonymous.get("/submissions").status_code == 200


def test_an_invitation_works_for_so_many_accounts(new_browser, app, invite, portal):
    path = invite(uses=2)
    for login in ("ana", "bia"):
        assert accept(new_browser(app.test_client()), path, login).status_code == 302

    answer = accept(new_browser(app.test_client()), path, "caio")
    assert answer.status_code == 410
    assert "has been used up. Ask whoever sent it" in answer.text
    assert set(roles(portal)) == {"ana", "bia"}


def test_an_invitation_without_a_number_works_for_any(new_browser, app, invite, portal):
    path = invite()
    for login in ("ana", "bia", "caio"):
        assert accept(new_browser(app.test_client()), path, login).status_code == 302


def test_the_last_place_is_given_once(invite, portal):
    token = invite(uses=1).rpartition("/")[2]
    with portal.database.reader() as session:
        seen = find_invitation(session, token)
    counted = []
    for _ in range(2):
        with portal.database.write() as session:
            counted.append(use_invitation(session, seen, now()))

    assert counted == [True, False]


def test_a_wrong_form_uses_nothing_up(anonymous, invite, portal):
    path = invite(uses=1)

    answer = accept(anonymous, path, repeated="something else")
    assert answer.status_code == 400
    assert "You have been invited." in answer.text
    assert accept(anonymous, path).status_code == 302


def test_a_taken_name_uses_nothing_up(new_browser, app, invite):
    first, second = invite(), invite(uses=1)
    accept(new_browser(app.test_client()), first)
    late = new_browser(app.test_client())

    assert "is taken" in accept(late, second).text
    assert accept(late, second, "bia").status_code == 302


def test_an_expired_invitation_says_so(anonymous, invite, portal):
    path = invite()
    with portal.database.write() as session:
        session.execute(update(Invitation).values(expires_at=now() - timedelta(seconds=1)))

    assert "This invitation has expired. Ask whoever sent it" in anonymous.get(path).text
    assert accept(anonymous, path).status_code == 410
    assert roles(portal) == {}


def test_an_invented_invitation_opens_nothing(anonymous, portal):
    assert anonymous.get("/invitation/invented").status_code == 404
    assert "copied the whole link" in accept(anonymous, "/invitation/invented").text
    assert roles(portal) == {}


def test_whoever_is_logged_in_is_told(anonymous, invite, portal):
    path = invite(Role.INSTRUCTOR)
    accept(anonymous, invite())

    assert anonymous.get(path).location == "/"
    assert "You are logged in already." in anonymous.read("/")
    assert roles(portal) == {"ana": Role.STUDENT}


def test_an_invitation_is_stored_only_hashed(invite, portal):
    token = invite(note="x" * 300).rpartition("/")[2]

    with portal.database.reader() as session:
        found = session.scalars(select(Invitation)).one()
    assert len(found.token_hash) == 64
    assert token not in found.token_hash
    assert len(found.note) == 120
