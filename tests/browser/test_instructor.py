"""An instructor's way through a course, in a real browser with a real grader: from an invitation to the export."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
import urllib.parse
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.browser.changing import change_sigmoid
from tests.browser.teacher import PASSWORD, Teacher
from tests.browser.walks import TAGS
from tests.conftest import ROOT
from tests.server.running import RunningPortal

ZONE = "America/Sao_Paulo"
DAY = timedelta(days=1)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

#: Four students, one of whom a spreadsheet would take for a formula, and two rows that cannot be imported.
ROSTER = """\
name;e-mail;number;section
Ana Souza;ana@example.org;1001;A
=Beto Lima;beto@example.org;1002;A
Caio Dias;caio@example.org;1003;B
Duda Reis;duda@example.org;1004;B
;eva@example.org;1005;B
Fábio Nunes;fabio at example.org;1006;B
"""
SOLUTIONS = ROOT / "solutions" / "sigmoid"
#: what each student hands in; Duda's is Ana's
SOURCES = {
    "ana": SOLUTIONS / "sigmoid.py",
    "beto": SOLUTIONS / "wrong" / "derivative_cancels.py",
    "caio": SOLUTIONS / "wrong" / "clipped_far_out.py",
    "duda": SOLUTIONS / "sigmoid.py",
}


@dataclass
class Place:
    """A portal with a tree of exercises of its own, which a test may change."""

    root: Path
    portal: RunningPortal

    def invite(self) -> str:
        """The path of a link that makes an instructor."""
        words = ["invite", "--role", "instructor", "--instance", str(self.root / "data")]
        told = subprocess.run([sys.executable, "-m", "grader", *words], check=True, capture_output=True, text=True)
        return urllib.parse.urlparse(told.stdout.strip()).path

    def hand_in(self, login: str, link: str = "") -> str:
        """Hand in without a browser, as somebody who may have to choose a password first. Gives the report's page."""
        self.portal.cookies.cookiejar.clear()
        if link:
            self.portal.send(link, password=PASSWORD, repeated=PASSWORD)
        self.portal.send("/log-in", login=login, password=PASSWORD)
        page, _ = self.portal.send("/exercises/sigmoid", code=SOURCES[login].read_text(encoding="utf-8"))
        self.portal.wait_for(page, "graded")
        return urllib.parse.urlparse(page).path


@pytest.fixture
def place(browser: Any, tmp_path: Path) -> Iterator[Place]:
    """A portal without anybody in it."""
    for name in ("exercises", "solutions"):
        shutil.copytree(ROOT / name / "sigmoid", tmp_path / name / "sigmoid")
    for name in ("modules.toml", "pytest.ini", "conftest.py"):
        shutil.copy(ROOT / "exercises" / name, tmp_path / "exercises")
    options = ["--exercises", str(tmp_path / "exercises"), "--solutions", str(tmp_path / "solutions")]
    portal = RunningPortal(tmp_path / "data", *options)
    yield Place(tmp_path, portal)
    portal.stop()


LOOKS = {
    "en": {"viewport": DESKTOP, "color_scheme": "light"},
    "pt-BR": {"viewport": PHONE, "color_scheme": "dark"},
}


