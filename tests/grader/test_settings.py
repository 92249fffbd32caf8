"""Where a setting comes from: a variable, a file that a variable names, the settings file, the default."""

from __future__ import annotations

import pytest

from grader.command.doctor import _settings
from grader.errors import InfrastructureError
from grader.settings import TABLE, explain_settings
from server.settings import Settings, from_environment, keep_secret

NAME = "GRADIENTE_PORTAL_DATABASE_URL"


def test_a_value_may_stand_in_a_file_and_its_last_line_end_is_no_part_of_it(tmp_path):
    (tmp_path / "url").write_text("postgresql://a:b\n@c/d\n")
    found = explain_settings({f"{NAME}_FILE": str(tmp_path / "url")}, tmp_path, Settings, TABLE)
    assert found["database_url"] == ("postgresql://a:b\n@c/d", f"{NAME}_FILE: {tmp_path / 'url'}")
    assert from_environment({f"{NAME}_FILE": str(tmp_path / "url")}, tmp_path) == {
        "DATABASE_URL": "postgresql://a:b\n@c/d"
    }


def test_a_file_wins_over_the_settings_file_and_is_converted_like_any_value(tmp_path):
    (tmp_path / "gradiente.toml").write_text("port = 1\n")
    (tmp_path / "port").write_text("8080\r\n")
    assert explain_settings({"GRADIENTE_PORT_FILE": str(tmp_path / "port")}, tmp_path)["port"][0] == 8080


@pytest.mark.parametrize(
    ("content", "variables", "said"),
    [
        ("x", {NAME: "y"}, f"Both {NAME} and {NAME}_FILE are set."),
        (None, {}, "cannot be read: No such file or directory."),
        ("", {}, "is empty."),
        ("\n", {}, "is empty."),
        (b"\xff", {}, "cannot be read: it is not UTF-8."),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, content, variables, said):
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InfrastructureError) as raised:
        explain_settings({f"{NAME}_FILE": str(path), **variables}, tmp_path, Settings, TABLE)
    assert said in raised.value.text["en"]
    assert f"{NAME}_FILE" in raised.value.text["pt-BR"]


def test_the_doctor_says_where_a_secret_is_from_and_never_what_it_is(tmp_path):
    secrets = "secret_key database_url broker_url smtp_url oidc_client_secret metrics_token store_url".split()
    variables = {}
    for name in secrets:
        (tmp_path / name).write_text("geheim, ganz geheim")
        variables[f"GRADIENTE_PORTAL_{name.upper()}_FILE"] = str(tmp_path / name)
    shown = _settings(explain_settings(variables, tmp_path, Settings, TABLE))
    assert "geheim" not in str(shown)
    assert {shown[name]["value"] for name in secrets} == {"…"}
    assert all(shown[name]["from"].endswith(f"_FILE: {tmp_path / name}") for name in secrets)


def test_processes_that_start_at_once_sign_with_one_key(tmp_path, monkeypatch):
    # The worst moment: another process makes the key between this one's look and its own.
    first = keep_secret(tmp_path)
    monkeypatch.setattr("pathlib.Path.is_file", lambda path: False)
    assert keep_secret(tmp_path) == first
    assert len(first) == 64
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
