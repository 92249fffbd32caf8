"""The account's own page."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from server.account import tokens
from server.context import now
from server.models import ApiToken, LogIn, Role, User
from tests.server.classroom import Classroom
from tests.server.conftest import PASSWORD

NEW = "another long password"


def account(portal, login="ana"):
    with portal.database.reader() as session:
        return session.scalars(select(User).where(User.login == login)).one()


def change(browser, form, **fields):
    return browser.send(f"/account/{form}", **fields)


@pytest.mark.parametrize("path", ["/account", "/account/profile", "/account/tokens"])
def test_the_page_is_for_those_who_are_logged_in(anonymous, path):
    assert anonymous.get(path).location == f"/log-in?next={path}"


def test_the_header_leads_to_the_page(student):
    assert re.search(r'href="/account"[^>]*>Ana</a>', student.read("/"))
    assert 'aria-current="page">Ana</a>' in student.read("/account")


def test_a_profile_is_changed(student, portal):
    answer = change(student, "profile", name=" Ana  Souza ", language="pt-BR", leaderboard="yes")

    assert answer.location == "/account"
    found = account(portal)
    assert (found.name, found.language, found.is_on_leaderboard) == ("Ana Souza", "pt-BR", True)
    page = student.read("/account")
    assert "Salvo." in page
    assert '<option value="pt-BR" lang="pt-BR" selected>' in page
    assert re.search(r'name="leaderboard"[^>]* checked', page)


def test_a_profile_goes_back_to_what_the_browser_asks(student, portal):
    change(student, "profile", name="Ana", language="pt-BR", leaderboard="yes")
    change(student, "profile", name="Ana", language="")

    found = account(portal)
    assert (found.language, found.is_on_leaderboard) == (None, False)


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "Ana\u202e"])
def test_a_name_that_cannot_be_shown_is_refused(student, portal, name):
    answer = change(student, "profile", name=name, language="")

    assert answer.status_code == 400
    assert "that your teachers know you by" in answer.text
    assert account(portal).name == "Ana"


def test_an_unknown_language_is_refused(student):
    assert change(student, "profile", name="Ana", language="xx").status_code == 400


def test_the_address_of_a_form_leads_back_to_the_page(student):
    assert student.get("/account/password").location == "/account"


def test_an_e_mail_address_is_stored_and_opens_the_account(student, anonymous, portal):
    assert change(student, "email", email=" Ana@Uni.example ", email_password=PASSWORD).location == "/account"

    assert account(portal).email == "ana@uni.example"
    assert anonymous.log_in("ANA@uni.example").status_code == 302


def test_an_e_mail_address_can_be_taken_away(student, portal):
    change(student, "email", email="ana@uni.example", email_password=PASSWORD)
    change(student, "email", email="", email_password=PASSWORD)

    assert account(portal).email is None


@pytest.mark.parametrize(
    "email",
    ["ana", "ana@", "@uni.example", "a b@uni.example", "ana@uni", "a@b.example\nBcc: c", "x" * 255 + "@a.example"],
)
def test_what_is_no_e_mail_address_is_refused(student, portal, email):
    answer = change(student, "email", email=email, email_password=PASSWORD)

    assert answer.status_code == 400
    assert "This is no e-mail address." in answer.text
    assert account(portal).email is None


def test_an_e_mail_address_belongs_to_one_account(student, other, portal):
    change(student, "email", email="ana@uni.example", email_password=PASSWORD)
    answer = change(other, "email", email="ANA@uni.example", email_password=PASSWORD)

    assert answer.status_code == 400
    assert "Another account has this e-mail address." in answer.text
    assert account(portal, "bia").email is None


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("email", {"email": "evil@uni.example", "email_password": "guess"}),
        ("email", {"email": "evil@uni.example"}),
        ("password", {"current": "guess", "password": NEW, "repeated": NEW}),
        ("password", {"password": NEW, "repeated": NEW}),
    ],
)
def test_the_keys_to_an_account_change_only_with_its_password(student, anonymous, portal, form, fields):
    answer = change(student, form, **fields)

    assert answer.status_code == 400
    assert "This is not your password." in answer.text
    assert account(portal).email is None
    assert anonymous.log_in("ana").status_code == 302


def test_guessing_the_password_here_counts_as_guessing_at_the_log_in(student):
    for _ in range(8):
        change(student, "password", current="guess", password=NEW, repeated=NEW)

    assert "Too many attempts" in change(student, "password", current=PASSWORD, password=NEW, repeated=NEW).text
    assert student.log_in("ana").status_code == 429


def test_a_new_password_logs_all_other_devices_out(student, anonymous, portal):
    anonymous.log_in("ana")
    cookie = student.client.get_cookie("gradiente").value
    answer = change(student, "password", current=PASSWORD, password=NEW, repeated=NEW)

    assert answer.location == "/account"
    assert student.get("/submissions").status_code == 200
    assert student.client.get_cookie("gradiente").value != cookie
    assert anonymous.get("/submissions").status_code == 302
    assert anonymous.log_in("ana").status_code == 400
    assert anonymous.log_in("ana", NEW).status_code == 302


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"password": "short", "repeated": "short"}, "8 to 128 characters"),
        ({"password": "qwertyuiop", "repeated": "qwertyuiop"}, "easy to guess"),
        ({"repeated": "something else"}, "passwords differ"),
    ],
)
def test_a_bad_new_password_is_refused(student, anonymous, fields, sentence):
    answer = change(student, "password", **{"current": PASSWORD, "password": NEW, "repeated": NEW, **fields})

    assert answer.status_code == 400
    assert sentence in answer.text
    assert NEW not in answer.text
    assert anonymous.log_in("ana").status_code == 302


def test_changes_of_the_keys_are_told_to_the_address_of_before(make_app, new_browser, mailbox):
    browser = new_browser(make_app(SMTP_URL=mailbox.url, PUBLIC_URL="http://gradiente.example").test_client())
    browser.sign_up("ana", email="ana@uni.example")
    change(browser, "password", current=PASSWORD, password=NEW, repeated=NEW)
    change(browser, "email", email="evil@uni.example", email_password=NEW)

    for _ in range(2):
        letter = mailbox.next()
        assert letter["To"].addresses[0].addr_spec == "ana@uni.example"
        assert letter["From"] == "gradiente@gradiente.example"
        assert "If that was not you" in letter.get_content()


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1"


@pytest.mark.parametrize(
    ("agent", "device"),
    [(FIREFOX, "Firefox · Linux"), (EDGE, "Edge · Windows"), (PHONE, "Safari · iPhone"), ("curl/8", "Unknown device")],
)
def test_devices_are_named(app, new_browser, agent, device):
    client = app.test_client()
    client.environ_base["HTTP_USER_AGENT"] = agent
    browser = new_browser(client)
    browser.sign_up("ana")

    assert f"<strong>{device}</strong>" in browser.read("/account")


def test_one_device_is_logged_out(student, anonymous, portal):
    anonymous.log_in("ana")
    page = student.read("/account")
    assert page.count("this one") == 1
    path = re.search(r'action="(/account/devices/\d+/log-out)"', page)[1]
    student.send(path)

    assert anonymous.get("/submissions").status_code == 302
    assert student.get("/submissions").status_code == 200


def test_all_devices_are_logged_out(student, anonymous, other):
    anonymous.log_in("ana")
    assert student.send("/account/log-out-everywhere").location == "/log-in"

    for browser in (student, anonymous):
        assert browser.get("/submissions").status_code == 302
    assert other.get("/submissions").status_code == 200


def test_nobody_logs_somebody_else_out(student, other, portal):
    with portal.database.reader() as session:
        mine = session.scalar(select(LogIn.id).where(LogIn.user_id == account(portal).id))
    other.send(f"/account/devices/{mine}/log-out")

    assert student.get("/submissions").status_code == 200


def make(browser, **fields):
    return change(browser, "tokens", **{"token_name": "laptop", "scope": ["read", "submit"], "days": "30", **fields})


def test_a_token_is_shown_once_and_acts_for_its_owner(student, portal):
    page = make(student).text
    raw = re.search(r"gradiente_[\w-]{43}", page)[0]

    assert raw not in student.read("/account")
    assert "<strong>laptop" in student.read("/account")
    with portal.database.reader() as session:
        found = tokens.find_token(session, raw, now())
        assert (found.user.login, found.scopes) == ("ana", ["read", "submit"])
        assert timedelta(days=29) < found.expires_at - now() <= timedelta(days=30)
        assert raw not in found.token_hash


def test_a_token_may_be_for_reading_only(student, portal):
    make(student, scope="read")

    with portal.database.reader() as session:
        assert session.scalars(select(ApiToken.scopes)).one() == ["read"]


@pytest.mark.parametrize(
    ("role", "part", "offered"),
    [
        (Role.STUDENT, None, ["read", "submit"]),
        (Role.STUDENT, Role.STUDENT, ["read", "submit"]),
        (Role.ASSISTANT, None, ["read", "submit"]),
        (Role.STUDENT, Role.ASSISTANT, ["read", "submit", "teach"]),
        (Role.INSTRUCTOR, None, ["read", "submit", "teach"]),
        (Role.ADMINISTRATOR, None, ["read", "submit", "teach", "administer"]),
    ],
)
def test_a_token_is_offered_what_its_owner_may_do_and_no_more(student, portal, role, part, offered):
    with portal.database.write() as session:
        session.get_one(User, account(portal).id).role = role
    if part:
        Classroom(portal).admit("ana", part)

    assert re.findall(r'name="scope" type="checkbox" value="(\w+)"', student.read("/account")) == offered
    for scope in tokens.SCOPES:
        assert make(student, scope=scope).status_code == (200 if scope in offered else 400)


@pytest.mark.parametrize("fields", [{"scope": "grade"}, {"days": "3650"}, {"days": "x"}, {"days": ""}])
def test_a_token_gets_nothing_that_is_not_offered(student, portal, fields):
    assert make(student, **fields).status_code == 400
    with portal.database.reader() as session:
        assert session.scalar(select(func.count(ApiToken.id))) == 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({"token_name": " "}, "what the token is for"), ({"token_name": "x" * 81}, "what the token is for"),
     ({"scope": []}, "at least one thing")],
)  # fmt: skip
def test_a_token_form_that_is_not_right_is_shown_again(student, fields, sentence):
    answer = make(student, **fields)

    assert answer.status_code == 400
    assert sentence in answer.text
    assert '<details class="more-form" open>' in answer.text


def test_a_revoked_token_opens_nothing(student, portal):
    raw = re.search(r"gradiente_[\w-]{43}", make(student).text)[0]
    path = re.search(r'action="(/account/tokens/\d+/revoke)"', student.read("/account"))[1]
    student.send(path)

    with portal.database.reader() as session:
        assert tokens.find_token(session, raw, now()) is None
    assert student.send(path).status_code == 404


def test_nobody_revokes_somebody_elses_token(student, other, portal):
    raw = re.search(r"gradiente_[\w-]{43}", make(student).text)[0]

    assert other.send("/account/tokens/1/revoke").status_code == 404
    with portal.database.reader() as session:
        assert tokens.find_token(session, raw, now()) is not None


def test_an_expired_token_opens_nothing(student, portal):
    raw = re.search(r"gradiente_[\w-]{43}", make(student).text)[0]
    with portal.database.write() as session:
        session.execute(update(ApiToken).values(expires_at=now()))

    with portal.database.reader() as session:
        assert tokens.find_token(session, raw, now()) is None
    assert "<strong>laptop" not in student.read("/account")


def test_the_use_of_a_token_is_noted_now_and_then(student, portal):
    raw = re.search(r"gradiente_[\w-]{43}", make(student).text)[0]
    moment = now()
    with portal.database.write() as session:
        found = tokens.find_token(session, raw, moment)
        assert tokens.is_use_worth_noting(found, moment)
        tokens.note_use(session, found.id, moment)
    with portal.database.reader() as session:
        found = tokens.find_token(session, raw, moment)
        assert found.used_at == moment
        assert not tokens.is_use_worth_noting(found, moment + timedelta(minutes=1))
        assert tokens.is_use_worth_noting(found, moment + timedelta(minutes=5))
    assert "last used" in student.read("/account")


def test_nobody_hoards_tokens(student, portal):
    with portal.database.write() as session:
        for _ in range(tokens.MAX_TOKENS):
            tokens.make_token(session, account(portal), "many", ["read"], 30, now())

    assert "You have 20 tokens." in make(student).text


def test_an_unknown_scope_is_a_mistake_of_ours(student, portal):
    with portal.database.write() as session, pytest.raises(ValueError, match="There are: read, submit"):
        tokens.make_token(session, account(portal), "x", ["read", "grade"], 30, now())


def test_somebody_without_a_password_is_told_how_to_get_one(student, portal):
    with portal.database.write() as session:
        session.execute(update(User).values(password_hash=None))
    page = student.read("/account")

    assert "You log in with your institution." in page
    assert 'name="current"' not in page
    assert change(student, "password", current="", password=NEW, repeated=NEW).status_code == 400
