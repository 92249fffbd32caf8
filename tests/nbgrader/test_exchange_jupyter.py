"""The exchange as Jupyter's list of assignments and the formgrader use it."""

from __future__ import annotations

import logging

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")

from nbgrader.apps import NbGraderAPI
from nbgrader.server_extensions.assignment_list.handlers import AssignmentList

from tests.nbgrader.exchanging import notebook
from tests.nbgrader.test_exchange_cycle import CONFIG


@pytest.fixture
def extension(ana, monkeypatch, tmp_path):
    """What answers JupyterLab's list of assignments for ana."""
    monkeypatch.setenv("GRADIENTE_TOKEN", ana.config.Exchange.token)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    ana.write("nbgrader_config.py", CONFIG.format(url=ana.config.Exchange.url))
    # As JupyterLab is started: in the folder that it shows.
    monkeypatch.chdir(ana.folder)
    found = AssignmentList()
    found.root_dir = str(ana.folder)
    yield found
    logging.getLogger("NbGrader").handlers.clear()


@pytest.fixture
def api(davi):
    """What answers davi's formgrader."""
    return NbGraderAPI(config=davi.config)


def test_a_student_goes_through_an_assignment_in_jupyter(davi, extension):
    davi.generate()
    davi.do("ReleaseAssignment", "ps1")
    assert extension.list_courses() == {"success": True, "value": ["dl"]}
    [released] = extension.list_assignments("dl")["value"]
    assert (released["status"], released["assignment_id"]) == ("released", "ps1")

    assert extension.fetch_assignment("dl", "ps1") == {"success": True}
    [fetched] = extension.list_assignments("dl")["value"]
    assert (fetched["status"], fetched["path"]) == ("fetched", "ps1")
    assert fetched["notebooks"] == [{"notebook_id": "p1", "path": "ps1/p1.ipynb"}]

    assert extension.submit_assignment("dl", "ps1") == {"success": True}
    davi.do("Collect", "ps1")
    davi.write("feedback/ana/ps1/p1.html", "good")
    davi.write("feedback/ana/ps1/submission_id.txt", davi.read("submitted/ana/ps1/submission_id.txt"))
    davi.do("ReleaseFeedback", "ps1")
    assert extension.fetch_feedback("dl", "ps1") == {"success": True}
    _fetched, submitted = extension.list_assignments("dl")["value"]
    [submission] = submitted["submissions"]
    assert (submitted["status"], submission["has_local_feedback"]) == ("submitted", True)
    assert submission["local_feedback_path"] == f"ps1/feedback/{submission['timestamp']}"


def test_a_course_that_is_not_there_is_told_in_jupyter(extension, caplog):
    assert extension.list_assignments("nowhere")["success"] is False
    assert "has no course 'nowhere' in which you take part. You take part in: dl." in caplog.text


# nbgrader's formgrader misspells a name.
@pytest.mark.filterwarnings("ignore:Passing unrecognized arguments.*authentictor:DeprecationWarning")
def test_an_instructor_goes_through_an_assignment_in_the_formgrader(davi, api, ana):
    davi.generate()
    assert api.exchange_is_functional
    assert api.get_released_assignments() == set()
    assert api.release_assignment("ps1")["success"]
    assert api.get_released_assignments() == {"ps1"}
    again = api.release_assignment("ps1")
    assert again["success"] is False
    assert "add --force to overwrite" in again["error"]

    ana.write("ps1/p1.ipynb", notebook("x = 2"))
    ana.do("Submit", "ps1")
    assert api.collect("ps1")["success"]
    assert api.get_submitted_students("ps1") == {"ana"}
    davi.write("feedback/ana/ps1/p1.html", "good")
    davi.write("feedback/ana/ps1/submission_id.txt", davi.read("submitted/ana/ps1/submission_id.txt"))
    assert api.release_feedback("ps1", "ana")["success"]
    found = NbGraderAPI(config=ana.config).fetch_feedback("ps1", "ana")
    assert found["success"]
    assert found["value"][0]["submissions"][0]["has_local_feedback"]
    assert api.unrelease("ps1")["success"]
    assert api.get_released_assignments() == set()


def test_a_portal_that_is_away_leaves_the_formgrader_working(davi):
    davi.config.Exchange.token = "gradiente_wrong"
    api = NbGraderAPI(config=davi.config)
    assert not api.exchange_is_functional
    assert api.get_released_assignments() == set()
