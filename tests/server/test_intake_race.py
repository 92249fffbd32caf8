"""Requests that come at the same moment get no more than requests that come one after the other."""

from __future__ import annotations

import re
import threading
from collections import Counter

import pytest
from sqlalchemy import func, select

from server.account import invitations
from server.account.office import reset
from server.account.throttle import LIMITS, Kind
from server.context import now
from server.course import assignment
from server.models import Role, Submission, User
from tests.server.caller import Caller, give_token

CROWD = 12


def at_once(*actions):
    """Do all of it at the same moment, each in a thread of its own, and give what came of each."""
    start = threading.Barrier(len(actions))
    found = [None] * len(actions)

    def run(number, action):
        start.wait(10)
        found[number] = action()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def count(portal, model=Submission):
    with portal.database.reader() as session:
        return session.scalar(select(func.count()).select_from(model))


@pytest.fixture
def limit(portal):
    def allow(attempts):
        with portal.database.write() as session:
            assignment.set_terms(session, "softmax", {"max_attempts": attempts})

    return allow


def test_the_last_attempt_is_handed_in_once_through_pages(student, app, portal, limit):
    limit(1)
    page = student.read("/exercises/softmax")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    cookie = student.client.get_cookie("gradiente").value

    def hand_in(number):
        client = app.test_client()
        client.set_cookie("gradiente", cookie)
        # Each with a key of its own: these are different submissions, and no double click.
        data = {"csrf_token": token, "form_key": str(number), "code": f"x = {number}"}
        return client.post("/exercises/softmax", data=data).status_code

    found = at_once(*[lambda number=number: hand_in(number) for number in range(CROWD)])

    assert Counter(found) == {302: 1, 400: CROWD - 1}
    assert count(portal) == 1


def test_the_last_attempts_are_handed_in_once_through_page_and_api(app, student, portal, limit):
    limit(3)
    token = give_token(app)
    callers = [Caller(app, token) for _ in range(CROWD)]
    actions = [
        lambda caller=caller, n=n: caller.hand_in(code=f"x = {n}").status_code for n, caller in enumerate(callers)
    ]

    assert Counter(at_once(*actions)) == {201: 3, 409: CROWD - 3}
    with portal.database.reader() as session:
        assert sorted(session.scalars(select(Submission.attempt))) == [1, 2, 3]


def test_one_key_makes_one_submission_however_often_it_comes(app, student, portal, limit):
    limit(1)
    token = give_token(app)
    callers = [Caller(app, token) for _ in range(CROWD)]
    answers = at_once(*[lambda caller=caller: caller.hand_in(key="one") for caller in callers])

    assert Counter(each.status_code for each in answers) == {201: 1, 200: CROWD - 1}
    assert len({each.json["id"] for each in answers}) == count(portal) == 1


def test_no_more_wait_than_may(make_app, new_browser):
    app = make_app(MAX_WAITING=2)
    new_browser(app.test_client()).sign_up("ana")
    token = give_token(app)
    callers = [Caller(app, token) for _ in range(CROWD)]
    slugs = ["softmax", "attention"] * (CROWD // 2)
    actions = [lambda pair=pair: pair[0].hand_in(pair[1]).status_code for pair in zip(callers, slugs, strict=True)]

    assert Counter(at_once(*actions)) == {201: 2, 429: CROWD - 2}
    assert count(app.extensions["portal"]) == 2


def test_an_invitation_makes_no_more_accounts_than_it_says(app, portal, new_browser):
    with portal.database.write() as session:
        link = f"/invitation/{invitations.make_invitation(session, Role.INSTRUCTOR, 1, now(), uses=2)}"
    password = "a long password"

    def accept(number):
        browser = new_browser(app.test_client())
        form = {"login": f"guest-{number}", "name": "Guest", "password": password, "repeated": password}
        return browser.send(link, page=link, **form).status_code

    found = at_once(*[lambda number=number: accept(number) for number in range(CROWD)])

    assert found.count(302) == count(portal, User) == 2


def test_guesses_at_the_same_moment_are_counted(app, student, new_browser):
    browsers = [new_browser(app.test_client()) for _ in range(CROWD)]
    found = at_once(*[lambda browser=browser: browser.log_in("ana", "guess").status_code for browser in browsers])

    most = LIMITS[Kind.LOG_IN].per_login
    assert Counter(found) == {400: most, 429: CROWD - most}


def test_one_link_sets_one_password(app, portal, student, new_browser):
    link = reset(portal.database, "ana")
    browsers = [new_browser(app.test_client()) for _ in range(4)]

    def choose(browser, number):
        password = f"another long password {number}"
        return browser.send(link, page="/log-in", password=password, repeated=password).status_code

    found = at_once(*[lambda pair=pair: choose(*pair) for pair in zip(browsers, range(4), strict=True)])

    assert Counter(found) == {302: 1, 410: 3}
