"""Each part of the exchange with its options, against a portal behind a real socket."""

from __future__ import annotations

import logging
import unicodedata
import zipfile
from datetime import UTC, datetime

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")

from nbgrader.api import Gradebook
from nbgrader.exchange import ExchangeError
from nbgrader.utils import parse_utc

from grader.nbgrader.exchange.portal import Portal as Client
from tests.nbgrader.exchanging import notebook

SOLVED = notebook("x = 2")


@pytest.fixture(autouse=True)
def _heard(caplog):
    caplog.set_level(logging.INFO)


def hand_in(person, text=SOLVED):
    """Work on the assignment and hand it in."""
    person.write("ps1/p1.ipynb", text)
    person.do("Submit", "ps1")


def test_what_is_released_is_fetched_whole(davi, ana):
    davi.generate()
    davi.write("release/ps1/data/points.csv", "1,2\n")
    davi.write("release/ps1/.ipynb_checkpoints/p1-checkpoint.ipynb", "{}")
    davi.do("ReleaseAssignment", "ps1")
    ana.do("FetchAssignment", "ps1")

    assert ana.files() == ["ps1/data/points.csv", "ps1/p1.ipynb"]
    assert ana.read("ps1/p1.ipynb") == davi.read("release/ps1/p1.ipynb")


def test_a_second_release_needs_force_and_says_whose_is_there(davi, edu, ana, caplog):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    edu.generate(p1=notebook("x = 3"))

    with pytest.raises(ExchangeError, match=r"add --force to overwrite: dl ps1\..*version 1, by Davi"):
        edu.do("ReleaseAssignment", "ps1")
    edu.do("ReleaseAssignment", "ps1", force=True)
    ana.do("FetchAssignment", "ps1")

    assert "Released as: dl ps1 (version 2)" in caplog.text
    assert ana.read("ps1/p1.ipynb") == edu.read("release/ps1/p1.ipynb")


def test_an_assignment_that_was_not_generated_is_told(davi):
    davi.write("source/ps1/p1.ipynb", notebook())
    davi.generate("ps0")

    with pytest.raises(ExchangeError, match="run `nbgrader generate_assignment` first"):
        davi.do("ReleaseAssignment", "ps1")
    with pytest.raises(ExchangeError, match=r"Assignment not found at: .*ps9\. There are: ps0"):
        davi.do("ReleaseAssignment", "ps9")


def test_fetching_again_replaces_only_what_is_missing_and_only_when_asked(davi, ana):
    davi.generate(p1=notebook("x = 1"), p2=notebook("y = 1"))
    davi.do("ReleaseAssignment", "ps1")
    ana.do("FetchAssignment", "ps1")
    ana.write("ps1/p1.ipynb", SOLVED)
    (ana.folder / "ps1/p2.ipynb").unlink()

    with pytest.raises(ExchangeError, match="already have a copy"):
        ana.do("FetchAssignment", "ps1")
    assert ana.files() == ["ps1/p1.ipynb"]
    ana.do("FetchAssignment", "ps1", replace_missing_files=True)
    assert ana.files() == ["ps1/p1.ipynb", "ps1/p2.ipynb"]
    assert ana.read("ps1/p1.ipynb") == SOLVED


def test_folders_of_courses_keep_assignments_apart(davi, ana):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    ana.do("FetchAssignment", "ps1", path_includes_course=True)
    ana.do("Submit", "ps1", path_includes_course=True)

    assert ana.files() == ["dl/ps1/p1.ipynb"]


def test_a_collected_submission_has_the_portals_time_and_its_id(davi, ana):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    before = datetime.now(UTC).replace(tzinfo=None)
    ana.write("ps1/Timestamp.txt", "1999-01-01 00:00:00 UTC")
    ana.write("ps1/submission_id.txt/mine", "mine")
    ana.write("ps1/notes/a.txt", "a")
    hand_in(ana)
    davi.do("Collect", "ps1")

    folder = "submitted/ana/ps1"
    assert davi.files(folder) == ["notes/a.txt", "p1.ipynb", "submission_id.txt", "timestamp.txt"]
    assert before <= parse_utc(davi.read(f"{folder}/timestamp.txt")) <= datetime.now(UTC).replace(tzinfo=None)
    assert davi.read(f"{folder}/submission_id.txt") != "mine"
    assert davi.read(f"{folder}/p1.ipynb") == SOLVED


