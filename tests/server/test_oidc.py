"""Log-in by an institution, against a real OpenID provider on this machine."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc.jwk import RSAKey
from sqlalchemy import func, select

from server.account.claims import propose_login, read_claims
from server.models import Identity, User
from tests.server.provider import CLIENT_ID, CLIENT_SECRET, run_provider

BACK = "http://localhost/log-in/institution/back"
START = "/log-in/institution"


@pytest.fixture
def provider(monkeypatch):
    # Authlib refuses plain connections; on this machine there is nobody in between.
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with run_provider(BACK) as provider:
        yield provider


@pytest.fixture
def app(make_app, provider):
    return make_app(
        OIDC_ISSUER=provider.issuer,
        OIDC_CLIENT_ID=CLIENT_ID,
        OIDC_CLIENT_SECRET=CLIENT_SECRET,
        OIDC_NAME="Universidade",
    )


def visit(address):
    """What the browser does at the provider: it is sent back with a code."""
    with requests.get(address, allow_redirects=False, timeout=10) as answer:
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def go_and_come_back(browser, start=START):
    """The whole way; returns the portal's last answer."""
    return browser.get(visit(browser.get(start).location))


def rows(portal, table):
    with portal.database.reader() as session:
        return session.scalars(select(table).order_by(table.id)).all()


def test_the_log_in_page_leads_there_by_a_link(anonymous):
    page = anonymous.read("/log-in")

    assert f'href="{START}"' in page
    assert "Log in with Universidade" in page


def test_without_a_provider_there_is_no_such_page(make_app, new_browser):
    browser = new_browser(make_app(OIDC_ISSUER="").test_client())

    assert "institution" not in browser.read("/log-in")
    assert browser.get(START).status_code == 404
    assert browser.get("/log-in/institution/back?code=x&state=y").status_code == 404


