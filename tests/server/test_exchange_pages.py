"""Pages of nbgrader's exchange: who sees what, downloads that no browser opens, what is withdrawn or taken out."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import event

from server.context import now
from server.exchange import feedback, releases, submissions
from server.exchange.content import read
from server.models import Course, ExchangeRelease, ExchangeSubmission, LogEntry, Role, User
from server.submission import receipt
from tests.server.office import add_course, log_in, rows

STAFF = "/courses/dl/nbgrader"
PS1 = f"{STAFF}/assignments/ps1"
SCRIPT = b"<script>alert(1)</script>"


def packed(name: str = "p1.ipynb", content: bytes = b"{}") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as found:
        found.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


class Exchange:
    """The exchange of a course, without the API in between."""

    def __init__(self, portal):
        self.portal = portal
        parts = {"ana": Role.STUDENT, "bia": Role.STUDENT, "caio": Role.ASSISTANT, "davi": Role.INSTRUCTOR}
        self.course = add_course(portal, **parts).id
        self.ids = {each.login: each.id for each in rows(portal, User)}

    def release(self, name="ps1", *, force=False):
        content = read(packed(content=f"{name} {now()}".encode()), 10_000)
        draft = releases.Draft(self.course, name, content, f"{now()}", self.ids["davi"], force)
        releases.release(self.portal.database, self.portal.store, draft, now())

    def hand_in(self, login, name="ps1", content=None):
        content = read(content or packed(content=f"{login} {now()}".encode()), 10_000)
        draft = submissions.Draft(self.course, name, self.ids[login], content, f"{now()}")
        return submissions.hand_in(self.portal.database, self.portal.store, draft, now()).id

    def give_back(self, id, content=SCRIPT):
        draft = feedback.Draft(id, read(packed("p1.html", content), 10_000), self.ids["davi"])
        feedback.release(self.portal.database, self.portal.store, draft, now())

    def archive(self):
        with self.portal.database.write() as session:
            session.get_one(Course, self.course).archived_at = now()


@pytest.fixture
def exchange(portal):
    return Exchange(portal)


@pytest.fixture
def browsers(app, exchange):
    return {login: log_in(app, login) for login in ("ana", "bia", "caio", "davi")}


def saved(answer):
    """The files of an archive that a browser can only save."""
    assert answer.status_code == 200, answer.status
    assert answer.mimetype == "application/zip"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as found:
        return {name: found.read(name) for name in found.namelist()}


def test_who_may_release_reads_how_to_begin(exchange, browsers):
    assert "gradiente nbgrader init dl --url http://localhost" in browsers["davi"].read(STAFF)
    assert "gradiente nbgrader init" not in browsers["caio"].read(STAFF)
    exchange.archive()
    assert "gradiente nbgrader init" not in browsers["davi"].read(STAFF)


def test_staff_sees_versions_and_everybodys_submissions(exchange, browsers):
    exchange.release()
    exchange.release(force=True)
    first, last, others = (exchange.hand_in(login) for login in ("ana", "ana", "bia"))
    exchange.give_back(last)

    listed, page = browsers["caio"].read(STAFF), browsers["caio"].read(PS1)
    assert f'href="{PS1}"' in listed
    assert page.count(">released now<") == 1
    assert all(f"{PS1}/{version}.zip" in page for version in (1, 2))
    assert all(f"{STAFF}/submissions/{id}/file" in page for id in (first, last, others))
    assert page.count(">last<") == 2
    collected = browsers["caio"].read(f"{PS1}?last=yes&q=ANA")
    assert last in collected
    assert first not in collected
    assert others not in collected
    assert f"{STAFF}/submissions/{last}/feedback" in page
    assert f"{STAFF}/submissions/{first}/feedback" not in page
    # Only instructors are offered what only they may do.
    assert "withdraw" not in page
    assert "/remove" not in page
    assert f"{PS1}/withdraw" in browsers["davi"].read(PS1)


def test_submissions_are_sorted(exchange, browsers):
    exchange.release()
    ids = {
        "b": exchange.hand_in("bia", content=packed(content=b"1")),
        "a": exchange.hand_in("ana", content=packed(content=b"333")),
    }
    exchange.release(force=True)
    ids["c"] = exchange.hand_in("caio", content=packed(content=b"22"))
    exchange.give_back(ids["b"])

    expected = {
        "": "cab", "order=up": "bac", "sort=student": "abc", "sort=student&order=down": "cba", "sort=size": "bca",
        "sort=feedback": "bca", "sort=version": "bac", "sort=nonsense&order=x": "cab",
    }  # fmt: skip
    pages = {query: browsers["davi"].read(f"{PS1}?{query}") for query in expected}
    found = {query: sorted(ids, key=lambda each: page.index(f"{ids[each]}/file")) for query, page in pages.items()}
    assert {query: "".join(order) for query, order in found.items()} == expected


def test_downloads_are_files_that_no_browser_opens(exchange, browsers):
    exchange.release()
    work = packed("p1.ipynb", SCRIPT)
    id = exchange.hand_in("ana", content=work)
    exchange.give_back(id)
    caio, ana = browsers["caio"], browsers["ana"]

    assert list(saved(caio.get(f"{PS1}/1.zip"))) == ["p1.ipynb"]
    for browser, where in ((caio, f"{STAFF}/submissions/{id}"), (ana, f"/nbgrader/{id}")):
        assert saved(browser.get(f"{where}/file")) == {"p1.ipynb": SCRIPT}
        assert saved(browser.get(f"{where}/feedback")) == {"p1.html": SCRIPT}
    for missing in (f"{PS1}/2.zip", f"{STAFF}/assignments/ps2", f"{STAFF}/assignments/ps2/1.zip"):
        assert caio.get(missing).status_code == 404


def test_students_see_theirs_with_receipt_and_feedback(exchange, browsers):
    exchange.release()
    ids = {login: exchange.hand_in(login) for login in ("ana", "bia")}
    ana, bia = browsers["ana"], browsers["bia"]
    assert "Feedback (.zip)" not in ana.read("/courses/dl")
    exchange.give_back(ids["ana"])

    for path in ("/courses/dl", "/nbgrader"):
        page = ana.read(path)
        assert all(f"/nbgrader/{ids['ana']}/{what}" in page for what in ("file", "feedback", "receipt.txt"))
        assert ids["bia"] not in page
    assert "nbgrader fetch_assignment ps1 --course dl" in ana.read("/courses/dl")
    assert 'href="/nbgrader"' in ana.read("/submissions")
    assert 'href="/nbgrader"' not in browsers["davi"].read("/submissions")

    text = ana.get(f"/nbgrader/{ids['ana']}/receipt.txt").text
    facts = receipt.read(text).facts
    [kept] = rows(exchange.portal, ExchangeSubmission, id=ids["ana"])
    assert (facts["student"], facts["course"], facts["assignment"], facts["sha256"]) == ("ana", "dl", "ps1", kept.blob)
    assert "This receipt is genuine." in bia.send("/receipts/check", "/receipts/check", receipt=text).text
    forged = text.replace("student: ana", "student: bia")
    assert "This receipt is not genuine." in bia.send("/receipts/check", "/receipts/check", receipt=forged).text

    # Students do not see a course that is over; what they handed in there stays theirs.
    exchange.archive()
    assert ana.get("/courses/dl").status_code == 404
    assert ids["ana"] in ana.read("/nbgrader")
    assert saved(ana.get(f"/nbgrader/{ids['ana']}/feedback"))


def test_withdrawing_is_asked_about_and_done_to_the_version_that_was_seen(exchange, browsers):
    exchange.release()
    davi = browsers["davi"]
    assert "Version 1 is released" in davi.read(f"{PS1}/withdraw")
    exchange.release(force=True)
    stale = davi.send(f"{PS1}/withdraw", version="1")
    assert stale.status_code == 409
    assert "Another version was released meanwhile." in stale.text
    assert davi.client.post(f"{PS1}/withdraw", data={"version": "2"}).status_code == 400  # without the form's token

    assert davi.send(f"{PS1}/withdraw", version="2").status_code == 302
    assert "ps1 is withdrawn" in davi.read(PS1)
    assert ">withdrawn<" in davi.read(STAFF)
    assert all(each.ended_at for each in rows(exchange.portal, ExchangeRelease))
    assert davi.send(f"{PS1}/withdraw", version="2").status_code == 302  # pressed twice
    assert [each.action for each in rows(exchange.portal, LogEntry)].count("exchange.withdrawn") == 1


def test_what_is_taken_out_is_marked_and_kept(exchange, browsers):
    exchange.release()
    first, last = exchange.hand_in("ana"), exchange.hand_in("ana")
    davi, remove = browsers["davi"], f"{STAFF}/submissions/{last}/remove"
    assert "the student's submission before it" in davi.read(remove)
    assert "the student's submission before it" not in davi.read(f"{STAFF}/submissions/{first}/remove")

    assert [davi.send(remove).status_code for _ in range(2)] == [302, 302]
    page = davi.read(PS1)
    assert page.count(">taken out<") == page.count(">last<") == 1
    assert last not in davi.read(f"{PS1}?last=yes")
    assert saved(davi.get(f"{STAFF}/submissions/{last}/file"))
    assert "taken out by staff" in browsers["ana"].read("/courses/dl")
    assert [each.action for each in rows(exchange.portal, LogEntry)].count("exchange.removed") == 1

    with exchange.portal.database.write() as session:
        session.get_one(ExchangeSubmission, first).blob = None
    assert "deleted because of their age" in davi.read(PS1)
    assert browsers["ana"].get(f"/nbgrader/{first}/receipt.txt").status_code == 404
    assert browsers["ana"].get(f"/nbgrader/{first}/file").status_code == 404


def test_nothing_of_an_archived_course_is_changed(exchange, browsers):
    exchange.release()
    id = exchange.hand_in("ana")
    exchange.archive()
    davi = browsers["davi"]
    page = davi.read(PS1)
    assert f"{STAFF}/submissions/{id}/file" in page
    assert "/withdraw" not in page
    assert "/remove" not in page

    for answer in (davi.send(f"{PS1}/withdraw", version="1"), davi.send(f"{STAFF}/submissions/{id}/remove")):
        assert answer.status_code == 409
        assert "what was released and handed in stays as it is." in answer.text
    assert rows(exchange.portal, ExchangeRelease, ended_at=None)
    assert rows(exchange.portal, ExchangeSubmission, removed_at=None)


def test_queries_do_not_grow_with_rows(exchange, browsers, portal):
    def fill(count, name):
        exchange.release(name)
        for login in ("ana", "bia"):
            for id in [exchange.hand_in(login, name) for _ in range(count)]:
                exchange.give_back(id)

    def count(browser, path):
        found = []
        event.listen(portal.database.engine, "before_cursor_execute", hear := lambda *args: found.append(args[2]))
        browser.read(path)
        event.remove(portal.database.engine, "before_cursor_execute", hear)
        return len(found)

    pages = [("davi", STAFF), ("davi", PS1), ("ana", "/courses/dl"), ("ana", "/nbgrader")]
    fill(1, "ps1")
    few = [count(browsers[login], path) for login, path in pages]
    fill(3, "ps2")
    with portal.database.write() as session:
        [model] = session.query(ExchangeSubmission).filter_by(user_id=exchange.ids["ana"]).limit(1)
        common = {"assignment_id": model.assignment_id, "version": 1, "blob": model.blob, "size": 1, "notebooks": []}
        session.add_all(
            ExchangeSubmission(user_id=model.user_id, key=f"{n}", created_at=now() - timedelta(hours=n), **common)
            for n in range(60)
        )

    assert [count(browsers[login], path) for login, path in pages] == few
    assert "Page 2 of 2" in browsers["davi"].read(f"{PS1}?page=2&sort=size")
    assert "Page 3 of 3" in browsers["ana"].read("/nbgrader?page=99")
