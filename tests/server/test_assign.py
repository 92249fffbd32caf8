"""``gradiente assign``: dates from the command line."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from grader.__main__ import cli
from server.submission.intake import find_assignment


@pytest.fixture
def run(app, portal, catalogue, monkeypatch):
    monkeypatch.setenv("GRADIENTE_PORTAL_TIME_ZONE", "America/Sao_Paulo")

    def call(*arguments):
        places = ["--instance", portal.settings.data_dir, "--exercises", str(catalogue.exercises)]
        return CliRunner().invoke(cli, ["assign", *arguments, *places])

    return call


def terms(portal, slug="softmax"):
    return find_assignment(portal.database.reader(), slug)


def test_times_without_a_zone_are_in_the_portals(run, portal):
    done = run("softmax", "--due", "2026-03-10T18:00", "--closes", "2026-03-12T00:00+00:00", "--late", "12.5")

    assert done.exit_code == 0, done.output
    assert terms(portal).due_at == datetime(2026, 3, 10, 21, tzinfo=UTC)
    assert terms(portal).closes_at == datetime(2026, 3, 12, tzinfo=UTC)
    assert "2026-03-10 18:00-03:00 (America/Sao_Paulo)" in done.output
    assert "12.5" in done.output


def test_what_is_not_named_stays_and_none_takes_away(run, portal):
    run("softmax", "--due", "2026-03-10", "--attempts", "3", "--grace", "30")
    run("softmax", "--attempts", "none", "--late", "10")

    found = terms(portal)
    assert found.due_at == datetime(2026, 3, 10, 3, tzinfo=UTC)
    assert (found.max_attempts, found.grace_minutes, found.late_percent) == (None, 30, 10)


def test_clear_takes_all_terms_away(run, portal):
    run("softmax", "--attempts", "3")
    assert "always open" in run("softmax", "--clear").output
    assert terms(portal) is None

    assert run("softmax", "--attempts", "3").exit_code == 0
    run("softmax", "--clear", "--due", "2026-03-10")
    assert terms(portal).max_attempts is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--due", "tomorrow"], "is no time"),
        (["--attempts", "0"], "0"),
        (["--late", "101"], "101"),
        (["--opens", "2026-03-10", "--due", "2026-03-09"], "It has to be due after it opens. (opens 2026-03-10"),
        (["--late", "10"], "without a due date"),
        (["--due", "9999-12-31T23:59"], "December 31, 9999 is more than ten years ahead."),
    ],
)
def test_terms_that_make_no_sense_are_refused(run, portal, arguments, said):
    done = run("softmax", *arguments)
    assert done.exit_code == 2
    assert said in done.output
    assert terms(portal) is None


def test_an_exercise_that_is_not_there_is_said(run):
    done = run("nothing", "--attempts", "1")
    assert done.exit_code == 2
    assert "There is no exercise 'nothing'" in done.output


def test_a_portal_that_is_not_there_is_said(catalogue, tmp_path):
    places = ["--instance", str(tmp_path / "empty"), "--exercises", str(catalogue.exercises)]
    done = CliRunner().invoke(cli, ["assign", "softmax", "--attempts", "1", *places])
    assert done.exit_code == 2
    assert "There is no portal in" in done.output
    assert not (tmp_path / "empty").exists()
