"""The API: who may do what, lists, limits, and how errors look. It follows the same rules as the pages."""

import io
import re
import zipfile
from datetime import timedelta

import pytest

from server.access import API_SCOPES, audience_of
from server.api import invalid
from server.api.rate import MANY, Brake
from server.models import ApiToken
from tests.server.caller import Caller, give_token, problem


def api_rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]


def test_every_route_below_api_is_of_the_api(app):
    assert {audience_of(app, rule.endpoint) for rule in api_rules(app)} <= set(API_SCOPES)
    assert len(api_rules(app)) >= 10


def test_anybody_may_read_the_exercises(app):
    found = Caller(app).read("/exercises")

    assert [(each["slug"], each["title"], each["prerequisites"]) for each in found["exercises"]] == [
        ("softmax", "Softmax", []),
        ("attention", "Attention", ["softmax"]),
    ]
    assert found["exercises"][0]["languages"] == ["en", "pt-BR"]
    assert found["exercises"][0]["standing"] is None
    assert found["exercises"][0]["terms"]["is_open"]


def test_whoever_calls_reads_where_they_stand(caller, graded):
    softmax, attention = caller.read("/exercises")["exercises"]

    assert (softmax["standing"], attention["standing"]) == ("tried", "untouched")
    assert softmax["best"] == {"submission": graded, "attempt": 1, "score": 2, "max_score": 3, "credit": 1}
    assert softmax["terms"]["attempts_used"] == 1


def test_one_exercise_has_its_statement_in_all_languages_and_the_stub(caller):
    found = caller.read("/exercises/softmax")

    assert found["statement"]["en"].startswith("# Softmax\n")
    assert found["statement"]["pt-BR"].startswith("# Softmax em português\n")
    assert "NotImplementedError" in found["stub"]


def test_the_files_of_an_exercise_are_those_of_its_page(caller, student):
    found = caller.get("/exercises/softmax/files")

    assert found.mimetype == "application/zip"
    names = [
        zipfile.ZipFile(io.BytesIO(each.data)).namelist()
        for each in (found, student.get("/exercises/softmax/download"))
    ]
    assert names[0] == names[1]


def test_lists_come_in_pages_and_each_leads_to_the_next(caller, portal):
    ids = [caller.hand_in(slug).json["id"] for slug in ("softmax", "attention", "softmax", "softmax", "attention")]
    path, seen = "/submissions?limit=2", []
    while path:
        answer = caller.get(path)
        seen += [each["id"] for each in answer.json["submissions"]]
        link = re.fullmatch(r'</api/v1(.+)>; rel="next"', answer.headers.get("Link", ""))
        assert bool(link) == bool(answer.json["next"])
        path = link and link[1]

    assert seen == ids[::-1]


def test_new_submissions_do_not_move_a_page(caller):
    ids = [caller.hand_in().json["id"] for _ in range(3)]
    cursor = caller.read("/submissions?limit=1")["next"]
    caller.hand_in()

    assert [each["id"] for each in caller.read(f"/submissions?after={cursor}")["submissions"]] == ids[1::-1]


def test_lists_can_be_filtered(caller, graded):
    waiting = caller.hand_in("attention").json["id"]

    def ids(query):
        return [each["id"] for each in caller.read(f"/submissions?{query}")["submissions"]]

    assert ids("exercise=softmax") == [graded]
    assert ids("state=received") == [waiting]
    assert ids("exercise=softmax&state=received") == []


def test_exercises_come_in_pages(caller):
    first = caller.get("/exercises?limit=1&lang=en")

    assert first.headers["Link"] == '</api/v1/exercises?limit=1&lang=en&after=softmax>; rel="next"'
    rest = caller.read("/exercises?after=softmax")
    assert ([each["slug"] for each in rest["exercises"]], rest["next"]) == (["attention"], None)


@pytest.mark.parametrize("path", ["/exercises?after=nothing", "/submissions?after=nothing"])
def test_a_cursor_that_leads_nowhere_is_told(caller, path):
    assert "after" in problem(caller.get(path), 422, "invalid")["errors"]


def test_another_students_submission_is_no_cursor(caller, graded, other, app):
    answer = Caller(app, give_token(app, "bia")).get(f"/submissions?after={graded}")
    assert problem(answer, 422, "invalid")["status"] == 422


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("limit=two", "limit"), ("limit=", "limit"), ("state=lost", "state"),
     ("exercise=A%20B", "exercise"), ("lang=de", "lang"), ("limits=1", "limits")],
)  # fmt: skip
def test_wrong_parameters_are_named(caller, query, field):
    assert list(problem(caller.get(f"/submissions?{query}"), 422, "invalid")["errors"]) == [field]


def test_me_says_whose_token_it_is_and_what_it_may_do(caller):
    found = caller.read("/me")

    assert (found["login"], found["role"]) == ("ana", "student")
    assert found["token"]["scopes"] == ["administer", "read", "submit", "teach"]


