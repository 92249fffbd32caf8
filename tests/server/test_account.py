"""Sign up, log in, log out, change language."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from server.context import now
from server.models import LogIn, User


def test_signing_up_logs_in(anonymous):
    answer = anonymous.sign_up("ana", name="Ana  Silva")

    assert answer.location == "/"
    assert "Ana Silva" in anonymous.read("/")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"login": "a"}, "3 to 32 letters"),
        ({"login": "joão"}, "3 to 32 letters"),
        ({"login": "a b c"}, "3 to 32 letters"),
        ({"login": "x" * 33}, "3 to 32 letters"),
        ({"name": "  "}, "that your teachers know"),
        ({"name": "x" * 81}, "that your teachers know"),
        ({"password": "short", "repeated": "short"}, "8 to 128 characters"),
        ({"password": "x" * 129, "repeated": "x" * 129}, "8 to 128 characters"),
        ({"login": "ana.silva", "password": "Ana.Silva", "repeated": "Ana.Silva"}, "must differ"),
        ({"password": "Senha123", "repeated": "Senha123"}, "easy to guess"),
        ({"repeated": "something else"}, "passwords differ"),
        ({"email": "ana"}, "no e-mail address"),
    ],
)
def test_signing_up_says_what_is_wrong(anonymous, portal, fields, sentence):
    answer = anonymous.sign_up(fields.pop("login", "ana"), **fields)

    assert answer.status_code == 400
    assert sentence in answer.text
    assert 'aria-invalid="true"' in answer.text
    with portal.database.reader() as session:
        assert session.scalar(select(func.count(User.id))) == 0


def test_a_login_is_given_once_whatever_the_case(student, anonymous):
    answer = anonymous.sign_up("ANA")

    assert answer.status_code == 400
    assert "is taken" in answer.text


def test_an_e_mail_address_is_given_once_whatever_the_case(new_browser, app, anonymous):
    new_browser(app.test_client()).sign_up("ana", email="ana@uni.example")
    answer = anonymous.sign_up("bia", email="Ana@Uni.example")

    assert answer.status_code == 400
    assert "Another account has this e-mail address." in answer.text


def test_logging_in_works_with_the_e_mail_address(new_browser, app, anonymous):
    new_browser(app.test_client()).sign_up("ana", email="Ana@Uni.example")

    assert anonymous.log_in(" ANA@uni.example").location == "/"


def test_an_account_without_a_password_is_opened_by_none(student, anonymous, portal):
    with portal.database.write() as session:
        session.execute(update(User).values(password_hash=None))

    for password in ("", "a long password", "None"):
        assert anonymous.log_in("ana", password).status_code == 400


def test_a_wrong_form_keeps_what_was_typed_but_not_the_password(anonymous):
    page = anonymous.sign_up("ana", name='Ana "A" <b>', repeated="no").text

    assert 'value="Ana &#34;A&#34; &lt;b&gt;"' in page
    assert "a long password" not in page


def test_registration_can_be_closed(make_app, new_browser):
    browser = new_browser(make_app(REGISTRATION=False).test_client())

    assert browser.get("/sign-up").status_code == 404
    for path in ("/", "/exercises/softmax", "/log-in"):
        assert "/sign-up" not in browser.read(path)


def test_logging_out_ends_the_log_in_also_for_a_copied_cookie(student):
    cookie = student.client.get_cookie("gradiente").value

    student.send("/log-out")

    student.client.set_cookie("gradiente", cookie)
    assert student.get("/submissions").status_code == 302


def test_logging_in_works_again_after_logging_out(student):
    student.send("/log-out")

    assert student.log_in(" Ana ").location == "/"
    assert student.get("/submissions").status_code == 200


def test_logging_in_leads_to_the_page_that_was_asked_for(student):
    student.send("/log-out")
    wanted = student.get("/submissions").location

    assert wanted == "/log-in?next=/submissions"
    assert student.log_in("ana", next="/submissions").location == "/submissions"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\nb", ""])
def test_logging_in_never_leads_elsewhere(student, target):
    student.send("/log-out")

    assert student.log_in("ana", next=target).location == "/"


@pytest.mark.parametrize(("login", "password"), [("ana", "wrong"), ("nobody", "a long password"), ("", "")])
def test_logging_in_does_not_tell_which_half_was_wrong(student, login, password):
    student.send("/log-out")
    answer = student.log_in(login, password)

    assert answer.status_code == 400
    assert "User name or password are wrong." in answer.text


def test_guessing_is_slowed_down_for_the_login_and_not_for_others(student, other, anonymous):
    for _ in range(8):
        anonymous.log_in("ana", "guess")

    answer = anonymous.log_in("ana")
    assert answer.status_code == 429
    assert "Wait a quarter of an hour" in answer.text
    assert anonymous.log_in("bia").status_code == 302


def test_a_log_in_gets_a_new_cookie(student, anonymous, portal):
    before = anonymous.client.get_cookie("gradiente")
    anonymous.log_in("ana")

    assert anonymous.client.get_cookie("gradiente") != before
    with portal.database.reader() as session:
        hashes = session.scalars(select(LogIn.token_hash)).all()
    assert len(set(hashes)) == 2


def test_a_log_in_expires(student, portal):
    with portal.database.write() as session:
        session.execute(update(LogIn).values(expires_at=now() - timedelta(seconds=1)))

    assert student.get("/submissions").status_code == 302


def test_passwords_and_tokens_are_stored_only_hashed(student, portal):
    session = portal.database.reader()

    assert session.scalar(select(User.password_hash)).startswith("$argon2id$")
    assert len(session.scalar(select(LogIn.token_hash))) == 64


def test_cookies_are_out_of_reach_of_scripts_and_of_plain_connections(make_app, new_browser):
    browser = new_browser(make_app(PUBLIC_URL="https://gradiente.example").test_client())
    cookie = browser.get("/log-in").headers["Set-Cookie"]

    assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=Lax"))
    assert "max-age" in browser.get("/").headers["Strict-Transport-Security"]


def test_the_language_follows_account_then_cookie_then_browser(student, anonymous):
    anonymous.language = "pt"
    assert "Exercícios" in anonymous.read("/")

    assert anonymous.send("/language", language="en", next="/log-in").location == "/log-in"
    assert "Exercises" in anonymous.read("/")

    student.send("/language", language="pt-BR")
    student.client.delete_cookie("language")
    assert '<html lang="pt-BR">' in student.read("/")


def test_an_unknown_language_is_refused(anonymous):
    assert anonymous.send("/language", language="xx").status_code == 400
