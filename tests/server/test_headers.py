"""What protects every answer and every form: headers, cookies, places to go on to, logs, and an end to each request."""

from __future__ import annotations

import io
import logging
import re
import time
from urllib.parse import quote, urljoin, urlsplit

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from server import render
from server.account import passwords
from server.account.identity import find_by_login
from server.account.office import reset
from server.account.throttle import LIMITS, Kind, network_of
from server.db import Database
from server.log import LAYOUT, Formatter
from server.models import ApiToken, LogIn
from server.security import HEADERS, POLICY
from tests.server.caller import Caller, give_token

HTTPS = {"base_url": "https://portal.example"}

#: errors are answers, too
ANSWERS = [
    ("GET", "/", 200), ("GET", "/nothing", 404), ("GET", "/language", 405), ("POST", "/log-in", 400),
    ("GET", "/submissions", 302), ("GET", "/api/v1/me", 401), ("GET", "/api/v1/nothing", 404),
    ("GET", "/exercises/softmax/download", 200), ("GET", "/exercises/softmax/notebook", 200),
    ("GET", "/static/portal.js", 200), ("GET", "/static/nothing.js", 404), ("GET", "/password/wrong", 410),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_carries_the_headers(app, method, path, status):
    answer = app.test_client().open(path, method=method, buffered=True)

    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert (answer.headers.get("Cache-Control") == "no-store") == (not path.startswith("/static/"))
    assert answer.headers["Content-Type"]


def test_a_fault_of_ours_carries_them_too_and_tells_nothing(app, student, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("a secret path")

    monkeypatch.setattr("server.account.profile.tokens.list_tokens", broken)
    answer = student.get("/account")

    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "a secret path" not in answer.text


def test_the_policy_lets_nothing_in_that_is_not_a_file_of_ours():
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))

    assert rules["default-src"] == "'self'"
    assert rules["object-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["form-action"] == "'self'"
    assert not re.search(r"unsafe|data:|blob:|\*|https?:", POLICY)


@pytest.fixture
def secure(make_app, new_browser):
    return new_browser(make_app(PUBLIC_URL="https://portal.example").test_client())


def set_cookies(answer):
    return {each.partition("=")[0]: each for each in answer.headers.getlist("Set-Cookie")}


def test_cookies_of_an_encrypted_portal_are_for_it_alone(secure):
    page = secure.client.get("/log-in", **HTTPS)
    [(name, cookie)] = set_cookies(page).items()

    # Browsers take the prefix only with Secure, for the whole host, and without a domain.
    assert name == "__Host-gradiente"
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_the_cookie_of_the_language_is_protected_as_well(secure):
    token = re.search(r'name="csrf_token" value="([^"]+)"', secure.client.get("/log-in", **HTTPS).text)[1]
    sent = {"csrf_token": token, "language": "pt-BR"}
    answer = secure.client.post("/language", data=sent, headers={"Referer": "https://portal.example/log-in"}, **HTTPS)
    cookie = set_cookies(answer)["language"]

    assert answer.status_code == 302
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize("referrer", [None, "https://evil.example/", "http://portal.example/"])
def test_an_encrypted_portal_takes_forms_from_its_own_pages_alone(secure, referrer):
    token = re.search(r'name="csrf_token" value="([^"]+)"', secure.client.get("/log-in", **HTTPS).text)[1]
    headers = {"Referer": referrer} if referrer else {}
    sent = {"csrf_token": token, "language": "pt-BR"}

    assert secure.client.post("/language", data=sent, headers=headers, **HTTPS).status_code == 400


def test_a_token_of_another_session_opens_no_form(student, anonymous):
    token = re.search(r'name="csrf_token" value="([^"]+)"', anonymous.read("/log-in"))[1]

    assert student.client.post("/account/log-out-everywhere", data={"csrf_token": token}).status_code == 400


def test_a_cookie_that_was_planted_before_the_log_in_opens_nothing(student, anonymous, app, new_browser):
    anonymous.read("/log-in")
    planted = anonymous.client.get_cookie("gradiente").value
    anonymous.log_in("ana")
    thief = new_browser(app.test_client())
    thief.client.set_cookie("gradiente", planted)

    assert anonymous.get("/submissions").status_code == 200
    assert thief.get("/submissions").status_code == 302


def test_a_cookie_that_was_kept_opens_nothing_after_the_log_out(student, app, new_browser):
    kept = student.client.get_cookie("gradiente").value
    student.send("/log-out")
    thief = new_browser(app.test_client())
    thief.client.set_cookie("gradiente", kept)

    assert thief.get("/submissions").status_code == 302


def test_a_cookie_that_was_changed_opens_nothing(student):
    cookie = student.client.get_cookie("gradiente").value
    for changed in (cookie[:-2] + "AA", cookie.replace(".", "", 1), "e30.x.y", ""):
        student.client.set_cookie("gradiente", changed)
        assert student.get("/submissions").status_code == 302


ELSEWHERE = [
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "///evil.example",
    "http:evil.example",
    "/\t/evil.example", "\t//evil.example", " //evil.example", "/\n/evil.example", "javascript:alert(1)",
    "/\r\nX: y", "/.//evil.example", "/..//evil.example", "/%2f/evil.example", "/%09/evil.example", "/%5cevil.example",
    "@evil.example", "/\u2028/evil.example", "/\x7f/evil.example", "//user@evil.example", "/;//evil.example",
    ".evil.example", "",
]  # fmt: skip


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_the_log_in_leads_nowhere_else(student, wanted):
    for answer in (
        student.get(f"/log-in?next={quote(wanted, safe='')}"),
        student.send("/language", language="en", next=wanted),
        student.log_in("ana", next=wanted),
    ):
        # Browsers drop tabs and line ends of an address, and take \ for /.
        location = re.sub(r"[\t\r\n]", "", answer.location).replace("\\", "/")
        assert answer.status_code == 302
        assert urlsplit(urljoin("http://localhost/log-in", location)).netloc == "localhost"


def test_a_forged_host_is_in_no_page(anonymous):
    for path in ("/", "/log-in", "/password", "/submissions", "/api/v1/me", "//exercises/softmax"):
        answer = anonymous.client.get(path, headers={"Host": "evil.example"})
        assert "evil.example" not in answer.text
        assert urlsplit(answer.headers.get("Location", "")).netloc in ("", "evil.example")


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
     ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"), ("2001:db8:1:3::1", "2001:db8:1:3::/64"), ("", ""),
     ("local", "local")],
)  # fmt: skip
def test_one_household_is_one_address(address, network):
    assert network_of(address) == network