def test_collecting_again_takes_newer_work_only_with_update(davi, ana, bia, caplog):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    davi.do("Collect", "ps1")
    assert "No submissions" in caplog.text
    hand_in(ana)
    davi.do("Collect", "ps1")
    hand_in(ana, notebook("x = 3"))
    hand_in(bia)

    davi.do("Collect", "ps1")
    assert davi.read("submitted/ana/ps1/p1.ipynb") == SOLVED
    assert davi.read("submitted/bia/ps1/p1.ipynb") == SOLVED
    davi.do("Collect", "ps1", update=True)
    assert davi.read("submitted/ana/ps1/p1.ipynb") == notebook("x = 3")
    davi.do("Collect", "ps1", update=True)
    assert "No newer submission to collect: ana ps1" in caplog.text
    assert sorted(path.name for path in (davi.folder / "submitted").rglob("ps1")) == ["ps1", "ps1"]
    assert not list(davi.folder.rglob(".gradiente-*"))


def test_instructors_who_share_a_folder_may_change_what_was_collected(davi, ana):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    hand_in(ana)
    davi.do("Collect", "ps1", groupshared=True)

    folder = davi.folder / "submitted/ana/ps1"
    assert (folder.stat().st_mode & 0o2070, (folder / "p1.ipynb").stat().st_mode & 0o060) == (0o2070, 0o060)


def test_names_with_spaces_accents_and_brackets_go_all_the_way(davi, ana):
    name = "Exercício 1 [a] (b)"
    davi.generate(name)
    davi.do("ReleaseAssignment", name)
    ana.do("FetchAssignment", unicodedata.normalize("NFD", name))
    ana.do("Submit", f"{name}/")
    davi.do("Collect", name)
    davi.write(f"feedback/ana/{name}/p1.html", "good")
    davi.write(f"feedback/ana/{name}/submission_id.txt", davi.read(f"submitted/ana/{name}/submission_id.txt"))
    davi.do("ReleaseFeedback", name)
    ana.do("FetchFeedback", name)

    assert len(ana.files(f"{name}/feedback")) == 1
    assert [each["assignment_id"] for each in davi.do("List", name)] == [name]


def test_one_student_can_be_collected(davi, ana, bia):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    hand_in(ana)
    hand_in(bia)
    davi.do("Collect", "ps1", student_id="bia")

    assert [path.name for path in (davi.folder / "submitted").iterdir()] == ["bia"]


def test_before_the_due_date(davi, edu, ana, bia):
    """The last one before it; the last one at all where there is none before it, or nobody asked."""
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    hand_in(ana, notebook("x = 1"))
    due = datetime.now(UTC).replace(tzinfo=None)
    hand_in(ana)
    hand_in(bia)
    with Gradebook(f"sqlite:///{davi.folder / 'gradebook.db'}") as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate=due)

    def collected(person, **traits):
        person.do("Collect", "ps1", db_url=gradebook.engine.url.render_as_string(), **traits)
        return [person.read(f"submitted/{login}/ps1/p1.ipynb") for login in ("ana", "bia")]

    assert collected(davi, before_duedate=True) == [notebook("x = 1"), SOLVED]
    assert collected(davi) == [notebook("x = 1"), SOLVED]
    assert collected(davi, update=True) == collected(edu) == [SOLVED, SOLVED]
    assert collected(davi, before_duedate=True) == [notebook("x = 1"), SOLVED]


def test_missing_notebooks_are_told_and_with_strict_refused(davi, ana, caplog):
    davi.generate(p1=notebook(), p2=notebook())
    davi.do("ReleaseAssignment", "ps1")
    ana.write("ps1/p1.ipynb", SOLVED)
    ana.write("ps1/p3.ipynb", SOLVED)

    with pytest.raises(ExchangeError, match=r"not submitted.*missing notebooks for the submission: p2\.ipynb"):
        ana.do("Submit", "ps1", strict=True)
    davi.do("Collect", "ps1")
    assert "No submissions" in caplog.text
    ana.do("Submit", "ps1")
    assert "Missing: p2.ipynb. Extra: p3.ipynb" in caplog.text
    ana.write("ps1/p2.ipynb", SOLVED)
    ana.do("Submit", "ps1", strict=True)


def test_what_the_course_directory_leaves_out_is_not_sent(davi, ana):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    for name, size in (("a.pyc", 1), ("feedback/old/p1.html", 1), ("small", 2000), ("large", 2001), ("b.txt", 1)):
        ana.write(f"ps1/{name}", "x" * size)
    ana.write("ps1/p1.ipynb", SOLVED)
    ana.do("Submit", "ps1", max_file_size=2, include=["*.ipynb", "small", "large"])
    davi.do("Collect", "ps1")

    assert davi.files("submitted/ana/ps1") == ["p1.ipynb", "small", "submission_id.txt", "timestamp.txt"]


