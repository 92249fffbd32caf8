"""nbgrader's exchange, as the API offers it and as the database keeps it."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from base64 import b64encode
from datetime import timedelta

import pytest

from server.context import now
from server.exchange import keeping, submissions
from server.exchange.content import read
from server.exchange.submissions import Draft, hand_in
from server.models import (
    Course,
    ExchangeFeedback,
    ExchangeRelease,
    ExchangeSubmission,
    LogEntry,
    Membership,
    Role,
    User,
)
from server.office import archive, erasure, retention
from server.office.retention import Rules
from server.store.references import unused
from tests.server.caller import Caller, give_token, problem

HERE = "/courses/dl/exchange"
PS1 = f"{HERE}/assignments/ps1"


def packed(**files: bytes | str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as found:
        for name, content in files.items():
            found.writestr(name.replace("__", "/").replace("_", "."), content)
    return buffer.getvalue()


def form(content: bytes, **fields):
    return {"file": (io.BytesIO(content), "a.zip"), **fields}


WORK = packed(p1_ipynb="{}")


@pytest.fixture
def people(app, portal):
    """Callers: two students and an instructor of the course, an instructor of another one."""
    parts = {"ana": Role.STUDENT, "bia": Role.STUDENT, "davi": Role.INSTRUCTOR}
    with portal.database.write() as session:
        course = Course(code="dl", title="Deep Learning", created_at=now())
        other = Course(code="ml", title="Other", created_at=now())
        session.add_all([course, other])
        session.flush()
        for login, role in (*parts.items(), ("gil", Role.INSTRUCTOR)):
            user = User(login=login, name=login.title(), created_at=now())
            session.add(user)
            session.flush()
            where = other.id if login == "gil" else course.id
            session.add(Membership(course_id=where, user_id=user.id, role=role, created_at=now()))
    return {login: Caller(app, give_token(app, login)) for login in (*parts, "gil")}


@pytest.fixture
def released(people):
    answer = people["davi"].post(f"{HERE}/assignments", data=form(WORK, name="ps1"))
    assert answer.status_code == 201, answer.text
    return answer.json


def submit(caller, content=WORK, key="", **fields):
    return caller.post(f"{PS1}/submissions", key, data=form(content, **fields))


def rows(portal, table):
    with portal.database.reader() as session:
        return session.query(table).all()


def test_a_release_is_described_and_logged(people, released, portal):
    found = people["ana"].read(PS1)
    [entry] = rows(portal, LogEntry)

    assert found == released
    assert found["sha256"] == hashlib.sha256(WORK).hexdigest()
    assert (found["version"], found["released_by"], found["notebooks"]) == (1, "Davi", ["p1.ipynb"])
    assert (entry.action, entry.subject, entry.detail["version"]) == ("exchange.released", "ps1", 1)
    assert people["ana"].read(f"{HERE}/assignments") == {"assignments": [found]}


def test_a_repeated_release_is_the_same_and_another_one_needs_force(people, portal):
    davi = people["davi"]
    first = davi.post(f"{HERE}/assignments", "key", data=form(WORK, name="ps1"))
    again = davi.post(f"{HERE}/assignments", "key", data=form(WORK, name="ps1"))
    assert (first.status_code, again.status_code, again.json) == (201, 200, first.json)
    problem(davi.post(f"{HERE}/assignments", "key", data=form(packed(), name="ps1")), 422, "key_reused")
    refused = problem(davi.post(f"{HERE}/assignments", data=form(WORK, name="ps1")), 409, "conflict")
    assert "version 1, by Davi" in refused["detail"]

    forced = davi.post(f"{HERE}/assignments", data=form(WORK, name="ps1", force="true"))
    assert forced.json["version"] == 2
    assert [each.version for each in rows(portal, ExchangeRelease)] == [1, 2]


def test_what_is_withdrawn_can_be_released_again_without_force(people, released):
    davi = people["davi"]
    davi.send("DELETE", PS1, 204)
    davi.refused("DELETE", PS1, 404, "not_found")
    problem(submit(people["ana"]), 404, "not_found")

    assert davi.post(f"{HERE}/assignments", data=form(WORK, name="ps1")).json["version"] == 2


def test_what_is_in_an_archived_course_stays_as_it_is(people, released, portal):
    id = submit(people["ana"]).json["id"]
    with portal.database.write() as session:
        session.query(Course).filter_by(code="dl").one().archived_at = now()
    for path in (PS1, f"{HERE}/submissions/{id}"):
        refused = people["davi"].refused("DELETE", path, 409, "conflict")
        assert refused["detail"] == "This course is archived: what was released and handed in stays as it is."
    assert [each.ended_at for each in rows(portal, ExchangeRelease)] == [None]
    assert [each.removed_at for each in rows(portal, ExchangeSubmission)] == [None]


@pytest.mark.parametrize("name", ["..", ".hidden", "a/b", "a\\b", "ps1\n", "", "x" * 81, "a+b", "con:"])
def test_names_that_are_no_folders_are_refused(people, name):
    found = people["davi"].post(f"{HERE}/assignments", data=form(WORK, name=name))
    assert "name" in problem(found, 422, "invalid")["errors"]


def test_a_submission_is_received_once_by_the_portals_clock(people, released, portal):
    before = now()
    first = submit(people["ana"], key="key", sha256=hashlib.sha256(WORK).hexdigest())
    again = submit(people["ana"], key="key")
    other = submit(people["bia"], key="key")
    [mine] = [row for row in rows(portal, ExchangeSubmission) if row.id == first.json["id"]]

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert first.json == again.json
    assert before <= mine.created_at <= now()
    assert (first.json["id"], first.json["version"], first.json["login"]) == (mine.id, 1, "ana")
    problem(submit(people["ana"], packed(), key="key"), 422, "key_reused")
    assert submit(people["ana"]).status_code == 201
    assert len(rows(portal, ExchangeSubmission)) == 3


def test_the_same_request_at_once_is_one_submission(people, released, portal):
    with portal.database.reader() as session:
        ana, course = session.query(User).filter_by(login="ana").one().id, session.query(Course).first().id
    draft = Draft(course, "ps1", ana, read(WORK, 10_000), "key")
    found = []
    works = [
        threading.Thread(target=lambda: found.append(hand_in(portal.database, portal.store, draft, now())))
        for _ in range(6)
    ]
    for each in works:
        each.start()
    for each in works:
        each.join()

    assert len({each.id for each in found}) == 1
    assert sum(each.is_new for each in found) == 1


def test_json_is_taken_as_a_form_is(people, released):
    body = {"content_base64": b64encode(WORK).decode()}
    assert people["ana"].send("POST", f"{PS1}/submissions", 201, **body)["notebooks"] == ["p1.ipynb"]


def bomb() -> bytes:
    return packed(a_txt=b"0" * 40_000_000)


def link() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as found:
        entry = zipfile.ZipInfo("p1.ipynb")
        entry.external_attr = 0o120777 << 16
        found.writestr(entry, "/etc/passwd")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "status", "kind", "text"),
    [
        (b"no zip", 422, "invalid", "not a zip archive"),
        (WORK[:-30], 422, "invalid", "not a zip archive"),
        (packed(**{"..__evil_py": ""}), 422, "invalid", "leads out of the archive"),
        (link(), 422, "invalid", "a link or a device"),
        (b"x" * 8_000_001, 413, "too_large", "more than 8 MB"),
        (bomb(), 413, "too_large", "more than 32 MB"),
    ],
    ids=["no zip", "half a zip", "outside", "link", "too large", "bomb"],
)
def test_what_cannot_be_unpacked_without_harm_is_not_kept(people, released, portal, content, status, kind, text):
    body = {"content_base64": b64encode(content).decode()}
    assert text in people["ana"].refused("POST", f"{PS1}/submissions", status, kind, **body)["detail"]
    assert rows(portal, ExchangeSubmission) == []


def test_what_has_changed_on_the_way_is_not_kept(people, released, portal):
    assert "sha256" in problem(submit(people["ana"], sha256="0" * 64), 422, "invalid")["errors"]
    assert rows(portal, ExchangeSubmission) == []


def test_nobody_hands_in_without_end(people, released, monkeypatch):
    monkeypatch.setattr(submissions, "MOST_A_DAY", 2)
    assert [submit(people["ana"]).status_code for _ in range(3)] == [201, 201, 409]
    assert submit(people["bia"]).status_code == 201


def test_staff_sees_all_and_students_see_theirs(people, released):
    ids = {login: [submit(people[login]).json["id"] for _ in range(2)] for login in ("ana", "bia")}
    everything = people["davi"].read(f"{HERE}/submissions")["submissions"]
    assert [each["id"] for each in everything] == [*ids["bia"][::-1], *ids["ana"][::-1]]
    assert [each["id"] for each in people["ana"].read("/exchange/submissions")["submissions"]] == ids["ana"][::-1]
    assert people["ana"].read("/exchange/submissions?course=ml")["submissions"] == []
    assert people["gil"].read("/exchange/submissions")["submissions"] == []
    last = people["davi"].read(f"{HERE}/submissions?last=true&login=bia")["submissions"]
    assert [each["id"] for each in last] == ids["bia"][-1:]


def test_lists_come_in_pages_that_miss_nothing(people, released):
    ids = [submit(people["ana"]).json["id"] for _ in range(5)]
    found, query = [], f"{HERE}/submissions?limit=2"
    while query:
        page = people["davi"].read(query)
        found += [each["id"] for each in page["submissions"]]
        query = page["next"] and f"{HERE}/submissions?limit=2&after={page['next']}"
    assert found == ids[::-1]
    other = submit(people["bia"]).json["id"]
    people["ana"].refused("GET", f"/exchange/submissions?after={other}", 422, "invalid")


def test_the_last_until_a_moment_or_else_the_last(people, released, portal):
    early, late, only_late = (submit(people[login]).json["id"] for login in ("ana", "ana", "bia"))
    with portal.database.write() as session:
        due = now() - timedelta(hours=1)
        session.get_one(ExchangeSubmission, early).created_at = due
    for until, expected in ((due, {early, only_late}), (due - timedelta(seconds=1), {late, only_late})):
        query = f"{HERE}/submissions?last=true&until={until.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}"
        assert {each["id"] for each in people["davi"].read(query)["submissions"]} == expected
    with portal.database.reader() as session:
        course = session.query(Course).filter_by(code="dl").one().id
        assert [each.id for each in submissions.newest(session, course, "ps1", due)] == [early, only_late]


def test_an_archive_can_be_fetched_in_parts(people, released):
    def part(wanted, **headers):
        return people["ana"].get(f"{PS1}/file", Range=f"bytes={wanted}", **headers)

    whole, tag = people["ana"].get(f"{PS1}/file"), f'"{released["sha256"]}"'
    assert (whole.data, whole.headers["ETag"], whole.headers["Accept-Ranges"]) == (WORK, tag, "bytes")
    half = part("50-")
    assert (half.status_code, half.data) == (206, WORK[50:])
    assert part("50-", **{"If-Range": tag}).data == WORK[50:]
    assert part("50-", **{"If-Range": '"other"'}).data == WORK
    assert problem(part("999999-"), 416, "unreadable")


def test_feedback_belongs_to_one_submission_of_one_student(people, released, portal):
    id = submit(people["ana"]).json["id"]
    page = packed(p1_html="good")
    path = f"{HERE}/submissions/{id}/feedback"

    def put(content):
        return people["davi"].client.put(f"/api/v1{path}", headers=people["davi"].headers, data=form(content))

    people["ana"].refused("GET", f"/exchange/submissions/{id}/feedback", 404, "not_found")
    first = put(page).json
    assert put(page).json == first
    assert first["files"] == {"p1.html": hashlib.sha256(b"good").hexdigest()}
    assert people["ana"].get(f"/exchange/submissions/{id}/feedback").data == page
    people["bia"].refused("GET", f"/exchange/submissions/{id}/feedback", 404, "not_found")
    people["davi"].refused("GET", f"/exchange/submissions/{id}/feedback", 404, "not_found")
    for bad in (WORK, packed(), packed(sub__p1_html="x")):
        problem(put(bad), 422, "invalid")
    assert put(packed(p1_html="better")).json["files"] != first["files"]
    assert len(rows(portal, ExchangeFeedback)) == 1
    assert [each.action for each in rows(portal, LogEntry)].count("exchange.feedback") == 2


def test_contents_are_kept_as_long_as_the_exchange_needs_them(people, released, portal):
    ana, davi = people["ana"], people["davi"]
    mine, feedback = packed(a_txt="1"), packed(p1_html="x")
    id = submit(ana, mine).json["id"]
    davi.client.put(f"/api/v1{HERE}/submissions/{id}/feedback", headers=davi.headers, data=form(feedback))
    digests = {hashlib.sha256(each).hexdigest() for each in (WORK, mine, feedback)}

    with portal.database.write() as session:
        assert unused(session, digests) == []
        user = session.query(User).filter_by(login="ana").one()
        assert erasure.measure(session, user).submissions == 1
        buffer = io.BytesIO()
        archive.pack(buffer, session, portal.store, user, now(), _english())
        gone = erasure.erase(session, user)
    names = zipfile.ZipFile(buffer).namelist()

    assert {"nbgrader/ps1-1.json", "nbgrader/ps1-1/submission.zip", "nbgrader/ps1-1/feedback.zip"} <= set(names)
    assert set(gone) == digests - {hashlib.sha256(WORK).hexdigest()}
    assert rows(portal, ExchangeSubmission) == rows(portal, ExchangeFeedback) == []


def _english():
    from server.i18n import Translator

    return Translator("en")


def test_old_submissions_lose_their_files_when_their_course_is_over(people, released, portal):
    id = submit(people["ana"], packed(a_txt="1")).json["id"]
    later, rules = now() + timedelta(days=100), Rules(submissions=30)
    with portal.database.write() as session:
        assert retention.run(session, rules, later).submissions == 0
        session.query(Course).filter_by(code="dl").one().archived_at = now()
    with portal.database.write() as session:
        assert retention.preview(session, rules, later).shares == (retention.Share("dl", 1, len(packed(a_txt="1"))),)
        assert retention.run(session, rules, later).submissions == 1
        assert not keeping.old(session, 30, later)

    assert people["davi"].read(f"{HERE}/submissions")["submissions"][0]["sha256"] is None
    people["davi"].refused("GET", f"{HERE}/submissions/{id}/file", 404, "not_found")
