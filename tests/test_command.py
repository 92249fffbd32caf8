"""The command line, typed as its users type it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import REFERENCE, ROOT, STUB, write_tree


@pytest.fixture
def tree(tmp_path):
    write_tree(tmp_path / "course")
    return tmp_path / "course"


def gradiente(*arguments, cwd=None, **environment):
    """Run the command line and return (status, standard output, standard error)."""
    done = subprocess.run(
        [sys.executable, "-m", "grader", *map(str, arguments)],
        cwd=cwd or ROOT,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", **environment},
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_list_shows_titles_in_the_chosen_language(tree):
    status, out, _ = gradiente("list", "--lang", "pt-BR", cwd=tree)
    assert status == 0
    assert "Brinquedo" in out


def test_list_as_json(tree):
    _, out, _ = gradiente("list", "--json", cwd=tree)
    assert [(row["slug"], row["title"], row["module"]) for row in json.loads(out)] == [("toy", "Toy", "toys")]


def test_check_runs_the_public_tests_in_place(tree):
    (tree / "exercises" / "toy" / "toy.py").write_text(REFERENCE)
    status, out, _ = gradiente("check", "toy", "--lang", "pt-BR", cwd=tree)
    assert status == 0
    assert "✓ Dobra cada elemento." in out
    assert "2 de 2 pontos" in out


@pytest.mark.parametrize(("lang", "not_run"), [("en", "not run"), ("pt-BR", "não executado")])
def test_check_tells_once_why_a_file_cannot_be_loaded(tree, lang, not_run):
    folder = tree / "exercises" / "toy"
    (folder / "toy.py").write_text("import nothing_of_this_name\n")
    (folder / "test_toy.py").write_text("def test_a(student): pass\n\ndef test_b(student): pass\n")
    status, out, _ = gradiente("check", "toy", "--lang", lang, cwd=tree)

    assert status == 1
    # once with its line, and once above the tests
    assert out.count("ModuleNotFoundError: No module named 'nothing_of_this_name'") == 2
    assert out.count('toy.py", line 1, in <module>') == 1
    assert "conftest.py" not in out
    assert [line for line in out.splitlines() if line.startswith(" ✗")] == [f" ✗ {name} ({not_run})" for name in "ab"]


def test_check_says_what_fails_and_gives_the_hint(tree):
    (tree / "exercises" / "toy" / "toy.py").write_text("def double(x): return x")
    status, out, _ = gradiente("check", tree / "exercises" / "toy", "--lang", "en", cwd=tree)
    assert status == 1
    assert "✗ Doubles every element." in out
    assert "hint: Multiply by two." in out


def test_plain_pytest_gives_the_same_verdicts_without_gradiente(tree):
    (tree / "exercises" / "toy" / "toy.py").write_text(REFERENCE)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "exercises/toy", "-p", "no:cacheprovider"],
        cwd=tree,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "GRADIENTE_LANG": "pt-BR", "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert "✓ Dobra cada elemento." in done.stdout
    assert done.returncode == 0


def test_grade_prints_one_json_object_per_submission(tree):
    right, stub, broken = tree / "right.py", tree / "stub.py", tree / "broken.ipynb"
    right.write_text(REFERENCE)
    stub.write_text(STUB)
    broken.write_text("no json")
    status, out, _ = gradiente("grade", "toy", right, stub, broken, "--json", "--seed", "3", cwd=tree)
    assert status == 0
    rows = {row["submission"]: row for row in map(json.loads, out.splitlines())}
    assert rows[str(right)]["score"] == rows[str(right)]["max_score"] == 6
    assert rows[str(stub)]["score"] == 0
    assert rows[str(broken)]["owner"] == "student"
    assert rows[str(right)]["owner"] is None
    assert set(rows[str(right)]) >= {
        "submission", "exercise", "exercise_version", "seed", "device", "score", "max_score", "seconds", "owner",
        "message", "tests", "training",
    }  # fmt: skip
    assert set(rows[str(right)]["tests"][0]) >= {
        "name", "title", "points", "earned", "verdict", "message", "hint", "seconds", "hidden",
    }  # fmt: skip


def test_grade_for_people_in_portuguese(tree):
    (tree / "half.py").write_text("def double(x): return x\ndef greet(name): return f'Olá, {name}'\n")
    status, out, _ = gradiente("grade", "toy", tree / "half.py", "--lang", "pt-BR", cwd=tree)
    assert status == 0
    assert "2/6 pontos" in out
    assert "✗ Dobra cada elemento." in out
    assert "dica: Multiplique por dois." in out


def test_the_terminal_is_not_steered_by_a_submission(tree):
    (tree / "evil.py").write_text("def double(x):\n    print('\\x1b]0;owned\\x07\\x1b[2J')\n    return x\n")
    _, out, _ = gradiente("grade", "toy", tree / "evil.py", cwd=tree)
    assert "\x1b" not in out
    assert "owned" in out


WRONG_USAGE = [
    (("grade", "nothing", "x.py"), "There is no exercise 'nothing'"),
    (("grade", "toy"), "Missing argument 'PATH...'"),
    (("check", "nothing"), "There is no exercise 'nothing'"),
    (("new", "Not A Slug"), "Not A Slug"),
    (("new", "toy"), "toy"),
    (("nonsense",), "No such command"),
    (("grade", "toy", "x.py", "--jobs", "0"), "--jobs"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG_USAGE)
def test_wrong_usage_is_status_2_and_says_what_is_wrong(tree, arguments, message):
    status, _, error = gradiente(*arguments, cwd=tree)
    assert status == 2
    assert message in error


def test_a_missing_file_is_the_submissions_fault(tree):
    status, out, _ = gradiente("grade", "toy", tree / "gone.py", "--json", cwd=tree)
    assert status == 0
    row = json.loads(out)
    assert row["owner"] == "student"
    assert "gone.py" in row["message"]


def test_a_broken_exercise_is_status_3(tree):
    (tree / "exercises" / "toy" / "test_toy.py").write_text("import nothing_here")
    (tree / "right.py").write_text(REFERENCE)
    status, out, _ = gradiente("grade", "toy", tree / "right.py", "--json", cwd=tree)
    assert status == 3
    assert json.loads(out)["owner"] == "exercise"


BROKEN = 'module = "toys"\nforbid = "torch.nn"\n'
FOUND = {
    "en": "exercise.toml: forbid must be a list in [ ]; found a text in quotes. Mend the file;",
    "pt-BR": "exercise.toml: forbid deve ser uma lista entre [ ]; encontrado: um texto entre aspas. Corrija o arquivo;",
}


@pytest.mark.parametrize("lang", FOUND)
@pytest.mark.parametrize("arguments", [("grade", "toy", "right.py"), ("check", "toy"), ("list",)])
def test_a_broken_configuration_is_status_3_and_said_without_a_traceback(tree, arguments, lang):
    (tree / "exercises" / "toy" / "exercise.toml").write_text(BROKEN)
    status, _, error = gradiente(*arguments, "--lang", lang, cwd=tree)
    assert status == 3
    assert error.startswith(f"gradiente: {tree / 'exercises' / 'toy'}/{FOUND[lang]}")
    assert error.count("\n") == 1


def test_list_shows_the_others_beside_a_broken_exercise(tree):
    other = tree / "exercises" / "broken"
    other.mkdir()
    (other / "exercise.toml").write_text(BROKEN)
    status, out, error = gradiente("list", "--json", cwd=tree)
    assert status == 3
    assert [row["slug"] for row in json.loads(out)] == ["toy"]
    assert str(other) in error


def test_serve_names_a_broken_exercise_before_it_starts(tree):
    (tree / "exercises" / "toy" / "exercise.toml").write_text(BROKEN)
    (tree / "exercises" / "conftest.py").unlink()  # so that the portal ends at once
    status, _, error = gradiente("serve", cwd=tree, GRADIENTE_LANG="pt-BR")
    first, second = error.splitlines()
    assert status == 3
    assert first.startswith(f"gradiente: {tree / 'exercises' / 'toy'}/{FOUND['pt-BR']}")
    assert "conftest.py" in second


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (BROKEN, "forbid must be a list in [ ]; found a text in quotes. Mend the file;"),
        (None, "the file is missing. Mend the file;"),
    ],
)
def test_audit_finds_a_broken_configuration(tree, sandboxed, content, found):
    path = tree / "exercises" / "toy" / "exercise.toml"
    path.unlink() if content is None else path.write_text(content)
    status, out, error = gradiente("audit", "toy", cwd=tree)
    assert (status, error) == (1, "")
    assert out.startswith(f"✗ toy\n  exercises/toy/exercise.toml: {found}")
    status, out, _ = gradiente("audit", "toy", "--json", cwd=tree)
    assert (status, json.loads(out)["passed"]) == (1, False)


def test_audit_gives_the_record_of_a_mutant_that_lived(tree, sandboxed):
    gradiente("new", "scaling", cwd=tree)
    path = tree / "solutions" / "scaling" / "test_scaling_hidden.py"
    path.write_text(path.read_text().replace("for factor in (0, -1, -0.5)", "for factor in (-5,)"))
    status, out, _ = gradiente("audit", "scaling", "--seeds", "1", cwd=tree)
    assert status == 1
    advice = (
        "  Write a test that catches it; only if nobody can tell it from the reference, "
        "add this to solutions/scaling/equivalent.toml and say why in its reason:\n"
    )
    entry = """[[equivalent]]
