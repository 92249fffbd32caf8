"""Somebody who uses the portal in a browser, and what must hold on every page that they see."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from server.i18n import Translator

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


class Student:
    """A browser window with one language, width and theme; remembers what went wrong in it."""

    def __init__(self, browser: Any, address: str, tag: str = "en", **options: Any) -> None:
        self.say = Translator(tag).gettext
        #: what looks at pages is a script, too
        self.has_script = options.get("java_script_enabled", True)
        self.context = browser.new_context(base_url=address, locale=tag, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self._hear(message))
        self.page.on("pageerror", lambda error: self.wrong.append(f"{self.page.url}: {error}"))
        self.page.on("response", lambda answer: self._check(answer))

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"{self.page.url}: {message.text}")

    def _check(self, answer: Any) -> None:
        if answer.status >= 400:
            self.wrong.append(f"{answer.url}: {answer.status}")

    def open(self, path: str) -> Any:
        """Go to a page and look at it."""
        self.page.goto(path)
        self.look()
        return self.page

    def look(self) -> None:
        """What must hold on every page: accessible, nothing sticks out, nothing failed."""
        if not self.has_script:
            return
        found = Axe().run(self.page, options=RULES).response["violations"]
        self.wrong += [f"{self.page.url}: {each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]
        if self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            self.wrong.append(f"{self.page.url}: scrolls sideways")

    def sign_up(self, login: str) -> None:
        """Make an account by the form."""
        page, say = self.open("/sign-up"), self.say
        page.get_by_label(say("Your name")).fill("Ana Maria")
        page.get_by_label(say("User name")).fill(login)
        page.get_by_label(say("Password"), exact=True).fill("sete-gatos-no-telhado")
        page.get_by_label(say("Password, once more")).fill("sete-gatos-no-telhado")
        self.press("Create the account")
        self.page.get_by_role("button", name=self.say("Log out"), exact=True).wait_for()

    def press(self, name: str) -> None:
        """Press a button by its English name."""
        self.page.get_by_role("button", name=self.say(name), exact=True).click()
        self.page.wait_for_load_state()

    def hand_in_file(self, slug: str, source: str) -> None:
        """Hand a file in from the exercise's page."""
        self.open(f"/exercises/{slug}")
        file = {"name": f"{slug}.py", "mimeType": "text/x-python", "buffer": source.encode()}
        self.page.get_by_label(self.say("Or choose a file")).set_input_files(file)
        self.press("Submit")

    def wait_for_score(self, earned: int, of: int) -> str:
        """Wait until the report shows this score, by itself. Gives it as it is shown."""
        total = self.page.locator(".total", has_text=re.compile(rf"{earned}\s*/\s*{of}\b"))
        total.wait_for(timeout=60_000)
        self.look()
        return " ".join(total.inner_text().split())

    def close(self) -> None:
        """End it. Fails the test when anything was wrong on the way."""
        self.context.close()
        assert not self.wrong, "\n".join(self.wrong)
