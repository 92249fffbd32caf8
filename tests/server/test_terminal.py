"""``gradiente login``, ``submit`` and ``status`` against a portal behind a real socket."""

import json
import os
import stat
import threading
from datetime import timedelta

import pytest
from click.testing import CliRunner

from grader import access
from grader.__main__ import cli
from grader.client import Client
from grader.errors import ExerciseError, InfrastructureError
from grader.report import Owner, Verdict
from server.context import now
from server.course.assignment import set_terms
from tests.server.caller import give_token
from tests.server.served import served


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's folder of settings, and a folder to work in."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in (access.URL, access.TOKEN):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "softmax.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def address(app, student, home):
    app.extensions["portal"].dispatcher.start()
    with served(app) as found:
        yield found


def gradiente(command, *arguments, given="", lang="en"):
    return CliRunner().invoke(cli, [command, "--lang", lang, *map(str, arguments)], input=given)


@pytest.fixture
def logged_in(app, address):
    done = gradiente("login", address, given=give_token(app) + "\n")
    assert done.exit_code == 0, done.output
    return address


def test_a_log_in_is_checked_and_kept_for_its_user_alone(app, address, home):
    token = give_token(app)
    done = gradiente("login", f"{address}/", given=token + "\n")

    assert done.exit_code == 0
    assert "as Ana (ana)" in done.stdout
    assert token not in done.output
    kept = home / "config" / "gradiente" / "login.json"
    assert json.loads(kept.read_text()) == {"url": address, "token": token}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_a_new_log_in_takes_the_place_of_the_old_one_whatever_its_mode(app, logged_in, home):
    kept = home / "config" / "gradiente" / "login.json"
    kept.chmod(0o644)
    token = give_token(app)
    (home / "token").write_text(f"{token}\n")

    assert gradiente("login", logged_in, "--token-file", home / "token").exit_code == 0
    assert json.loads(kept.read_text())["token"] == token
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_token_can_come_from_standard_input(app, address):
    assert gradiente("login", address, "--token-file", "-", given=give_token(app)).exit_code == 0


def test_a_token_that_lacks_something_is_told(app, address):
    done = gradiente("login", address, given=give_token(app, scopes=["read"]) + "\n")

    assert done.exit_code == 0
    assert "the token may not hand in" in done.stderr


@pytest.mark.parametrize("token", ["wrong", "two words", "é"])
def test_a_wrong_token_is_not_kept(address, home, token):
    done = gradiente("login", address, given=token + "\n")

    assert done.exit_code == 2
    assert "token" in done.stderr
    assert not (home / "config").exists()


def test_handing_in_shows_each_test_and_the_score(logged_in, grading):
    done = gradiente("submit", "softmax", "softmax.py")

    assert done.exit_code == 0
    assert "Received: softmax.py, attempt 1 at softmax." in done.stderr
    assert done.stdout.splitlines() == [
        "  ✓ Title of test_f.  2/2",
        "  ✗ Title of test_g.  0/1",
        "softmax.py · softmax · attempt 1 · 2/3 points",
        done.stdout.splitlines()[-1],
    ]
    assert done.stdout.splitlines()[-1].startswith(f"  {logged_in}/submissions/")
    assert grading.uploads[0].content == b"x = 1\n"


@pytest.mark.parametrize(
    ("lang", "lines"),
    [
        ("en", ["  ◐ Title of test_t.  3/6 partly", "      Ran on Digits, because MNIST is not installed here."]),
        (
            "pt-BR",
            ["  ◐ Título de test_t.  3/6 em parte", "      Rodou com Digits, porque MNIST não está instalado aqui."],
        ),
    ],
)
def test_a_part_of_the_points_and_a_stand_in_are_told(logged_in, grading, make_result, lang, lines):
    grading.tests = (make_result("test_t", Verdict.FAILED, 6, share=0.5, datasets={"mnist": "digits"}),)

    assert gradiente("submit", "softmax", "softmax.py", lang=lang).stdout.splitlines()[:2] == lines


