"""A lost password: ask for a link, get a letter, choose a new one."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from server.context import now
from server.models import LogIn, PasswordReset, User

NEW = "another long password"


@pytest.fixture
def app(make_app, mailbox):
    return make_app(SMTP_URL=mailbox.url, PUBLIC_URL="http://gradiente.example", MAIL_FROM="portal@uni.example")


@pytest.fixture
def ana(app, new_browser):
    browser = new_browser(app.test_client())
    assert browser.sign_up("ana", email="Ana@Uni.example").status_code == 302
    return browser


def ask(browser, login="ana"):
    return browser.send("/password", login=login)


def path_in(letter):
    """The path of the link in a letter."""
    return re.search(r"^http://gradiente\.example(/password/\S+)$", letter.get_content(), re.MULTILINE)[1]


def count(portal, table):
    with portal.database.reader() as session:
        return session.scalar(select(func.count()).select_from(table))


@pytest.mark.parametrize("typed", ["ana", " ANA ", "ana@uni.example", "Ana@uni.example"])
def test_the_letter_leads_to_a_new_password(ana, anonymous, mailbox, typed):
    ask(anonymous, typed)
    letter = mailbox.next()

    assert letter["To"].addresses[0].addr_spec == "ana@uni.example"
    path = path_in(letter)
    assert "User name: ana" in anonymous.read(path)
    answer = anonymous.send(path, page=path, password=NEW, repeated=NEW)
    assert answer.location == "/log-in"
    assert "Your new password is set." in anonymous.read("/log-in")
    assert anonymous.log_in("ana").status_code == 400
    assert anonymous.log_in("ana", NEW).status_code == 302


def test_the_letter_is_in_the_accounts_language(ana, anonymous, mailbox):
    ana.send("/language", language="pt-BR")
    ask(anonymous)

    assert mailbox.next()["Subject"] == "Gradiente: uma nova senha"


def test_all_log_ins_end_with_the_old_password(ana, anonymous, mailbox, portal):
    ask(anonymous)
    path = path_in(mailbox.next())
    anonymous.send(path, page=path, password=NEW, repeated=NEW)

    assert ana.get("/submissions").status_code == 302
    assert count(portal, LogIn) == 0
    assert mailbox.next()["Subject"] == "Gradiente: your account was changed"


def test_a_link_works_once(ana, anonymous, mailbox):
    ask(anonymous)
    ask(anonymous)
    first, second = path_in(mailbox.next()), path_in(mailbox.next())
    anonymous.send(first, page=first, password=NEW, repeated=NEW)

    for path in (first, second):
        assert (
            anonymous.send(path, password="a third long password", repeated="a third long password").status_code == 410
        )
        assert "This link does not work" in anonymous.get(path).text
    assert anonymous.log_in("ana", NEW).status_code == 302


def test_looking_at_a_link_does_not_use_it_up(ana, anonymous, mailbox):
    ask(anonymous)
    path = path_in(mailbox.next())
    for _ in range(3):
        anonymous.read(path)

    assert anonymous.send(path, page=path, password=NEW, repeated=NEW).status_code == 302


def test_a_link_works_for_an_hour(ana, anonymous, mailbox, portal):
    ask(anonymous)
    path = path_in(mailbox.next())
    with portal.database.write() as session:
        link = session.scalar(select(PasswordReset))
        assert timedelta(minutes=59) < link.expires_at - now() <= timedelta(hours=1)
        session.execute(update(PasswordReset).values(expires_at=now() - timedelta(seconds=1)))

    assert anonymous.get(path).status_code == 410
    assert anonymous.send(path, password=NEW, repeated=NEW).status_code == 410


def test_a_link_is_stored_only_hashed(ana, anonymous, mailbox, portal):
    ask(anonymous)
    token = path_in(mailbox.next()).rpartition("/")[2]

    with portal.database.reader() as session:
        stored = session.scalar(select(PasswordReset.token_hash))
    assert len(stored) == 64
    assert token not in stored


def test_an_invented_link_opens_nothing(ana, anonymous):
    assert anonymous.get("/password/invented").status_code == 410


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"password": "short", "repeated": "short"}, "8 to 128 characters"),
        ({"password": "password1", "repeated": "password1"}, "easy to guess"),
        ({"password": NEW, "repeated": "something else"}, "passwords differ"),
    ],
)
def test_a_new_password_must_be_a_good_one(ana, anonymous, mailbox, fields, sentence):
    ask(anonymous)
    path = path_in(mailbox.next())
    answer = anonymous.send(path, page=path, **fields)

    assert answer.status_code == 400
    assert sentence in answer.text
    assert anonymous.log_in("ana").status_code == 302


def test_the_answer_does_not_tell_who_has_an_account(ana, new_browser, app, mailbox, portal):
    new_browser(app.test_client()).sign_up("bia")  # without an address
    answers = []
    for login in ("nobody", "bia", "nobody@uni.example", "", "ana"):
        answer = ask(new_browser(app.test_client()), login)
        assert answer.status_code == 200
        answers.append(re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text))

    assert len(set(answers)) == 1
    # Letters leave in order: had there been one before, it would come first.
    assert mailbox.next()["To"].addresses[0].addr_spec == "ana@uni.example"
    assert count(portal, PasswordReset) == 1


def test_a_flood_of_letters_is_held_back(ana, new_browser, app):
    for name in ("ana", "nobody"):
        for _ in range(3):
            assert ask(new_browser(app.test_client()), name).status_code == 200
        answer = ask(new_browser(app.test_client()), name)
        assert answer.status_code == 429
        assert "Wait an hour" in answer.text
        assert new_browser(app.test_client()).log_in("ana").status_code == 302


def test_a_forged_host_does_not_get_into_the_letter(ana, app, mailbox):
    client = app.test_client()
    page = client.get("/password", headers={"Host": "evil.example"}).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    client.post("/password", data={"csrf_token": token, "login": "ana"}, headers={"Host": "evil.example"})

    assert "evil" not in mailbox.next().as_string()


def test_a_mail_server_that_is_down_is_noted_for_operators_and_told_to_nobody(make_app, new_browser, caplog):
    app = make_app(SMTP_URL="smtp://127.0.0.1:9", PUBLIC_URL="http://gradiente.example")
    browser = new_browser(app.test_client())
    browser.sign_up("ana", email="ana@uni.example")

    assert ask(browser).status_code == 200
    app.extensions["portal"].post._worker.submit(int).result()  # after the letter
    assert "a letter could not be sent" in caplog.text


@pytest.mark.parametrize("settings", [{}, {"SMTP_URL": "smtp://localhost"}, {"PUBLIC_URL": "http://gradiente.example"}])
def test_without_a_mail_server_the_page_says_who_helps(make_app, new_browser, settings):
    browser = new_browser(make_app(**settings).test_client())
    page = browser.read("/password")

    assert "Ask your teachers" in page
    assert "Send me a link" not in page
    assert ask(browser).status_code == 200


def test_the_log_in_page_leads_here(anonymous):
    assert 'href="/password"' in anonymous.read("/log-in")


def test_somebody_without_a_password_gets_one(ana, anonymous, mailbox, portal):
    with portal.database.write() as session:
        session.execute(update(User).values(password_hash=None))
    assert anonymous.log_in("ana").status_code == 400
    ask(anonymous)
    path = path_in(mailbox.next())
    anonymous.send(path, page=path, password=NEW, repeated=NEW)

    assert anonymous.log_in("ana", NEW).status_code == 302
