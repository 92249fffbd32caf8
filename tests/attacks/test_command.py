"""``gradiente attack``: the corpus from an operator's side, with all layers and with one missing."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("the sandbox is made of Linux namespaces", allow_module_level=True)

from grader.attack.corpus import find_corpus
from grader.attack.layers import PURPOSE
from grader.errors import InfrastructureError
from grader.pool import Grader
from grader.sandbox.omission import LAYERS, Omission
from grader.settings import Settings
from tests.attacks import page
from tests.layers import layers

CORPUS = find_corpus()
#: what makes a sandbox, or has one made
STARTERS = {"Grader", "Arena", "spawn", "Isolation", "WarmParent", "CandidateBrood"}
#: an honest file that claims to be an attack: what it earns is more than it must get
HONEST = """# class: 77, nothing
# tries: nothing
# must get: 0 points
# control: custom: none
def label(n):
    return f"key-{n}"
"""


def run(*arguments, cwd, **environment):
    """The command as an operator calls it."""
    return subprocess.run(
        [sys.executable, "-m", "grader", "attack", *arguments],
        cwd=cwd,
        env=os.environ | {"GRADIENTE_EXERCISES": str(page.ROOT / "exercises")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_accepted_is_named_with_its_reason(sandboxed, tmp_path):
    corpus = tmp_path / "corpus"
    for name in ("exercises", "solutions"):
        shutil.copytree(CORPUS.folder / name, corpus / name)
    (corpus / "submissions").mkdir()
    shutil.copy(CORPUS.folder / "submissions" / "55_zip_with_a_link.py", corpus / "submissions")
    (corpus / "submissions" / "99_honest.py").write_text(HONEST)
    before = sorted(tmp_path.rglob("*"))
    done = run("--corpus", str(corpus), "--jobs", "1", cwd=tmp_path)
    assert (done.returncode, sorted(tmp_path.rglob("*"))) == (1, before), done.stderr
    assert "1 of 2 accepted" in done.stdout
    assert "99_honest\n  points: 2 points, 0 points wanted; passed: test_labels_" in done.stdout
    in_force = next(line for line in done.stdout.splitlines() if line.startswith("layers in force: "))
    assert {layer.name for layer in layers() if layer.holds} == set(in_force.partition(": ")[2].split(", "))


def test_without_a_layer_what_it_alone_stops_gets_through(sandboxed, tmp_path):
    done = run("--only", "41_shut_down", "--without", "descriptors", "--json", "--jobs", "1", cwd=tmp_path)
    if "namespaces of their own" in done.stderr:
        pytest.skip(f"no cell on this host: {done.stderr}")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["attacks"], found["without"]) == (1, "descriptors")
    assert [outcome["case"] for outcome in found["accepted"]] == ["41_shut_down_inherited_sockets"]


def test_without_its_corpus_it_says_where_to_get_it(tmp_path):
    with pytest.raises(InfrastructureError, match="no part of the installed package"):
        find_corpus(tmp_path)


# --- Nothing else leaves a layer out


def test_a_grader_that_misses_a_layer_takes_no_other_exercises(toys):
    with pytest.raises(PermissionError, match="seccomp"):
        Grader(toys, without=frozenset({"seccomp"}))


def test_a_warm_parent_that_misses_a_layer_takes_no_other_orders():
    missing = Omission.among(frozenset({"seccomp"}), {"vault": "attacks"})
    missing.check("vault")
    for slug, module in (("sigmoid", "attacks"), ("vault", "neurons")):
        with pytest.raises(PermissionError):
            missing.check(slug, module)
    Omission().check("sigmoid", "neurons")


def _can_leave_out(source: str) -> bool:
    """Whether a module says which layers are left out, to whatever starts a sandbox or a grader."""
    words = {"Omission", "omission"}
    for node in ast.walk(ast.parse(source)):
        imported = {each.name for each in node.names} if isinstance(node, ast.ImportFrom) else set()
        imported |= set((getattr(node, "module", "") or "").split("."))
        named = imported | {getattr(node, "id", ""), getattr(node, "attr", "")}
        called = getattr(getattr(node, "func", None), "id", "") or getattr(getattr(node, "func", None), "attr", "")
        if words & named or (called in STARTERS and any(each.arg == "without" for each in node.keywords)):
            return True
    return False


def test_no_setting_no_variable_and_no_other_command_leaves_a_layer_out():
    found = {
        path.relative_to(page.ROOT).as_posix()
        for folder in ("grader", "server")
        for path in (page.ROOT / folder).rglob("*.py")
        if _can_leave_out(path.read_text(encoding="utf-8"))
    }
    passing_on = {
        f"grader/{name}.py" for name in ("pool", "parent", "nursery", "brood", "attack/arena", "attack/layers")
    }
    assert found == passing_on | {
        f"grader/{name}.py" for name in ("command/attack", "sandbox/__init__", "sandbox/omission")
    }
    assert not {"without", "omission", *LAYERS} & set(Settings.__struct_fields__)


def test_the_check_sees_who_would():
    assert _can_leave_out("grader = Grader(catalogue, without=chosen)")
    assert _can_leave_out("from grader.sandbox import Omission")
    assert not _can_leave_out("claim(portal, without=chosen)")


# --- The page


def test_every_class_has_a_submission_or_a_reason():
    cases, classes = CORPUS.cases(), page.classes()["class"]
    assert list(map(int, classes)) == list(range(1, 78))
    assert {number for case in cases for number in case.classes} <= set(map(int, classes))
    tried = {number for case in cases for number in case.classes}
    assert [
        number
        for number, told in classes.items()
        if int(number) not in tried and not {"out", "elsewhere"} & told.keys()
    ] == []


def test_what_is_asked_for_by_name_is_there():
    cases = CORPUS.cases()
    wanted = page.classes()["named"]
    assert [
        (kind, start) for kind, starts in wanted.items() for start in starts if not page.named(cases, [start])
    ] == []


def test_the_page_is_what_the_corpus_and_the_measurements_make_of_it():
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.render(text) == text


def test_every_layer_has_a_purpose_and_is_one_that_doctor_knows():
    assert set(PURPOSE) == set(LAYERS) == {layer.name for layer in layers()}


def test_submissions_name_layers_that_there_are():
    told = [case.fields["too dangerous without"] for case in CORPUS.cases() if "too dangerous without" in case.fields]
    assert all(text.partition(": ")[0] in LAYERS for text in told)
