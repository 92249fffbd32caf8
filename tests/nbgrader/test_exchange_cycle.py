"""One assignment from its release to its feedback, with nbgrader's own commands, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")

from grader.nbgrader.exchange import base
from tests.conftest import ROOT
from tests.nbgrader.exchanging import Person, notebook

CONFIG = """
from grader.nbgrader.exchange import configure

c = get_config()
configure(c, {url!r}, "dl")
"""

ANSWER = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
STUB = "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
TEST = "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert double(-3) == -6\n### END HIDDEN TESTS"


def source() -> str:
    """A notebook with an answer and a test worth two points, as nbgrader marks them."""
    found = json.loads(notebook(ANSWER, TEST))
    common = {"schema_version": 3, "task": False}
    answer, test = found["cells"]
    answer["metadata"]["nbgrader"] = common | {
        "grade_id": "double", "grade": False, "solution": True, "locked": False,
    }  # fmt: skip
    test["metadata"]["nbgrader"] = common | {
        "grade_id": "test-double", "grade": True, "solution": False, "locked": True, "points": 2,
    }  # fmt: skip
    return json.dumps(found)


def solve(person: Person, code: str) -> None:
    """Write code in the place of what nbgrader left there."""
    found = json.loads(person.read("ps1/p1.ipynb"))
    assert "".join(found["cells"][0]["source"]) == STUB
    found["cells"][0]["source"] = code
    person.write("ps1/p1.ipynb", json.dumps(found))


class Desk:
    """Where somebody types commands."""

    def __init__(self, person: Person, environment: dict[str, str], warm: subprocess.Popen[str]) -> None:
        self.person, self.environment, self.warm = person, environment, warm
        person.write("nbgrader_config.py", CONFIG.format(url=person.config.Exchange.url))

    def run(self, *words: str, status: int = 0) -> str:
        """Run a command of nbgrader and give what it wrote."""
        output = self.person.folder.with_suffix(".log")
        self.warm.stdin.write(json.dumps([words, str(self.person.folder), self.environment, str(output)]) + "\n")
        self.warm.stdin.flush()
        found = int(self.warm.stdout.readline())
        return self.check(found, status, output.read_text())

    def run_cold(self, *words: str, status: int = 0) -> str:
        """Run a command as a shell does."""
        command = [sys.executable, "-m", "nbgrader", *words]
        options = {"cwd": self.person.folder, "env": self.environment, "text": True, "check": False}
        found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
        return self.check(found.returncode, status, found.stdout)

    def check(self, found: int, status: int, output: str) -> str:
        """What a command wrote, when its exit status is the one that is expected."""
        assert found == status, output
        assert "Traceback" not in output, output
        return output


@pytest.fixture
def desks(meet, tmp_path):
    """Everybody at their desk. Davi has logged in; the others have their token in a variable."""
    people = {login: meet(login) for login in ("ana", "bia", "davi", "edu")}
    tokens = {login: person.config.Exchange.token for login, person in people.items()}
    base.access.keep(base.access.Access(people["davi"].config.Exchange.url, tokens.pop("davi")))
    rooms = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    # nbgrader starts programs of its own environment by name.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    common = {**os.environ, **rooms, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(Path(__file__).with_name("warm.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=common) as warm:
        yield {
            login: Desk(person, common | ({"GRADIENTE_TOKEN": tokens[login]} if login in tokens else {}), warm)
            for login, person in people.items()
        }
        warm.stdin.close()


def test_two_instructors_and_two_students(desks):
    ana, bia, davi, edu = (desks[login] for login in ("ana", "bia", "davi", "edu"))

    davi.person.write("source/ps1/p1.ipynb", source())
    davi.run("generate_assignment", "ps1")
    assert "Released as: dl ps1 (version 1)" in davi.run_cold("release_assignment", "ps1")
    edu.person.generate()
    refused = edu.run("release_assignment", "ps1", status=1)
    assert "add --force to overwrite: dl ps1" in refused
    assert "version 1, by Davi" in refused

    for desk, code in ((ana, "def double(x):\n    return 2 * x"), (bia, "def double(x):\n    return x + 2")):
        desk.run("fetch_assignment", "ps1")
        solve(desk.person, code)
        run = desk.run_cold if desk is ana else desk.run
        assert "Submitted as: dl ps1" in run("submit", "ps1")
    listed = ana.run("list", "--cached")
    assert "dl ana ps1" in listed
    assert "bia" not in listed

    # Another instructor, in another place, collects and grades.
    edu.person.write("source/ps1/p1.ipynb", source())
    edu.run("generate_assignment", "ps1", "--force")
    assert "Processing 2 submissions" in edu.run_cold("collect", "ps1")
    edu.run("autograde", "ps1")
    edu.run("generate_feedback", "ps1")
    edu.run("release_feedback", "ps1")

    for desk, score in ((ana, "2.0 / 2.0"), (bia, "0.0 / 2.0")):
        desk.run("fetch_feedback", "ps1")
        [page] = desk.person.files("ps1/feedback")
        assert f"(Score: {score})" in desk.person.read(f"ps1/feedback/{page}")
