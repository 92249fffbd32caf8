"""What goes wrong between nbgrader and a portal: one sentence each, and nothing lost or there twice."""

from __future__ import annotations

import random
import threading
from functools import partial

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")

from nbgrader.exchange import ExchangeError

from grader.nbgrader.exchange import base
from grader.nbgrader.exchange.portal import Portal
from server.models import ExchangeRelease, ExchangeSubmission, Role
from tests.nbgrader.breaking import breaking
from tests.nbgrader.conftest import admit
from tests.nbgrader.exchanging import Person, notebook


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """How long was waited, without waiting."""
    found = []
    monkeypatch.setattr(base, "Portal", partial(Portal, sleep=found.append))
    return found


@pytest.fixture
def line(url):
    with breaking(url) as found:
        yield found


def count(portal, table):
    with portal.database.reader() as session:
        return session.query(table).count()


def told(person, name, *arguments, **traits):
    """The one sentence that somebody reads."""
    with pytest.raises(ExchangeError) as caught:
        person.do(name, *arguments, **traits)
    return str(caught.value)


def test_a_portal_that_is_not_there_is_told(ana, waits):
    ana.config.Exchange.url = "http://127.0.0.1:9"

    assert "http://127.0.0.1:9 cannot be reached (" in told(ana, "List")
    assert "Check the address and your connection" in told(ana, "FetchAssignment", "ps1")
    assert waits == [1, 2, 3] * 2


def test_who_has_not_logged_in_and_whose_token_is_not_valid_is_told(ana, url):
    ana.config.Exchange.token = "gradiente_wrong"
    found = told(ana, "List")
    assert found.startswith("The token is not valid. It is unknown, revoked or expired.")
    assert found.endswith(f"Then run: gradiente login {url}")
    del ana.config.Exchange.token
    assert f"gradiente login {url}" in told(ana, "List")


def test_the_token_of_gradiente_login_is_taken_for_its_own_portal_alone(davi, ana, url, monkeypatch):
    token = ana.config.Exchange.pop("token")
    base.access.keep(base.access.Access(url, token))
    assert ana.do("List") == []
    del ana.config.Exchange["url"]
    assert ana.do("List") == []
    ana.config.Exchange.url = url.replace("127.0.0.1", "localhost")
    assert "You have not logged in yet" in told(ana, "List")
    monkeypatch.setenv("GRADIENTE_TOKEN", token)
    assert ana.do("List") == []


def test_a_course_that_is_not_there_and_one_of_others_are_told_alike(davi, ana, portal):
    admit(portal, "gil", Role.INSTRUCTOR, "ml")
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    for code in ("nowhere", "ml"):
        ana.config.CourseDirectory.course_id = code
        for name in ("FetchAssignment", "FetchFeedback"):
            assert f"has no course '{code}' in which you take part. You take part in: dl." in told(ana, name, "ps1")
        ana.write("ps1/p1.ipynb", notebook())
        assert f"has no course '{code}'" in told(ana, "Submit", "ps1")
    ana.config.CourseDirectory.course_id = ""
    assert told(ana, "FetchAssignment", "ps1") == "No course id specified. Re-run with --course flag."
    assert [each["assignment_id"] for each in ana.do("List")] == ["ps1"]


def test_what_is_not_released_is_told_with_what_is(davi, ana):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    ana.write("ps9/p1.ipynb", notebook())

    for name in ("FetchAssignment", "Submit"):
        assert told(ana, name, "ps9").endswith("ps9 is not released in this course. Released in dl: ps1.")


@pytest.mark.parametrize(("scopes", "why"), [(None, "The token may not do this"), (("teach",), "Not for this account")])
def test_students_release_collect_and_remove_nothing(davi, meet, portal, scopes, why):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    ana = meet("ana", scopes)
    ana.generate()
    ana.write("feedback/bia/ps1/p1.html", "x")
    ana.write("feedback/bia/ps1/submission_id.txt", "x")

    assert why in told(ana, "ReleaseAssignment", "ps1", force=True)
    assert why in told(ana, "Collect", "ps1")
    if scopes is None:
        assert why in told(ana, "List", "ps1", remove=True)
    assert "Feedback was not released to: bia." in told(ana, "ReleaseFeedback", "ps1")
    assert count(portal, ExchangeRelease) == 1


def test_an_archived_course_takes_nothing_in(davi, portal):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    with portal.database.write() as session:
        course = session.query(ExchangeRelease).one().assignment.course
        course.archived_at = course.created_at

    assert "This course is archived" in told(davi, "ReleaseAssignment", "ps1", force=True)
    davi.write("ps1/p1.ipynb", notebook())
    assert "This course is archived" in told(davi, "Submit", "ps1")


def test_a_release_whose_answer_is_lost_is_one_release(davi, line, portal):
    davi.config.Exchange.url = line.url
    davi.generate()
    line.plan[:] = [0, 0]
    davi.do("ReleaseAssignment", "ps1")

    assert len([each for each in line.asked if each.startswith("POST")]) == 3
    assert count(portal, ExchangeRelease) == 1


