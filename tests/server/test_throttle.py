"""The brake on guessing."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from waitress.adjustments import Adjustments
from waitress.proxy_headers import proxy_headers_middleware
from werkzeug.test import Client

from server.account.throttle import LIMITS, Kind, forget_try, is_throttled, note_try, take_try
from server.context import now
from server.models import Throttle, User
from server.serve import proxy_options


@pytest.fixture
def session(portal):
    with portal.database.write() as session:
        yield session


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_has_its_own_brake(session, kind):
    moment = now()
    for _ in range(LIMITS[kind].per_login):
        assert not is_throttled(session, kind, "ana", "192.0.2.1", moment)
        note_try(session, kind, "ana", "192.0.2.1", moment)

    assert is_throttled(session, kind, "ana", "192.0.2.1", moment)
    assert not is_throttled(session, kind, "bia", "192.0.2.1", moment)
    assert not is_throttled(session, kind, "ana", "192.0.2.2", moment)
    assert not any(is_throttled(session, other, "ana", "192.0.2.1", moment) for other in Kind if other is not kind)
    assert not is_throttled(session, kind, "ana", "192.0.2.1", moment + LIMITS[kind].window)


@pytest.mark.parametrize("kind", list(Kind))
def test_one_address_gets_so_many_in_all(session, kind):
    moment = now()
    for number in range(LIMITS[kind].per_address):
        note_try(session, kind, f"login-{number}", "192.0.2.1", moment)

    assert is_throttled(session, kind, "somebody new", "192.0.2.1", moment)
    assert not is_throttled(session, kind, "somebody new", "192.0.2.2", moment)


@pytest.mark.parametrize("kind", list(Kind))
def test_one_login_gets_so_many_from_all_addresses(session, kind):
    moment = now()
    for number in range(LIMITS[kind].anywhere):
        assert not is_throttled(session, kind, "ana", "192.0.2.1", moment)
        note_try(session, kind, "ana", f"198.51.100.{number}", moment)

    assert is_throttled(session, kind, "ana", "192.0.2.1", moment)
    assert not is_throttled(session, kind, "bia", "192.0.2.1", moment)
    assert not is_throttled(session, kind, "ana", "192.0.2.1", moment + LIMITS[kind].window)


def test_no_account_is_guessed_at_more_than_100_times_an_hour():
    limit = LIMITS[Kind.LOG_IN]

    assert limit.anywhere * (timedelta(hours=1) / limit.window) <= 100


def test_a_try_that_was_right_no_longer_counts(session):
    for _ in range(2 * LIMITS[Kind.LOG_IN].anywhere):
        forget_try(session, take_try(session, Kind.LOG_IN, "ana", "192.0.2.1", now()))
    found = [take_try(session, Kind.LOG_IN, "ana", "192.0.2.1", now()) for _ in range(9)]

    assert [number is None for number in found] == [False] * 8 + [True]


def test_guessing_from_everywhere_is_held_back(anonymous, student):
    token = re.search(r'name="csrf_token" value="([^"]+)"', anonymous.read("/log-in"))[1]
    sent = {"csrf_token": token, "login": "ana", "password": "guess"}
    most = LIMITS[Kind.LOG_IN].anywhere
    statuses = [
        anonymous.client.post("/log-in", data=sent, environ_base={"REMOTE_ADDR": f"192.0.2.{n}"}).status_code
        for n in range(most + 1)
    ]

    assert statuses == [400] * most + [429]
    assert student.get("/submissions").status_code == 200  # whoever is in stays in


def test_long_names_and_addresses_count_as_well(session):
    moment = now()
    for _ in range(3):
        note_try(session, Kind.RESET, "x" * 300, "y" * 300, moment)

    assert is_throttled(session, Kind.RESET, "x" * 300, "y" * 300, moment)


def test_old_tries_are_forgotten_each_by_its_own_window(session):
    moment = now()
    note_try(session, Kind.RESET, "ana", "192.0.2.1", moment)
    note_try(session, Kind.LOG_IN, "ana", "192.0.2.1", moment)
    note_try(session, Kind.LOG_IN, "ana", "192.0.2.1", moment + timedelta(minutes=30))

    assert session.scalars(select(Throttle.kind).order_by(Throttle.id)).all() == ["reset", "log_in"]


def test_name_and_address_of_an_account_share_one_brake(anonymous, new_browser, app):
    new_browser(app.test_client()).sign_up("ana", email="ana@uni.example")
    for typed in ["ana", "ana@uni.example"] * 4:
        anonymous.log_in(typed, "guess")

    for typed in ("ana", "ana@uni.example"):
        assert anonymous.log_in(typed).status_code == 429


@pytest.mark.parametrize(
    ("trusted", "seen"), [("127.0.0.1", "192.0.2.7"), ("192.0.2.1", "127.0.0.1"), ("", "127.0.0.1")]
)
def test_behind_a_reverse_proxy_the_students_address_counts(trusted, seen):
    def tell(environ, start_response):
        start_response("200 OK", [])
        return [environ["REMOTE_ADDR"].encode()]

    known = Adjustments(**proxy_options(trusted))
    served = proxy_headers_middleware(
        tell, known.trusted_proxy, known.trusted_proxy_count, known.trusted_proxy_headers or set()
    )
    headers = {"X-Forwarded-For": "198.51.100.1, 192.0.2.7"}
    answer = Client(served).get("/", headers=headers, environ_base={"REMOTE_ADDR": "127.0.0.1"})

    assert answer.text == seen


def test_sign_ups_from_one_address_are_held_back(app, new_browser, portal):
    with portal.database.write() as session:
        for number in range(LIMITS[Kind.SIGN_UP].per_address - 1):
            note_try(session, Kind.SIGN_UP, f"student-{number}", "127.0.0.1", now())

    assert new_browser(app.test_client()).sign_up("ana").status_code == 302
    answer = new_browser(app.test_client()).sign_up("bia")
    assert answer.status_code == 429
    assert "Wait a little" in answer.text
    with portal.database.reader() as session:
        assert session.scalar(select(func.count(User.id))) == 1