def test_a_folder_that_is_too_large_is_refused_here_and_there(davi, ana, portal):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    ana.write("ps1/p1.ipynb", "x" * 4001)
    with pytest.raises(ExchangeError, match=r"too large: 0\.0 MB.*max_dir_size allows 0\.004 MB"):
        ana.do("Submit", "ps1", max_dir_size=4)
    ana.write("ps1/p1.ipynb", "x" * (4 * portal.settings.max_upload + 1))
    with pytest.raises(ExchangeError, match=r"The file is too large\. .*more than 0\.4 MB"):
        ana.do("Submit", "ps1")
    davi.do("Collect", "ps1")
    assert not (davi.folder / "submitted").exists()


def test_nobody_hands_in_as_somebody_else(davi, ana):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    ana.do("FetchAssignment", "ps1")

    with pytest.raises(ExchangeError, match="You are 'ana' on the portal and cannot submit as 'bia'"):
        ana.do("Submit", "ps1", student_id="bia")
    ana.do("Submit", "ps1", student_id="ana")


def test_feedback_reaches_its_student_and_nobody_else(davi, ana, bia, caplog):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    hand_in(ana)
    hand_in(bia)
    davi.do("Collect", "ps1")
    for login in ("ana", "bia"):
        davi.write(f"feedback/{login}/ps1/p1.html", f"for {login}")
        id = davi.read(f"submitted/{login}/ps1/submission_id.txt")
        davi.write(f"feedback/{login}/ps1/submission_id.txt", id)
    davi.do("ReleaseFeedback", "ps1", student_id_exclude="bia")
    for person in (ana, bia):
        person.do("FetchFeedback", "ps1")

    when = davi.read("submitted/ana/ps1/timestamp.txt")
    assert ana.files("ps1/feedback") == [f"{when}/p1.html"]
    assert ana.read(f"ps1/feedback/{when}/p1.html") == "for ana"
    assert not (bia.folder / "ps1/feedback").exists()
    assert "Could not find feedback for dl/ps1" in caplog.text
    davi.write("feedback/ana/ps1/p1.html", "better")
    davi.do("ReleaseFeedback", "ps1", student_id="ana")
    ana.do("FetchFeedback", "ps1")
    assert ana.read(f"ps1/feedback/{when}/p1.html") == "better"


def test_feedback_without_its_submission_is_told_and_the_others_are_released(davi, ana, caplog):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    hand_in(ana)
    davi.do("Collect", "ps1")
    davi.write("feedback/ana/ps1/p1.html", "x")
    davi.write("feedback/ana/ps1/submission_id.txt", davi.read("submitted/ana/ps1/submission_id.txt"))
    davi.write("feedback/aaa/ps1/p1.html", "x")
    davi.write("feedback/zzz/ps1/p1.html", "x")
    davi.write("feedback/zzz/ps1/submission_id.txt", "unknown")

    with pytest.raises(ExchangeError, match="Feedback was not released to: aaa, zzz"):
        davi.do("ReleaseFeedback", "ps1")
    assert "aaa: " in caplog.text
    assert "submission_id.txt is missing" in caplog.text
    assert "zzz: There is nothing here" in caplog.text
    ana.do("FetchFeedback", "ps1")
    assert len(ana.files("ps1/feedback")) == 1


def test_lists_are_as_jupyter_reads_them(davi, ana, bia, caplog):
    davi.generate()
    davi.generate("ps2")
    for name in ("ps1", "ps2"):
        davi.do("ReleaseAssignment", name)
    ana.do("FetchAssignment", "ps1")
    hand_in(ana)
    hand_in(bia)
    caplog.clear()
    fetched, released = ana.do("List")

    assert caplog.messages == ["Released assignments:", "dl ps1 (already downloaded)", "dl ps2"]
    assert fetched == {
        "course_id": "dl",
        "assignment_id": "ps1",
        "status": "fetched",
        "path": str(ana.folder / "ps1"),
        "notebooks": [{"notebook_id": "p1", "path": str(ana.folder / "ps1/p1.ipynb")}],
    }
    assert (released["status"], released["notebooks"][0]["notebook_id"]) == ("released", "p1")
    assert [each["student_id"] for each in davi.do("List", inbound=True)] == ["ana", "bia"]
    assert [each["student_id"] for each in davi.do("List", "ps2", inbound=True)] == []
    [group] = ana.do("List", cached=True)
    [submission] = group["submissions"]
    assert {name: group[name] for name in ("course_id", "student_id", "assignment_id", "status")} == {
        "course_id": "dl", "student_id": "ana", "assignment_id": "ps1", "status": "submitted",
    }  # fmt: skip
    assert set(submission) >= {"timestamp", "path", "local_feedback_path", "has_local_feedback", "feedback_updated"}
    assert caplog.messages[-1] == f"dl ana ps1 {submission['timestamp']} (no feedback available)"
    assert submission["notebooks"] == [
        {
            "notebook_id": "p1",
            "path": f"{submission['path']}/p1.ipynb",
            "has_local_feedback": False,
            "has_exchange_feedback": False,
            "local_feedback_path": None,
            "feedback_updated": False,
        }
    ]


