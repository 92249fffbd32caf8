"""The list of exercises: map, progress, what is next, search."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from server.models import Assignment


@pytest.fixture
def solve(student, portal, grading, make_result):
    """Hands an exercise in and has it graded."""

    def hand_in(slug, *points):
        grading.tests = tuple(make_result(f"test_{number}", points=each) for number, each in enumerate(points or [2]))
        student.hand_in(slug)
        assert portal.dispatcher.run_once()

    return hand_in


def found(page):
    return re.findall(r'<h3><a href="/exercises/(\w+)"', page)


def next_of(page):
    match = re.search(r'id="following".*?href="/exercises/(\w+)"', page, re.DOTALL)
    return match and match[1]


def assign(portal, slug="softmax", **terms):
    with portal.database.write() as session:
        session.add(Assignment(slug=slug, **{"grace_minutes": 0, "late_percent": 0.0, **terms}))


def test_modules_are_headings_and_prerequisites_are_links(anonymous, catalogue):
    config = catalogue.exercises / "attention" / "exercise.toml"
    config.write_text('module = "sequence_models"\nchapter = "70"\nprerequisites = ["softmax", "gone"]\n')
    page = anonymous.read("/")

    assert re.findall(r'<h2 id="module-[^"]+">([^<]+)', page) == ["Basics", "Sequence models"]
    assert re.search(r'after <a href="/exercises/softmax">Softmax</a>', page)
    assert "chapter 70" in page
    assert "gone" not in page


def test_the_map_links_every_exercise_with_its_standing(student, solve):
    solve("softmax")
    page = student.read("/")

    assert re.search(r'<a href="/exercises/softmax" class="box solved" aria-label="Softmax: solved"', page)
    assert re.search(r'class="box untouched next" aria-label="Attention: not started, next for you"', page)
    assert page.count('class="edge"') == 1


def test_the_next_exercise_is_the_first_that_is_possible(student, solve):
    assert next_of(student.read("/")) == "softmax"
    solve("softmax")
    assert next_of(student.read("/")) == "attention"
    solve("attention")
    page = student.read("/")
    assert next_of(page) is None
    assert "You have solved everything." in page


def test_what_is_closed_is_not_next(student, portal):
    assign(portal, closes_at=datetime(2020, 1, 1, tzinfo=UTC))
    page = student.read("/")

    assert next_of(page) == "attention"
    assert ">closed<" in page


def test_strangers_have_no_progress_and_no_next(anonymous):
    page = anonymous.read("/")
    assert next_of(page) is None
    assert "Course progress" not in page


def test_points_are_shown_once_they_are_known(student, portal, grading, make_result):
    assert "points in what has been graded" not in student.read("/")
    grading.tests = (make_result(points=8), make_result("test_g", verdict="failed", points=2))
    student.hand_in("softmax")
    portal.dispatcher.run_once()

    page = student.read("/")
    assert "8 of 10 points in what has been graded so far." in page
    assert '<progress max="100" value="40"' in page  # 80 % of one of two exercises


def test_lateness_costs_points_of_the_course(student, portal, solve):
    assign(portal, due_at=datetime.now(UTC) - timedelta(hours=1), late_percent=20)
    assert "late: counts 80% now" in student.read("/")
    solve("softmax", 10)

    page = student.read("/")
    assert "8 of 10 points" in page
    assert "handed in late, counts 80%" in page


def test_due_dates_are_on_the_cards(student, portal):
    assign(portal, due_at=datetime.now(UTC) + timedelta(days=2, hours=3, minutes=1))
    assert "(in 2 days 3 hours)" in student.read("/")


@pytest.mark.parametrize(
    ("query", "language", "slugs"),
    [
        ("SOFTMÁX", "en", ["softmax"]),
        ("basics", "en", ["softmax", "attention"]),
        ("logits softmax", "en", ["softmax"]),
        ("transforme", "pt-BR", ["softmax", "attention"]),
        ("transforme", "en", []),
        ("zebra", "en", []),
        ("  ", "en", ["softmax", "attention"]),
    ],
)
def test_search_looks_into_names_modules_and_statements(anonymous, query, language, slugs):
    anonymous.language = language
    page = anonymous.get("/", query_string={"q": query}).text
    assert found(page) == slugs


def test_a_search_says_what_came_of_it(anonymous):
    assert "1 exercise found for “softmax”." in anonymous.read("/?q=softmax")
    page = anonymous.read("/?q=<b>zebra")
    assert "Nothing matches “&lt;b&gt;zebra”." in page
    assert 'value="&lt;b&gt;zebra"' in page


def test_a_large_course_is_drawn_by_modules(anonymous, catalogue):
    for number in range(120):
        slug, before = f"exercise_{number:03}", f"exercise_{number - 1:03}"
        folder = catalogue.exercises / slug
        folder.mkdir()
        (folder / "README.md").write_text(f"# Exercise {number}\n")
        needs = [before] if number else []
        (folder / "exercise.toml").write_text(f'module = "module {number // 6}"\nprerequisites = {needs}\n')
    page = anonymous.read("/")

    assert len(found(page)) == 122
    assert page.count('class="box ') == 21
    assert 'href="#module-module-19"' in page
    assert 'id="module-module-19"' in page


def test_an_empty_catalogue_says_so(anonymous, catalogue):
    for slug in catalogue.slugs():
        (catalogue.exercises / slug / "exercise.toml").unlink()
    assert "There are no exercises yet." in anonymous.read("/")
