"""nbgrader's own tests of its exchange, with a portal in the place of the folder that they expect."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")

from tests.conftest import ROOT
from tests.nbgrader.upstream import LEFT_OUT

MODULES = ("releaseassignment", "fetch_assignment", "submit", "list", "collect", "releasefeedback", "fetchfeedback")


def test_nbgraders_own_tests_pass_but_for_those_about_folders(tmp_path):
    settings = tmp_path / "pytest.ini"
    settings.write_text("[pytest]\n")
    options = ["-c", settings, "--rootdir", tmp_path, "--basetemp", tmp_path / "rooms", "-p", "no:cacheprovider"]
    options += ["-p", "tests.nbgrader.upstream", "-q", "-rs", "--tb=short", "-W", "ignore"]
    tests = [f"nbgrader.tests.apps.test_nbgrader_{name}" for name in MODULES]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pytest", *map(str, options), "--pyargs", *tests],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-2000:]
    assert int(re.search(r"(\d+) passed", found.stdout)[1]) >= 40
    assert all(reason in found.stdout for reason in set(LEFT_OUT.values()))


def test_what_is_left_out_is_in_the_documents():
    for name in ("nbgrader.md", "nbgrader.pt-BR.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert [test for test in LEFT_OUT if f"`{test.partition('.')[2]}`" not in text] == []