def test_guessing_from_many_ipv6_addresses_of_one_household_is_held_back(anonymous, student):
    token = re.search(r'name="csrf_token" value="([^"]+)"', anonymous.read("/log-in"))[1]
    sent = {"csrf_token": token, "login": "ana", "password": "guess"}
    most = LIMITS[Kind.LOG_IN].per_login
    statuses = [
        anonymous.client.post("/log-in", data=sent, environ_base={"REMOTE_ADDR": f"2001:db8::{n:x}"}).status_code
        for n in range(most + 1)
    ]

    assert statuses == [400] * most + [429]


def test_a_forged_address_is_not_believed(anonymous, student):
    token = re.search(r'name="csrf_token" value="([^"]+)"', anonymous.read("/log-in"))[1]
    sent = {"csrf_token": token, "login": "ana", "password": "guess"}
    most = LIMITS[Kind.LOG_IN].per_login
    statuses = [
        anonymous.client.post("/log-in", data=sent, headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code
        for n in range(most + 1)
    ]

    assert statuses == [400] * most + [429]


def test_log_in_verifies_a_hash_for_accounts_that_do_not_exist(anonymous, student, portal, monkeypatch):
    """The time that it takes is that of the hash; so it is counted, not measured."""
    verified = []
    monkeypatch.setattr(passwords, "HASHER", Spy(passwords.HASHER, verified))
    with portal.database.write() as session:
        find_by_login(session, "ana").email = "ana@x.example"
    for login in ("ana", "ana@x.example", "nobody", "nobody@x.example"):
        anonymous.log_in(login, "wrong")

    assert len(verified) == 4
    texts = {re.sub(r"\s+|csrf_token.*?>|value=\S+", "", anonymous.log_in(login, "x").text) for login in ("ana", "no")}
    assert len(texts) == 1


class Spy:
    """Passes on, and remembers."""

    def __init__(self, hasher, verified):
        self.hasher, self.verified = hasher, verified

    def hash(self, password):
        return self.hasher.hash(password)

    def verify(self, known, password):
        self.verified.append(known)
        return self.hasher.verify(known, password)


def test_a_hash_that_is_too_weak_by_now_is_made_anew_at_the_log_in(anonymous, student, portal, monkeypatch):
    def known():
        with portal.database.reader() as session:
            return find_by_login(session, "ana").password_hash

    before = known()
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    anonymous.log_in("ana", "wrong")
    assert known() == before
    anonymous.log_in("ana")

    assert "m=16,t=2" in known()
    assert "m=16,t=2" not in before
    assert anonymous.log_in("ana").status_code == 302


def test_a_new_password_ends_tokens_of_programs(app, student, portal, new_browser):
    caller = Caller(app, give_token(app))
    link = reset(portal.database, "ana")
    new = "another long password"
    assert new_browser(app.test_client()).send(link, page=link, password=new, repeated=new).status_code == 302

    assert caller.get("/me").status_code == 401
    with portal.database.reader() as session:
        assert session.scalars(select(ApiToken)).all() == session.scalars(select(LogIn)).all() == []


@pytest.mark.parametrize("path", ["/account/devices/{}/log-out", "/account/tokens/{}/revoke"])
@pytest.mark.parametrize("number", ["0", "-1", str(2**31), str(2**63), "9" * 4000])
def test_numbers_that_fit_no_column_are_not_there(student, path, number):
    assert student.send(path.format(number)).status_code in (302, 404)


@pytest.mark.parametrize("name", ["a\u202eb", "a\x00b", "a\x1b[31m"])
def test_tokens_have_names_that_can_be_shown(student, name):
    assert student.send("/account/tokens", token_name=name, scope="read", days="7").status_code == 400


@pytest.mark.parametrize(
    ("kind", "body"),
    [("application/x-www-form-urlencoded", b"a&" * 2_000_000),
     ("application/x-www-form-urlencoded", b"a=" + b"x" * 3_000_000),
     ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 200 + b"--b--"),
     ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n" + b"x" * 3_000_000),
     ("application/x-www-form-urlencoded", b"x" * 9_000_000)],
)  # fmt: skip
def test_forms_have_an_end(anonymous, kind, body):
    answer = anonymous.client.post("/log-in", data=body, content_type=kind)

    assert answer.status_code in (400, 413)


