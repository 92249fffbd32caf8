"""``gradiente nbgrader sync``, as somebody types it in a course directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")

from click.testing import CliRunner

from grader.__main__ import cli

HALF = {"test_f": 2.0, "test_g[a]": 0.0, "test_g[b]": 1.0}

CONFIG = """
from grader.nbgrader.config import configure

c = get_config()
configure(c, course="dl", url={url!r})
c.CourseDirectory.db_url = {address!r}
"""


@pytest.fixture
def course(desk, tmp_path, monkeypatch):
    """The instructor in their course directory."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "nbgrader_config.py").write_text(CONFIG.format(url=desk.url, address=desk.address))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GRADIENTE_TOKEN", desk.token)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    desk.assign()
    desk.hand_in("ana", HALF)
    return desk


def sync(*words, status=0):
    """Run the command and give what it said."""
    found = CliRunner().invoke(cli, ["nbgrader", "sync", *words])
    assert found.exit_code == status, found.output
    return found.output


def test_the_command_reads_nbgraders_own_settings(course):
    command = [Path(sys.executable).parent / "gradiente", "nbgrader", "sync"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LANG": "pt_BR"})
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == "softmax: gradebook: tarefa, 2 estudantes; portal: –\n"
    assert course.total("ana") == 3.0


def test_it_says_what_it_does_and_what_it_will_not_decide(course):
    assert sync("--dry-run") == "softmax: would change gradebook: assignment, 2 students; portal: –\n"
    sync()
    assert sync() == "softmax: nothing to do\n"
    course.grade("ana", "test_f", manual_score=1.0)
    course.set_points("ana", 3.5)
    shown = sync(status=3)
    assert "assignment  student  what    portal  gradebook  last common" in shown
    assert "softmax     ana      points  3.5     2          –" in shown
    assert "--take portal or --take gradebook" in shown
    assert "3,5" in sync("--lang", "pt-BR", status=3)
    taken = sync("softmax", "--student", "ana", "--take", "gradebook")
    assert taken == "softmax: gradebook: –; portal: 1 student\n"
    assert course.points("ana") == 2.0


def test_wrong_usage_is_one_sentence(course):
    assert "On the portal, dl has no assignment 'ps1'. There are: softmax." in sync("ps1", status=2)
    assert "such as --map sigmoid=ps1" in sync("--map", "ps1", status=2)
    assert "'carl' não é estudante de dl" in sync("--student", "carl", "--lang", "pt-BR", status=2)
    Path("nbgrader_config.py").write_text("1 / 0")
    assert "nbgrader_config.py cannot be read (ZeroDivisionError: division by zero)" in sync(status=2)
    Path("nbgrader_config.py").write_text("get_config().CourseDirectory.db_url = 5")
    assert "nbgrader_config.py cannot be read. Mend it" in sync(status=2)
    Path("nbgrader_config.py").write_text("")
    assert "set c.CourseDirectory.course_id" in sync(status=2)


def test_an_assistant_is_told_that_only_instructors_set_points(course, portal, monkeypatch):
    from server.models import Membership, Role, User

    sync()
    course.grade("ana", "test_f", manual_score=1.0)
    with portal.database.write() as session:
        user = session.query(User).filter_by(login="davi").one()
        session.query(Membership).filter_by(user_id=user.id).one().role = Role.ASSISTANT
    assert "Your part in the course, or in the portal, does not allow this." in sync(status=2)