@pytest.mark.parametrize("tag", TAGS)
def test_a_course_from_the_invitation_to_the_export(browser, place, tmp_path, tag):
    options = LOOKS[tag]
    teacher = Teacher(browser, place.portal.address, tag, reduced_motion="reduce", **options)
    student = Teacher(browser, place.portal.address, tag, reduced_motion="reduce", **options)
    say, page = teacher.say, teacher.page
    today = datetime.now(ZoneInfo(ZONE))
    comma = (lambda text: text.replace(".", ",")) if tag == "pt-BR" else str

    # A course, and its people: two rows of the roster are left out, and said why.
    teacher.accept(place.invite(), "Dora Prado", "dora")
    teacher.make_course("Deep Learning", "2026/2", ZONE)
    fates = teacher.preview_roster(ROSTER)
    assert len(fates) == 6
    assert say("The name is missing.") in fates[4]
    assert say("“%(value)s” is no e-mail address.") % {"value": "fabio at example.org"} in fates[5]
    links = teacher.import_roster()
    assert sorted(links) == ["ana", "beto", "caio", "duda"]
    assert "ana@example.org" in teacher.save(page.get_by_role("button", name=say("Save as CSV")), tmp_path).read_text()

    # An assignment that was due yesterday; each day late costs a tenth.
    teacher.assign("sigmoid", today - DAY / 2, today + 7 * DAY, points="10", late_percent="10", grace_minutes="0")
    student.choose_password(links["beto"])
    reports = {login: place.hand_in(login, "" if login == "beto" else links[login]) for login in SOURCES}
    before = {"Ana Souza": "9", "=Beto Lima": "8.14", "Caio Dias": "7.29", "Duda Reis": "9"}
    assert teacher.points() == {name: comma(points) for name, points in before.items()}

    # Ana was ill.
    teacher.extend("sigmoid", "1001", today + 3 * DAY, "Ill")
    assert teacher.points()["Ana Souza"] == "10"

    # A review, which Beto reads and asks about.
    teacher.find_submission("Beto Lima")
    teacher.add_rubric([("Names that say what they hold", "1"), ("Code that is not used", "-0.5")])
    page.locator("aside .check label").first.click()
    teacher.label("Comment").fill("Clear, but look at large x.")
    teacher.remark(18, "1 - s is 0 from here on.")
    teacher.do("Publish")
    assert teacher.points()["=Beto Lima"] == comma("9.14")
    student.open("/log-in")
    student.label("User name or e-mail address").fill("beto")
    student.label("Password").fill(PASSWORD)
    student.page.get_by_role("main").get_by_role("button", name=say("Log in")).click()
    student.page.wait_for_load_state()
    student.open(reports["beto"])
    assert student.page.get_by_text("1 - s is 0 from here on.").is_visible()
    student.page.get_by_text(say("Ask for a regrade"), exact=True).click()
    student.label("What should be looked at again, and why?").fill("Is 1 - s really wrong?")
    student.do("Send the request")

    # The answer: the exercise asked for too much. It is changed, and everybody is graded anew, aside.
    teacher.tab("submissions?requests=yes")
    page.locator("table.submissions-list tbody th a").click()
    teacher.settle()
    teacher.label("Answer to the student").fill("You are right, we grade again.")
    teacher.do("Grant")
    change_sigmoid(place.root / "solutions")
    teacher.start_regrade("A hidden test asked for too many digits.")
    found = teacher.difference()
    assert sorted(found) == ["beto", "caio"]
    assert "+" in found["beto"]
    assert "−" in found["caio"]
    student.open(reports["beto"])
    assert "19" in student.page.locator(".total").inner_text()  # nothing has changed for students
    teacher.follow("Publish only improvements…")
    teacher.do("Publish")
    points = teacher.points()
    assert points["=Beto Lima"] == "10"
    assert points["Caio Dias"] == comma("7.29")
    student.open(reports["beto"])
    student.wait_for_score(22, 22)
    assert student.page.get_by_text("A hidden test asked for too many digits.").is_visible()
    assert student.page.get_by_text("You are right, we grade again.").is_visible()

    # What instructors look at, and what they take along: no name becomes a formula.
    teacher.tab("analytics")
    page.locator("main table a").first.click()
    teacher.settle()
    teacher.tab("similarity")
    page.locator("main .rows a").first.click()
    teacher.settle()
    teacher.tab("log")
    teacher.tab("gradebook")
    table = list(csv.reader(io.StringIO(exported(teacher, "CSV", tmp_path).decode("utf-8-sig"))))
    assert [line[0] for line in table[2:]] == ["'=Beto Lima", "Ana Souza", "Caio Dias", "Duda Reis"]
    assert table[3][5:] == ["10", "10"]
    with zipfile.ZipFile(io.BytesIO(exported(teacher, "Excel", tmp_path))) as workbook:
        assert b"<f>" not in workbook.read("xl/worksheets/sheet1.xml")
        assert b"=Beto Lima" in workbook.read("xl/sharedStrings.xml")
    student.close()
    teacher.close()


def exported(teacher: Teacher, name: str, folder: Path) -> bytes:
    """The file behind one of the gradebook's links."""
    return teacher.save(teacher.page.get_by_role("link", name=name, exact=True), folder).read_bytes()