def test_a_browser_may_look_but_hand_nothing_in(student):
    assert student.get("/api/v1/me").json["token"] is None
    assert student.get("/api/v1/submissions").json["submissions"] == []

    answer = student.client.post("/api/v1/exercises/softmax/submissions", json={"code": "x = 1"})
    problem(answer, 401, "no_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_wrong_token_is_not_made_good_by_a_log_in(student):
    answer = student.client.get("/api/v1/me", headers={"Authorization": "Bearer wrong"})

    problem(answer, 401, "bad_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "path", ["/submissions", "/me", "/submissions/x", "/submissions/x/events", "/submissions/x/file"]
)
def test_what_is_an_accounts_own_needs_a_token(app, path):
    assert problem(Caller(app).get(path), 401, "no_token")["status"] == 401


@pytest.mark.parametrize("path", ["/exercises", "/openapi.json", "/me"])
def test_an_expired_token_opens_nothing(app, student, path):
    assert problem(Caller(app, give_token(app, ago=timedelta(days=8))).get(path), 401, "bad_token")["status"] == 401


def test_a_token_does_what_its_scopes_say_and_no_more(app, student):
    reads, submits = (Caller(app, give_token(app, scopes=[scope])) for scope in ("read", "submit"))

    assert reads.get("/submissions").status_code == 200
    answer = reads.hand_in()
    assert "submit" in problem(answer, 403, "scope")["detail"]
    assert 'scope="submit"' in answer.headers["WWW-Authenticate"]
    assert submits.hand_in().status_code == 201
    problem(submits.get("/submissions"), 403, "scope")
    assert submits.get("/me").status_code == 200


def test_the_use_of_a_token_is_noted(caller, portal):
    caller.get("/me")

    with portal.database.reader() as session:
        assert session.query(ApiToken).one().used_at


def test_every_operation_that_changes_something_refuses_a_browser(app, student):
    unsafe = [rule for rule in api_rules(app) if rule.methods - {"GET", "HEAD", "OPTIONS"}]
    assert unsafe
    for rule in unsafe:
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}:
            path = re.sub("<[^>]+>", "softmax", rule.rule)
            assert student.client.open(path, method=method).status_code == 401


ERRORS = [
    ("GET", "/api/v1/nothing", 404, "not_found"),
    ("GET", "/api/", 404, "not_found"),
    ("GET", "/api/v2/exercises", 404, "not_found"),
    ("GET", "/api/v1//exercises", 404, "not_found"),
    ("GET", "/api/v1/exercises/", 404, "not_found"),
    ("GET", "/api/v1/exercises/nothing", 404, "not_found"),
    ("GET", "/api/v1/exercises/..%2f..", 404, "not_found"),
    ("GET", "/api/v1/exercises/a%00b", 404, "not_found"),
    ("GET", "/api/v1/submissions/nothing", 404, "not_found"),
    ("DELETE", "/api/v1/exercises", 405, "method"),
]


@pytest.mark.parametrize(("method", "path", "status", "kind"), ERRORS)
def test_errors_are_problem_details_and_never_pages(caller, method, path, status, kind):
    answer = caller.client.open(path, method=method, headers=caller.headers)

    assert problem(answer, status, kind)["instance"].startswith("/api/")
    assert ("Allow" in answer.headers) == (status == 405)


def test_a_fault_of_ours_is_a_problem_too(app, student, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("secret path")

    monkeypatch.setattr("server.api.account.me", broken)
    answer = Caller(app, give_token(app)).get("/me")
    problem(answer, 500, "ours")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("headers", "query"), [({"Accept-Language": "pt"}, ""), ({"Accept-Language": "en"}, "?lang=pt-BR")]
)
def test_texts_come_in_the_language_that_is_asked_for(caller, graded, headers, query):
    found = caller.get(f"/submissions/{graded}{query}", **headers)

    assert found.json["report"]["tests"][0]["title"] == "Título de test_f."
    assert found.json["summary"] == "Corrigida."
    wrong = caller.get(f"/submissions/nothing{query}", **headers)
    assert wrong.json["title"] == "Não há nada aqui"
    assert wrong.headers["Content-Language"] == "pt-BR"
    assert caller.get(f"/submissions{query or '?'}&limit=x", **headers).json["errors"] == {
        "limit": "Esperado: um número inteiro; encontrado: um texto."
    }


def test_whoever_asks_too_often_waits(make_app, new_browser):
    app = make_app(API_PER_MINUTE=3)
    new_browser(app.test_client()).sign_up("ana")
    first, second = (Caller(app, give_token(app)) for _ in range(2))

    assert [first.get("/me").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert 0 < int(first.get("/me").headers["Retry-After"]) <= 20
    assert second.get("/me").status_code == 200
    assert [Caller(app).get("/exercises").status_code for _ in range(13)] == [200] * 12 + [429]
    assert app.test_client().get("/").status_code == 200


def test_an_allowance_fills_up_again():
    brake = Brake(60)

    assert [brake.wait("ana", now=0.0) for _ in range(60)] == [0.0] * 60
    assert brake.wait("ana", now=0.5) == 0.5
    assert brake.wait("ana", now=1.0) == 0.0


def test_callers_that_are_gone_are_forgotten():
    brake = Brake(60)
    for number in range(MANY + 10):
        brake.wait(str(number), now=float(number > MANY) * 100)

    assert len(brake._left) < 20


@pytest.mark.parametrize(
    ("said", "field", "text"),
    [
        ("Object missing required field `file`", "file", "This is missing."),
        ("Expected `str` of length <= 5 - at `$.name`", "name", "Its length must be <= 5."),
        ("Expected `str | null`, got `int` - at `$.name`", "name", "Expected a text / null; found a whole number."),
        ("Something new - at `$.a[0]`", "a[0]", "Something new"),
    ],
)
def test_what_is_wrong_with_a_field_is_explained(app, said, field, text):
    with app.test_request_context("/"):
        assert invalid.explain(said) == (field, text)
