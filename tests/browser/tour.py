"""A tour of every page that students see, as somebody sees it who is new, and who has done a lot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.browser.school import FIRST, SECOND, School
from tests.browser.student import Student
from tests.conftest import ROOT

WRONG_STOPPER = ROOT / "solutions" / "early_stopping" / "wrong" / "leaves_last_weights.py"


class Tour:
    """Goes from page to page and gives each one's name. What is wrong on the way is noted by the student."""

    def __init__(self, student: Student, school: School) -> None:
        self.student = student
        self.school = school
        self.say = student.say

    def walk(self, login: str) -> Iterator[str]:
        """All pages."""
        yield from self.visitor()
        self.student.sign_up(login)
        yield from self.newcomer()
        yield from self.reports()
        yield from self.regular()

    @property
    def page(self) -> Any:
        """The browser's tab."""
        return self.student.page

    def label(self, text: str) -> Any:
        """The field with this label."""
        return self.page.get_by_label(self.say(text), exact=True)

    @contextmanager
    def refused(self) -> Iterator[None]:
        """The server refuses what happens here, and the browser says so: nothing else may be wrong."""
        before = len(self.student.wrong)
        yield
        noted = self.student.wrong[before:]
        self.student.wrong[before:] = [each for each in noted if " 4" not in each]
        assert noted

    def visitor(self) -> Iterator[str]:
        """Without an account."""
        for name, path in {
            "catalogue-visitor": "/",
            "sign-up": "/sign-up",
            "log-in": "/log-in",
            "forgotten": "/password",
            "exercise-visitor": "/exercises/sigmoid",
            "exercise-closed-visitor": "/exercises/backprop",
            "receipt-check": "/receipts/check",
            "api": "/api/v1/docs",
            "invitation": self.school.link("invite", "--role", "instructor"),
            "reset": self.school.link("reset-link", "davi"),
        }.items():
            self.page.goto(path)
            yield name
        for name, path in {
            "not-found": "/nowhere",
            "invitation-unknown": "/invitation/nothing",
            "reset-unknown": "/password/nothing",
        }.items():
            with self.refused():
                self.page.goto(path)
            yield name
        self.page.goto("/log-in")
        self.label("User name or e-mail address").fill("nobody")
        self.label("Password").fill("nothing at all")
        with self.refused():
            self.page.get_by_role("main").get_by_role("button", name=self.say("Log in")).click()
            self.page.get_by_role("alert").wait_for()
        yield "log-in-wrong"
        self.page.goto("/sign-up")
        self.label("Your name").fill("Ana")
        self.label("User name").fill("bia")
        self.label("Password").fill("12345678")
        self.label("Password, once more").fill("87654321")
        with self.refused():
            self.student.press("Create the account")
        yield "sign-up-wrong"

    def newcomer(self) -> Iterator[str]:
        """With an account, and nothing handed in."""
        for name, path in {
            "catalogue-new": "/",
            "catalogue-found": f"/?q={self.say('loss')}",
            "catalogue-nothing-found": "/?q=xyzzy",
            "submissions-new": "/submissions",
            "exercise-new": "/exercises/sigmoid",
            "exercise-due": "/exercises/cross_entropy",
            "exercise-late": "/exercises/early_stopping",
            "exercise-closed": "/exercises/backprop",
            "exercise-not-open": "/exercises/cnn",
            "account": "/account",
            "leaderboard-before": "/leaderboard/cross_entropy",
            "leaderboard-few": "/leaderboard/early_stopping",
        }.items():
            self.page.goto(path)
            yield name

    def reports(self) -> Iterator[str]:
        """Handing in: tracebacks, what changed, a training, full score."""
        self.hand_in("sigmoid", FIRST)
        yield "report-first"
        self.hand_in("sigmoid", SECOND)
        yield "report-second"
        self.hand_in("early_stopping", WRONG_STOPPER.read_text(encoding="utf-8"))
        yield "report-late-training"
        self.hand_in("sigmoid", (ROOT / "solutions" / "sigmoid" / "sigmoid.py").read_text(encoding="utf-8"))
        yield "report-full"
        self.hand_in("sigmoid", "def sigmoid(x:\n")
        yield "report-syntax"
        self.hand_in("cross_entropy", "def softmax(logits):\n    return logits.exp()\n")
        self.school.fail(self.page.url)
        self.page.reload()
        yield "report-failed"

    def hand_in(self, slug: str, code: str) -> None:
        """By file, until the report is there."""
        self.page.goto(f"/exercises/{slug}")
        file = {"name": f"{slug}.py", "mimeType": "text/x-python", "buffer": code.encode()}
        self.label("Or choose a file").set_input_files(file)
        self.page.get_by_role("button", name=self.say("Submit"), exact=True).click()
        self.page.get_by_role("link", name=self.say("Receipt"), exact=True).wait_for()
        self.page.locator(".buttons").wait_for(timeout=60_000)

    def regular(self) -> Iterator[str]:
        """The pages of somebody who has done something."""
        self.page.goto("/submissions")
        self.page.locator(".history a").last.click()
        self.page.get_by_role("link", name=self.say("Receipt"), exact=True).click()
        text = self.page.locator(".receipt pre").inner_text()
        yield "receipt"
        for name, changed in (("genuine", text), ("wrong", text.replace("sigmoid", "sigmoyd"))):
            self.page.goto("/receipts/check")
            self.label("The receipt's text").fill(changed)
            self.student.press("Check")
            yield f"receipt-{name}"
        self.page.goto("/leaderboard/sigmoid")
        self.student.press("Take part")
        for name, path in {
            "catalogue": "/",
            "submissions": "/submissions",
            "exercise": "/exercises/sigmoid",
            "leaderboard": "/leaderboard/sigmoid",
        }.items():
            self.page.goto(path)
            yield name
        yield from self.account()

    def account(self) -> Iterator[str]:
        """A refused change, and a token."""
        self.page.goto("/account")
        self.label("Current password").fill("not this one")
        self.label("New password").fill("short")
        self.label("New password, once more").fill("other")
        with self.refused():
            self.student.press("Change the password")
        yield "account-wrong"
        self.page.goto("/account")
        self.page.get_by_text(self.say("Make a token"), exact=True).click()
        self.label("What it is for").fill("laptop")
        self.student.press("Make the token")
        yield "token"
        self.page.goto("/account")
        yield "account-token"