def test_lists_tell_how_far_feedback_is(davi, ana, caplog):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    hand_in(ana)
    davi.do("Collect", "ps1")
    davi.write("feedback/ana/ps1/submission_id.txt", davi.read("submitted/ana/ps1/submission_id.txt"))

    def release(text):
        davi.write("feedback/ana/ps1/p1.html", text)
        davi.do("ReleaseFeedback", "ps1")
        return last()

    def last():
        [group] = ana.do("List", cached=True)
        return caplog.messages[-1].partition("(")[2], group["submissions"][0]

    assert release("good")[0] == "feedback ready to be fetched)"
    ana.do("FetchFeedback", "ps1")
    line, submission = last()
    assert (line, submission["feedback_updated"]) == ("feedback already fetched)", False)
    assert submission["local_feedback_path"] == str(ana.folder / "ps1/feedback" / submission["timestamp"])
    line, submission = release("better")
    assert (line, submission["feedback_updated"]) == ("feedback ready to be fetched)", True)


def test_what_is_removed_is_not_fetched_or_collected_any_more(davi, ana):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    hand_in(ana)
    [removed] = davi.do("List", "ps1", remove=True)

    assert removed["status"] == "removed"
    assert ana.do("List") == []
    with pytest.raises(ExchangeError, match="ps1 is not released in this course"):
        ana.do("Submit", "ps1")
    davi.do("ReleaseAssignment", "ps1")
    [group] = davi.do("List", "ps1", inbound=True, remove=True)
    assert group["status"] == "removed"
    assert davi.do("List", inbound=True) == []
    assert len(ana.do("List", cached=True)) == 1
    davi.do("Collect", "ps1")
    assert not (davi.folder / "submitted").exists()


def test_what_one_handed_in_cannot_be_removed_by_oneself(davi, ana):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    hand_in(ana)

    with pytest.raises(ExchangeError, match="stays on the portal"):
        ana.do("List", cached=True, remove=True)
    with pytest.raises(ExchangeError, match="The token may not do this"):
        ana.do("List", inbound=True, remove=True)
    assert len(davi.do("List", inbound=True)) == 1


def test_an_archive_that_leads_elsewhere_is_not_written(davi, ana, bia, monkeypatch, caplog):
    """Somebody who does not use this plugin to hand in; the portal refuses it, and so does whoever collects."""
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    ana.do("FetchAssignment", "ps1")
    evil = ana.folder / "evil.zip"
    with zipfile.ZipFile(evil, "w") as archive:
        archive.writestr("../../../evil.txt", "x")
    monkeypatch.setattr(type(ana.part("Submit")), "pack", lambda self, folder: evil.read_bytes())
    with pytest.raises(ExchangeError, match=r"leads out of the archive"):
        ana.do("Submit", "ps1")

    monkeypatch.undo()
    hand_in(ana)
    hand_in(bia)
    collect, for_ana = Client.collect, {"ana": evil.read_bytes()}
    monkeypatch.setattr(
        Client, "collect", lambda self, course, each: for_ana.get(each["login"]) or collect(self, course, each)
    )
    with pytest.raises(ExchangeError, match=r"Not collected: ana\."):
        davi.do("Collect", "ps1")
    assert "leads out of the archive" in caplog.text
    assert [path.name for path in (davi.folder / "submitted").iterdir() if list(path.iterdir())] == ["bia"]


def test_sentences_are_in_portuguese_where_the_system_is(davi, ana, monkeypatch, caplog):
    monkeypatch.setenv("LANG", "pt_BR.UTF-8")
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    with pytest.raises(ExchangeError, match="ps2 não está publicada neste curso"):
        ana.do("FetchAssignment", "ps2")
    with pytest.raises(ExchangeError, match=r"acrescente --force: dl ps1\. .*versão 1"):
        davi.do("ReleaseAssignment", "ps1")
    assert "Publicada como: dl ps1" in caplog.text
