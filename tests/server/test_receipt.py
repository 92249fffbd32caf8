"""Receipts: what was received and when; nobody else can make one, and nobody can change one."""

import hashlib
import re
from html import unescape

import pytest

from server.submission import receipt

CONTENT = b"x = 1\n"


@pytest.fixture
def text(student):
    """A receipt's text, as a file."""
    return student.get(student.hand_in(content=CONTENT) + "/receipt.txt").text


def check(browser, text):
    return browser.send("/receipts/check", "/receipts/check", receipt=text)


def test_a_receipt_tells_what_was_received_and_when(student, portal):
    page = student.hand_in(name="my softmax.py", content=CONTENT)
    answer = student.get(page + "/receipt.txt")
    facts = receipt.read(answer.text).facts

    assert answer.mimetype == "text/plain"
    assert "attachment; filename=receipt-softmax-1.txt" in answer.headers["Content-Disposition"]
    assert facts["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", facts.pop("received"))
    assert {name: facts[name] for name in ("student", "exercise", "attempt", "file", "bytes", "submission")} == {
        "student": "ana", "exercise": "softmax", "attempt": "1", "file": "my softmax.py", "bytes": "6",
        "submission": page.rpartition("/")[2],
    }  # fmt: skip


def test_the_page_shows_the_same_receipt(student):
    page = student.hand_in()
    shown = re.search(r"<pre[^>]*>(.*?)</pre>", student.read(page + "/receipt"), re.DOTALL)[1]

    assert unescape(shown) == student.get(page + "/receipt.txt").text


def test_the_moment_is_told_in_the_portals_zone(make_app, new_browser):
    student = new_browser(make_app(TIME_ZONE="America/Sao_Paulo").test_client())
    student.sign_up("ana")

    assert "-03:00\n" in student.get(student.hand_in() + "/receipt.txt").text


def test_anybody_can_see_that_a_receipt_is_genuine(anonymous, text):
    assert "This receipt is genuine." in check(anonymous, text).text


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "Here it is:\n\n" + text + "\nBest wishes",
        lambda text: "".join(f"> {line}\n" for line in text.splitlines()),
        lambda text: "  " + text.replace("\n", " \n  "),
    ],
)
def test_what_letters_do_to_a_receipt_does_no_harm(anonymous, text, damage):
    assert "This receipt is genuine." in check(anonymous, damage(text)).text


@pytest.mark.parametrize("fact", [*receipt.FACTS, receipt.CODE])
def test_no_fact_can_be_changed(anonymous, text, fact):
    changed = re.sub(rf"^{fact}: .", f"{fact}: Z", text, flags=re.MULTILINE)

    assert changed != text
    answer = check(anonymous, changed)
    assert answer.status_code == 200
    assert "This receipt is not genuine." in answer.text


@pytest.mark.parametrize("fact", [*receipt.FACTS, receipt.CODE])
def test_a_fact_that_is_missing_or_there_twice_makes_no_receipt(anonymous, text, fact):
    line = re.search(rf"^{fact}: .*\n", text, re.MULTILINE)[0]

    for damaged in (text.replace(line, ""), line + text):
        answer = check(anonymous, damaged)
        assert answer.status_code == 400
        assert "There is no whole receipt in this text." in answer.text


def test_another_portals_receipt_is_not_genuine(text):
    assert receipt.is_genuine(receipt.read(text), "test")
    assert not receipt.is_genuine(receipt.read(text), "another key")


def test_a_file_name_cannot_pass_for_a_fact(student, anonymous):
    page = student.hand_in(name="a\u2028attempt: 7.py")
    text = student.get(page + "/receipt.txt").text

    assert receipt.read(text).facts["attempt"] == "1"
    assert "This receipt is genuine." in check(anonymous, text).text


@pytest.mark.parametrize("pasted", ["", "hello", "x" * 5000, "\x00\ud800: \n".encode("utf-8", "replace").decode()])
def test_anything_may_be_pasted(anonymous, pasted):
    assert check(anonymous, pasted).status_code == 400


def test_what_was_pasted_is_shown_escaped(anonymous, text):
    evil = text.replace("student: ana", "student: <script>alert(1)</script>")

    assert "<script>alert" not in check(anonymous, evil).text


def test_nobody_gets_the_receipt_of_another(student, other):
    page = student.hand_in()

    assert other.get(page + "/receipt").status_code == 404
    assert other.get(page + "/receipt.txt").status_code == 404
