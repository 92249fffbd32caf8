"""Who may use what; what every answer carries."""

import re

import pytest

from server.access import Audience, audience_of, open_to
from server.security import HEADERS

CLOSED = ["/submissions", "{page}", "{page}/state", "{page}/file"]


def test_every_route_declares_who_may_use_it(app):
    undeclared = [rule.rule for rule in app.url_map.iter_rules() if audience_of(app, rule.endpoint) is None]

    assert undeclared == []


def test_a_route_that_declares_nothing_is_refused(make_app):
    app = make_app()
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")

    assert app.test_client().get("/forgotten").status_code == 403


def test_a_declaration_leaves_the_view_as_it_is():
    def view():
        return "page"

    assert open_to(Audience.STUDENT)(view) is view


@pytest.mark.parametrize("path", CLOSED)
def test_closed_pages_open_for_their_student(student, path):
    page = student.hand_in()

    assert student.get(path.format(page=page)).status_code == 200


@pytest.mark.parametrize("path", CLOSED[1:])
def test_another_students_submission_is_not_there(student, other, path):
    page = student.hand_in()

    assert other.get(path.format(page=page)).status_code == 404
    assert other.get("/submissions").text.count(page) == 0


@pytest.mark.parametrize("path", CLOSED)
def test_closed_pages_send_anonymous_readers_to_the_log_in(student, anonymous, path):
    page = student.hand_in()

    assert anonymous.get(path.format(page=page)).location.startswith("/log-in?next=/submissions")


@pytest.mark.parametrize("path", ["/", "/exercises/softmax", "/exercises/softmax/download", "/log-in", "/sign-up"])
def test_open_pages_need_no_account(anonymous, path):
    assert anonymous.get(path).status_code == 200


def test_handing_in_needs_an_account(anonymous):
    answer = anonymous.send("/exercises/softmax", code="x = 1")

    assert answer.location == "/log-in"


def test_every_form_needs_its_token(student, app):
    posts = [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods and not rule.rule.startswith("/api/")]
    assert len(posts) > 15
    for rule in posts:
        words = re.sub(r"<any\((\w+)[^>]*>", r"\1", re.sub("<int[^>]+>", "1", rule.rule))
        path = re.sub("<[^>]+>", "softmax", words)
        answer = student.client.post(path, data={"code": "x"})
        if path.startswith("/api/"):  # there a cookie opens nothing that changes something
            assert answer.status_code == 401, rule
            continue
        assert answer.status_code == 400, rule
        assert "forms work only" in answer.text


@pytest.mark.parametrize("path", ["/", "/exercises/softmax", "/nothing", "/static/style.css", "/submissions"])
def test_every_answer_carries_the_headers(anonymous, path):
    answer = anonymous.get(path)

    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_pages_hold_nothing_that_the_policy_forbids(student, portal, app):
    page = student.hand_in()
    portal.dispatcher.run_once()
    for path in ["/", "/exercises/softmax", "/submissions", page, "/nothing", "/account", "/password"]:
        text = student.get(path).text
        assert re.findall(r"<style|<script(?! src=\"/static/)|\sstyle=|\son[a-z]+=|javascript:", text) == []


def test_pages_are_not_kept_by_the_browser_but_files_are(student):
    assert student.get("/").headers["Cache-Control"] == "no-store"
    assert student.get("/static/style.css").headers["Cache-Control"] != "no-store"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nothing", 404), ("/exercises/nothing", 404), ("/exercises/..%2f..", 404), ("/exercises/__init__", 404),
     ("/submissions/nothing", 404), ("/language", 405)],
)  # fmt: skip
def test_wrong_addresses_get_a_page_of_ours(student, path, status):
    answer = student.get(path)

    assert answer.status_code == status
    assert "To the exercises" in answer.text
