"""A training that leaves a part of its points, and what it ran on: on every page, in the stream and in the bundle."""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape

import pytest

from grader.report import Report, Verdict
from server.models import Role
from server.regrade import difference
from tests.server.classroom import Classroom
from tests.server.conftest import result

TOLD = {"en": "0.943 ± 0.004 over 3 runs; 0.96 is needed for 6 points.", "pt-BR": "0,943 ± 0,004 em 3 execuções."}


def training(share, **values):
    return result("test_t", Verdict.FAILED, 6, share=share, message=TOLD, hidden=True, **values)


def text_of(page):
    """What is read, screen readers included: marks without meaning are left out."""
    read = re.sub(r'<(\w+)[^>]*aria-hidden="true"[^>]*>.*?</\1>', "", page)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", read)))


@pytest.fixture
def graded(student, portal, grading):
    """Hand in, have it graded so, and return the page's address."""

    def hand_in(*tests):
        grading.tests = tests
        page = student.hand_in()
        portal.dispatcher.run_once()
        return page

    return hand_in


@pytest.fixture
def staff(app, portal, student, new_browser):
    browser = new_browser(app.test_client())
    browser.sign_up("caio")
    room = Classroom(portal)
    room.admit("ana")
    room.admit("caio", Role.ASSISTANT)
    return browser


def test_a_part_of_the_points_is_called_partly(graded, student):
    page = student.read(graded(result("test_f"), training(0.75)))

    assert '<li class="test partly">' in page
    assert "1 of 2 tests passed, 1 partly" in text_of(page)
    assert "hidden partly 4.5 / 6 points" in text_of(page)
    assert "failed" not in text_of(page)


def test_it_is_in_portuguese_too(graded, student):
    student.send("/language", language="pt-BR")
    page = text_of(student.read(graded(training(0.5))))

    assert re.search(r"0 de 1 .*, 1 em parte", page)
    assert "em parte 3 / 6 pontos" in page
    assert "falhou" not in page


def test_nothing_left_is_failed(graded, student):
    page = student.read(graded(training(0.0)))

    assert '<li class="test failed">' in page
    assert "partly" not in page


def test_while_the_others_are_graded_its_points_are_told(student, portal, grading):
    grading.tests, seen = (training(0.5),), []
    page = student.hand_in()
    grading.meanwhile = lambda: seen.extend([student.get(page + "/state").json, student.read(page)])
    portal.dispatcher.run_once()

    [test] = seen[0]["tests"]
    assert (test["verdict"], test["word"], test["sign"]) == ("partly", "partly: 3 of 6 points", "◐")
    assert "partly: 3 of 6 points" in text_of(seen[1])


def passing():
    return result("test_t", points=6)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (training(0.0), training(0.5), ("gained", "partly: 3 of 6 points, more than before")),
        (training(0.5), training(0.75), ("gained", "partly: 4.5 of 6 points, more than before")),
        (training(0.75), training(0.5), ("lost", "partly: 3 of 6 points, fewer than before")),
        (training(0.5), training(0.0), ("lost", "had a part of its points before")),
        (passing(), training(0.5), ("lost", "passed before, now partly: 3 of 6 points")),
        (training(0.5), passing(), ("gained", "passes now")),
        (training(0.5), training(0.5), ("stuck", "not passed since attempt 1")),
    ],
)
def test_it_is_compared_with_the_attempt_before(graded, student, before, after, expected):
    graded(before)
    page = student.read(graded(after))

    found = re.findall(r'<li class="(gained|lost|stuck)">.*?<span class="verdict">(.*?)</span>', page)
    assert found == [expected]
    assert ("Every test came out as before" in page) == (expected[0] == "stuck")


def test_staff_reads_it_so(staff, graded):
    id = graded(training(0.5)).rpartition("/")[2]
    page = staff.read(f"/courses/dl/submissions/{id}")

    assert '<li class="test partly">' in page
    assert ", 1 partly" in page


def test_a_regrade_that_changes_the_part_is_a_difference():
    old, new = (Report("", "", "", "", "", (training(share),)) for share in (0.5, 0.75))
    [change] = difference.compare(old, new)

    assert (change.words, change.earned, change.change) == (("partly", "partly"), (3, 4.5), 1.5)
    assert difference.compare(old, old) == ()


# --- what it ran on


def test_a_stand_in_is_told_before_everything_else(graded, student):
    page = graded(training(0.5, datasets={"mnist": "digits"}))

    assert "Ran on Digits, because MNIST is not installed here. 0.943 ± 0.004" in text_of(student.read(page))
    student.send("/language", language="pt-BR")
    assert "Rodou com Digits, porque MNIST não está instalado aqui." in text_of(student.read(page))


def test_what_was_asked_for_is_told_with_the_curves(graded, student):
    test = result("test_t", points=6, datasets={"mnist": "mnist"}, curve={"loss": [[0, 1.0], [1, 0.5]]})
    page = text_of(student.read(graded(test)))

    assert "Training Data: MNIST" in page
    assert "because" not in page


@pytest.mark.parametrize(
    ("datasets", "line"),
    [
        ({"mnist": "digits"}, "Data:        Digits in place of MNIST, which is not installed"),
        ({"mnist": "mnist", "glyphs": "glyphs"}, "Data:        MNIST, glyphs"),
        ({}, "Data:        no data set"),
    ],
)
def test_the_bundle_names_it(staff, graded, datasets, line):
    id = graded(training(0.5, datasets=datasets)).rpartition("/")[2]
    with zipfile.ZipFile(io.BytesIO(staff.get(f"/courses/dl/submissions/{id}/bundle.zip").data)) as archive:
        readme = archive.read("README.txt").decode()

    assert line in readme.splitlines()
    assert ("Ran on Digits" in staff.read(f"/courses/dl/submissions/{id}")) == (datasets == {"mnist": "digits"})
