"""Takes the documentation's pictures anew: ``python -m tests.browser.screenshots docs/images``.

With ``--all`` it takes every page in both languages, widths and themes instead, to be looked at.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.chromium import launch
from tests.browser.school import FIRST, SECOND, School
from tests.browser.student import Student
from tests.browser.tour import WRONG_STOPPER, Tour
from tests.conftest import ROOT

HEIGHT = 900
WIDTHS = {"desktop": 1280, "phone": 390}
THEMES = ("light", "dark")

#: a right solution that takes its time where a model is trained, so that there is something to watch
SLOW_STOPPER = (
    (ROOT / "solutions" / "early_stopping" / "early_stopping.py").read_text(encoding="utf-8")
    + """

_fit = fit


def fit(model, train_step, validate, **options):
    def slow_step():
        time.sleep(0.3)
        train_step()

    return _fit(model, slow_step if options["stopper"].patience == 10 else train_step, validate, **options)
"""
)
SLOW_STOPPER = SLOW_STOPPER.replace("\nimport copy\n", "\nimport copy\nimport time\n", 1)

#: how many points the curve has that is being drawn
POINTS = "(document.querySelector('.live .curve')?.getAttribute('d') ?? '').split(/[LMC]/).length"


def shoot_all(browser: Any, school: School, folder: Path) -> None:
    """Every page in every way, whole."""
    for tag in ("en", "pt-BR"):
        student = new_student(browser, school, tag)
        page = student.page
        for name in Tour(student, school).walk(f"ana.{tag.lower()}"):
            measure_editor(page)
            for width, pixels in WIDTHS.items():
                page.set_viewport_size({"width": pixels, "height": HEIGHT})
                for theme in THEMES:
                    page.emulate_media(color_scheme=theme)
                    page.screenshot(path=folder / f"{name}-{tag}-{width}-{theme}.png", full_page=True)
            page.set_viewport_size({"width": WIDTHS["desktop"], "height": HEIGHT})
        print(tag, *student.wrong, sep="\n")
        student.context.close()


def new_student(browser: Any, school: School, tag: str) -> Student:
    """A desktop in this language. Nothing moves, so that no picture is taken halfway."""
    viewport = {"width": WIDTHS["desktop"], "height": HEIGHT}
    student = Student(browser, school.address, tag, viewport=viewport, reduced_motion="reduce")
    student.page.set_default_timeout(60_000)  # a long page in one picture takes a while
    return student


def measure_editor(page: Any) -> None:
    """Scroll to the editor and back: it measures its lines when they are first seen."""
    editor = page.locator(".cm-editor")
    if editor.count():
        editor.scroll_into_view_if_needed()
        page.wait_for_timeout(200)
        page.evaluate("scrollTo(0, 0)")


class Album:
    """The documentation's pictures, in one language."""

    def __init__(self, browser: Any, school: School, folder: Path, tag: str) -> None:
        self.student = new_student(browser, school, tag)
        self.tour = Tour(self.student, school)
        self.page, self.tag, self.folder = self.student.page, tag, folder

    def take(self) -> None:
        """All of them."""
        self.student.sign_up(f"clara.{self.tag.lower()}")
        self.page.goto("/exercises/sigmoid")
        self.shoot("exercise", 800)
        self.shoot_part(".hand-in", "editor")
        self.tour.hand_in("sigmoid", FIRST)
        self.shoot("report", 800)
        self.tour.hand_in("sigmoid", SECOND)
        self.shoot_phone("report-phone")
        self.watch_training()
        self.tour.hand_in("early_stopping", WRONG_STOPPER.read_text(encoding="utf-8"))
        self.shoot_part(".test.failed:has(.diagrams)", "training")
        self.page.goto("/")
        self.shoot("catalogue", 985)
        self.page.goto("/submissions")
        self.shoot("history", 760)
        self.student.context.close()

    def watch_training(self) -> None:
        """A training that is still running, in dark colours."""
        self.page.goto("/exercises/early_stopping")
        file = {"name": "early_stopping.py", "mimeType": "text/x-python", "buffer": SLOW_STOPPER.encode()}
        self.tour.label("Or choose a file").set_input_files(file)
        self.student.press("Submit")
        self.page.emulate_media(color_scheme="dark")
        while self.page.evaluate(POINTS) < 10:
            assert not self.page.locator(".buttons").count(), "the training ended before it was seen; try again"
            self.page.wait_for_timeout(100)
        self.page.evaluate("document.querySelector('.live .trainings').scrollIntoView({ block: 'end' })")
        self.save("live", self.page.screenshot(clip={"x": 0, "y": 450, "width": WIDTHS["desktop"], "height": 450}))
        self.page.emulate_media(color_scheme="light")
        self.page.locator(".buttons").wait_for(timeout=60_000)

    def shoot(self, name: str, height: int) -> None:
        """The page's beginning."""
        self.page.evaluate("scrollTo(0, 0)")
        clip = {"x": 0, "y": 0, "width": WIDTHS["desktop"], "height": height}
        self.save(name, self.page.screenshot(clip=clip, full_page=True))

    def shoot_part(self, selector: str, name: str) -> None:
        """A part of the page."""
        part = self.page.locator(selector).first
        part.scroll_into_view_if_needed()
        self.page.wait_for_timeout(300)
        self.save(name, part.screenshot())

    def shoot_phone(self, name: str) -> None:
        """The page as a phone in dark colours shows it."""
        self.page.set_viewport_size({"width": WIDTHS["phone"], "height": 800})
        self.page.emulate_media(color_scheme="dark")
        self.page.evaluate("scrollTo(0, 0)")
        self.save(name, self.page.screenshot())
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": WIDTHS["desktop"], "height": HEIGHT})

    def save(self, name: str, picture: bytes) -> None:
        """Small enough for a README: flat colours need no more than a palette."""
        flat = Image.open(BytesIO(picture)).convert("RGB").quantize(96, dither=Image.Dither.NONE)
        flat.save(self.folder / f"{name}.{self.tag}.png", optimize=True)


@contextmanager
def open_school() -> Iterator[tuple[Any, School]]:
    """A browser, and a furnished portal with the project's own exercises."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        school = School(Path(folder) / "data")
        try:
            school.furnish()
            yield browser, school
        finally:
            browser.close()
            school.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="every page in every way, to be looked at")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with open_school() as (browser, school):
        if chosen.all:
            shoot_all(browser, school, chosen.folder)
            return
        for tag in ("en", "pt-BR"):
            Album(browser, school, chosen.folder, tag).take()


if __name__ == "__main__":
    main()
