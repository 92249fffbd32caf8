"""Somebody who gives a course in a browser: what they press and type, with what must hold on every page they see."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.browser.student import Student

PASSWORD = "sete-gatos-no-telhado"


class Teacher(Student):
    """An instructor's window. Steps begin on any page and end on the one that they lead to, looked at."""

    course = ""

    def label(self, text: str) -> Any:
        """The field with this English label."""
        return self.page.get_by_label(self.say(text), exact=True)

    def follow(self, text: str) -> None:
        """Follow a link of the page by its English text, and look."""
        self.page.get_by_role("main").get_by_role("link", name=self.say(text), exact=True).first.click()
        self.settle()

    def do(self, name: str) -> None:
        """Press a button by its English name, and look at what comes."""
        self.press(name)
        self.look()

    def settle(self) -> None:
        """Wait for the page that comes, and look at it."""
        self.page.wait_for_load_state()
        self.look()

    def tab(self, path: str) -> Any:
        """Go to a part of the course."""
        return self.open(f"/courses/{self.course}/{path}".rstrip("/"))

    def accept(self, path: str, name: str, login: str) -> None:
        """Make an account by an invitation."""
        self.open(path)
        self.label("Your name").fill(name)
        self.label("User name").fill(login)
        self.label("Password").fill(PASSWORD)
        self.label("Password, once more").fill(PASSWORD)
        self.do("Create the account")

    def choose_password(self, path: str) -> None:
        """Open an account by the link that its owner was given."""
        self.open(path)
        self.label("New password").fill(PASSWORD)
        self.label("New password, once more").fill(PASSWORD)
        self.do("Change the password")

    def make_course(self, title: str, term: str, zone: str) -> None:
        """From the list of courses, by the form."""
        self.open("/courses")
        self.follow("New course")
        self.label("Title").fill(title)
        self.label("Term (optional)").fill(term)
        self.label("Time zone (optional)").fill(zone)
        self.do("Make the course")
        self.course = self.page.url.rpartition("/")[2]

    def preview_roster(self, roster: str) -> list[str]:
        """Choose a file, and give what the preview says about each row."""
        self.tab("people")
        self.follow("Import a roster")
        file = {"name": "roster.csv", "mimeType": "text/csv", "buffer": roster.encode()}
        self.label("CSV file").set_input_files(file)
        self.do("Look at what will happen")
        return [each.inner_text() for each in self.page.locator("table.preview td.fate").all()]

    def import_roster(self) -> dict[str, str]:
        """Let happen what the preview shows. Gives each new account's link, by login."""
        self.page.locator("form[action$='/confirm'] button").click()
        self.settle()
        rows = self.page.locator("main table tbody tr")
        return {
            row.locator("td").first.inner_text(): "/" + row.locator("code").inner_text().split("/", 3)[3]
            for row in rows.all()
        }

    def assign(self, slug: str, due: datetime, closes: datetime, **terms: str) -> None:
        """Add an exercise, give it terms by their English labels, and publish it."""
        self.tab("assignments")
        self.follow("Add exercises")
        self.page.locator(f"#exercise-{slug}").check()
        self.do("Add as drafts")
        self.tab(f"assignments/{slug}/edit")
        self.page.locator("#due_at").fill(typed(due))
        self.page.locator("#closes_at").fill(typed(closes))
        for name, value in terms.items():
            self.page.locator(f"#{name}").fill(value)
        self.label("Published").check()
        self.do("Only show what this means")
        self.do("Save")

    def extend(self, slug: str, student: str, due: datetime, reason: str) -> None:
        """Give one student more time."""
        self.tab(f"assignments/{slug}/extensions")
        self.label("Students").fill(student)
        self.label("Due").fill(typed(due))
        self.label("Reason").fill(reason)
        self.do("Give it")

    def points(self) -> dict[str, str]:
        """The gradebook's only column, by name."""
        self.tab("gradebook")
        rows = self.page.locator("table[data-grid] tbody tr")
        # Signs stand before the points, with words for those who do not see them.
        return {row.locator("th").inner_text(): row.locator("td.cell").inner_text().split()[-1] for row in rows.all()}

    def find_submission(self, student: str) -> None:
        """Open a student's only submission from the list."""
        self.tab("submissions")
        self.page.locator("table.submissions-list tbody th a", has_text=student).click()
        self.settle()

    def add_rubric(self, items: Iterable[tuple[str, str]]) -> None:
        """Add items from a review's page, and come back to it."""
        self.follow("Change the rubric")
        for number, (title, points) in enumerate(items):
            self.page.locator("input.title").nth(number).fill(title)
            self.page.locator("input.points").nth(number).fill(points)
        self.do("Save")
        self.follow("Back to the review")

    def remark(self, line: int, text: str) -> None:
        """Remark on a line."""
        self.label("Line").fill(str(line))
        self.label("Remark").fill(text)
        self.do("Add the remark")

    def start_regrade(self, reason: str) -> None:
        """Order all submissions graded anew, and wait for the difference."""
        self.tab("regrades")
        self.follow("Start a regrade")
        self.label("All submissions").check()
        self.label("Reason").fill(reason)
        self.do("Start the regrade")
        self.page.locator("a[href$='/all']").wait_for(timeout=60_000)  # the page follows by itself
        self.page.reload()
        self.look()

    def difference(self) -> dict[str, str]:
        """What a regrade's page says about each student whose score changes."""
        rows = self.page.locator("table.regrade-rows tbody tr").all()
        return {
            row.locator("th .small").inner_text(): re.sub(r"\s+", " ", row.locator("td").nth(3).inner_text())
            for row in rows
        }

    def save(self, link: Any, folder: Path) -> Path:
        """Follow a link to a file."""
        with self.page.expect_download() as coming:
            link.click()
        kept: Path = folder / coming.value.suggested_filename
        coming.value.save_as(kept)
        return kept


def typed(when: datetime) -> str:
    """As a field for a moment takes it."""
    return when.strftime("%Y-%m-%dT%H:%M")
