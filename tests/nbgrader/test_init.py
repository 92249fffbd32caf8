"""A course directory for nbgrader, started by one command."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grader.__main__ import cli
from grader.nbgrader.config import configure


@pytest.fixture
def init(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        return CliRunner().invoke(cli, ["nbgrader", "init", *words, "--lang", "en"])

    return run


def load(folder):
    """The settings as nbgrader reads them."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()


def test_a_course_through_a_portal(init, tmp_path):
    done = init("dl", "--course", "dl-2026", "--url", "gradiente.example.org")
    assert done.exit_code == 0
    assert done.output.startswith(
        "dl/nbgrader_config.py\ndl/source\n\nNext, in dl:\n  gradiente nbgrader export sigmoid"
    )
    config = load(tmp_path / "dl")
    assert config.CourseDirectory.course_id == "dl-2026"
    assert config.Exchange.url == "https://gradiente.example.org"
    assert config.ExchangeFactory.submit == "grader.nbgrader.exchange.submit.ExchangeSubmit"
    assert config.ClearSolutions.code_stub == {"python": "# YOUR CODE HERE\nraise NotImplementedError()"}
    assert config.Execute.timeout > 30


def test_a_course_without_a_portal_keeps_the_exchange_of_nbgrader(init, tmp_path):
    done = init("dl")
    config = load(tmp_path / "dl")
    assert config.CourseDirectory.course_id == "dl"
    assert "ExchangeFactory" not in config
    assert "init again with --url" in done.output


def test_a_name_with_quotes_stays_a_name(init, tmp_path):
    init("dl", "--course", 'it\'s "deep"\n')
    assert load(tmp_path / "dl").CourseDirectory.course_id == 'it\'s "deep"\n'


@pytest.mark.parametrize("there", ["nbgrader_config.py", "source/ps1/ps1.ipynb"])
def test_nothing_is_overwritten(init, tmp_path, there):
    path = tmp_path / "dl" / there
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    done = init("dl")
    assert done.exit_code == 2
    assert "is there already, and nothing is written over it" in done.output
    assert [each for each in (tmp_path / "dl").rglob("*") if each.is_file()] == [path]
    assert path.read_text() == "mine"


def test_a_wrong_address_is_told_before_anything_is_written(init, tmp_path):
    done = init("dl", "--url", "ftp://gradiente.example.org")
    assert done.exit_code == 2
    assert "is no address of a portal" in done.output
    assert list(tmp_path.iterdir()) == []


def test_the_gradebook_can_be_made_without_an_activated_environment(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    configure(Config(), language="pt-BR")
    assert os.environ["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), "/usr/bin"]
