"""The leaderboard: whoever wants to is on it, nobody is named, and no deadline is made harder by it."""

import re
from datetime import timedelta

import pytest

from grader.report import Verdict
from server.context import now
from server.exercise.pseudonym import ANIMALS, QUALITIES, pseudonyms
from server.models import Assignment, Role, User

BOARD = "/leaderboard/softmax"


@pytest.fixture
def app(make_app):
    return make_app(LEADERBOARD=True)


@pytest.fixture
def class_of(app, portal, grading, make_result, new_browser):
    """Sign people up; each hands in once and gets so many of three points."""

    def make(*points, joins=True):
        browsers = []
        for number, earned in enumerate(points):
            browser = new_browser(app.test_client())
            browser.sign_up(f"person{number}")
            if joins:
                assert browser.send("/leaderboard/join", BOARD, join="yes").status_code == 302
            verdicts = [Verdict.PASSED if place < earned else Verdict.FAILED for place in range(3)]
            grading.tests = tuple(make_result(f"test_{place}", verdict, 1) for place, verdict in enumerate(verdicts))
            browser.hand_in()
            portal.dispatcher.run_once()
            browsers.append(browser)
        return browsers

    return make


def rows(page):
    """Rank, name, score of each line."""
    found = re.findall(
        r'<td class="align-right">(\d+)</td>\s*<th scope="row">(.*?)</th>.*?score">(.*?)<', page, re.DOTALL
    )
    return [(int(rank), re.sub(r"\s*<.*", "", name), score) for rank, name, score in found]


def test_without_the_setting_there_is_none(make_app, new_browser):
    browser = new_browser(make_app(LEADERBOARD=False).test_client())
    browser.sign_up("ana")

    assert browser.get(BOARD).status_code == 404
    assert browser.send("/leaderboard/join", join="yes").status_code == 404


def test_an_exercise_that_is_not_there_has_none(student):
    assert student.get("/leaderboard/unknown").status_code == 404
    assert student.get("/leaderboard/__init__").status_code == 404


def test_people_are_ranked_by_their_best_scores_and_equal_ones_share_a_rank(class_of):
    browser, *_ = class_of(1, 3, 1, 2)

    assert [(rank, score) for rank, _, score in rows(browser.read(BOARD))] == [
        (1, "100%"), (2, "66.67%"), (3, "33.33%"), (3, "33.33%")
    ]  # fmt: skip


def test_nobody_is_named(class_of):
    browsers = class_of(1, 2, 3)
    page = browsers[0].read(BOARD)

    assert len({name for _, name, _ in rows(page)}) == 3
    assert "person1" not in page
    assert "Person1" not in page


def test_everybody_finds_themselves_and_only_themselves(class_of):
    browsers = class_of(1, 2, 3)

    for browser, place in zip(browsers, (2, 1, 0), strict=True):
        marked = ['class="current"' in row for row in re.findall(r"<tr.*?</tr>", browser.read(BOARD), re.DOTALL)[1:]]
        assert [position for position, is_marked in enumerate(marked) if is_marked] == [place]


def test_whoever_has_not_joined_is_not_listed(class_of):
    browser, *_ = class_of(1, 2, 3, 3)
    browser.send("/leaderboard/join", BOARD, join="no")

    assert len(rows(browser.read(BOARD))) == 3
    assert "Nobody sees your scores." in browser.read(BOARD)


def test_few_people_are_not_shown(class_of):
    browser, *_ = class_of(1, 2)

    assert rows(browser.read(BOARD)) == []
    assert "with fewer, everybody would know who is who" in browser.read(BOARD)


def test_staff_are_not_listed(class_of, portal):
    browser, *_ = class_of(1, 2, 3, 3)
    with portal.database.write() as session:
        session.get(User, 2).role = Role.INSTRUCTOR

    assert len(rows(browser.read(BOARD))) == 3


@pytest.mark.parametrize(
    ("due", "closes", "is_there"),
    [(1, None, False), (-1, None, True), (-1, 1, False), (-2, -1, True), (None, None, True)],
)
def test_before_a_deadline_there_is_none(class_of, portal, due, closes, is_there):
    browser, *_ = class_of(1, 2, 3)
    with portal.database.write() as session:
        moments = [None if days is None else now() + timedelta(days=days) for days in (due, closes)]
        session.add(Assignment(slug="softmax", due_at=moments[0], closes_at=moments[1]))
    page = browser.read(BOARD)

    assert bool(rows(page)) == is_there
    assert ("There is no leaderboard before the deadline" in page) != is_there


def test_joining_leads_back_but_nowhere_else(student):
    assert student.send("/leaderboard/join", BOARD, join="yes", next=BOARD).location == BOARD
    assert student.send("/leaderboard/join", BOARD, join="yes", next="https://evil.example").location == "/submissions"


def test_names_are_told_in_the_readers_language(class_of):
    browser, *_ = class_of(1, 2, 3)
    english = rows(browser.read(BOARD))
    browser.language = "pt-BR"
    portuguese = rows(browser.read(BOARD))

    assert [name for _, name, _ in english] != [name for _, name, _ in portuguese]
    assert all(name[0].isupper() for _, name, _ in english + portuguese)


def test_names_are_the_same_every_time_but_other_ones_elsewhere():
    people = range(1, 30)

    assert pseudonyms(people, "softmax", "key") == pseudonyms(reversed(people), "softmax", "key")
    for slug, key in (("attention", "key"), ("softmax", "other")):
        assert pseudonyms(people, slug, key)[1] != pseudonyms(people, "softmax", "key")[1]


def test_a_large_course_has_enough_names():
    names = pseudonyms(range(300), "softmax", "key")

    assert len(set(names.values())) == 300
    assert len(set(ANIMALS)) == len(set(QUALITIES)) == 32