def test_what_keeps_all_tests_from_being_run_is_told_once(logged_in, grading, make_result):
    reason = {"en": "Your file could not be loaded. NameError: no x", "pt-BR": "Não foi possível. NameError: no x"}
    common = {"message": reason, "traceback": "line 3", "hint": {"en": "Think."}, "unloaded": True}
    grading.tests = tuple(make_result(name, Verdict.CRASHED, **common) for name in ("test_a", "test_b"))
    told = [
        "  Your file could not be loaded. NameError: no x",
        "        line 3",
        "  ✗ Title of test_a.  0/2",
        "      Not run: your file could not be loaded.",
        "  ✗ Title of test_b.  0/2",
        "      Not run: your file could not be loaded.",
    ]

    assert gradiente("submit", "softmax", "softmax.py").stdout.splitlines()[:6] == told
    id = json.loads(gradiente("status", "--json").stdout)[0]["id"]
    assert gradiente("status", id).stdout.splitlines()[:6] == told


def test_tests_are_shown_while_the_grading_goes_on(logged_in, grading, make_result):
    grading.tests = tuple(make_result(f"test_{number}") for number in range(3))
    is_heard = threading.Event()
    wait = Client.events

    def events(self, id, after):
        answer = wait(self, id, after)
        if any(event["kind"] == "test" for event in answer["events"]):
            is_heard.set()
        return answer

    # The grading ends only when the command has heard of a test.
    grading.meanwhile = lambda: is_heard.wait(20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "events", events)
        done = gradiente("submit", "softmax", "softmax.py")

    assert is_heard.is_set()
    assert [line[:19] for line in done.stdout.splitlines()[:3]] == [f"  ✓ Title of test_{n}" for n in range(3)]


def test_everything_is_told_in_portuguese_too(logged_in):
    done = gradiente("submit", "softmax", "softmax.py", lang="pt-BR")

    assert "Recebida: softmax.py, tentativa 1 de softmax." in done.stderr
    assert "✗ Título de test_g." in done.stdout
    assert "2/3 pontos" in done.stdout
    assert gradiente("status", lang="pt-BR").stdout.split()[:5] == ["entrega", "exercício", "nº", "recebida", "pontos"]


def test_a_submission_is_received_without_waiting_and_looked_at_later(logged_in, grading):
    done = gradiente("submit", "softmax", "softmax.py", "--no-wait")
    assert done.exit_code == 0
    id = done.stdout.split()[-1]
    while json.loads(gradiente("status", "--json", "--", id).stdout)["state"] != "graded":
        pass

    listed = gradiente("status").stdout
    assert id in listed
    assert "2/3" in listed
    shown = gradiente("status", "--", id).stdout
    assert "✓ Title of test_f.  2/2" in shown
    assert "2/3 points" in shown


def test_where_the_portal_goes_away_the_way_back_is_told(logged_in, monkeypatch):
    def gone(*arguments):
        raise InfrastructureError("The portal is gone.")

    monkeypatch.setattr(Client, "events", gone)
    done = gradiente("submit", "softmax", "softmax.py")

    assert done.exit_code == 3
    assert "See what comes of it with: gradiente status " in done.stderr
    assert "The portal is gone." in done.stderr


def test_what_waits_is_listed_without_a_score(app, student, home, monkeypatch):
    student.hand_in("attention", "a.py")
    with served(app) as address:
        monkeypatch.setenv(access.URL, address)
        monkeypatch.setenv(access.TOKEN, give_token(app))
        row = gradiente("status").stdout.splitlines()[1].split()

    assert (row[1], row[2], row[-1]) == ("attention", "1", "received")


def test_json_is_one_object_on_one_line(logged_in):
    done = gradiente("submit", "softmax", "softmax.py", "--json")

    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout)["report"]["tests"][0]["verdict"] == "passed"
    assert [each["state"] for each in json.loads(gradiente("status", "--json").stdout)] == ["graded"]


def test_before_anything_is_handed_in_the_list_says_so(logged_in):
    assert "not handed anything in yet" in gradiente("status").stdout


def test_the_terminal_is_not_steered_by_what_the_portal_sends(logged_in, grading, make_result):
    grading.tests = (make_result("test_f", Verdict.FAILED, output="\x1b]0;owned\x07\x1b[2J"),)
    done = gradiente("submit", "softmax", "softmax.py")

    assert "owned" in done.stdout
    assert "\x1b" not in done.output