where = "scale"
line = "if factor <= 0:"
becomes = "if factor < 0:"
reason = ""
"""
    assert advice + entry in out


def test_a_device_that_is_not_there_is_refused_and_not_claimed(tree):
    (tree / "right.py").write_text(REFERENCE)
    status, out, _ = gradiente("grade", "toy", tree / "right.py", "--json", "--device", "cuda", cwd=tree)
    assert status == 3
    assert "There is no device 'cuda' here; found: cpu." in json.loads(out)["message"]
    status, _, error = gradiente("grade", "toy", tree / "right.py", "--device", "gpu", cwd=tree)
    assert status == 2
    assert "cuda:1" in error


def test_a_setting_that_is_wrong_is_named(tree):
    status, _, error = gradiente("list", cwd=tree, GRADIENTE_PORT="eighty")
    assert status == 3
    assert "GRADIENTE_PORT is 'eighty'" in error


def test_doctor_lists_layers_devices_data_and_settings():
    status, out, _ = gradiente("doctor", "--json")
    found = json.loads(out)
    assert status == (0 if all(row["holds"] or not row["required"] for row in found["sandbox"]) else 3)
    assert {"seccomp", "network", "files"} <= {row["name"] for row in found["sandbox"]}
    assert found["devices"][0]["device"] == "cpu"
    assert found["settings"]["port"]["from"] == "default"
