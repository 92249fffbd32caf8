"""A student's way from signing up to full score, in a real browser: both languages, with and without JavaScript."""

from __future__ import annotations

import pytest

from tests.browser.student import Student
from tests.browser.walks import TAGS
from tests.conftest import ROOT

RIGHT = (ROOT / "solutions" / "sigmoid" / "sigmoid.py").read_text(encoding="utf-8")
WRONG = """
def sigmoid(x):
    return 1 / (1 + (-x).exp())

def sigmoid_derivative(x):
    return sigmoid(x) * (1 - sigmoid(x))
"""
TOY = """
import time

def double(x):
    return 2 * x

def greet(name):
    return name
"""
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def student(browser, portal, request):
    options = {"viewport": DESKTOP, **getattr(request, "param", {})}
    found = Student(browser, portal.address, **options)
    yield found
    found.close()


LOOKS = {
    "en": ("English-desktop-light", {"viewport": DESKTOP, "color_scheme": "light"}),
    "pt-BR": ("Portuguese-phone-dark", {"viewport": PHONE, "color_scheme": "dark"}),
}


def ways(*tags, **more):
    """Each language in its way: one on a desktop in light colours, the other on a phone in dark ones."""
    found = [pytest.param({"tag": tag, **LOOKS[tag][1], **more}, id=LOOKS[tag][0]) for tag in tags]
    return pytest.mark.parametrize("student", found, indirect=True)


def login_of(request) -> str:
    """A user name of this test's own."""
    return f"s{abs(hash(request.node.name)) % 10**8}"


@ways("en", "pt-BR")
def test_from_signing_up_to_full_score(student, request):
    say = student.say
    student.sign_up(login_of(request))
    student.look()
    student.page.get_by_role("link", name=say("Start")).first.click()
    student.open("/exercises/sigmoid")
    editor = student.page.get_by_label(say("Your code")).first
    editor.click()
    student.page.keyboard.press("Control+a")
    student.page.keyboard.press("Delete")
    student.page.keyboard.insert_text(WRONG)
    student.press("Submit")
    student.page.get_by_text(say("Hint:")).first.wait_for(timeout=60_000)
    student.look()

    student.hand_in_file("sigmoid", RIGHT)
    assert "21 / 21" in student.wait_for_score(21, 21)
    student.open("/submissions")
    student.open("/account")
    student.press("Log out")
    student.look()
    assert student.page.get_by_role("heading", level=1).inner_text() == say("Log in")
    assert student.wrong == []


@ways(*TAGS)
def test_a_training_is_drawn_while_it_runs_and_stays_in_the_report(student, request):
    student.sign_up(login_of(request))
    student.hand_in_file("toy", TOY)
    student.page.locator("[data-state] svg, [data-events] svg, .live svg").first.wait_for(timeout=60_000)
    student.look()
    assert "3 / 3" in student.wait_for_score(3, 3)
    student.page.get_by_text(student.say("Training"), exact=True).first.click()
    assert student.page.locator("svg").count() >= 1
    student.look()
    assert student.wrong == []


@ways(*TAGS, java_script_enabled=False)
def test_everything_works_without_javascript(student, request):
    student.sign_up(login_of(request))
    student.page.goto("/exercises/sigmoid")
    student.page.get_by_label(student.say("Your code")).fill(RIGHT)
    student.press("Submit")
    student.page.locator(".total").wait_for(timeout=60_000)  # the page refreshes by itself
    assert "21" in student.page.locator(".total").inner_text()


def test_the_keyboard_is_enough(student, request):
    student.sign_up(login_of(request))
    student.open("/exercises/sigmoid")
    student.page.keyboard.press("Tab")
    assert "main" in student.page.evaluate("document.activeElement.getAttribute('href')")  # the skip link
    student.page.get_by_label(student.say("Your code")).first.focus()
    student.page.keyboard.press("Control+a")
    student.page.keyboard.press("Delete")
    student.page.keyboard.insert_text(RIGHT)
    student.page.keyboard.press("Control+Enter")
    assert "21 / 21" in student.wait_for_score(21, 21)
    assert student.wrong == []


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("tag", ["en", "pt-BR"])
def test_pages_that_need_no_account(browser, portal, tag, width):
    visitor = Student(browser, portal.address, tag, viewport={"width": width, "height": 800})
    # The longest page by far takes most of a minute to be looked at.
    docs = ["/api/v1/docs"] if (tag, width) == ("pt-BR", 320) else []
    for path in ("/", "/log-in", "/sign-up", "/password", "/exercises/sigmoid", "/receipts/check", *docs):
        page = visitor.open(path)
        assert page.locator("html").get_attribute("lang") == tag
    assert visitor.wrong == []
    visitor.close()