@pytest.mark.parametrize("source", [" \n" * 50_000, "\n" * 100_000, "f'" + "\n\t" * 50_000, "match" + " " * 100_000])
def test_source_of_spaces_is_highlighted_in_no_time(source):
    """Pygments takes minutes for some of these, and nobody else is served meanwhile."""
    began = time.process_time()
    html = render.code(source)

    assert time.process_time() - began < 5
    assert html.count("\n") >= source.count("\n")


def test_a_page_of_hostile_source_is_shown(student, portal):
    page = student.hand_in(content=b"x = '<b>'\n" + b" \n" * 45_000)
    portal.dispatcher.run_once()

    assert "&lt;b&gt;" in student.read(page)


DOWNLOADS = ["{page}/file", "{page}/receipt.txt", "/exercises/softmax/download", "/exercises/softmax/notebook",
             "/api/v1{page}/file", "/api/v1/exercises/softmax/files"]  # fmt: skip


@pytest.mark.parametrize("path", DOWNLOADS)
def test_downloads_are_saved_and_never_shown(student, path):
    page = student.hand_in(name="a.html.py", content=b"<script>alert(1)</script>")
    answer = student.get(path.format(page=page))

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.mimetype not in ("text/html", "image/svg+xml", "application/xhtml+xml", "text/xml")


