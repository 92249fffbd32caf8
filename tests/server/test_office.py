"""``gradiente invite`` and ``gradiente reset-link``, as operators type them."""

import re

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from grader.__main__ import cli
from server.models import Invitation, PasswordReset
from tests.server.conftest import PASSWORD


@pytest.fixture
def gradiente(app, portal, monkeypatch, tmp_path):
    """Runs a command on the portal's folder, beside the running portal."""
    monkeypatch.chdir(tmp_path)
    for name in ("GRADIENTE_CONFIG", "GRADIENTE_PORTAL_PUBLIC_URL", "GRADIENTE_PORT", "GRADIENTE_HOST"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, **environment):
        options = ["--instance", portal.settings.data_dir]
        return CliRunner().invoke(cli, [*arguments, *options], env={"GRADIENTE_LANG": "en", **environment})

    return run


def rows(portal, table):
    with portal.database.reader() as session:
        return session.scalars(select(table)).all()


def test_an_invitation_is_printed_and_works(gradiente, anonymous, portal):
    done = gradiente("invite", GRADIENTE_PORTAL_PUBLIC_URL="https://gradiente.example/")

    path = re.fullmatch(r"https://gradiente\.example(/invitation/[\w-]{43})\n", done.output)[1]
    form = {"login": "ana", "name": "Ana", "password": PASSWORD, "repeated": PASSWORD}
    assert anonymous.send(path, page=path, **form).status_code == 302
    made = rows(portal, Invitation)[0]
    assert (made.role, made.uses_left, (made.expires_at - made.created_at).days) == ("student", None, 14)


def test_an_invitation_is_as_it_was_asked_for(gradiente, portal):
    gradiente("invite", "--role", "assistant", "--uses", "3", "--days", "2", "--note", "for the tutors")

    made = rows(portal, Invitation)[0]
    assert (made.role, made.uses_left, (made.expires_at - made.created_at).days) == ("assistant", 3, 2)
    assert made.note == "for the tutors"


def test_an_invitation_of_staff_makes_one_account_unless_told_otherwise(gradiente, portal):
    gradiente("invite", "--role", "administrator")

    assert rows(portal, Invitation)[0].uses_left == 1


def test_links_lead_to_this_machine_where_no_public_address_is_set(gradiente):
    assert gradiente("invite").output.startswith("http://127.0.0.1:8000/invitation/")


@pytest.mark.parametrize("arguments", [["--role", "king"], ["--uses", "0"], ["--days", "0"]])
def test_nonsense_is_refused(gradiente, portal, arguments):
    assert gradiente("invite", *arguments).exit_code == 2
    assert rows(portal, Invitation) == []


@pytest.mark.parametrize("typed", ["ana", "Ana", "ana@uni.example"])
def test_a_reset_link_is_printed_and_works(gradiente, anonymous, new_browser, app, portal, typed):
    new_browser(app.test_client()).sign_up("ana", email="ana@uni.example")
    path = re.search(r"(/password/[\w-]{43})\n", gradiente("reset-link", typed).output)[1]

    new = "another long password"
    assert anonymous.send(path, page=path, password=new, repeated=new).location == "/log-in"
    assert anonymous.log_in("ana", new).status_code == 302
    assert rows(portal, PasswordReset) == []


def test_a_reset_link_of_nobody_is_refused(gradiente):
    done = gradiente("reset-link", "nobody")

    assert done.exit_code == 2
    assert "There is no account nobody." in done.output


@pytest.mark.parametrize("command", [["invite"], ["reset-link", "ana"]])
def test_a_folder_without_a_portal_is_told(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, [*command, "--instance", str(tmp_path / "nothing")], env={"GRADIENTE_LANG": "en"})

    assert done.exit_code == 3
    assert "No portal in" in done.output
    assert not (tmp_path / "nothing").exists()