def test_a_submission_that_is_no_python_is_the_students(logged_in, grading):
    grading.tests, grading.changes = (), {"owner": Owner.STUDENT, "message": {"en": "No Python."}}
    done = gradiente("submit", "softmax", "softmax.py")

    assert done.exit_code == 0
    assert "not graded: No Python." in done.stdout


def test_what_could_not_be_graded_for_a_reason_of_ours_is_status_3(logged_in, grading):
    grading.error = ExerciseError("secret", "secret")
    done = gradiente("submit", "softmax", "softmax.py")

    assert done.exit_code == 3
    assert "has a fault of ours" in done.stdout
    assert "secret" not in done.output


def test_being_late_is_told(logged_in, portal):
    with portal.database.write() as session:
        set_terms(session, "softmax", {"due_at": now() - timedelta(hours=1), "late_percent": 10.0})

    assert "90% of it counts" in gradiente("submit", "softmax", "softmax.py").stdout


def test_without_a_log_in_the_way_to_one_is_told(address):
    for arguments in (("submit", "softmax", "softmax.py"), ("status",)):
        done = gradiente(*arguments)
        assert done.exit_code == 2
        assert "gradiente login ADDRESS" in done.stderr
    assert "Você ainda não entrou" in gradiente("status", lang="pt-BR").stderr


def test_an_expired_token_is_told_with_what_to_do(app, address, monkeypatch):
    monkeypatch.setenv(access.URL, address)
    monkeypatch.setenv(access.TOKEN, give_token(app, ago=timedelta(days=8)))
    done = gradiente("status")

    assert done.exit_code == 2
    assert "expired" in done.stderr
    assert f"gradiente login {address}" in done.stderr


def test_variables_do_without_a_log_in(app, address, monkeypatch):
    monkeypatch.setenv(access.URL, address)
    monkeypatch.setenv(access.TOKEN, give_token(app))

    assert gradiente("status").exit_code == 0


def test_the_token_of_one_portal_is_not_sent_to_another(logged_in, monkeypatch):
    monkeypatch.setenv(access.URL, "http://127.0.0.1:1")
    done = gradiente("status")

    assert done.exit_code == 2
    assert "gradiente login http://127.0.0.1:1" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("submit", "softmax", "gone.py"), "gone.py cannot be read: No such file"),
        (("submit", "softmax", "."), "cannot be read: Is a directory"),
        (("submit", "nothing", "softmax.py"), "There is nothing here"),
        (("submit", "softmax", "softmax.txt"), "Only .py, .ipynb and .zip"),
        (("submit", "softmax", "empty.py"), "The file is empty"),
        (("submit", "softmax", "large.py"), "is larger than this portal accepts"),
        (("submit", "softmax", "huge.py"), "too large"),
        (("submit", "softmax"), "Missing argument 'FILE'"),
        (("status", "nothing"), "There is nothing here"),
        (("status", "a/../b?c"), "There is nothing here"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what_is_wrong(logged_in, home, portal, arguments, text):
    (home / "softmax.txt").write_text("x")
    (home / "empty.py").write_text("")
    (home / "large.py").write_bytes(b"#" * (portal.settings.max_upload + 1))
    with (home / "huge.py").open("wb") as file:
        os.truncate(file.fileno(), 200_000_000)
    done = gradiente(*arguments)

    assert done.exit_code == 2
    assert text in done.stderr


def test_a_closed_exercise_is_told(logged_in, portal):
    with portal.database.write() as session:
        set_terms(session, "softmax", {"closes_at": now() - timedelta(hours=1)})
    done = gradiente("submit", "softmax", "softmax.py")

    assert done.exit_code == 2
    assert "This exercise is closed" in done.stderr


@pytest.mark.parametrize("address", ["ftp://x", "http://", "https://x/?y=1", "https://x:y", "https://[", ""])
def test_an_address_that_is_none_is_told(home, address):
    done = gradiente("login", address, given="x\n")

    assert done.exit_code == 2
    assert "gradiente.example.org" in done.stderr


def test_addresses_are_encrypted_unless_they_say_otherwise():
    assert access.clean_url("gradiente.example.org/") == "https://gradiente.example.org"
    assert access.is_in_the_clear("http://gradiente.example.org")
    assert not access.is_in_the_clear("http://127.0.0.1:8000")