@pytest.mark.parametrize(
    "path", ["{page}/state", "/api/v1/me", "/api/v1{page}", "/api/v1/nothing", "/api/v1/openapi.json"]
)
def test_json_is_saved_and_never_shown(student, path):
    answer = student.get(path.format(page=student.hand_in()))

    assert answer.mimetype.endswith("json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="answer.json"'


def test_a_zip_is_kept_and_not_opened_here(student, portal):
    """Reading archives is the grader's, in bounds of its own; the portal keeps what came, byte by byte."""
    bomb = b"PK\x03\x04" + b"\x00" * 1000
    page = student.hand_in(name="bomb.zip", content=bomb)

    assert student.get(page + "/file").data == bomb
    assert "PK" not in student.read(page)


def test_a_line_of_the_log_is_no_other_line():
    formatter = Formatter(LAYOUT)
    text = "a\n2026-01-01 INFO server.security: log-in: account 1\r\x1b[2K\u202e\u2028\x00"
    record = logging.LogRecord("server", logging.INFO, "", 0, "refused: %s", (text,), None)
    lines = formatter.format(record).split("\n")

    assert lines[0].endswith("refused: a")
    assert lines[1:] == [r"    2026-01-01 INFO server.security: log-in: account 1\r\x1b[2K\u202e\u2028\x00"]


def test_a_traceback_in_the_log_is_indented():
    try:
        raise ValueError("x\n2026-01-01 INFO server: nothing happened")
    except ValueError as error:
        record = logging.LogRecord("server", logging.ERROR, "", 0, "broken", (), (type(error), error, None))

    assert all(line.startswith("    ") for line in Formatter(LAYOUT).format(record).splitlines()[1:])


def test_who_comes_in_and_who_does_not_is_written_down_without_what_was_typed(anonymous, student, caplog):
    caplog.set_level(logging.INFO, "server.security")
    anonymous.log_in("a password in the wrong field", "wrong")
    anonymous.log_in("ana", "wrong password of ana")
    anonymous.log_in("ana")
    anonymous.send("/log-out")
    told = [record.getMessage() for record in caplog.records if record.name == "server.security"]

    assert told == [
        "log-in refused: nobody known, from 127.0.0.1",
        "log-in refused: account 1, from 127.0.0.1",
        "log-in: account 1, from 127.0.0.1",
        "log-out: account 1, from 127.0.0.1",
    ]
    assert "wrong" not in "".join(told)


def test_looking_for_things_of_others_is_written_down(student, other, app, caplog):
    page = student.hand_in()
    caplog.set_level(logging.INFO, "server.security")
    other.get(page)
    Caller(app, "gradiente_unknown").get("/me")
    Caller(app, give_token(app, scopes=["read"])).hand_in()

    assert [record.getMessage().partition(",")[0] for record in caplog.records if record.name == "server.security"] == [
        "somebody else's submission refused: account 2",
        "API token refused: nobody known",
        "API token without the scope: account 1",
    ]


def test_what_opens_an_account_is_written_down(student, anonymous, portal, caplog):
    caplog.set_level(logging.INFO, "server.security")
    anonymous.sign_up("bia")
    anonymous.send("/log-out")
    anonymous.send("/password", login="ana")
    anonymous.get("/password/invented")
    student.send("/account/log-out-everywhere")

    assert [record.getMessage().partition(", from")[0] for record in caplog.records if record.args] == [
        "account made: account 2",
        "log-in: account 2",
        "log-out: account 2",
        "link to a new password asked for: nobody known",
        "link to a new password refused: nobody known",
        "log-out everywhere: account 1",
    ]


def test_errors_of_the_database_do_not_tell_what_a_statement_carried(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    with pytest.raises(Exception, match="no such table") as found, database.reader() as session:
        session.execute(select(ApiToken).where(ApiToken.token_hash == "a hash of a token"))
    database.close()

    assert "a hash of a token" not in str(found.value)


def test_uploads_have_an_end_and_leave_nothing(make_app, new_browser):
    app = make_app(MAX_UPLOAD=1000)
    student = new_browser(app.test_client())
    student.sign_up("ana")
    statuses = [
        student.send("/exercises/softmax", file=(io.BytesIO(b"x" * size), "a.py")).status_code
        for size in (1001, 200_000)
    ]

    assert statuses == [400, 413]
    assert list(app.extensions["portal"].store.folder.rglob("*")) == []


def test_links_to_a_new_password_are_known_to_the_database_by_their_hash(student, portal):
    link = reset(portal.database, "ana").rpartition("/")[2]
    raw = b"".join(each.read_bytes() for each in portal.store.folder.parent.glob("portal.sqlite*"))

    assert link.encode() not in raw
