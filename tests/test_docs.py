"""The documents speak of things that are there."""

from __future__ import annotations

import re
import subprocess
import sys

import msgspec
import pytest

from grader.__main__ import COMMANDS
from grader.exercise import GradingLimits
from grader.settings import PREFIX, Settings
from server.settings import Settings as PortalSettings
from tests.conftest import ROOT

DOCUMENTS = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_paths_that_are_named_exist(document):
    text = document.read_text(encoding="utf-8")
    paths = re.findall(r"`((?:grader|server|exercises|tests|docs|benchmarks)/[\w./]*)`", text)
    links = re.findall(r"\]\(([\w./]+\.md)\)", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_setting_is_documented():
    text = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    names = [f"{PREFIX}{field.name.upper()}" for field in msgspec.structs.fields(Settings)]
    assert [name for name in names if name not in text] == []


def test_every_setting_of_the_portal_is_documented():
    text = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    names = [field.name for field in msgspec.structs.fields(PortalSettings)]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_site_builds_without_a_warning(tmp_path):
    found = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr


def test_every_limit_is_documented():
    text = (ROOT / "docs" / "authors.md").read_text(encoding="utf-8")
    for field in msgspec.structs.fields(GradingLimits):
        assert re.search(rf"^{field.name} = {field.default:g} ", text, re.MULTILINE), field.name


def test_every_command_is_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [command for command in COMMANDS if f"./run {command}" not in text] == []