def test_the_request_carries_state_nonce_and_a_challenge(anonymous, provider):
    asked = parse_qs(urlsplit(anonymous.get(START).location).query)

    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == [BACK]
    assert all(len(asked[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))
    assert {"openid", "profile", "email"} == set(asked["scope"][0].split())


def test_the_first_log_in_makes_an_account_and_the_second_finds_it(anonymous, other, portal, provider):
    assert go_and_come_back(anonymous).location == "/"
    assert "Ana Silva" in anonymous.read("/")
    anonymous.send("/log-out")
    provider.person["name"] = "Ana Silva Souza"
    assert go_and_come_back(anonymous).location == "/"

    users = rows(portal, User)
    assert [(user.login, user.name, user.password_hash is None) for user in users] == [
        ("bia", "Bia", False),
        ("ana.silva", "Ana Silva", True),
    ]
    assert [(each.issuer, each.subject, each.user_id) for each in rows(portal, Identity)] == [
        (provider.issuer, "248289", users[1].id)
    ]


def test_the_way_leads_to_the_page_that_was_asked_for(anonymous):
    page = anonymous.read("/log-in?next=/submissions")

    assert 'href="/log-in/institution?next=/submissions"' in page
    assert go_and_come_back(anonymous, START + "?next=/submissions").location == "/submissions"


def test_the_way_never_leads_elsewhere(anonymous):
    assert go_and_come_back(anonymous, START + "?next=https://evil.example").location == "/"


def test_the_log_in_gets_a_new_cookie(anonymous):
    address = anonymous.get(START).location
    planted = anonymous.client.get_cookie("gradiente").value
    anonymous.get(visit(address))

    assert anonymous.client.get_cookie("gradiente").value != planted
    anonymous.client.set_cookie("gradiente", planted)
    assert anonymous.get("/submissions").status_code == 302


def test_somebody_elses_user_name_is_not_taken_over(student, anonymous, portal, provider):
    provider.person["preferred_username"] = "ana"
    go_and_come_back(anonymous)

    assert [user.login for user in rows(portal, User)] == ["ana", "ana-2"]


@pytest.mark.parametrize("is_verified", [True, False])
def test_an_account_is_never_found_by_its_e_mail_address(anonymous, new_browser, app, portal, provider, is_verified):
    new_browser(app.test_client()).sign_up("ana", email="ana@uni.example")
    provider.person |= {"email": "ana@uni.example", "email_verified": is_verified}
    go_and_come_back(anonymous)

    assert [(user.login, user.email) for user in rows(portal, User)] == [
        ("ana", "ana@uni.example"),
        ("ana.silva", None),
    ]


@pytest.mark.parametrize(("is_verified", "kept"), [(True, "ana@uni.example"), (False, None), ("true", None)])
def test_only_a_verified_e_mail_address_is_kept(anonymous, portal, provider, is_verified, kept):
    provider.person |= {"email": "Ana@uni.example", "email_verified": is_verified}
    go_and_come_back(anonymous)

    assert [user.email for user in rows(portal, User)] == [kept]


def test_whoever_is_logged_in_links_after_being_asked(student, new_browser, app, portal, provider):
    assert go_and_come_back(student).location == "/account/institution"
    assert rows(portal, Identity) == []
    assert "Ana Silva" in student.read("/account/institution")

    student.send("/account/institution")

    assert [each.user_id for each in rows(portal, Identity)] == [1]
    assert "The log-in of Universidade opens this account." in student.read("/account")
    elsewhere = new_browser(app.test_client())
    go_and_come_back(elsewhere)
    assert len(rows(portal, User)) == 1
    assert "User name: ana" in elsewhere.read("/account")


def test_whoever_is_linked_is_told_by_letter(make_app, new_browser, mailbox, provider):
    settings = {"OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
    app = make_app(SMTP_URL=mailbox.url, PUBLIC_URL="http://localhost", **settings)
    browser = new_browser(app.test_client())
    browser.sign_up("ana", email="ana@uni.example")
    go_and_come_back(browser)
    browser.send("/account/institution")
    letter = mailbox.next()

    assert letter["To"].addresses[0].addr_spec == "ana@uni.example"
    assert "institution's log-in" in letter.get_content()


def test_nothing_is_linked_that_was_not_asked_for(student, portal):
    student.send("/account/institution")

    assert rows(portal, Identity) == []
    assert student.get("/account/institution").location == "/account"


def test_an_institutions_account_opens_one_account_only(student, anonymous, portal):
    go_and_come_back(anonymous)

    assert go_and_come_back(student).location == "/account"
    assert "opens another account here" in student.read("/account")
    assert len(rows(portal, Identity)) == 1


@pytest.mark.parametrize(
    "lies",
    [
        {"nonce": "that of another log-in"},
        {"nonce": None},
        {"aud": ["another portal"]},
        {"aud": ["another portal"], "azp": CLIENT_ID},
        {"aud": [CLIENT_ID, "another portal"], "azp": "another portal"},
        {"iss": "https://evil.example"},
        {"exp": int(time.time()) - 600},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"sub": ""},
        {"sub": "x" * 256},
        {"at_hash": "not of this access token"},
    ],
)
def test_a_token_that_does_not_fit_logs_nobody_in(anonymous, portal, provider, lies):
    provider.lies = lies
    answer = go_and_come_back(anonymous)

    assert answer.status_code == 400
    assert "could not be verified. Nobody was logged in." in answer.text
    assert rows(portal, User) == []
    assert anonymous.get("/submissions").status_code == 302


def test_a_forged_signature_logs_nobody_in(anonymous, portal, provider):
    provider.published = RSAKey.generate_key(2048, {"kid": "key-1", "use": "sig", "alg": "RS256"}, private=True)

    assert go_and_come_back(anonymous).status_code == 400
    assert rows(portal, User) == []


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # the provider is warned as well
def test_a_token_without_a_signature_logs_nobody_in(anonymous, portal, provider):
    provider.algorithm = "none"

    assert go_and_come_back(anonymous).status_code == 400
    assert rows(portal, User) == []


def test_a_new_key_of_the_provider_is_fetched(anonymous, app, provider):
    go_and_come_back(anonymous)
    anonymous.send("/log-out")
    provider.key = provider.published = RSAKey.generate_key(2048, {"kid": "key-1", "alg": "RS256"}, private=True)
    app.extensions["institution"].server_metadata["_loaded_at"] -= 2 * 3600

    assert go_and_come_back(anonymous).location == "/"


def test_an_answer_can_be_used_once(anonymous, new_browser, app):
    back = visit(anonymous.get(START).location)
    cookie = anonymous.client.get_cookie("gradiente").value
    assert anonymous.get(back).status_code == 302
    anonymous.send("/log-out")

    again = anonymous.get(back)
    assert again.status_code == 400
    assert "This log-in was already used" in again.text
    # Even with the cookie of then: the provider gives nothing for a code that was used.
    anonymous.client.set_cookie("gradiente", cookie)
    assert anonymous.get(back).status_code == 400
    assert anonymous.get("/submissions").status_code == 302


def test_an_answer_for_another_browser_is_refused(anonymous, other, portal):
    back = visit(anonymous.get(START).location)
    other.get(START)

    assert other.get(back).location == "/account"
    assert "began in another window" in other.read("/account")
    assert rows(portal, Identity) == []


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x", "?code=x&state=y"])
def test_an_answer_without_a_question_is_refused(anonymous, query):
    assert anonymous.get("/log-in/institution/back" + query).status_code == 400


def test_somebody_who_is_not_let_in_there_is_told(anonymous, provider):
    provider.denies = True
    answer = go_and_come_back(anonymous)

    assert answer.status_code == 400
    assert "Your institution did not log you in." in answer.text


@pytest.mark.parametrize(
    "broken", [("no json", 200), ("down", 500), ({}, 200), ({"issuer": "https://evil.example"}, 200)]
)
def test_a_provider_that_is_down_is_told_and_works_when_it_is_back(anonymous, provider, broken):
    provider.broken["describe"] = broken
    answer = anonymous.get(START)

    assert answer.status_code == 502
    assert "does not answer" in answer.text
    provider.broken.clear()
    assert go_and_come_back(anonymous).location == "/"


def test_a_provider_that_nobody_reaches_is_told(make_app, new_browser):
    browser = new_browser(make_app(OIDC_ISSUER="http://127.0.0.1:9", OIDC_CLIENT_ID="x").test_client())
    browser.language = "pt-BR"

    answer = browser.get(START)
    assert answer.status_code == 502
    assert "não responde" in answer.text


@pytest.mark.parametrize(
    ("endpoint", "broken"),
    [
        ("token", ("no json", 200)),
        ("token", ("down", 503)),
        ("token", ({"error": "invalid_client"}, 401)),
        ("token", ({"access_token": "x", "token_type": "Bearer"}, 200)),
        ("token", ({"access_token": "x", "token_type": "Bearer", "id_token": "no token"}, 200)),
        ("token", ([], 200)),
        ("keys", ("down", 500)),
        ("keys", ({"keys": []}, 200)),
        ("keys", ("no json", 200)),
    ],
)
def test_nonsense_on_the_way_back_logs_nobody_in(anonymous, portal, provider, endpoint, broken):
    provider.broken[endpoint] = broken
    answer = go_and_come_back(anonymous)

    assert answer.status_code in (400, 502)
    assert 'role="alert"' in answer.text
    assert rows(portal, User) == []


def test_abandoned_log_ins_do_not_fill_the_cookie(anonymous):
    for _ in range(5):
        anonymous.get(START)
    length = len(anonymous.client.get_cookie("gradiente").value)
    anonymous.get(START)

    assert abs(len(anonymous.client.get_cookie("gradiente").value) - length) < 50


def test_closed_registration_lets_the_institutions_people_in(make_app, new_browser, app, portal):
    closed = make_app(REGISTRATION=False, **{key.upper(): getattr(portal.settings, key) for key in (
        "oidc_issuer", "oidc_client_id", "oidc_client_secret")})  # fmt: skip

    assert go_and_come_back(new_browser(closed.test_client())).location == "/"
    assert len(rows(portal, User)) == 1


@pytest.mark.parametrize(
    ("names", "login"),
    [
        (["ana.silva"], "ana.silva"),
        (["João.Conceição@uni.example"], "joao.conceicao"),
        (["", "ana@uni.example"], "ana"),
        (["李", "", "Ana Paula Silva"], "ana.paula.silva"),
        (["x", "李"], "student"),
        (["--Ana__"], "ana"),
        (["a" * 90], "a" * 26),
        (["<script>alert(1)"], "script.alert.1"),
    ],
)
def test_a_user_name_is_made_of_what_is_told(names, login):
    assert propose_login(*names) == login


def test_claims_of_other_types_count_as_not_told():
    claims = read_claims(
        "https://uni.example/", {"sub": "1", "name": 3, "email": ["a@b.example"], "given_name": "A\u202e"}
    )

    assert (claims.issuer, claims.name, claims.login, claims.email) == ("https://uni.example", "A", "student", "")


def test_many_of_one_name_get_numbers(anonymous, provider, portal):
    for number in range(4):
        provider.person["sub"] = f"person-{number}"
        go_and_come_back(anonymous)
        anonymous.send("/log-out")

    assert [user.login for user in rows(portal, User)] == ["ana.silva", "ana.silva-2", "ana.silva-3", "ana.silva-4"]
    with portal.database.reader() as session:
        assert session.scalar(select(func.count(Identity.id))) == 4
