"""Every page of students, empty and full, in both languages, themes and widths: accessible, whole, with a title."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.browser.school import School
from tests.browser.student import RULES, Student
from tests.browser.tour import Tour
from tests.browser.walks import TAGS

DESKTOP, PHONE, NARROW = 1280, 390, 320
#: axe leaves out what WCAG 2.2 has added unless asked
OPTIONS = {**RULES, "rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
#: instead of a theme: its colours are left out, which take most of the time, where another walk has looked at them
UNCOLOURED = "uncoloured"
#: a theme's colours are the same at every width, and what sticks out does so in every theme
WAYS = {DESKTOP: "light", PHONE: "dark", NARROW: ""}

STICKS_OUT = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const scrolls = (each) => each && (getComputedStyle(each).overflowX !== "visible" || scrolls(each.parentElement));
  const sticksOut = (each) => each.getBoundingClientRect().right > innerWidth + 1 && !scrolls(each.parentElement);
  const wide = [...document.body.querySelectorAll("*")].filter(sticksOut);
  return [`${root.scrollWidth} px`, ...wide.slice(0, 3).map((each) => each.outerHTML.slice(0, 90))];
}"""


@pytest.fixture(scope="module")
def school(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """A portal in use: dates, classmates, a leaderboard."""
    opened = School(tmp_path_factory.mktemp("school") / "data")
    opened.furnish()
    yield opened
    opened.close()


#: what overflows becomes focusable when its resize is observed: after the first frame's layout, before the second
SETTLED = "const frame = () => new Promise(requestAnimationFrame); await frame(); await frame();"


def find_violations(page: Any, *, colours: bool = True) -> list[str]:
    """What axe objects to."""
    options = {**OPTIONS, "rules": {**OPTIONS["rules"], "color-contrast": {"enabled": colours}}}
    found = page.evaluate(f"async options => {{ {SETTLED} return axe.run(options) }}", options)["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found]


def inspect(page: Any, ways: dict[int, str]) -> Iterator[str]:
    """What is wrong with the page, as it looks in one way after the other. Everything that folds is unfolded."""
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => (each.open = true))")
    page.evaluate(AXE_SCRIPT)
    for width, theme in ways.items():
        page.set_viewport_size({"width": width, "height": 900})
        yield from (f"{width} px: sticks out: {each}" for each in page.evaluate(STICKS_OUT))
        if theme == UNCOLOURED:
            yield from (f"{width} px: {each}" for each in find_violations(page, colours=False))
        elif theme:
            page.emulate_media(color_scheme=theme)
            yield from (f"{width} px, {theme}: {each}" for each in find_violations(page))
    page.set_viewport_size({"width": DESKTOP, "height": 900})


@pytest.mark.parametrize("tag", TAGS)
def test_every_page_is_accessible_and_whole(browser, school, tag):
    student = Student(browser, school.address, tag, viewport={"width": DESKTOP, "height": 900}, reduced_motion="reduce")
    #: by title, what pages with it are about
    titles: dict[str, set[str]] = {}
    for name in Tour(student, school).walk(f"ana.{tag.lower()}"):
        student.wrong += [f"{name}: {each}" for each in inspect(student.page, WAYS)]
        if student.page.locator("html").get_attribute("lang") != tag:
            student.wrong.append(f"{name}: is in the wrong language")
        headings = student.page.get_by_role("heading", level=1).all_inner_texts()
        if len(headings) != 1:
            student.wrong.append(f"{name}: has not one main heading: {headings}")
        titles.setdefault(student.page.title(), set()).update(headings)
    student.close()
    assert {title: about for title, about in titles.items() if len(about) > 1} == {}