def test_a_submission_whose_answer_is_lost_is_one_submission_and_two_are_two(davi, ana, line, portal):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    ana.do("FetchAssignment", "ps1")
    ana.config.Exchange.url = line.url
    line.plan[:] = [1 << 20, 0, 20]
    ana.do("Submit", "ps1")
    assert count(portal, ExchangeSubmission) == 1
    ana.do("Submit", "ps1")
    assert count(portal, ExchangeSubmission) == 2


def test_a_download_that_breaks_goes_on_where_it_was(davi, ana, line):
    noise = random.Random(1).randbytes(30_000).hex()
    davi.generate(p1=notebook(f"x = '{noise}'"))
    davi.do("ReleaseAssignment", "ps1")
    ana.config.Exchange.url = line.url
    line.plan[:] = [1 << 20, 9_000, 9_000]
    ana.do("FetchAssignment", "ps1")

    begins = [text.partition("range: bytes=")[2].split("-")[0] for text in map(str.lower, line.asked)]
    assert begins[:2] == ["", ""]
    assert 0 < int(begins[2]) < int(begins[3])
    assert ana.read("ps1/p1.ipynb") == davi.read("release/ps1/p1.ipynb")


def test_a_download_of_what_has_changed_meanwhile_begins_again_and_is_told(davi, edu, ana, line):
    """Half of one version and half of another would be neither."""
    davi.generate(p1=notebook("x = '" + random.Random(1).randbytes(9_000).hex() + "'"))
    davi.do("ReleaseAssignment", "ps1")
    ana.config.Exchange.url = line.url
    fetch = ana.part("FetchAssignment", "ps1")
    fetch.init_src()
    edu.generate()
    edu.do("ReleaseAssignment", "ps1", force=True)
    fetch.init_dest()
    with pytest.raises(Exception, match="has changed on the portal in the meantime"):
        fetch.copy_files()
    assert not (ana.folder / "ps1").exists()


def test_feedback_whose_answer_is_lost_is_released_once(davi, ana, line):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    ana.do("FetchAssignment", "ps1")
    ana.do("Submit", "ps1")
    davi.do("Collect", "ps1")
    davi.write("feedback/ana/ps1/p1.html", "good")
    davi.write("feedback/ana/ps1/submission_id.txt", davi.read("submitted/ana/ps1/submission_id.txt"))
    davi.config.Exchange.url = line.url
    line.plan[:] = [0]
    davi.do("ReleaseFeedback", "ps1")
    ana.do("FetchFeedback", "ps1")

    assert len(ana.files("ps1/feedback")) == 1


def test_a_line_that_stays_broken_is_told_and_the_same_command_works_later(davi, ana, line, portal):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    ana.do("FetchAssignment", "ps1")
    ana.config.Exchange.url = line.url
    line.plan[:] = [0] * 4
    assert "cannot be reached" in told(ana, "Submit", "ps1")
    ana.do("Submit", "ps1")
    assert count(portal, ExchangeSubmission) == 1


def together(*works):
    """Do several things at once; what went wrong in each."""
    start, found = threading.Barrier(len(works)), {}

    def run(number, work):
        start.wait(10)
        try:
            work()
        except Exception as error:
            found[number] = str(error)

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_of_two_who_release_at_once_one_is_told(davi, edu, portal):
    for person, text in ((davi, "x = 1"), (edu, "x = 2")):
        person.generate(p1=notebook(text))
    parts = [person.part("ReleaseAssignment", "ps1") for person in (davi, edu)]
    [problem] = together(*(part.start for part in parts)).values()

    assert "add --force" in problem
    assert count(portal, ExchangeRelease) == 1


def test_of_two_who_force_at_once_both_are_kept_and_one_is_fetched(davi, edu, ana, portal):
    texts = {davi: notebook("x = 1"), edu: notebook("x = 2")}
    for person, text in texts.items():
        person.generate(p1=text)
    assert together(*(person.part("ReleaseAssignment", "ps1", force=True).start for person in texts)) == {}
    ana.do("FetchAssignment", "ps1")

    with portal.database.reader() as session:
        first, second = session.query(ExchangeRelease).order_by(ExchangeRelease.version)
    assert (first.version, second.version, second.ended_at) == (1, 2, None)
    assert first.ended_at is not None
    assert ana.read("ps1/p1.ipynb") == texts[davi if second.by_id == _id(portal, "davi") else edu]


def _id(portal, login):
    from server.account.identity import find_by_login

    with portal.database.reader() as session:
        return find_by_login(session, login).id


def test_two_who_collect_at_once_into_one_folder_get_each_submission_once_and_whole(davi, meet, portal):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    logins = [f"s{number}" for number in range(8)]
    for login in logins:
        admit(portal, login, Role.STUDENT)
        student: Person = meet(login)
        for number in range(3):
            student.write(f"ps1/p{number}.ipynb", notebook(login))
        student.do("Submit", "ps1")
    first, second = meet("davi", folder="course"), meet("edu", folder="course")

    for traits in ({}, {"update": True}):
        assert together(*(each.part("Collect", "ps1", **traits).start for each in (first, second))) == {}
        names = ["p0.ipynb", "p1.ipynb", "p2.ipynb", "submission_id.txt", "timestamp.txt"]
        assert first.files("submitted") == [f"{login}/ps1/{name}" for login in logins for name in names]
        assert [first.read(f"submitted/{login}/ps1/p2.ipynb") for login in logins] == list(map(notebook, logins))
