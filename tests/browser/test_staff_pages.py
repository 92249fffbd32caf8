"""Every page of staff, empty and full, in both languages, themes and widths: accessible, whole, with a title.

And as others see them who may do less: what a page offers somebody, they may do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.reader import Reader
from tests.browser.rounds import Rounds
from tests.browser.teacher import Teacher
from tests.browser.term import Term, opened_empty, opened_full
from tests.browser.test_accessibility import DESKTOP, NARROW, PHONE, UNCOLOURED, inspect
from tests.browser.walks import TAGS

#: a theme's colours are the same at every width, and what sticks out does so in every theme
WAYS = {DESKTOP: "light", PHONE: "dark", NARROW: ""}
#: of pages with little on them
FEW_WAYS = {"en": {DESKTOP: "light", NARROW: ""}, "pt-BR": {PHONE: "dark", NARROW: ""}}
#: of pages that were looked at in every way when somebody else saw them
SEEN = {DESKTOP: UNCOLOURED}


@pytest.fixture(scope="module")
def full(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Term]:
    with opened_full(tmp_path_factory.mktemp("full")) as term:
        yield term


@pytest.fixture(scope="module")
def empty(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Term]:
    with opened_empty(tmp_path_factory.mktemp("empty")) as term:
        yield term


class Walk:
    """Looks at page after page and keeps what is wrong with any of them."""

    def __init__(self, browser: Any, term: Term, tag: str, ways: dict[int, str], login: str = "") -> None:
        viewport = {"width": DESKTOP, "height": 900}
        self.tag, self.ways = tag, ways
        self.teacher = Teacher(browser, term.address, tag, viewport=viewport, reduced_motion="reduce")
        self.rounds = Rounds(self.teacher, term, login)
        #: by title, what pages with it are about
        self.titles: dict[str, set[str]] = {}

    def look(self, name: str) -> None:
        """What must hold on every page."""
        page, wrong = self.teacher.page, self.teacher.wrong
        wrong += [f"{name}: {each}" for each in inspect(page, self.ways)]
        if page.locator("html").get_attribute("lang") != self.tag:
            wrong.append(f"{name}: is in the wrong language")
        headings = page.get_by_role("heading", level=1).all_inner_texts()
        if len(headings) != 1:
            wrong.append(f"{name}: has not one main heading: {headings}")
        self.titles.setdefault(page.title(), set()).update(headings)

    def end(self) -> list[str]:
        """Close the window and say what was wrong."""
        self.teacher.context.close()
        shared = [f"{title}: is the title of {about}" for title, about in self.titles.items() if len(about) > 1]
        return self.teacher.wrong + shared


def look_at_all(names: Iterator[str], walk: Walk, more: Callable[[str], None] = lambda name: None) -> list[str]:
    """Look at pages as they are opened. Gives everything that is wrong with any of them."""
    for name in names:
        walk.look(name)
        more(name)
    return walk.end()


@pytest.mark.parametrize("tag", TAGS)
def test_every_page_with_a_term_on_it_is_accessible_and_whole(browser, full, tag):
    walk = Walk(browser, full, tag, WAYS)
    assert look_at_all(walk.rounds.full(), walk) == []


# The longer words of the two languages are enough here: these pages are the frames of those above.
@pytest.mark.parametrize("tag", ["pt-BR"])
def test_every_page_with_nothing_on_it_is_accessible_and_whole(browser, empty, tag):
    walk = Walk(browser, empty, tag, FEW_WAYS[tag])
    assert look_at_all(walk.rounds.empty(), walk) == []


@pytest.mark.parametrize(("login", "tag"), [("monitor", "pt-BR"), ("professora", "en")])
def test_pages_offer_nothing_that_their_reader_may_not_do(browser, full, login, tag):
    """An assistant, and an instructor who is no administrator."""
    walk, reader = Walk(browser, full, tag, SEEN, login), Reader.find(full, login)
    refused: list[str] = []

    def try_offers(name: str) -> None:
        refused.extend(f"{name}: {each}" for each in reader.try_offers(walk.teacher.page))

    assert look_at_all(walk.rounds.allowed(), walk, try_offers) == []
    assert refused == []
    assert len(reader.followed) > 60


def test_what_a_student_of_the_course_sees_is_accessible_and_whole(browser, full):
    walk, receipts = Walk(browser, full, "pt-BR", FEW_WAYS["pt-BR"], "aluna"), {}

    def count(name: str) -> None:
        receipts[name] = walk.teacher.page.locator("a[href$='/receipt.txt']").count()

    assert look_at_all(walk.rounds.attending(), walk, count) == []
    assert receipts == {"course": 2, "my-submissions": 0, "my-nbgrader": 2}


def test_an_archived_course_says_so_and_offers_no_form_that_does_nothing(browser, full):
    walk = Walk(browser, full, "en", SEEN, "professora")
    silent, forms = [], {}

    def read(name: str) -> None:
        main = walk.teacher.page.get_by_role("main")
        forms[name] = [each.inner_text() for each in main.get_by_role("button").all()]
        if name != "courses" and "This course is archived" not in main.inner_text():
            silent.append(name)

    with full.archived():
        assert look_at_all(walk.rounds.over(), walk, read) == []
    assert silent == []
    assert "Make the link" not in forms["invitations"]
    assert "Take the course up again" in forms["settings"]
    assert "Archive the course" not in forms["settings"]


def test_a_link_into_a_course_tells_whoever_opens_it_what_will_happen(browser, empty):
    walk, told = Walk(browser, empty, "pt-BR", SEEN, "lia"), {}

    def read(name: str) -> None:
        told[name] = walk.teacher.page.get_by_role("main").inner_text()

    assert look_at_all(walk.rounds.invited(), walk, read) == []
    say = walk.teacher.say
    for name, sentence in {
        "stranger": "Log in to join with it",
        "stranger-joined": "Nothing is assigned yet. Come back when your teachers have published the first assignment.",
        "member": "You take part in this course already.",
        "account": "Join the course",
        "account-expired": "This invitation has expired. Ask whoever sent it for a new one.",
        "account-joined": "You take part in %(course)s now.",
        "used-up": "This invitation has been used up. Ask whoever sent it for a new one.",
        "expired": "This invitation has expired. Ask whoever sent it for a new one.",
    }.items():
        assert say(sentence) % {"course": "Deep Learning"} in told[name], name
    assert say("Log in") not in told["account-expired"]
